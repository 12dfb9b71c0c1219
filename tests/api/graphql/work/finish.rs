//! The end of an attempt.

use serde_json::{Value, json};

use super::claim::micros_between;
use crate::support::{Client, Lease, TestApp};

const JOB: &str =
    "status results progress message attempt maxAttempts cancelRequested leaseExpiresAt startedAt finishedAt
    failure { kind code message } runAfter updatedAt";

/// A service with a results schema, ada's job of it, and a runner that holds it.
async fn held(limits: Value) -> (TestApp, Client, Client, Lease) {
    let app = TestApp::new().await;
    let schema = json!({ "type": "object", "required": ["words"], "properties": { "words": { "type": "integer" } } });
    let service = app.service(json!({ "resultsSchema": schema, "limits": limits })).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    ada.submit(&service, json!({})).await;
    let lease = runner.claim().await;
    (app, ada, runner, lease)
}

#[tokio::test]
async fn results_that_fit_end_the_job_succeeded() {
    let (_app, ada, runner, lease) = held(json!({})).await;
    runner.change("workHeartbeat", json!({ "leaseToken": lease.token, "progress": 0.3 }), "expiresAt").await;
    let results = json!({ "words": 3, "": [], "a b": { "\u{1F980}": 1.5e300, "-0": -7 }, "deep": [[[[null, true]]]] });
    let input = json!({ "leaseToken": lease.token, "results": results });
    let done = runner.change("workComplete", input, &format!("job {{ {JOB} }}")).await["job"].take();
    assert_eq!((&done["status"], &done["results"], &done["progress"]), (&json!("SUCCEEDED"), &results, &json!(1.0)));
    assert_eq!((&done["failure"], &done["leaseExpiresAt"]), (&Value::Null, &Value::Null));
    assert_eq!(done["finishedAt"], done["updatedAt"]);
    assert_eq!(ada.job(&lease.job, JOB).await, done);
}

#[tokio::test]
async fn results_that_break_the_schema_end_it_failed_and_are_kept() {
    let (app, ada, runner, lease) = held(json!({})).await;
    let results = json!({ "words": "three" });
    let input = json!({ "leaseToken": lease.token, "results": results });
    runner.change("workComplete", input, "job { id }").await;
    let job = ada.job(&lease.job, JOB).await;
    assert_eq!((&job["status"], &job["results"]), (&json!("FAILED"), &results));
    assert_eq!(job["failure"]["kind"], "RESULT_INVALID");
    let message = job["failure"]["message"].as_str().expect("a reason");
    assert!(message.starts_with("results/words: "), "{message}");
    // That is final: no second try.
    app.advance(3600);
    assert_eq!(runner.claim_with(json!({})).await.len(), 0);
}

