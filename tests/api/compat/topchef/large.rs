//! Lists that have no end in the contract, and bodies as large as it takes them.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Kitchen, read};

/// Submits so many jobs over GraphQL.
async fn fill(kitchen: &Kitchen, service: &str, mut count: usize) {
    let chef = kitchen.app.anonymous().log_in("chef").await;
    let id = format!("service_{}", service.replace('-', ""));
    while count > 0 {
        let now = count.min(500);
        let job = json!({ "serviceId": id, "parameters": {} });
        let input = json!({ "jobs": vec![job; now] });
        chef.change("jobSubmitBatch", input, "results { job { id } }").await;
        count -= now;
    }
}

#[tokio::test]
async fn lists_go_on_over_pages() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    fill(&kitchen, &service, 2_100).await;
    let ids = |body: &Value, jobs: &Value| {
        assert!(body.is_object());
        let jobs = jobs.as_array().expect("a list").iter();
        jobs.map(|job| job["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    let all = kitchen.get("/jobs").await.body;
    let mut seen = ids(&all, &all["data"]);
    assert_eq!(seen.len(), 2_100);
    let shown = kitchen.get(&format!("/services/{service}")).await.body;
    assert_eq!(ids(&shown, &shown["data"]["jobs"]), seen);
    assert_eq!(shown["data"]["timeout"], 30, "what comes after the list is there, too");
    let full = kitchen.get(&format!("/services/{service}/jobs")).await.body;
    assert_eq!(ids(&full, &full["data"]), seen);
    seen.dedup();
    assert_eq!(seen.len(), 2_100);

    let compact = kitchen.caller.get("/topchef/jobs").header("X-Requested-With", "XMLHttpRequest");
    let text = compact.send().await.expect("an answer").text().await.expect("a body");
    assert!(text.starts_with("{\"data\":[{\"date_submitted\":\"") && text.ends_with("}}}\n"), "{}", &text[..80]);
}

#[tokio::test]
async fn a_list_is_written_like_any_other_value() {
    let kitchen = Kitchen::new().await;
    let empty = kitchen.caller.get("/topchef/jobs").send().await.expect("an answer").text().await.expect("a body");
    assert!(empty.starts_with("{\n  \"data\": [], \n  \"links\": {\n"), "{empty}");
    let service = kitchen.service(json!({}), json!({})).await;
    kitchen.job(&service, json!({})).await;
    let one = kitchen.caller.get("/topchef/jobs").send().await.expect("an answer").text().await.expect("a body");
    assert!(one.starts_with("{\n  \"data\": [\n    {\n      \"date_submitted\": \""), "{one}");
    assert!(one.contains("\n    }\n  ], \n  \"links\": {\n"), "{one}");
}

#[tokio::test]
async fn parameters_may_be_as_large_as_ever() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let path = format!("/services/{service}/jobs");
    let large = json!({ "parameters": { "text": "x".repeat(4 * 1024 * 1024) } });
    let made = kitchen.post(&path, &large).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let id = made.body["data"]["id"].as_str().expect("an id").to_owned();
    let results = json!({ "results": { "text": "y".repeat(4 * 1024 * 1024) } });
    assert_eq!(kitchen.patch(&format!("/jobs/{id}"), &results).await.status, StatusCode::OK);
    let text = "x".repeat(17 * 1024 * 1024);
    let request = kitchen.caller.post(&format!("/topchef{path}")).header("content-type", "application/json");
    assert_eq!(read(request.body(text)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}
