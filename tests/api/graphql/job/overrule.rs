//! Setting a job's state by hand.

use serde_json::{Value, json};

use crate::support::{Client, Lease, TestApp};

struct World {
    app: TestApp,
    cara: Client,
    ada: Client,
    runner: Client,
    service: String,
}

const JOB: &str =
    "status results message progress failure { kind code message } attempt leaseExpiresAt finishedAt cancelRequested";

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let cara = app.author("cara").await;
        let input = json!({ "resultsSchema": { "type": "integer" }, "limits": { "maxAttempts": 1 } });
        let service = cara.service(input).await;
        let runner = cara.runner(json!({ "serviceIds": [service] })).await;
        let ada = app.user("ada").await;
        Self { app, cara, ada, runner, service }
    }

    async fn held(&self) -> Lease {
        self.ada.submit(&self.service, json!({})).await;
        self.runner.claim().await
    }

    /// What the service's owner sets, and the job after it.
    async fn set(&self, job: &str, input: Value) -> Value {
        let mut input = input;
        input["jobId"] = json!(job);
        self.cara.change("jobOverride", input, &format!("job {{ {JOB} }}")).await["job"].take()
    }

    async fn refused(&self, job: &str, input: Value) -> Vec<String> {
        let mut input = input;
        input["jobId"] = json!(job);
        self.cara.wrong("jobOverride", input).await
    }
}

#[tokio::test]
async fn a_job_is_brought_to_any_end_and_its_lease_ends_with_that() {
    let world = World::new().await;
    for (input, expected) in [
        (
            json!({ "status": "SUCCEEDED", "results": 7 }),
            json!({ "status": "SUCCEEDED", "results": 7, "progress": 1.0 }),
        ),
        (
            json!({ "status": "CANCELLED", "message": "Not needed." }),
            json!({ "status": "CANCELLED", "message": "Not needed." }),
        ),
        (
            json!({ "status": "FAILED", "failure": { "kind": "USER", "code": "E1", "message": "bad" } }),
            json!({ "status": "FAILED", "failure": { "kind": "USER", "code": "E1", "message": "bad" } }),
        ),
        (
            json!({ "status": "FAILED" }),
            json!({ "status": "FAILED", "failure": { "kind": "SYSTEM", "code": null, "message": "Set by hand." } }),
        ),
    ] {
        let lease = world.held().await;
        let job = world.set(&lease.job, input.clone()).await;
        for (field, value) in expected.as_object().expect("an object") {
            assert_eq!(job[field], *value, "{input}: {field}");
        }
        assert!(job["finishedAt"].is_string() && job["leaseExpiresAt"].is_null());
        let late = json!({ "leaseToken": lease.token, "results": 8 });
        assert_eq!(world.runner.refused("workComplete", late).await, "LEASE_LOST");
        assert_eq!(world.ada.job(&lease.job, JOB).await, job);
    }
}

#[tokio::test]
async fn a_job_that_waits_again_keeps_its_results_and_revokes_a_live_lease() {
    let world = World::new().await;
    let lease = world.held().await;
    let job = world.set(&lease.job, json!({ "status": "QUEUED", "message": "Once more." })).await;
    assert_eq!((&job["status"], &job["attempt"], &job["message"]), (&json!("QUEUED"), &json!(1), &json!("Once more.")));
    let late = json!({ "leaseToken": lease.token });
    assert_eq!(world.runner.refused("workHeartbeat", late).await, "LEASE_LOST");
    let again = world.runner.claim().await;
    assert_eq!(again.attempt, 2);
    world.runner.change("workComplete", json!({ "leaseToken": again.token, "results": 1 }), "job { id }").await;
    let job = world.set(&lease.job, json!({ "status": "QUEUED" })).await;
    assert_eq!((&job["status"], &job["results"], &job["finishedAt"]), (&json!("QUEUED"), &json!(1), &Value::Null));
    // Its one attempt is counted anew.
    let third = world.runner.claim().await;
    let fail = json!({ "leaseToken": third.token, "message": "x", "retryable": true });
    world.runner.change("workFail", fail, "job { id }").await;
    assert_eq!(world.ada.status(&lease.job).await, "FAILED");
}