#[tokio::test]
async fn results_that_are_too_large_are_refused_and_the_lease_goes_on() {
    let (_app, ada, runner, lease) = held(json!({})).await;
    let results = |bytes: usize| json!({ "words": 1, "x": "x".repeat(bytes - r#"{"words":1,"x":""}"#.len()) });
    let input = json!({ "leaseToken": lease.token, "results": results(786_433) });
    assert_eq!(runner.wrong("workComplete", input).await, ["results"]);
    assert_eq!(ada.status(&lease.job).await, "CLAIMED");
    let input = json!({ "leaseToken": lease.token, "results": results(786_432) });
    assert_eq!(runner.refused("workComplete", input).await, "OK");
    assert_eq!(ada.status(&lease.job).await, "SUCCEEDED");
}

#[tokio::test]
async fn a_retryable_failure_waits_longer_each_time_and_then_is_final() {
    let (app, ada, runner, mut lease) = held(json!({})).await;
    let fail = |token: &str| json!({ "leaseToken": token, "message": "no disk", "code": "E28", "retryable": true });
    for delay in [5_i64, 10] {
        let job = runner.change("workFail", fail(&lease.token), &format!("job {{ {JOB} }}")).await["job"].take();
        assert_eq!(
            (&job["status"], &job["failure"], &job["leaseExpiresAt"]),
            (&json!("QUEUED"), &Value::Null, &Value::Null)
        );
        assert_eq!(micros_between(&job["updatedAt"], &job["runAfter"]), delay * 1_000_000);
        app.advance(u64::try_from(delay).expect("positive") - 1);
        assert_eq!(runner.claim_with(json!({})).await.len(), 0);
        app.advance(1);
        lease = runner.claim().await;
    }
    assert_eq!(lease.attempt, 3);
    runner.change("workFail", fail(&lease.token), "job { id }").await;
    let job = ada.job(&lease.job, JOB).await;
    assert_eq!(job["status"], "FAILED");
    assert_eq!(job["failure"], json!({ "kind": "SYSTEM", "code": "E28", "message": "no disk" }));
    app.advance(3600);
    assert_eq!(runner.claim_with(json!({})).await.len(), 0);
}

#[tokio::test]
async fn a_final_failure_says_whose_fault_it_is() {
    let (_app, ada, runner, lease) = held(json!({})).await;
    let input = json!({ "leaseToken": lease.token, "kind": "USER", "message": "no text\n  at line 1" });
    runner.change("workFail", input, "job { id }").await;
    let job = ada.job(&lease.job, JOB).await;
    assert_eq!(job["status"], "FAILED");
    assert_eq!(job["failure"], json!({ "kind": "USER", "code": null, "message": "no text\n  at line 1" }));
    assert!(job["startedAt"].is_string(), "an attempt that never spoke ran all the same: {job}");
}

#[tokio::test]
async fn a_failure_out_of_bounds_changes_nothing() {
    let (_app, ada, runner, lease) = held(json!({})).await;
    let before = ada.job(&lease.job, JOB).await;
    for (input, paths) in [
        (json!({ "message": "" }), vec!["message"]),
        (json!({ "message": "x".repeat(10_001) }), vec!["message"]),
        (json!({ "message": "x", "code": "" }), vec!["code"]),
        (json!({ "message": "x", "code": "x".repeat(201) }), vec!["code"]),
        (json!({ "message": "", "code": "a\nb" }), vec!["message", "code"]),
    ] {
        let mut input = input;
        input["leaseToken"] = json!(lease.token);
        assert_eq!(runner.wrong("workFail", input.clone()).await, paths, "{input}");
    }
    for kind in ["LOST", "TIMEOUT", "RESULT_INVALID", "user"] {
        let input = json!({ "leaseToken": lease.token, "message": "x", "kind": kind });
        assert_eq!(runner.wrong("workFail", input).await, ["input/kind"]);
    }
    assert_eq!(ada.job(&lease.job, JOB).await, before);
}

#[tokio::test]
async fn a_released_job_is_free_at_once_and_the_attempt_does_not_count() {
    let (_app, ada, runner, mut lease) = held(json!({ "maxAttempts": 1 })).await;
    for attempt in 1..=3 {
        assert_eq!(lease.attempt, attempt);
        let input = json!({ "leaseToken": lease.token, "progress": 0.5, "message": "soon" });
        runner.change("workHeartbeat", input, "expiresAt").await;
        runner.change("workRelease", json!({ "leaseToken": lease.token }), "job { status }").await;
        let job = ada.job(&lease.job, JOB).await;
        assert_eq!((&job["status"], &job["progress"], &job["message"]), (&json!("QUEUED"), &Value::Null, &Value::Null));
        lease = runner.claim().await;
    }
    let input = json!({ "leaseToken": lease.token, "message": "now it counts", "retryable": true });
    runner.change("workFail", input, "job { id }").await;
    assert_eq!(ada.status(&lease.job).await, "FAILED");
}

#[tokio::test]
async fn a_worker_hears_of_a_cancellation_and_may_still_finish() {
    let (_app, ada, runner, lease) = held(json!({})).await;
    let asked = ada.change("jobCancel", json!({ "jobId": lease.job }), "job { status cancelRequested revision }").await;
    assert_eq!(asked["job"], json!({ "status": "CLAIMED", "cancelRequested": true, "revision": 3 }));
    let beat = runner.change("workHeartbeat", json!({ "leaseToken": lease.token }), "cancelRequested").await;
    assert_eq!(beat["cancelRequested"], true);
    let input = json!({ "leaseToken": lease.token, "results": { "words": 1 } });
    runner.change("workComplete", input, "job { id }").await;
    assert_eq!(ada.status(&lease.job).await, "SUCCEEDED");
}

#[tokio::test]
async fn a_cancelled_attempt_ends_cancelled_however_it_is_given_up() {
    for (field, more) in [
        ("workFail", json!({ "message": "stopped", "retryable": true })),
        ("workFail", json!({ "message": "stopped" })),
        ("workRelease", json!({})),
    ] {
        let (_app, ada, runner, lease) = held(json!({})).await;
        ada.change("jobCancel", json!({ "jobId": lease.job }), "job { id }").await;
        let mut input = more;
        input["leaseToken"] = json!(lease.token);
        runner.change(field, input, "job { status }").await;
        let job = ada.job(&lease.job, JOB).await;
        assert_eq!((&job["status"], &job["failure"]), (&json!("CANCELLED"), &Value::Null), "{field}");
        assert_eq!(job["finishedAt"], job["updatedAt"]);
        assert_eq!(runner.claim_with(json!({})).await.len(), 0);
    }
}

#[tokio::test]
async fn a_runner_that_leaves_hands_everything_back() {
    let (app, ada, runner, lease) = held(json!({})).await;
    let document = "mutation { runnerUnregister { runner { isRegistered jobs { nodes { id } } } } }";
    let left = runner.data(document, json!({})).await["runnerUnregister"]["runner"].take();
    assert_eq!(left, json!({ "isRegistered": false, "jobs": { "nodes": [] } }));
    assert_eq!(ada.status(&lease.job).await, "QUEUED");
    assert_eq!(runner.refused("workHeartbeat", json!({ "leaseToken": lease.token })).await, "LEASE_LOST");
    let again = runner.claim().await;
    app.admin().change("runnerDelete", json!({ "runnerId": runner.id }), "runner { id }").await;
    assert_eq!(ada.job(&again.job, "status runner { id }").await, json!({ "status": "QUEUED", "runner": null }));
    assert_eq!(runner.code("{ serverInfo { name } }", json!({})).await, "UNAUTHENTICATED");
}
