//! Taking back what dead workers hold.

use serde_json::{Value, json};

use super::claim::micros_between;
use crate::support::{Client, TestApp};

const JOB: &str = "status attempt runAfter updatedAt progress failure { kind code message } leaseExpiresAt";

async fn submitted(limits: Value) -> (TestApp, Client, Client, String) {
    let app = TestApp::new().await;
    let service = app.service(json!({ "limits": limits })).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    let job = ada.submit(&service, json!({})).await;
    (app, ada, runner, job)
}

#[tokio::test]
async fn a_lost_job_goes_back_at_once_then_with_a_delay_and_then_fails() {
    let (app, ada, runner, id) = submitted(json!({})).await;
    runner.claim().await;
    app.advance(29);
    assert_eq!(app.sweep().await, 0);
    app.advance(2);
    assert_eq!(app.sweep().await, 1);
    let job = ada.job(&id, JOB).await;
    assert_eq!((&job["status"], &job["leaseExpiresAt"]), (&json!("QUEUED"), &Value::Null));
    assert_eq!(job["runAfter"], job["updatedAt"], "the first loss requeues at once");
    assert_eq!(runner.claim().await.attempt, 2);
    app.advance(31);
    assert_eq!(app.sweep().await, 1);
    let job = ada.job(&id, JOB).await;
    assert_eq!(micros_between(&job["updatedAt"], &job["runAfter"]), 5_000_000);
    assert_eq!(runner.claim_with(json!({})).await.len(), 0);
    app.advance(5);
    assert_eq!(runner.claim().await.attempt, 3);
    app.advance(31);
    assert_eq!(app.sweep().await, 1);
    let job = ada.job(&id, JOB).await;
    assert_eq!((&job["status"], &job["failure"]["kind"]), (&json!("FAILED"), &json!("LOST")));
    assert_eq!(app.sweep().await, 0);
}

#[tokio::test]
async fn a_lost_job_that_was_to_be_cancelled_ends_cancelled() {
    let (app, ada, runner, id) = submitted(json!({})).await;
    runner.claim().await;
    ada.change("jobCancel", json!({ "jobId": id }), "job { id }").await;
    app.advance(31);
    app.sweep().await;
    assert_eq!(ada.job(&id, "status failure { kind }").await, json!({ "status": "CANCELLED", "failure": null }));
}

#[tokio::test]
async fn an_attempt_that_runs_too_long_ends_with_a_timeout() {
    let (app, ada, runner, id) = submitted(json!({ "maxRunSeconds": 60 })).await;
    let lease = runner.claim().await;
    for _ in 0..3 {
        app.advance(20);
        assert_eq!(runner.refused("workHeartbeat", json!({ "leaseToken": lease.token })).await, "OK");
    }
    assert_eq!(app.sweep().await, 1);
    let job = ada.job(&id, JOB).await;
    assert_eq!((&job["status"], &job["failure"]["kind"]), (&json!("FAILED"), &json!("TIMEOUT")));
    assert_eq!(runner.refused("workHeartbeat", json!({ "leaseToken": lease.token })).await, "LEASE_LOST");
}

#[tokio::test]
async fn a_timeout_is_tried_again_where_the_service_says_so() {
    let limits = json!({ "maxRunSeconds": 20, "retryTimeouts": true, "maxAttempts": 2 });
    let (app, ada, runner, id) = submitted(limits).await;
    for (attempt, status) in [(1, "QUEUED"), (2, "FAILED")] {
        app.advance(5);
        assert_eq!(runner.claim().await.attempt, attempt);
        app.advance(20);
        assert_eq!(app.sweep().await, 1);
        assert_eq!(ada.status(&id).await, status);
    }
    assert_eq!(ada.job(&id, "failure { kind }").await["failure"]["kind"], "TIMEOUT");
}

#[tokio::test]
async fn a_service_that_bounds_no_run_has_no_timeout() {
    let (app, ada, runner, id) = submitted(json!({ "leaseSeconds": 86_400, "maxRunSeconds": 2_592_000 })).await;
    let lease = runner.claim().await;
    for _ in 0..3 {
        app.advance(80_000);
        assert_eq!(runner.refused("workHeartbeat", json!({ "leaseToken": lease.token })).await, "OK");
        assert_eq!(app.sweep().await, 0);
    }
    assert_eq!(ada.status(&id).await, "RUNNING");
}

#[tokio::test]
async fn one_that_cannot_be_taken_back_keeps_no_other_in_dead_hands() {
    let (app, ada, runner, first) = submitted(json!({})).await;
    let service = ada.job(&first, "service { id }").await["service"]["id"].take();
    let (second, third) = (
        ada.submit_with(json!({ "serviceId": service })).await,
        ada.submit_with(json!({ "serviceId": service })).await,
    );
    assert_eq!(runner.claim_with(json!({ "max": 3 })).await.len(), 3);
    app.spoil(&first).await;
    app.advance(31);
    assert_eq!(app.sweep().await, 2);
    assert_eq!((ada.status(&second).await, ada.status(&third).await), ("QUEUED".to_owned(), "QUEUED".to_owned()));
    assert_eq!(app.sweep().await, 0);
}

#[tokio::test]
async fn more_than_one_batch_is_taken_back() {
    let (app, ada, _, first) = submitted(json!({})).await;
    let service = ada.job(&first, "service { id }").await["service"]["id"].take();
    let runner = app.runner_with(json!({ "serviceIds": [service], "slots": 1000 })).await;
    let jobs = json!({ "jobs": vec![json!({ "serviceId": service }); 504] });
    ada.change("jobSubmitBatch", jobs, "results { replayed }").await;
    for _ in 0..6 {
        runner.claim_with(json!({ "max": 100 })).await;
    }
    app.advance(31);
    assert_eq!(app.sweep().await, 505);
    assert_eq!(app.sweep().await, 0);
}

#[tokio::test]
async fn the_server_sweeps_by_itself() {
    let app = TestApp::with(|config| config.jobs.sweep_seconds = 1).await;
    let service = app.service(json!({})).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    let job = ada.submit(&service, json!({})).await;
    runner.claim().await;
    let mut stream = ada.subscribe("subscription($id: ID!) { job(id: $id) { status } }", json!({ "id": job })).await;
    assert_eq!(stream.item("job").await["status"], "CLAIMED");
    app.advance(31);
    assert_eq!(stream.item("job").await["status"], "QUEUED");
}
