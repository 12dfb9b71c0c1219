//! Version 1, as the Python client speaks it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Kitchen;

#[tokio::test]
async fn the_python_client_works() {
    let kitchen = Kitchen::new().await;
    assert_eq!(kitchen.get("/v1").await.status, StatusCode::OK);
    let body = json!({
        "name": "Python", "description": "d", "job_registration_schema": { "required": ["n"] }, "job_result_schema": {},
    });
    let made = kitchen.post("/v1/services", &body).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let service = made.body["data"]["service_details"]["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/services/{service}");
    assert_eq!(made.location, Some(kitchen.caller.url(&format!("/topchef{path}"))));
    assert_eq!(kitchen.get(&path).await.body["data"]["job_registration_schema"], json!({ "required": ["n"] }));
    let queue = kitchen.get(&format!("{path}/queue")).await;
    assert_eq!((queue.status, queue.body), (StatusCode::OK, json!({ "data": [] })));

    let made = kitchen.post(&format!("{path}/jobs"), &json!({ "parameters": { "n": 1 } })).await;
    let details = &made.body["data"]["job_details"];
    let job = details["id"].as_str().expect("an id").to_owned();
    assert_eq!((made.status, &details["result"]), (StatusCode::CREATED, &json!({})));
    assert_eq!(kitchen.send(Method::PATCH, &path).await.status, StatusCode::OK);
    assert_eq!(kitchen.get(&format!("{path}/queue")).await.body["data"][0]["id"], job.as_str());

    let mut whole = kitchen.get(&format!("/v1/jobs/{job}")).await.body["data"].take();
    assert_eq!(whole["status"], "REGISTERED");
    whole["status"] = json!("WORKING");
    let set = kitchen.give(Method::PUT, &format!("/v1/jobs/{job}"), &whole).await;
    assert_eq!((set.status, &set.body["data"]["status"]), (StatusCode::OK, &json!("WORKING")));
    whole["result"] = json!({ "done": true });
    whole["status"] = json!("COMPLETED");
    let set = kitchen.give(Method::PUT, &format!("{path}/jobs/{job}"), &whole).await;
    assert_eq!(set.body["data"]["result"], json!({ "done": true }));
    let shown = kitchen.get(&format!("/v1/jobs/{job}")).await.body["data"].take();
    assert_eq!((&shown["status"], &shown["result"]), (&json!("COMPLETED"), &json!({ "done": true })));
    assert_eq!(kitchen.get(&format!("/jobs/{job}")).await.body["data"]["results"], json!({ "done": true }));
}

#[tokio::test]
async fn its_errors_are_a_text_or_an_object() {
    let kitchen = Kitchen::new().await;
    let fine = kitchen.post("/v1/validator", &json!({ "object": {}, "schema": {} })).await;
    assert_eq!(fine.status, StatusCode::OK);
    let question = json!({ "object": { "a": 1 }, "schema": { "properties": { "a": { "type": "string" } } } });
    let refused = kitchen.post("/v1/validator", &question).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.body["errors"]["message"].is_string() && refused.body["errors"]["context"].is_array());
    let absent = kitchen.get("/v1/jobs/495d76fd-044c-4f02-8815-5ec6e7634330").await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
    assert!(matches!(absent.body["errors"], Value::String(_)));
}
