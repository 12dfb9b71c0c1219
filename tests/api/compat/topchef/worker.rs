//! Clients as they are: a worker that polls, and the Java client, which cannot send PATCH.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Answer, Kitchen, read};

/// A turn of a worker's loop: alive, check in, look at the queue, take the first job, work, report.
pub async fn turn(kitchen: &Kitchen, service: &str) -> Option<String> {
    assert_eq!(kitchen.get("").await.status, StatusCode::OK, "the base without a slash at its end");
    assert_eq!(kitchen.send(Method::PATCH, &format!("/services/{service}")).await.status, StatusCode::OK);
    let queue = kitchen.get(&format!("/services/{service}/queue")).await;
    if queue.status == StatusCode::NO_CONTENT {
        return None;
    }
    let job = queue.body["data"][0].clone();
    let id = job["id"].as_str().expect("an id").to_owned();
    let path = format!("/jobs/{id}");
    assert_eq!(kitchen.patch(&path, &json!({ "status": "WORKING" })).await.status, StatusCode::OK);
    let schema = kitchen.get(&format!("/services/{service}")).await.body["data"]["job_result_schema"].take();
    let results = json!({ "doubled": job["parameters"]["n"].as_i64().expect("a number") * 2 });
    let question = json!({ "object": results, "schema": schema });
    assert_eq!(kitchen.post("/validator", &question).await.status, StatusCode::OK);
    let done = kitchen.patch(&path, &json!({ "status": "COMPLETED", "results": results })).await;
    assert_eq!((done.status, &done.body["results"]), (StatusCode::OK, &results));
    Some(id)
}

#[tokio::test]
async fn a_worker_does_all_jobs_in_order_and_graphql_sees_it() {
    let kitchen = Kitchen::new().await;
    let results = json!({ "type": "object", "properties": { "doubled": { "type": "integer" } } });
    let service = kitchen.service(json!({ "required": ["n"] }), results).await;
    let mut jobs = Vec::new();
    for n in 1..=3 {
        jobs.push(kitchen.job(&service, json!({ "n": n })).await);
    }
    let watched = format!("job_{}", jobs[0].replace('-', ""));
    let follow = "subscription($id: ID!) { job(id: $id) { status results } }";
    let mut stream = kitchen.app.admin().subscribe(follow, json!({ "id": watched })).await;
    let mut seen = vec![stream.next().await.expect("the state now")["data"]["job"].take()];
    let mut done = Vec::new();
    while let Some(id) = turn(&kitchen, &service).await {
        done.push(id);
    }
    assert_eq!(done, jobs);
    while let Some(mut item) = stream.next().await {
        seen.push(item["data"]["job"].take());
    }
    assert_eq!(seen[0], json!({ "status": "QUEUED", "results": null }));
    assert_eq!(seen.pop(), Some(json!({ "status": "SUCCEEDED", "results": { "doubled": 2 } })));
}

/// The Java client's PATCH: a POST with a header, and the whole job.
async fn overridden(kitchen: &Kitchen, path: &str, body: Option<&Value>) -> Answer {
    let request = kitchen.caller.post(&format!("/topchef{path}")).header("X-HTTP-Method-Override", "PATCH");
    let request = request.header("content-type", "application/json");
    read(match body {
        Some(body) => request.json(body),
        None => request,
    })
    .await
}

#[tokio::test]
async fn the_java_client_works() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let job = kitchen.job(&service, json!({ "a": 1 })).await;
    // It sends a content type with everything, also with GET, and fails on members that it does not know.
    let get = |path: String| read(kitchen.caller.get(&path).header("content-type", "application/json"));
    for (path, members) in [
        ("/services".to_owned(), 3),
        (format!("/services/{service}"), 9),
        (format!("/services/{service}/jobs"), 5),
        (format!("/services/{service}/queue"), 5),
        (format!("/jobs/{job}"), 5),
    ] {
        let body = get(format!("/topchef{path}")).await.body;
        let top: Vec<_> = body.as_object().expect("an object").keys().collect();
        assert!(top.iter().all(|name| ["data", "meta", "links"].contains(&name.as_str())), "{path}: {top:?}");
        let data = if body["data"].is_array() { &body["data"][0] } else { &body["data"] };
        assert_eq!(data.as_object().expect("an object").len(), members, "{path}");
    }
    assert_eq!(overridden(&kitchen, &format!("/services/{service}"), None).await.status, StatusCode::OK);
    let mut whole = get(format!("/topchef/jobs/{job}")).await.body["data"].take();
    whole["status"] = json!("WORKING");
    let path = format!("/jobs/{job}");
    assert_eq!(overridden(&kitchen, &path, Some(&whole)).await.status, StatusCode::OK);
    whole["results"] = json!({ "ok": true });
    whole["status"] = json!("COMPLETED");
    assert_eq!(overridden(&kitchen, &path, Some(&whole)).await.body["results"], json!({ "ok": true }));
}
