//! Running a finished job once more.

use serde_json::{Value, json};

use crate::support::{Client, Lease, TestApp};

struct World {
    app: TestApp,
    service: String,
    ada: Client,
    runner: Client,
}

impl World {
    async fn new(limits: Value) -> Self {
        let app = TestApp::new().await;
        let service = app.service(json!({ "limits": limits })).await;
        let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
        Self { app, service, ada, runner }
    }

    async fn claimed(&self) -> Lease {
        self.ada.submit(&self.service, json!({ "n": 1 })).await;
        self.runner.claim().await
    }

    async fn fail(&self, lease: &Lease, retryable: bool) {
        let input = json!({ "leaseToken": lease.token, "message": "no disk", "code": "E28", "retryable": retryable });
        self.runner.change("workFail", input, "job { id }").await;
    }
}

const JOB: &str = "status attempt parameters results progress message failure { kind } cancelRequested startedAt
    finishedAt viewerCan { cancel retry delete }";

#[tokio::test]
async fn a_failed_job_waits_again_as_if_it_were_new() {
    let world = World::new(json!({})).await;
    let lease = world.claimed().await;
    world
        .runner
        .change("workHeartbeat", json!({ "leaseToken": lease.token, "progress": 0.5, "message": "x" }), "expiresAt")
        .await;
    world.runner.change("workLog", json!({ "leaseToken": lease.token, "text": "first\n" }), "expiresAt").await;
    world.fail(&lease, false).await;
    assert_eq!(world.ada.job(&lease.job, "viewerCan { retry }").await["viewerCan"]["retry"], true);
    let again = world.ada.change("jobRetry", json!({ "jobId": lease.job }), &format!("job {{ {JOB} }}")).await;
    let expected = json!({ "status": "QUEUED", "attempt": 1, "parameters": { "n": 1 }, "results": null,
        "progress": null, "message": null, "failure": null, "cancelRequested": false, "startedAt": null,
        "finishedAt": null, "viewerCan": { "cancel": true, "retry": false, "delete": false } });
    assert_eq!(again["job"], expected);
    let second = world.runner.claim().await;
    assert_eq!((second.job.as_str(), second.attempt), (lease.job.as_str(), 2));
    // The old lease stays lost, and the log goes on.
    let late = json!({ "leaseToken": lease.token, "results": 1 });
    assert_eq!(world.runner.refused("workComplete", late).await, "LEASE_LOST");
    world.runner.change("workLog", json!({ "leaseToken": second.token, "text": "second\n" }), "expiresAt").await;
    world.runner.change("workComplete", json!({ "leaseToken": second.token, "results": 2 }), "job { id }").await;
    let done = world.ada.job(&lease.job, "status results log { text } events(first: 100) { nodes { __typename ... on JobStatusChanged { revision from to message } } }").await;
    assert_eq!((&done["status"], &done["results"]), (&json!("SUCCEEDED"), &json!(2)));
    assert_eq!(done["log"]["text"], "first\nsecond\n");
    let events = done["events"]["nodes"].as_array().expect("events");
    let retried = events.iter().find(|event| event["from"] == "FAILED").expect("an event of the retry");
    assert_eq!((&retried["to"], &retried["message"]), (&json!("QUEUED"), &json!("It is to be run once more.")));
}

#[tokio::test]
async fn attempts_losses_and_delays_are_counted_anew() {
    let world = World::new(json!({ "maxAttempts": 2 })).await;
    let job = world.claimed().await;
    world.fail(&job, true).await;
    world.app.advance(5);
    world.fail(&world.runner.claim().await, true).await;
    assert_eq!(world.ada.status(&job.job).await, "FAILED");
    world.ada.change("jobRetry", json!({ "jobId": job.job }), "job { id }").await;
    let third = world.runner.claim().await;
    assert_eq!(third.attempt, 3);
    world.fail(&third, true).await;
    assert_eq!(world.ada.status(&job.job).await, "QUEUED", "one of two attempts");
    world.app.advance(4);
    assert_eq!(world.runner.claim_with(json!({})).await.len(), 0);
    world.app.advance(1);
    let fourth = world.runner.claim().await;
    assert_eq!(fourth.attempt, 4, "the delay is the first one again");
    world.fail(&fourth, true).await;
    assert_eq!(world.ada.status(&job.job).await, "FAILED");
}

