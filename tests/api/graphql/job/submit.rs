//! Submitting.

use serde_json::{Value, json};

use crate::support::{TestApp, text};

#[tokio::test]
async fn a_job_is_kept_as_it_was_submitted() {
    let app = TestApp::new().await;
    let service = app.service(json!({ "title": "Echo" })).await;
    let ada = app.user("ada").await;
    let parameters =
        json!({ "z": 1, "a": [null, true, -0.5, 1e300, 9_007_199_254_740_993_i64], "": { "a b/~": "\u{1}🦀" } });
    let input = json!({ "serviceId": service, "parameters": parameters, "priority": -1000 });
    let selection =
        "job { id number status parameters results priority attempt maxAttempts progress message cancelRequested
        revision leaseExpiresAt startedAt finishedAt failure { kind } runner { id } owner { username } service { name }
        createdAt submittedAt updatedAt runAfter viewerCan { cancel retry delete readLogs }
        origin scheduledAt labels { key } requires { key } }";
    let mut job = ada.change("jobSubmit", input, selection).await["job"].take();
    let moments: Vec<Value> =
        ["createdAt", "submittedAt", "updatedAt", "runAfter"].map(|name| job[name].take()).into_iter().collect();
    assert!(moments.iter().all(|moment| moment.is_string() && *moment == moments[0]), "{moments:?}");
    assert!(text(&job["id"].take()).starts_with("job_"));
    let expected = json!({ "id": null, "number": 1, "status": "QUEUED", "parameters": parameters, "results": null,
        "priority": -1000, "attempt": 0, "maxAttempts": 3, "progress": null, "message": null, "cancelRequested": false,
        "revision": 1, "leaseExpiresAt": null, "startedAt": null, "finishedAt": null, "failure": null, "runner": null,
        "owner": { "username": "ada" }, "service": { "name": "echo" }, "createdAt": null, "submittedAt": null,
        "updatedAt": null, "runAfter": null, "origin": "SUBMITTED", "scheduledAt": null, "labels": [], "requires": [], "viewerCan": { "cancel": true, "retry": false, "delete": false, "readLogs": true } });
    assert_eq!(job, expected);
    let stored = ada.data("{ job(number: 1) { parameters } }", json!({})).await;
    assert_eq!(stored["job"]["parameters"], parameters);
    assert_eq!(stored["job"]["parameters"].to_string(), parameters.to_string(), "the order of the keys");
}

#[tokio::test]
async fn null_is_a_value_and_nothing_is_an_empty_object() {
    let app = TestApp::new().await;
    let service = app.service(json!({ "parametersSchema": { "type": ["null", "object"] } })).await;
    for (input, stored) in [
        (json!({ "serviceId": service }), json!({})),
        (json!({ "serviceId": service, "parameters": null }), Value::Null),
        (json!({ "serviceId": service, "parameters": {} }), json!({})),
    ] {
        let job = app.admin().change("jobSubmit", input.clone(), "job { id parameters }").await["job"].take();
        assert_eq!(job["parameters"], stored, "{input}");
        assert_eq!(app.admin().job(&text(&job["id"]), "parameters").await["parameters"], stored, "{input}");
    }
}

#[tokio::test]
async fn every_violation_of_the_schema_is_named_by_its_pointer() {
    let app = TestApp::new().await;
    let schema = json!({ "type": "object", "required": ["text"], "additionalProperties": false, "properties": {
        "text": { "type": "string", "maxLength": 3 }, "a/b~c": { "type": "array", "items": { "minimum": 1 } } } });
    let service = app.service(json!({ "parametersSchema": schema })).await;
    let ada = app.user("ada").await;
    for (parameters, paths) in [
        (
            json!({ "text": "long", "a/b~c": [1, 0, -1], "more": 1 }),
            vec!["parameters", "parameters/a~1b~0c/1", "parameters/a~1b~0c/2", "parameters/text"],
        ),
        (json!({ "text": 7 }), vec!["parameters/text"]),
        (json!({}), vec!["parameters"]),
        (json!([]), vec!["parameters"]),
        (json!("text"), vec!["parameters"]),
    ] {
        let mut found = ada.wrong("jobSubmit", json!({ "serviceId": service, "parameters": parameters })).await;
        found.sort();
        assert_eq!(found, paths, "{parameters}");
    }
    // The priority is told in the same breath; and without parameters there are none.
    let both = ada.wrong("jobSubmit", json!({ "serviceId": service, "priority": 1001 })).await;
    assert_eq!(both, ["priority", "parameters"]);
    assert_nothing_happened(&app).await;
    ada.submit(&service, json!({ "text": "abc", "a/b~c": [1] })).await;
}

/// No job, no event.
async fn assert_nothing_happened(app: &TestApp) {
    let document = "{ jobs { totalCount } jobEvents { nodes { __typename } } }";
    let nothing = json!({ "jobs": { "totalCount": 0 }, "jobEvents": { "nodes": [] } });
    assert_eq!(app.admin().data(document, json!({})).await, nothing);
}

#[tokio::test]
async fn bounds_hold_and_nothing_is_kept_of_what_was_refused() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    for priority in [-1001, 1001, i32::MAX, i32::MIN] {
        assert_eq!(ada.wrong("jobSubmit", json!({ "serviceId": service, "priority": priority })).await, ["priority"]);
    }
    let parameters = |bytes: usize| json!({ "x": "x".repeat(bytes - r#"{"x":""}"#.len()) });
    let large = json!({ "serviceId": service, "parameters": parameters(262_145) });
    assert_eq!(ada.wrong("jobSubmit", large).await, ["parameters"]);
    let absent = format!("service_{}", "0".repeat(32));
    assert_eq!(ada.refused("jobSubmit", json!({ "serviceId": absent })).await, "NOT_FOUND");
    for id in ["", "1", "echo", &ada.id, &service.to_uppercase(), &format!("{service} "), "service_"] {
        assert_eq!(ada.wrong("jobSubmit", json!({ "serviceId": id })).await, ["serviceId"], "{id}");
    }
    assert_eq!(app.anonymous().refused("jobSubmit", json!({ "serviceId": service })).await, "UNAUTHENTICATED");
    let runner = app.runner(&service).await;
    assert_eq!(runner.refused("jobSubmit", json!({ "serviceId": service })).await, "FORBIDDEN");
    assert_nothing_happened(&app).await;
    for priority in [-1000, 1000] {
        ada.submit_with(json!({ "serviceId": service, "priority": priority })).await;
    }
    ada.submit(&service, parameters(262_144)).await;
}

#[tokio::test]
async fn a_value_that_multiplies_with_its_schema_is_refused_quickly() {
    let app = TestApp::new().await;
    let node = json!({ "anyOf": [
        { "type": "object", "properties": { "a": { "$ref": "#" } }, "required": ["b"] },
        { "type": "object", "properties": { "a": { "$ref": "#" } }, "required": ["c"] },
        { "type": "object", "properties": { "a": { "$ref": "#" } }, "required": ["d"] },
    ] });
    let service = app.service(json!({ "parametersSchema": node })).await;
    let mut deep = json!({});
    for _ in 0..30 {
        deep = json!({ "a": deep });
    }
    let begun = std::time::Instant::now();
    let found = app.admin().wrong("jobSubmit", json!({ "serviceId": service, "parameters": deep })).await;
    assert_eq!(found, ["parameters"]);
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}
