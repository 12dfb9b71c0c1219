//! Version 1, as the Python client speaks it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Kitchen, keys, read};
use crate::support::TestApp;

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

#[tokio::test]
async fn its_jobs_have_a_result_wherever_they_are_shown_in_full() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({ "title": "Mine" }), json!({})).await;
    let job = kitchen.job(&service, json!({ "n": 1 })).await;
    let mut expected = kitchen.get(&format!("/jobs/{job}")).await.body["data"].take();
    expected.as_object_mut().expect("an object").remove("results");
    expected["result"] = json!({});
    assert_eq!(keys(&expected), ["date_submitted", "id", "parameters", "result", "status"]);
    let path = format!("/v1/services/{service}/jobs");
    let listed = kitchen.get(&path).await;
    assert_eq!(listed.body["data"], json!([expected]));
    assert_eq!(listed.body["links"], json!({ "self": kitchen.caller.url(&format!("/topchef{path}")) }));
    let schema = &listed.body["meta"]["data_schema"]["items"];
    assert_eq!(keys(&schema["properties"]), ["date_submitted", "id", "parameters", "result", "status"]);
    assert_eq!(schema["required"], json!(["id", "parameters", "result", "status"]));
    assert_eq!(listed.body["meta"]["new_job_schema"]["properties"]["parameters"], json!({ "title": "Mine" }));
    assert_eq!(kitchen.get(&format!("/v1/services/{service}/queue")).await.body["data"], json!([expected]));
    assert_eq!(kitchen.get(&format!("/v1/jobs/{job}")).await.body["data"], expected);

    let done = json!({ "status": "COMPLETED", "result": { "done": true } });
    kitchen.give(Method::PUT, &format!("/v1/jobs/{job}"), &done).await;
    assert_eq!(kitchen.get(&path).await.body["data"][0]["result"], json!({ "done": true }));
    let second = kitchen.get(&format!("/services/{service}/jobs")).await.body["data"].take();
    assert_eq!(second[0]["results"], json!({ "done": true }), "version 2 keeps its word");
}

#[tokio::test]
async fn its_links_stay_within_it() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let of_service = format!("/v1/services/{service}");
    for path in ["/v1", "/v1/services", "/v1/jobs", "/v1/validator", &of_service, &format!("{of_service}/jobs")] {
        let expected = json!({ "self": kitchen.caller.url(&format!("/topchef{path}")) });
        assert_eq!(kitchen.get(path).await.body["links"], expected, "{path}");
    }
    let changed = kitchen.patch(&of_service, &json!({ "is_available": true })).await;
    assert_eq!(changed.body["links"], json!({ "self": kitchen.caller.url(&format!("/topchef{of_service}")) }));
}

#[tokio::test]
async fn its_errors_are_worded_alike_whoever_finds_them() {
    let kitchen = Kitchen::new().await;
    let text = json!({ "errors": "The string nonsense could not be converted to a UUID" });
    for path in ["/v1/jobs/nonsense", "/v1/services/nonsense", "/v1/services/nonsense/queue"] {
        let refused = kitchen.get(path).await;
        assert_eq!((refused.status, refused.body), (StatusCode::NOT_FOUND, text.clone()), "{path}");
    }
    let absent = "495d76fd-044c-4f02-8815-5ec6e7634330";
    let refused = kitchen.get(&format!("/v1/services/{absent}/jobs")).await;
    assert_eq!(refused.body, json!({ "errors": format!("A service with UUID {absent} does not exist") }));
    let refused = kitchen.post("/v1/services", &json!({ "name": 1 })).await;
    assert!(refused.body["errors"].as_str().expect("a text").contains("Valdation of key 'name'"), "{}", refused.body);

    // Before any handler: who nobody knows, and a page of another site.
    let app = TestApp::new().await;
    let stranger = read(app.anonymous().get("/topchef/v1/services")).await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
    assert!(stranger.body["errors"].is_string(), "{}", stranger.body);
    let cookie = format!("docket_session={}", app.admin().token.expect("a token"));
    let page = app.anonymous().post("/topchef/v1/validator").header("cookie", cookie);
    let page = read(page.header("origin", "https://evil.example").json(&json!({}))).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body["errors"].is_string(), "{}", page.body);
}

#[tokio::test]
async fn a_job_is_found_at_its_service_only() {
    let kitchen = Kitchen::new().await;
    let (own, other) = (kitchen.service(json!({}), json!({})).await, kitchen.service(json!({}), json!({})).await);
    let job = kitchen.job(&own, json!({})).await;
    let set = async |service: &str| {
        let path = format!("/v1/services/{service}/jobs/{job}");
        kitchen.give(Method::PUT, &path, &json!({ "status": "WORKING" })).await
    };
    let absent = json!({ "errors": format!("A job with id {job} was not found") });
    for elsewhere in [&other, &job] {
        let refused = set(elsewhere).await;
        assert_eq!((refused.status, refused.body), (StatusCode::NOT_FOUND, absent.clone()), "{elsewhere}");
    }
    assert_eq!(set("nonsense").await.status, StatusCode::NOT_FOUND);
    assert_eq!(kitchen.get(&format!("/v1/jobs/{job}")).await.body["data"]["status"], "REGISTERED");
    assert_eq!(set(&own).await.body["data"]["status"], "WORKING");
}