#[tokio::test]
async fn results_that_broke_the_schema_are_forgotten() {
    let app = TestApp::new().await;
    let service = app.service(json!({ "resultsSchema": { "type": "integer" } })).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    ada.submit(&service, json!({})).await;
    let lease = runner.claim().await;
    runner.change("workComplete", json!({ "leaseToken": lease.token, "results": "one" }), "job { id }").await;
    assert_eq!(ada.job(&lease.job, "results").await["results"], "one");
    ada.change("jobRetry", json!({ "jobId": lease.job }), "job { id }").await;
    assert_eq!(ada.job(&lease.job, "status results").await, json!({ "status": "QUEUED", "results": null }));
}

#[tokio::test]
async fn only_a_job_that_ended_badly_is_run_once_more() {
    let world = World::new(json!({})).await;
    let retry = async |job: &str| world.ada.refused("jobRetry", json!({ "jobId": job })).await;
    let waiting = world.ada.submit_with(json!({ "serviceId": world.service, "priority": -1 })).await;
    assert_eq!(retry(&waiting).await, "INVALID_STATE");
    let lease = world.claimed().await;
    assert_eq!(retry(&lease.job).await, "INVALID_STATE");
    world.runner.change("workHeartbeat", json!({ "leaseToken": lease.token }), "expiresAt").await;
    assert_eq!(retry(&lease.job).await, "INVALID_STATE");
    world.runner.change("workComplete", json!({ "leaseToken": lease.token }), "job { id }").await;
    assert_eq!(retry(&lease.job).await, "INVALID_STATE");
    world.ada.change("jobCancel", json!({ "jobId": waiting }), "job { id }").await;
    assert_eq!(retry(&waiting).await, "OK");
    assert_eq!(retry(&waiting).await, "INVALID_STATE", "it waits already");
    assert_eq!(world.runner.claim().await.job, waiting);
}

#[tokio::test]
async fn a_job_for_later_runs_at_once_when_it_is_tried_again() {
    let world = World::new(json!({})).await;
    let later = world.app.clock.now_micros() / 1_000_000 + 3600;
    let later = chrono::DateTime::from_timestamp(later, 0).expect("a moment").to_rfc3339();
    let job = world.ada.submit_with(json!({ "serviceId": world.service, "scheduledAt": later })).await;
    world.ada.change("jobCancel", json!({ "jobId": job }), "job { id }").await;
    let again = world.ada.change("jobRetry", json!({ "jobId": job }), "job { status scheduledAt }").await;
    assert_eq!(again["job"], json!({ "status": "QUEUED", "scheduledAt": null }));
    assert_eq!(world.runner.claim().await.job, job);
}

#[tokio::test]
async fn a_service_that_takes_no_jobs_takes_no_old_ones_either() {
    let world = World::new(json!({})).await;
    let job = world.ada.submit(&world.service, json!({})).await;
    world.ada.change("jobCancel", json!({ "jobId": job }), "job { id }").await;
    let service = json!({ "serviceId": world.service });
    world.app.admin().change("serviceDisable", service.clone(), "service { id }").await;
    assert_eq!(world.ada.refused("jobRetry", json!({ "jobId": job })).await, "INVALID_STATE");
    world.app.admin().change("serviceDelete", service, "service { id }").await;
    assert_eq!(world.ada.refused("jobRetry", json!({ "jobId": job })).await, "INVALID_STATE");
    assert_eq!(world.ada.status(&job).await, "CANCELLED");
}

#[tokio::test]
async fn strangers_runners_and_nobody_retry_nothing() {
    let world = World::new(json!({})).await;
    let job = world.ada.submit(&world.service, json!({})).await;
    world.ada.change("jobCancel", json!({ "jobId": job }), "job { id }").await;
    let input = json!({ "jobId": job });
    assert_eq!(world.app.user("eve").await.refused("jobRetry", input.clone()).await, "NOT_FOUND");
    assert_eq!(world.app.anonymous().refused("jobRetry", input.clone()).await, "UNAUTHENTICATED");
    assert_eq!(world.runner.refused("jobRetry", input.clone()).await, "FORBIDDEN");
    assert_eq!(world.ada.wrong("jobRetry", json!({ "jobId": world.service })).await, ["jobId"]);
    assert_eq!(world.app.admin().refused("jobRetry", input).await, "OK");
}
