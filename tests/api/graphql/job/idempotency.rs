//! One key, one job.

use std::collections::HashSet;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Client, TestApp, text};

async fn submit(client: &Client, input: Value) -> (String, bool) {
    let made = client.change("jobSubmit", input, "replayed job { id }").await;
    (text(&made["job"]["id"]), made["replayed"].as_bool().expect("a Boolean"))
}

#[tokio::test]
async fn the_same_key_and_content_give_the_first_job_whatever_became_of_it() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    let input = json!({ "serviceId": service, "parameters": { "a": 1, "b": [true] }, "priority": 3,
        "labels": [{ "key": "run", "value": "7" }], "idempotencyKey": "one" });
    let (first, replayed) = submit(&ada, input.clone()).await;
    assert!(!replayed);
    // The order of an object's keys means nothing.
    let mut again = input.clone();
    again["parameters"] = json!({ "b": [true], "a": 1 });
    assert_eq!(submit(&ada, again).await, (first.clone(), true));
    ada.change("jobCancel", json!({ "jobId": first }), "job { id }").await;
    app.admin().change("serviceDisable", json!({ "serviceId": service }), "service { id }").await;
    let again = ada.change("jobSubmit", input.clone(), "replayed job { id status labels { key value } }").await;
    let labels = json!([{ "key": "run", "value": "7" }]);
    let job = json!({ "id": first, "status": "CANCELLED", "labels": labels });
    assert_eq!(again, json!({ "replayed": true, "job": job }));
    let counted = "{ jobs { totalCount } jobEvents { nodes { __typename } } }";
    let counted = ada.data(counted, json!({})).await;
    assert_eq!(counted["jobs"]["totalCount"], 1);
    assert_eq!(counted["jobEvents"]["nodes"].as_array().map(Vec::len), Some(2), "submitted and cancelled");
    // With the job the key goes.
    app.admin().change("serviceEnable", json!({ "serviceId": service }), "service { id }").await;
    ada.change("jobDelete", json!({ "jobId": first }), "job { id }").await;
    let (second, replayed) = submit(&ada, input).await;
    assert!(!replayed && second != first);
}

#[tokio::test]
async fn a_key_with_other_content_is_refused_and_changes_nothing() {
    let app = TestApp::new().await;
    let (service, other) = (app.service(json!({})).await, app.service(json!({})).await);
    let ada = app.user("ada").await;
    let input = json!({ "serviceId": service, "parameters": { "a": 1 }, "idempotencyKey": "one" });
    submit(&ada, input.clone()).await;
    for (field, value) in [
        ("parameters", json!({ "a": 2 })),
        ("parameters", json!({})),
        ("parameters", Value::Null),
        ("priority", json!(1)),
        ("serviceId", json!(other)),
        ("scheduledAt", json!("2026-01-01T00:00:00Z")),
        ("labels", json!([{ "key": "a", "value": "" }])),
        ("requires", json!([{ "key": "a", "value": "" }])),
    ] {
        let mut changed = input.clone();
        changed[field] = value;
        assert_eq!(ada.refused("jobSubmit", changed).await, "IDEMPOTENCY_MISMATCH", "{field}");
    }
    assert_eq!(ada.data("{ jobs { totalCount } }", json!({})).await["jobs"]["totalCount"], 1);
}

#[tokio::test]
async fn keys_are_each_callers_own() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let mut jobs = HashSet::new();
    for client in [app.user("ada").await, app.user("bob").await, app.admin()] {
        let input = json!({ "serviceId": service, "parameters": { "of": client.id }, "idempotencyKey": "one" });
        let (job, replayed) = submit(&client, input).await;
        assert!(!replayed && jobs.insert(job));
    }
    // A job without a key is nobody's replay.
    for _ in 0..2 {
        let (job, replayed) = submit(&app.admin(), json!({ "serviceId": service })).await;
        assert!(!replayed && jobs.insert(job));
    }
}

#[tokio::test]
async fn a_key_is_visible_ascii_and_bounded() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    for key in ["", " ", "a b", "a\n", "é", "🦀", &"x".repeat(256)] {
        let input = json!({ "serviceId": service, "idempotencyKey": key });
        assert_eq!(ada.wrong("jobSubmit", input).await, ["idempotencyKey"], "{key:?}");
    }
    for key in ["!", "~", &"x".repeat(255)] {
        submit(&ada, json!({ "serviceId": service, "idempotencyKey": key })).await;
    }
    // A refused submission leaves its key free.
    let input = json!({ "serviceId": service, "idempotencyKey": "later", "priority": 1001 });
    assert_eq!(ada.wrong("jobSubmit", input).await, ["priority"]);
    assert!(!submit(&ada, json!({ "serviceId": service, "idempotencyKey": "later" })).await.1);
}

#[tokio::test]
async fn fifty_at_once_with_one_key_make_one_job() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    let mut racing = JoinSet::new();
    for _ in 0..50 {
        let (ada, service) = (ada.clone(), service.clone());
        racing.spawn(async move { submit(&ada, json!({ "serviceId": service, "idempotencyKey": "race" })).await });
    }
    let answers = racing.join_all().await;
    let jobs: HashSet<&str> = answers.iter().map(|(job, _)| job.as_str()).collect();
    assert_eq!(jobs.len(), 1);
    assert_eq!(answers.iter().filter(|(_, replayed)| !replayed).count(), 1, "one of them made it");
    assert_eq!(ada.data("{ jobs { totalCount } }", json!({})).await["jobs"]["totalCount"], 1);
}