#[tokio::test]
async fn results_and_message_are_set_without_a_change_of_state() {
    let world = World::new().await;
    let lease = world.held().await;
    let job = world.set(&lease.job, json!({ "message": "by hand" })).await;
    assert_eq!((&job["status"], &job["message"]), (&json!("CLAIMED"), &json!("by hand")));
    world.runner.change("workComplete", json!({ "leaseToken": lease.token, "results": 1 }), "job { id }").await;
    let before = world.ada.job(&lease.job, "finishedAt").await;
    let job = world.set(&lease.job, json!({ "results": 2 })).await;
    assert_eq!((&job["status"], &job["results"]), (&json!("SUCCEEDED"), &json!(2)));
    assert_eq!(job["finishedAt"], before["finishedAt"]);
    let events =
        world.ada.job(&lease.job, "events(first: 100) { nodes { ... on JobStatusChanged { from to message } } }").await;
    let last = events["events"]["nodes"].as_array().and_then(|events| events.last()).expect("an event");
    assert_eq!(*last, json!({ "from": "SUCCEEDED", "to": "SUCCEEDED", "message": "Set by hand." }));
}

#[tokio::test]
async fn results_must_fit_the_schema_that_the_job_was_accepted_under() {
    let world = World::new().await;
    let lease = world.held().await;
    let change = json!({ "serviceId": world.service, "resultsSchema": { "type": "string" } });
    world.cara.change("serviceUpdate", change, "service { id }").await;
    for input in [
        json!({ "status": "SUCCEEDED", "results": "text" }),
        json!({ "status": "SUCCEEDED", "results": null }),
        json!({ "status": "SUCCEEDED" }),
        json!({ "status": "FAILED", "results": [] }),
        json!({ "results": 1.5 }),
    ] {
        assert_eq!(world.refused(&lease.job, input.clone()).await, ["results"], "{input}");
    }
    // What the worker sent and broke the schema does not become a success by saying so.
    world.runner.change("workComplete", json!({ "leaseToken": lease.token, "results": "x" }), "job { id }").await;
    assert_eq!(world.refused(&lease.job, json!({ "status": "SUCCEEDED" })).await, ["results"]);
    assert_eq!(world.ada.status(&lease.job).await, "FAILED");
    let job = world.set(&lease.job, json!({ "status": "SUCCEEDED", "results": 3 })).await;
    assert_eq!((&job["status"], &job["failure"]), (&json!("SUCCEEDED"), &Value::Null));
}

#[tokio::test]
async fn what_cannot_be_set_is_refused_by_name() {
    let world = World::new().await;
    let job = world.ada.submit(&world.service, json!({})).await;
    for (input, paths) in [
        (json!({}), vec!["status"]),
        (json!({ "status": "CLAIMED" }), vec!["status"]),
        (json!({ "status": "RUNNING" }), vec!["status"]),
        (json!({ "status": "SCHEDULED" }), vec!["status"]),
        (json!({ "status": "QUEUED", "failure": {} }), vec!["failure"]),
        (json!({ "status": "CANCELLED", "message": "x".repeat(1001) }), vec!["message"]),
        (
            json!({ "status": "FAILED", "failure": { "code": "", "message": "x".repeat(10_001) } }),
            vec!["failure/code", "failure/message"],
        ),
        (json!({ "status": "SUCCEEDED", "results": "x".repeat(786_433) }), vec!["results"]),
    ] {
        assert_eq!(world.refused(&job, input.clone()).await, paths);
    }
    assert_eq!(world.ada.job(&job, "revision status").await, json!({ "revision": 1, "status": "QUEUED" }));
}

#[tokio::test]
async fn only_who_manages_the_service_sets_anything() {
    let world = World::new().await;
    let job = world.ada.submit(&world.service, json!({})).await;
    let input = json!({ "jobId": job, "status": "CANCELLED" });
    assert_eq!(world.ada.refused("jobOverride", input.clone()).await, "FORBIDDEN", "its owner cancels it");
    assert_eq!(world.app.author("dan").await.refused("jobOverride", input.clone()).await, "NOT_FOUND");
    assert_eq!(world.app.anonymous().refused("jobOverride", input.clone()).await, "UNAUTHENTICATED");
    assert_eq!(world.runner.refused("jobOverride", input.clone()).await, "FORBIDDEN");
    assert_eq!(world.ada.status(&job).await, "QUEUED");
    assert_eq!(world.app.admin().refused("jobOverride", input).await, "OK");
}

#[tokio::test]
async fn a_service_that_takes_no_jobs_gets_none_back() {
    let world = World::new().await;
    let job = world.ada.submit(&world.service, json!({})).await;
    world.set(&job, json!({ "status": "CANCELLED" })).await;
    world.cara.change("serviceDisable", json!({ "serviceId": world.service }), "service { id }").await;
    let input = json!({ "jobId": job, "status": "QUEUED" });
    assert_eq!(world.cara.refused("jobOverride", input).await, "INVALID_STATE");
    // An end is an end all the same.
    assert_eq!(world.set(&job, json!({ "status": "SUCCEEDED", "results": 1 })).await["status"], "SUCCEEDED");
}
