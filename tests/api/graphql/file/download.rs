use reqwest::{Method, Response, StatusCode};
use serde_json::json;

use crate::support::{Client, TestApp, code, read};

async fn get(client: &Client, path: &str, headers: &[(&str, &str)]) -> (StatusCode, String, Response) {
    let mut request = client.get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("an answer");
    let range = response.headers().get("content-range").map_or("", |value| value.to_str().expect("text")).to_owned();
    (response.status(), range, response)
}

#[tokio::test]
async fn a_part_of_a_file_is_given_to_who_asks_for_it() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let path = format!("/files/{}", ada.file("a.txt", "0123456789").await);
    for (range, expected, body) in [
        ("bytes=0-3", "bytes 0-3/10", "0123"),
        ("bytes=8-", "bytes 8-9/10", "89"),
        ("bytes=-2", "bytes 8-9/10", "89"),
        ("bytes=5-500", "bytes 5-9/10", "56789"),
    ] {
        let (status, range, response) = get(&ada, &path, &[("range", range)]).await;
        assert_eq!((status.as_u16(), range.as_str()), (206, expected));
        assert_eq!(response.headers()["content-length"], body.len().to_string());
        assert_eq!(response.text().await.expect("a body"), body);
    }
    let (status, range, response) = get(&ada, &path, &[("range", "bytes=10-")]).await;
    assert_eq!((status.as_u16(), range.as_str()), (416, "bytes */10"));
    assert_eq!(response.text().await.expect("a body"), "");
    for several in ["bytes=0-1,3-4", "nonsense"] {
        let (status, range, response) = get(&ada, &path, &[("range", several)]).await;
        assert_eq!((status.as_u16(), range.as_str()), (200, ""));
        assert_eq!(response.text().await.expect("a body"), "0123456789");
    }
}

#[tokio::test]
async fn who_has_a_file_is_told_so() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let path = format!("/files/{}", ada.file("a.txt", "0123456789").await);
    let (_, _, response) = get(&ada, &path, &[]).await;
    let tag = response.headers()["etag"].to_str().expect("text").to_owned();
    assert_eq!(get(&ada, &path, &[("if-none-match", &tag)]).await.0, 304);
    assert_eq!(get(&ada, &path, &[("if-none-match", "\"other\"")]).await.0, 200);
    assert_eq!(get(&ada, &path, &[("range", "bytes=0-0"), ("if-range", &tag)]).await.0, 206);
    assert_eq!(get(&ada, &path, &[("range", "bytes=0-0"), ("if-range", "\"other\"")]).await.0, 200);
    let head = ada.request(Method::HEAD, &path).send().await.expect("an answer");
    assert_eq!((head.status().as_u16(), head.headers()["content-length"].as_bytes()), (200, "10".as_bytes()));
    assert_eq!(head.headers()["accept-ranges"], "bytes");
}

#[tokio::test]
async fn a_file_is_given_to_those_who_see_it() {
    let app = TestApp::new().await;
    let (cara, ada, eve) = (app.author("cara").await, app.user("ada").await, app.user("eve").await);
    let service = cara.service(json!({})).await;
    let (runner, idle) =
        (cara.runner(json!({ "serviceIds": [service] })).await, cara.runner(json!({ "serviceIds": [service] })).await);
    let file = ada.file("a.txt", "abc").await;
    let path = format!("/files/{file}");
    let status = async |client: &Client| get(client, &path, &[]).await.0.as_u16();
    assert_eq!(status(&cara).await, 404, "it is of no job yet");
    ada.submit_with(json!({ "serviceId": service, "fileIds": [file] })).await;
    assert_eq!(status(&runner).await, 404, "it holds nothing yet");
    let lease = runner.claim().await;
    for (client, expected) in [
        (&ada, 200),
        (&cara, 200),
        (&runner, 200),
        (&app.admin(), 200),
        (&idle, 404),
        (&eve, 404),
        (&app.anonymous(), 401),
        (&ada.api_token(&[]).await, 403),
        (&ada.api_token(&["jobs:read"]).await, 200),
    ] {
        assert_eq!(status(client).await, expected, "{:?}", client.token);
    }
    runner.change("workComplete", json!({ "leaseToken": lease.token }), "job { id }").await;
    assert_eq!(status(&runner).await, 404, "it is done with the job");
    let never = ada.get("/files/file_00000000000000000000000000000000").send().await.expect("an answer");
    assert_eq!(never.status(), 404);
    for path in ["/files/nonsense", "/files/job_00000000000000000000000000000000", "/files/%ff"] {
        assert_eq!(ada.get(path).send().await.expect("an answer").status(), 404, "{path}");
    }
    let answer = read(ada.post(&path).body("x")).await;
    assert_eq!(code(&answer), "BAD_REQUEST", "{answer}");
}

#[tokio::test]
async fn a_log_is_read_as_a_file() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, eve, runner) = (app.user("ada").await, app.user("eve").await, app.runner(&service).await);
    let job = ada.submit(&service, json!({})).await;
    let path = format!("/jobs/{job}/log");
    assert_eq!(get(&ada, &path, &[]).await.2.text().await.expect("a body"), "");
    let lease = runner.claim().await;
    // More than one reading of the table, and characters of two bytes.
    let line = "zwölf Boxkämpfer\n".repeat(3_400);
    for _ in 0..6 {
        runner.change("workLog", json!({ "leaseToken": lease.token, "text": line }), "expiresAt").await;
    }
    let whole = line.repeat(6);
    assert!(whole.len() > 300_000);
    let (status, _, response) = get(&ada, &path, &[]).await;
    assert_eq!(
        (status.as_u16(), response.headers()["content-type"].as_bytes()),
        (200, "text/plain; charset=utf-8".as_bytes())
    );
    assert!(response.text().await.expect("a body") == whole, "another text");
    for (from, to) in [(3, 3), (4, 70_000), (300_001, whole.len() - 1)] {
        let (status, _, response) = get(&ada, &path, &[("range", &format!("bytes={from}-{to}"))]).await;
        assert_eq!(status, 206);
        assert!(response.bytes().await.expect("a body") == whole.as_bytes()[from..=to], "{from}-{to}");
    }
    assert_eq!(get(&eve, &path, &[]).await.0, 404);
    assert_eq!(get(&app.anonymous(), &path, &[]).await.0, 401);
}

#[tokio::test]
async fn results_are_read_as_a_file() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, eve, runner) = (app.user("ada").await, app.user("eve").await, app.runner(&service).await);
    let job = ada.submit(&service, json!({})).await;
    let path = format!("/jobs/{job}/results");
    assert_eq!(get(&ada, &path, &[]).await.0, 404, "there are none yet");
    let lease = runner.claim().await;
    let input = json!({ "leaseToken": lease.token, "results": { "b": [1, 2], "a": "x" } });
    runner.change("workComplete", input, "job { id }").await;
    let (status, _, response) = get(&ada, &path, &[]).await;
    assert_eq!((status.as_u16(), response.headers()["content-type"].as_bytes()), (200, "application/json".as_bytes()));
    let number = ada.job(&job, "number").await["number"].take();
    let name = format!("attachment; filename=\"job-{number}.json\"; filename*=UTF-8''job-{number}.json");
    assert_eq!(response.headers()["content-disposition"], name);
    assert_eq!(response.json::<serde_json::Value>().await.expect("JSON"), json!({ "b": [1, 2], "a": "x" }));
    assert_eq!(get(&ada, &path, &[("range", "bytes=0-0")]).await.2.text().await.expect("a body"), "{");
    assert_eq!(get(&eve, &path, &[]).await.0, 404);
}
