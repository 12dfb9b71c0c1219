//! Cancelling all jobs that match.

use serde_json::{Value, json};

use crate::support::{Client, TestApp, text};

async fn cancel(client: &Client, filter: Value) -> (i64, i64) {
    let input = json!({ "filter": filter });
    let done = client.change("jobsCancel", input, "cancelled requested hasMore").await;
    assert_eq!(done["hasMore"], false);
    (done["cancelled"].as_i64().expect("a number"), done["requested"].as_i64().expect("a number"))
}

async fn statuses(client: &Client) -> Vec<String> {
    let jobs = client.data("{ jobs(order: SUBMITTED_AT_ASC) { nodes { status } } }", json!({})).await;
    jobs["jobs"]["nodes"].as_array().expect("jobs").iter().map(|job| text(&job["status"])).collect()
}

#[tokio::test]
async fn what_waits_is_cancelled_what_runs_is_asked_and_the_rest_is_passed_over() {
    let app = TestApp::new().await;
    let (one, two) = (app.service(json!({})).await, app.service(json!({})).await);
    let (ada, runner) = (app.user("ada").await, app.runner(&one).await);
    for _ in 0..3 {
        ada.submit(&one, json!({})).await;
    }
    ada.submit(&two, json!({})).await;
    let later = app.clock.now_micros() / 1_000_000 + 3600;
    let later = chrono::DateTime::from_timestamp(later, 0).expect("a moment").to_rfc3339();
    ada.submit_with(json!({ "serviceId": one, "scheduledAt": later })).await;
    let held = runner.claim_with(json!({ "max": 2 })).await;
    runner.change("workComplete", json!({ "leaseToken": held[0].token }), "job { id }").await;
    let filter = json!({ "serviceId": { "eq": one } });
    assert_eq!(cancel(&ada, filter.clone()).await, (2, 1));
    assert_eq!(statuses(&ada).await, ["SUCCEEDED", "CLAIMED", "CANCELLED", "QUEUED", "CANCELLED"]);
    let asked = runner.change("workHeartbeat", json!({ "leaseToken": held[1].token }), "cancelRequested").await;
    assert_eq!(asked["cancelRequested"], true);
    assert_eq!(cancel(&ada, filter).await, (0, 0), "asking twice changes nothing");
    // Each has its event.
    let document = "{ jobEvents(first: 100, filter: { kind: { eq: STATUS_CHANGED } }) { nodes { ... on JobStatusChanged { from to } } } }";
    let events = ada.data(document, json!({})).await["jobEvents"]["nodes"].take();
    let ends = events.as_array().expect("events").iter().filter(|event| event["to"] == "CANCELLED").count();
    assert_eq!(ends, 2);
}

#[tokio::test]
async fn every_condition_narrows() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    for priority in [1, 2, 3] {
        let labels = json!([{ "key": "run", "value": priority.to_string() }]);
        ada.submit_with(json!({ "serviceId": service, "priority": priority, "labels": labels })).await;
    }
    let label = json!([{ "key": "run", "value": "2" }]);
    assert_eq!(cancel(&ada, json!({ "labels": label, "priority": { "lt": 2 } })).await, (0, 0));
    assert_eq!(cancel(&ada, json!({ "labels": label })).await, (1, 0));
    assert_eq!(cancel(&ada, json!({ "priority": { "gte": 3 } })).await, (1, 0));
    assert_eq!(cancel(&ada, json!({ "status": { "in": ["SUCCEEDED", "CANCELLED"] } })).await, (0, 0));
    assert_eq!(statuses(&ada).await, ["QUEUED", "CANCELLED", "CANCELLED"]);
}

#[tokio::test]
async fn nobody_cancels_everything_by_leaving_something_out() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    app.admin().submit(&service, json!({})).await;
    for filter in [
        json!({}),
        json!({ "labels": [] }),
        json!({ "status": null }),
        json!({ "priority": {} }),
        json!({ "submittedAt": {} }),
    ] {
        let input = json!({ "filter": filter });
        assert_eq!(app.admin().wrong("jobsCancel", input).await, ["filter"], "{filter}");
    }
    let wrong = json!({ "filter": { "serviceId": { "eq": "x" } } });
    assert_eq!(app.admin().wrong("jobsCancel", wrong).await, ["filter/serviceId/eq"]);
    assert_eq!(statuses(&app.admin()).await, ["QUEUED"]);
}

#[tokio::test]
async fn one_cancels_what_one_may_cancel_and_nothing_else() {
    let app = TestApp::new().await;
    let cara = app.author("cara").await;
    let (hers, other) = (cara.service(json!({})).await, app.service(json!({})).await);
    let (ada, eve, runner) =
        (app.user("ada").await, app.user("eve").await, cara.runner(json!({ "serviceIds": [hers] })).await);
    for service in [&hers, &other] {
        ada.submit(service, json!({})).await;
    }
    let waiting = json!({ "status": { "eq": "QUEUED" } });
    assert_eq!(cancel(&eve, waiting.clone()).await, (0, 0));
    assert_eq!(app.anonymous().refused("jobsCancel", json!({ "filter": waiting })).await, "UNAUTHENTICATED");
    assert_eq!(runner.refused("jobsCancel", json!({ "filter": waiting })).await, "FORBIDDEN");
    assert_eq!(cancel(&cara, waiting.clone()).await, (1, 0));
    assert_eq!(statuses(&ada).await, ["CANCELLED", "QUEUED"]);
    assert_eq!(cancel(&app.admin(), waiting).await, (1, 0));
}

#[tokio::test]
async fn who_owns_a_service_cancels_its_own_jobs_elsewhere_too() {
    let app = TestApp::new().await;
    let cara = app.author("cara").await;
    let (hers, other) = (cara.service(json!({})).await, app.service(json!({})).await);
    let ada = app.user("ada").await;
    for (client, service) in [(&cara, &hers), (&cara, &other), (&ada, &hers), (&ada, &other)] {
        client.submit(service, json!({})).await;
    }
    assert_eq!(cancel(&cara, json!({ "priority": { "gte": 0 } })).await, (3, 0));
    assert_eq!(statuses(&ada).await, ["CANCELLED", "QUEUED"]);
}

#[tokio::test]
async fn more_than_one_batch_is_cancelled() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    for _ in 0..205 {
        ada.submit(&service, json!({})).await;
    }
    assert_eq!(cancel(&ada, json!({ "ownerId": { "eq": ada.id } })).await, (205, 0));
}

#[tokio::test]
async fn a_job_that_ends_at_once_though_a_runner_has_it_counts_as_cancelled() {
    let app = TestApp::new().await;
    let service = app.service(json!({ "dispatch": "PUSH" })).await;
    let runner = app.runner_with(json!({ "serviceIds": [service], "slots": 1 })).await;
    runner.change("runnerRegister", json!({}), "runner { id }").await;
    let ada = app.user("ada").await;
    ada.submit(&service, json!({})).await;
    assert_eq!(statuses(&ada).await, ["CLAIMED"]);
    assert_eq!(cancel(&ada, json!({ "ownerId": { "eq": ada.id } })).await, (1, 0));
    assert_eq!(statuses(&ada).await, ["CANCELLED"]);
}
