//! How an assigned job ends: results, failures, cancellations, and what comes too late.

use serde_json::{Value, json};

use super::{beat, fetch, fetch_code, fetch_lease, register, registered, service, unregister, whose, with};
use crate::support::{Client, TestApp};

async fn world() -> (TestApp, Client, String, Client, String) {
    let app = TestApp::new().await;
    let service = service(&app, json!({})).await;
    let (ada, runner) = (app.user("ada").await, registered(&app, &service).await);
    let job = ada.submit(&service, json!({ "text": "hi" })).await;
    (app, ada, service, runner, job)
}

/// What the job's events say beside its states.
async fn told(who: &Client, job: &str) -> Vec<String> {
    let events = who.job(job, "events(first: 100) { nodes { ... on JobStatusChanged { message } } }").await;
    let events = events["events"]["nodes"].as_array().expect("a list").clone();
    events.iter().filter_map(|event| event["message"].as_str()).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_fetch_may_be_said_again_and_gives_a_lease_for_everything_else() {
    let (_app, ada, _, runner, job) = world().await;
    beat(&runner, json!({ "progress": 0.9 })).await;
    assert_eq!(ada.job(&job, "status progress").await, json!({ "status": "CLAIMED", "progress": null }));
    let first = fetch_lease(&runner).await;
    assert_eq!(first["job"]["parameters"], json!({ "text": "hi" }));
    assert_eq!(ada.status(&job).await, "RUNNING");
    let second = fetch_lease(&runner).await;
    assert_eq!((&second["job"]["id"], &second["attempt"]), (&json!(job), &json!(1)));
    assert_eq!(runner.refused("workLog", json!({ "leaseToken": first["token"], "text": "x" })).await, "LEASE_LOST");
    runner.change("workLog", json!({ "leaseToken": second["token"], "text": "line" }), "job { id }").await;
    beat(&runner, json!({ "progress": 0.5, "message": "half" })).await;
    let seen = ada.job(&job, "progress message log { text }").await;
    assert_eq!(seen, json!({ "progress": 0.5, "message": "half", "log": { "text": "line" } }));
    runner.change("workComplete", json!({ "leaseToken": second["token"], "results": 1 }), "job { id }").await;
    assert_eq!(ada.status(&job).await, "SUCCEEDED");
    assert_eq!(fetch_code(&runner).await, "NOT_FOUND");
}

#[tokio::test]
async fn a_lease_that_is_extended_keeps_its_runner_registered() {
    let (app, ada, _, runner, job) = world().await;
    let lease = fetch_lease(&runner).await;
    for _ in 0..3 {
        app.advance(50);
        runner.change("workHeartbeat", json!({ "leaseToken": lease["token"] }), "job { id }").await;
        assert_eq!((app.sweep().await, app.assign().await), (0, 0));
    }
    assert_eq!(beat(&runner, json!({})).await["status"], "RUNNING");
    assert_eq!(ada.status(&job).await, "RUNNING");
}

#[tokio::test]
async fn failures_and_bad_results_end_it() {
    let app = TestApp::new().await;
    let service = service(&app, json!({ "resultsSchema": { "type": "object" } })).await;
    let (ada, runner) = (app.user("ada").await, registered(&app, &service).await);
    let (one, two) = (ada.submit(&service, json!({})).await, ada.submit(&service, json!({})).await);
    fetch(&runner).await;
    assert_eq!(runner.wrong("assignmentFail", json!({ "message": "" })).await, ["message"]);
    runner.change("assignmentFail", json!({ "kind": "USER", "code": "E1", "message": "a\nb" }), "job { id }").await;
    let job = ada.job(&one, "status failure { kind code message }").await;
    let failure = json!({ "kind": "USER", "code": "E1", "message": "a\nb" });
    assert_eq!(job, json!({ "status": "FAILED", "failure": failure }));
    fetch(&runner).await;
    runner.change("assignmentComplete", json!({ "results": 1 }), "job { id }").await;
    let job = ada.job(&two, "status results failure { kind }").await;
    assert_eq!(job, json!({ "status": "FAILED", "results": 1, "failure": { "kind": "RESULT_INVALID" } }));
}

#[tokio::test]
async fn a_service_says_how_large_results_may_be() {
    let app = TestApp::with(|config| config.jobs.results_bytes = 2_000).await;
    let large = json!({ "results": "x".repeat(3_000) });
    let small = json!({ "limits": { "maxResultBytes": 2_999 } });
    let wide = json!({ "limits": { "maxResultBytes": 3_002 } });
    for (limits, wrong) in [(json!({}), true), (small, true), (wide, false)] {
        let service = service(&app, limits).await;
        let runner = registered(&app, &service).await;
        app.admin().submit(&service, json!({})).await;
        fetch(&runner).await;
        let found = runner.wrong("assignmentComplete", large.clone()).await;
        assert_eq!(found, if wrong { vec!["results"] } else { vec![] });
    }
    for bytes in [1_023, 67_108_865] {
        let input = json!({ "title": "x", "limits": { "maxResultBytes": bytes } });
        assert_eq!(app.admin().wrong("serviceCreate", input).await, ["maxResultBytes"]);
    }
}

#[tokio::test]
async fn cancelling_ends_what_was_not_fetched_and_asks_who_fetched() {
    let (_app, ada, service, runner, job) = world().await;
    let next = ada.submit(&service, json!({})).await;
    let cancelled = ada.change("jobCancel", json!({ "jobId": job }), "job { status }").await;
    assert_eq!(cancelled["job"]["status"], "CANCELLED");
    assert_eq!(beat(&runner, json!({})).await["id"], json!(next), "the runner has the next one at once");
    fetch(&runner).await;
    ada.change("jobCancel", json!({ "jobId": next }), "job { status }").await;
    for _ in 0..2 {
        let told = beat(&runner, json!({ "progress": 0.1 })).await;
        assert_eq!((&told["status"], &told["cancelRequested"]), (&json!("RUNNING"), &json!(true)));
    }
    runner.change("assignmentFail", json!({ "message": "job was aborted" }), "job { id }").await;
    assert_eq!(ada.status(&next).await, "CANCELLED");
}

#[tokio::test]
async fn a_late_result_is_taken_when_the_job_is_the_runners_again() {
    let (app, ada, _, runner, job) = world().await;
    fetch(&runner).await;
    app.advance(61);
    app.sweep().await;
    app.assign().await;
    assert_eq!(whose(&ada, &job).await.0, "QUEUED");
    register(&runner).await;
    assert_eq!(whose(&ada, &job).await, with("CLAIMED", &runner));
    runner.change("assignmentComplete", json!({ "results": "done" }), "job { id }").await;
    assert_eq!(ada.job(&job, "status results").await, json!({ "status": "SUCCEEDED", "results": "done" }));
    assert_eq!(runner.refused("assignmentComplete", json!({})).await, "LEASE_LOST", "once is enough");
    assert_eq!(told(&ada, &job).await.iter().filter(|text| text.contains("not taken")).count(), 0);
}

#[tokio::test]
async fn a_late_result_of_another_job_changes_nothing_and_is_told() {
    let (app, ada, service, runner, job) = world().await;
    fetch(&runner).await;
    let second = registered(&app, &service).await;
    unregister(&runner).await;
    assert_eq!(whose(&ada, &job).await, with("CLAIMED", &second));
    let next = ada.submit(&service, json!({})).await;
    register(&runner).await;
    assert_eq!(whose(&ada, &next).await, with("CLAIMED", &runner));
    assert_eq!(runner.refused("assignmentComplete", json!({ "results": "old" })).await, "LEASE_LOST");
    assert_eq!(whose(&ada, &next).await, with("CLAIMED", &runner));
    let seen = ada.job(&job, "status results").await;
    assert_eq!(seen, json!({ "status": "CLAIMED", "results": null }));
    let told = told(&ada, &job).await;
    assert_eq!(told.iter().filter(|text| text.contains("it was not taken")).count(), 1, "{told:?}");
    fetch(&second).await;
    second.change("assignmentComplete", json!({ "results": "new" }), "job { id }").await;
    assert_eq!(ada.job(&job, "results").await["results"], "new");
    fetch(&runner).await;
    runner.change("assignmentComplete", json!({ "results": "mine" }), "job { id }").await;
    assert_eq!(ada.job(&next, "results").await["results"], "mine");
}

#[tokio::test]
async fn with_no_job_at_all_a_result_goes_nowhere() {
    let app = TestApp::new().await;
    let service = service(&app, json!({})).await;
    let runner = registered(&app, &service).await;
    assert_eq!(runner.refused("assignmentComplete", json!({})).await, "LEASE_LOST");
    assert_eq!(runner.refused("assignmentFail", json!({ "message": "x" })).await, "LEASE_LOST");
    let job = app.admin().submit(&service, json!({})).await;
    fetch(&runner).await;
    app.admin().change("jobOverride", json!({ "jobId": job, "status": "CANCELLED" }), "job { id }").await;
    app.admin().change("jobDelete", json!({ "jobId": job }), "job { id }").await;
    assert_eq!(runner.refused("assignmentComplete", json!({})).await, "LEASE_LOST");
    assert_eq!(beat(&runner, json!({})).await, Value::Null);
}
