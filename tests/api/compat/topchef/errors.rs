//! Each error of the table, word for word.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Kitchen, errors, read};

fn one(title: &str, detail: &str) -> Vec<(String, String)> {
    vec![(title.to_owned(), detail.to_owned())]
}

#[tokio::test]
async fn what_is_not_json_is_said_so() {
    let kitchen = Kitchen::new().await;
    let expected = one(
        "Request Not JSON",
        "Could not undertand input. Either it is not JSON, or the type was not specified using the Content-Type header",
    );
    for (kind, body) in [
        ("application/json", ""),
        ("application/json", "{"),
        ("application/json", "null"),
        ("text/plain", "{}"),
        ("application/x-www-form-urlencoded", "a=b"),
        ("application/jsonp", "{}"),
    ] {
        for path in ["/topchef/services", "/topchef/validator"] {
            let request = kitchen.caller.post(path).header("content-type", kind).body(body);
            let refused = read(request).await;
            assert_eq!(
                (refused.status, errors(&refused)),
                (StatusCode::BAD_REQUEST, expected.clone()),
                "{kind} {body}"
            );
        }
    }
    for kind in ["application/json; charset=utf-8", "application/vnd.api+json", "Application/JSON"] {
        let request = kitchen.caller.post("/topchef/validator").header("content-type", kind);
        let answer = read(request.body(r#"{"object": {}, "schema": {}}"#)).await;
        assert_eq!(answer.status, StatusCode::OK, "{kind}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let kitchen = Kitchen::new().await;
    let uuid = "495d76fd-044c-4f02-8815-5ec6e7634330";
    for path in ["", "/queue", "/jobs", "/jobs/next"] {
        let refused = kitchen.get(&format!("/services/{}{path}", uuid.to_uppercase())).await;
        let expected = one("Service Not Found", &format!("A service with UUID {uuid} does not exist"));
        assert_eq!((refused.status, errors(&refused)), (StatusCode::NOT_FOUND, expected), "{path}");
        let refused = kitchen.get(&format!("/services/nonsense{path}")).await;
        let expected = one("Not UUID Error", "The string nonsense could not be converted to a UUID");
        assert_eq!((refused.status, errors(&refused)), (StatusCode::NOT_FOUND, expected), "{path}");
    }
    let expected = one("Job Not Found", &format!("A job with id {uuid} was not found"));
    assert_eq!(errors(&kitchen.get(&format!("/jobs/{uuid}")).await), expected);
    assert_eq!(errors(&kitchen.patch(&format!("/jobs/{uuid}"), &json!({ "status": "ERROR" })).await), expected);
    assert_eq!(errors(&kitchen.patch(&format!("/services/{uuid}"), &json!({})).await)[0].0, "Service Not Found");
    let job = kitchen.post(&format!("/services/{uuid}/jobs"), &json!({ "parameters": {} })).await;
    assert_eq!(errors(&job)[0].0, "Service Not Found");
}

#[tokio::test]
async fn parameters_that_break_the_schema_are_named_one_by_one() {
    let kitchen = Kitchen::new().await;
    let schema = json!({ "properties": { "a": { "type": "integer" }, "b": { "minimum": 3 } } });
    let service = kitchen.service(schema, json!({})).await;
    let path = format!("/services/{service}/jobs");
    let refused = kitchen.post(&path, &json!({ "parameters": { "a": "x", "b": 1 } })).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let found = errors(&refused);
    assert_eq!(found.len(), 2);
    for (title, detail) in found {
        assert_eq!(title, "JSONSchema Validation Error");
        assert!(detail.starts_with("Validation of schema [] threw error "), "{detail}");
    }
    for (body, message) in [
        (json!({}), "Missing data for required field."),
        (json!({ "parameters": null }), "Field may not be null."),
        (json!({ "parameters": 5 }), "Not a valid mapping type."),
    ] {
        let detail = format!("Valdation of key 'parameters' threw error '['{message}']'.");
        let expected = one("Deserialization Error From Client Data", &detail);
        assert_eq!(errors(&kitchen.post(&path, &body).await), expected);
    }
}

#[tokio::test]
async fn who_may_not_is_told_in_the_same_shape() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let job = kitchen.job(&service, json!({})).await;
    let eve = kitchen.app.user("eve").await;
    let body = json!({ "name": "n", "description": "d", "job_registration_schema": {}, "job_result_schema": {} });
    let refused = read(eve.post("/topchef/services").json(&body)).await;
    assert_eq!((refused.status, errors(&refused)[0].0.as_str()), (StatusCode::FORBIDDEN, "Forbidden"));
    let refused = read(eve.request(Method::PATCH, &format!("/topchef/services/{service}"))).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let refused = read(eve.request(Method::PATCH, &format!("/topchef/jobs/{job}")).json(&json!({ "status": "ERROR" })));
    assert_eq!(refused.await.status, StatusCode::NOT_FOUND, "hidden equals absent");
}

#[tokio::test]
async fn what_the_old_server_had_no_title_for_has_one() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let large = format!("{{\"parameters\": {{\"text\": \"{}\"}}}}", "x".repeat(17 * 1_048_576));
    let request = kitchen.caller.post(&format!("/topchef/services/{service}/jobs"));
    let refused = read(request.header("content-type", "application/json").body(large)).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(errors(&refused)[0].0, "Request Entity Too Large");
}
