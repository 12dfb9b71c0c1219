//! `/validator`.

use reqwest::StatusCode;
use serde_json::json;

use super::{Kitchen, errors};

#[tokio::test]
async fn a_value_is_checked() {
    let kitchen = Kitchen::new().await;
    let fine = kitchen.post("/validator", &json!({ "object": { "a": 1 }, "schema": { "required": [] } })).await;
    let links = json!({ "self": kitchen.caller.url("/topchef/validator") });
    let expected = json!({ "data": { "status": "Validation was successful" }, "links": links });
    assert_eq!((fine.status, fine.body), (StatusCode::OK, expected));

    let schema = json!({ "properties": { "a": { "type": "string" }, "b": { "type": "string" } } });
    let refused = kitchen.post("/validator", &json!({ "object": { "a": 1, "b": 2 }, "schema": schema })).await;
    assert_eq!((refused.status, errors(&refused).len()), (StatusCode::BAD_REQUEST, 2));
    assert!(errors(&refused).iter().all(|(title, _)| title == "JSONSchema Validation Error"));
}

#[tokio::test]
async fn both_must_be_objects() {
    let kitchen = Kitchen::new().await;
    for (object, message) in [(json!(5), "Not a valid mapping type."), (json!(null), "Field may not be null.")] {
        let refused = kitchen.post("/validator", &json!({ "object": object, "schema": {} })).await;
        let detail = format!("Valdation of key 'object' threw error '['{message}']'.");
        assert_eq!(errors(&refused), [("Deserialization Error From Client Data".to_owned(), detail)]);
    }
}

#[tokio::test]
async fn a_schema_that_is_none_is_refused() {
    let kitchen = Kitchen::new().await;
    for schema in [json!({ "type": "bogus" }), json!({ "$ref": "http://127.0.0.1:1/x" })] {
        let refused = kitchen.post("/validator", &json!({ "object": {}, "schema": schema })).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{schema}");
        assert!(errors(&refused)[0].1.starts_with("Valdation of key 'schema' threw error '["));
    }
}

#[tokio::test]
async fn it_answers_to_who_only_looks_whether_it_is_there() {
    let kitchen = Kitchen::new().await;
    let answer = kitchen.get("/validator").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["meta"]["validator_schema"]["title"], "JSON Schema Validator");
}
