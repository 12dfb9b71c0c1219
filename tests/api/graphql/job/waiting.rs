//! Why a job waits.

use serde_json::{Value, json};

use crate::support::{Client, TestApp};

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
        // A sign of life: there is nothing to claim.
        assert_eq!(runner.claim_with(json!({})).await.len(), 0);
        Self { app, service, ada, runner }
    }

    /// Code and position.
    async fn reason(&self, job: &str) -> (Value, Value) {
        let mut reason =
            self.ada.job(job, "waitingReason { code position until message }").await["waitingReason"].take();
        assert!(reason.is_null() || !reason["message"].as_str().expect("a sentence").is_empty());
        (reason["code"].take(), reason["position"].take())
    }

    async fn until(&self, job: &str) -> (Value, bool) {
        let seen = self.ada.job(job, "runAfter waitingReason { code until }").await;
        (seen["waitingReason"]["code"].clone(), seen["waitingReason"]["until"] == seen["runAfter"])
    }
}

fn code(code: &str) -> (Value, Value) {
    (json!(code), Value::Null)
}

fn place(place: i32) -> (Value, Value) {
    (json!("QUEUE_POSITION"), json!(place))
}

#[tokio::test]
async fn a_job_knows_its_place_in_its_queue() {
    let world = World::new(json!({})).await;
    let submit = async |priority: i32, requires: Value| {
        world.app.clock.advance(std::time::Duration::from_micros(1));
        let input = json!({ "serviceId": world.service, "priority": priority, "requires": requires });
        world.ada.submit_with(input).await
    };
    let none = json!([]);
    let (first, second) = (submit(0, none.clone()).await, submit(0, none.clone()).await);
    let urgent = submit(1, none.clone()).await;
    submit(5, json!([{ "key": "a", "value": "1" }])).await;
    let last = submit(-1, none).await;
    for (job, position) in [(&urgent, 1), (&first, 2), (&second, 3), (&last, 4)] {
        assert_eq!(world.reason(job).await, place(position));
    }
    let lease = world.runner.claim().await;
    assert_eq!((&lease.job, world.reason(&urgent).await), (&urgent, (Value::Null, Value::Null)));
    assert_eq!(world.reason(&last).await, place(3));
    // One that waits for another attempt is not before anybody.
    let input = json!({ "leaseToken": lease.token, "message": "x", "retryable": true });
    world.runner.change("workFail", input, "job { id }").await;
    assert_eq!(world.until(&urgent).await, (json!("BACKOFF"), true));
    assert_eq!(world.reason(&last).await, place(3));
    world.ada.change("jobCancel", json!({ "jobId": first }), "job { id }").await;
    assert_eq!((world.reason(&first).await, world.reason(&second).await), ((Value::Null, Value::Null), place(1)));
}

#[tokio::test]
async fn places_are_counted_up_to_a_thousand() {
    let world = World::new(json!({})).await;
    let jobs = json!({ "jobs": vec![json!({ "serviceId": world.service, "priority": 1 }); 999] });
    world.ada.change("jobSubmitBatch", jobs, "results { replayed }").await;
    let thousandth = world.ada.submit(&world.service, json!({})).await;
    world.app.clock.advance(std::time::Duration::from_micros(1));
    let next = world.ada.submit(&world.service, json!({})).await;
    world.ada.submit_with(json!({ "serviceId": world.service, "priority": 1 })).await;
    assert_eq!(world.reason(&thousandth).await, code("QUEUE_POSITION"));
    world.runner.claim().await;
    assert_eq!(world.reason(&thousandth).await, place(1000));
    assert_eq!(world.reason(&next).await.0, "QUEUE_POSITION");
}

#[tokio::test]
async fn a_scheduled_job_waits_for_its_moment() {
    let world = World::new(json!({ "maxRunning": 1 })).await;
    let later = world.app.clock.now_micros() / 1_000_000 + 3600;
    let later = chrono::DateTime::from_timestamp(later, 0).expect("a moment").to_rfc3339();
    let job = world.ada.submit_with(json!({ "serviceId": world.service, "scheduledAt": later })).await;
    assert_eq!(world.until(&job).await, (json!("SCHEDULED"), true));
}

#[tokio::test]
async fn limits_are_named() {
    let world = World::new(json!({ "maxRunning": 2, "maxRunningPerUser": 1 })).await;
    let bea = world.app.user("bea").await;
    let jobs = [(); 2].map(|()| world.ada.submit(&world.service, json!({})));
    let jobs = futures_util::future::join_all(jobs).await;
    bea.submit(&world.service, json!({})).await;
    assert_eq!(world.runner.claim_with(json!({ "max": 1 })).await.len(), 1);
    let mut reasons = [world.reason(&jobs[0]).await, world.reason(&jobs[1]).await];
    reasons.sort_by_key(|reason| reason.0.is_null());
    assert_eq!(reasons, [code("USER_LIMIT"), (Value::Null, Value::Null)]);
    assert_eq!(world.runner.claim_with(json!({ "max": 9 })).await.len(), 1);
    let waits = if world.reason(&jobs[0]).await.0.is_null() { &jobs[1] } else { &jobs[0] };
    assert_eq!(world.reason(waits).await, code("SERVICE_LIMIT"));
}

#[tokio::test]
async fn a_job_that_no_living_runner_could_have_says_so() {
    let world = World::new(json!({ "timeoutSeconds": 60 })).await;
    let job = world.ada.submit(&world.service, json!({})).await;
    let labels = json!([{ "key": "gpu", "value": "1" }]);
    let picky = world.ada.submit_with(json!({ "serviceId": world.service, "requires": labels })).await;
    assert_eq!((world.reason(&job).await, world.reason(&picky).await), (place(1), code("NO_RUNNER")));
    world.app.advance(91);
    assert_eq!(world.reason(&job).await, code("NO_RUNNER"));
    let report = json!({ "labels": [{ "key": "gpu", "value": "1" }, { "key": "os", "value": "linux" }] });
    world.runner.change("runnerRegister", report, "runner { id }").await;
    assert_eq!((world.reason(&job).await, world.reason(&picky).await), (place(1), place(1)));
}

#[tokio::test]
async fn what_does_not_wait_here_has_no_reason() {
    let world = World::new(json!({})).await;
    let job = world.ada.submit(&world.service, json!({})).await;
    let lease = world.runner.claim().await;
    assert_eq!(world.reason(&job).await.0, Value::Null);
    world.runner.change("workComplete", json!({ "leaseToken": lease.token }), "job { id }").await;
    assert_eq!(world.reason(&job).await.0, Value::Null);
    let recorded = world.app.admin().change("jobRecord", json!({ "ownerId": world.ada.id }), "job { id }").await;
    assert_eq!(world.reason(recorded["job"]["id"].as_str().expect("an id")).await.0, Value::Null);
}
