//! Who is given which job, and when it is taken back.

use entity::user::Status;
use serde_json::{Value, json};

use super::{beat, fetch, fetch_code, nobody, register, registered, runner, service, unregister, whose, with};
use crate::support::TestApp;

#[tokio::test]
async fn a_job_goes_to_the_runner_that_has_been_idle_for_longest() {
    let app = TestApp::new().await;
    let service = service(&app, json!({})).await;
    let ada = app.user("ada").await;
    let first = registered(&app, &service).await;
    app.advance(1);
    let second = registered(&app, &service).await;
    app.advance(1);
    let (one, two) = (ada.submit(&service, json!({})).await, ada.submit(&service, json!({})).await);
    assert_eq!(whose(&ada, &one).await, with("CLAIMED", &first));
    assert_eq!(whose(&ada, &two).await, with("CLAIMED", &second));
    // The second is free first, and so the next one's.
    for runner in [&second, &first] {
        fetch(runner).await;
        runner.change("assignmentComplete", json!({}), "job { status }").await;
        app.advance(1);
    }
    let three = ada.submit(&service, json!({})).await;
    assert_eq!(whose(&ada, &three).await, with("CLAIMED", &second));
}

#[tokio::test]
async fn who_registers_or_finishes_gets_the_next_in_the_same_moment() {
    let app = TestApp::new().await;
    let service = service(&app, json!({})).await;
    let ada = app.user("ada").await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(ada.submit(&service, json!({})).await);
        app.advance(1);
    }
    let runner = runner(&app, &service).await;
    assert_eq!(whose(&ada, &jobs[0]).await, nobody("QUEUED"));
    assert_eq!(ada.job(&jobs[0], "waitingReason { code }").await["waitingReason"]["code"], "NO_RUNNER");
    register(&runner).await;
    for job in &jobs {
        assert_eq!(whose(&ada, job).await, with("CLAIMED", &runner));
        assert_eq!(beat(&runner, json!({})).await["id"], json!(job));
        assert_eq!(fetch(&runner).await, *job);
        let done = runner.change("assignmentComplete", json!({ "results": { "n": 1 } }), "job { id status }").await;
        assert_eq!(done["job"], json!({ "id": job, "status": "SUCCEEDED" }));
    }
    assert_eq!(beat(&runner, json!({})).await, Value::Null);
    assert_eq!(fetch_code(&runner).await, "NOT_FOUND");
}

#[tokio::test]
async fn the_most_urgent_goes_first_and_labels_and_limits_hold() {
    let app = TestApp::new().await;
    let limits = json!({ "limits": { "leaseSeconds": 60, "maxRunning": 2 } });
    let service = service(&app, limits).await;
    let ada = app.user("ada").await;
    let mut submit = Vec::new();
    for (priority, requires) in [(0, json!([])), (5, json!([])), (9, json!([{ "key": "gpu", "value": "a100" }]))] {
        let input = json!({ "serviceId": service, "priority": priority, "requires": requires });
        submit.push(ada.submit_with(input).await);
    }
    let plain = registered(&app, &service).await;
    assert_eq!(whose(&ada, &submit[1]).await, with("CLAIMED", &plain));
    let gpu = json!({ "serviceIds": [service], "slots": 1, "labels": [{ "key": "gpu", "value": "a100" }] });
    let gpu = app.runner_with(gpu).await;
    register(&gpu).await;
    assert_eq!(whose(&ada, &submit[2]).await, with("CLAIMED", &gpu));
    let third = registered(&app, &service).await;
    assert_eq!(whose(&ada, &submit[0]).await, nobody("QUEUED"), "the service runs two at once");
    fetch(&plain).await;
    plain.change("assignmentFail", json!({ "message": "no" }), "job { status }").await;
    assert_eq!(
        whose(&ada, &submit[0]).await,
        with("CLAIMED", &third),
        "the longest idle, not the one that is free now"
    );
}

#[tokio::test]
async fn a_job_that_starts_waiting_later_is_assigned_then() {
    let app = TestApp::new().await;
    let service = service(&app, json!({})).await;
    let ada = app.user("ada").await;
    let runner = registered(&app, &service).await;
    let start = app.server.app.clock.now_micros();
    let at = chrono::DateTime::from_timestamp_micros(start + 20_000_000).expect("a moment").to_rfc3339();
    let job = ada.submit_with(json!({ "serviceId": service, "scheduledAt": at })).await;
    app.advance(21);
    docket::domain::lease::promote(&app.server.app).await.expect("a promotion");
    assert_eq!(whose(&ada, &job).await, with("CLAIMED", &runner));
    fetch(&runner).await;
    runner.change("assignmentFail", json!({ "message": "no", "retryable": true }), "job { status }").await;
    assert_eq!(whose(&ada, &job).await.0, "QUEUED");
    assert_eq!(app.assign().await, 0, "its pause has not ended");
    app.advance(6);
    assert_eq!(app.assign().await, 1);
    assert_eq!(whose(&ada, &job).await, with("CLAIMED", &runner));
    fetch(&runner).await;
    runner.change("assignmentFail", json!({ "message": "no" }), "job { status }").await;
    ada.change("jobRetry", json!({ "jobId": job }), "job { id }").await;
    assert_eq!(whose(&ada, &job).await, with("CLAIMED", &runner));
}

#[tokio::test]
async fn a_runner_killed_in_the_middle_loses_the_job_within_70_seconds() {
    let app = TestApp::new().await;
    let service = service(&app, json!({})).await;
    let ada = app.user("ada").await;
    let dead = registered(&app, &service).await;
    app.advance(5);
    let job = ada.submit(&service, json!({})).await;
    fetch(&dead).await;
    let other = registered(&app, &service).await;
    for _ in 0..3 {
        app.advance(50);
        for runner in [&dead, &other] {
            beat(runner, json!({ "progress": 0.25 })).await;
        }
        assert_eq!((app.sweep().await, app.assign().await), (0, 0), "every heartbeat keeps both");
    }
    app.advance(30);
    beat(&other, json!({})).await;
    app.advance(31);
    assert_eq!(app.sweep().await, 1);
    assert_eq!(whose(&ada, &job).await, with("CLAIMED", &other));
    assert_eq!(ada.job(&job, "progress").await["progress"], Value::Null, "nothing is left of the first attempt");
    app.assign().await;
    assert_eq!(dead.refused("runnerHeartbeat", json!({})).await, "INVALID_STATE");
    assert_eq!(dead.refused("assignmentComplete", json!({})).await, "INVALID_STATE");
    // Losses never make it wait, however many there are.
    for _ in 0..4 {
        app.advance(61);
        app.sweep().await;
        app.assign().await;
        assert_eq!(whose(&ada, &job).await.0, "QUEUED");
        register(&other).await;
        assert_eq!(whose(&ada, &job).await, with("CLAIMED", &other));
        fetch(&other).await;
    }
}

#[tokio::test]
async fn a_runner_that_leaves_or_is_removed_hands_its_job_on() {
    let app = TestApp::new().await;
    let service = service(&app, json!({})).await;
    let ada = app.user("ada").await;
    let (first, second) = (registered(&app, &service).await, runner(&app, &service).await);
    let job = ada.submit(&service, json!({})).await;
    fetch(&first).await;
    assert_eq!(unregister(&first).await, "OK");
    assert_eq!(whose(&ada, &job).await.0, "QUEUED");
    assert_eq!(unregister(&first).await, "INVALID_STATE");
    register(&second).await;
    register(&first).await;
    assert_eq!(whose(&ada, &job).await, with("CLAIMED", &second));
    app.admin().change("runnerDelete", json!({ "runnerId": second.id }), "runner { id }").await;
    assert_eq!(whose(&ada, &job).await, with("CLAIMED", &first));
}

#[tokio::test]
async fn a_token_is_registered_once_unless_it_is_taken_over() {
    let app = TestApp::new().await;
    let service = service(&app, json!({})).await;
    let runner = registered(&app, &service).await;
    let job = app.admin().submit(&service, json!({})).await;
    fetch(&runner).await;
    assert_eq!(runner.refused("runnerRegister", json!({})).await, "INVALID_STATE");
    assert_eq!(whose(&app.admin(), &job).await, with("RUNNING", &runner));
    runner.change("runnerRegister", json!({ "takeOver": true }), "runner { id }").await;
    assert_eq!(whose(&app.admin(), &job).await, with("CLAIMED", &runner));
    assert_eq!(app.admin().job(&job, "attempt").await["attempt"], 2);
}

#[tokio::test]
async fn a_runner_is_for_one_way_of_dispatch_and_one_job() {
    let app = TestApp::new().await;
    let (push, pull) = (service(&app, json!({})).await, app.service(json!({})).await);
    let create = |services: Value, slots: i32| json!({ "name": "x", "serviceIds": services, "slots": slots });
    let admin = app.admin();
    assert_eq!(admin.wrong("runnerCreate", create(json!([push, pull]), 1)).await, ["serviceIds"]);
    assert_eq!(admin.wrong("runnerCreate", create(json!([push]), 2)).await, ["slots"]);
    let runner = runner(&app, &push).await;
    assert_eq!(runner.wrong("runnerRegister", json!({ "slots": 2 })).await, ["slots"]);
    register(&runner).await;
    admin.submit(&push, json!({})).await;
    assert_eq!(runner.claim_with(json!({})).await.len(), 0, "what is assigned is not claimed");
    let puller = app.runner(&pull).await;
    register(&puller).await;
    register(&puller).await;
    for field in ["runnerHeartbeat", "assignmentComplete"] {
        assert_eq!(puller.refused(field, json!({})).await, "INVALID_STATE");
    }
    let shown =
        admin.data("query($id: ID!) { service(id: $id) { dispatch maxResultBytes } }", json!({ "id": push })).await;
    assert_eq!(shown["service"], json!({ "dispatch": "PUSH", "maxResultBytes": null }));
}

#[tokio::test]
async fn a_runner_sees_its_assignment_live() {
    let app = TestApp::new().await;
    let service = service(&app, json!({})).await;
    let runner = registered(&app, &service).await;
    let document = "subscription { jobEvents(after: \"e0\") { event { ... on JobStatusChanged { to job { id } } } } }";
    let mut stream = runner.subscribe(document, json!({})).await;
    let job = app.admin().submit(&service, json!({})).await;
    let event = stream.item("jobEvents").await["event"].take();
    assert_eq!(event, json!({ "to": "CLAIMED", "job": { "id": job } }));
}

#[tokio::test]
async fn a_suspended_users_runner_is_assigned_nothing() {
    let app = TestApp::new().await;
    let cara = app.author("cara").await;
    let service = cara.service(json!({ "dispatch": "PUSH", "limits": { "leaseSeconds": 60 } })).await;
    let runner = cara.runner(json!({ "serviceIds": [service], "slots": 1 })).await;
    register(&runner).await;
    app.set_status("cara", Status::Suspended).await;
    let job = app.admin().submit(&service, json!({})).await;
    assert_eq!(whose(&app.admin(), &job).await, nobody("QUEUED"));
    let waits = app.admin().job(&job, "waitingReason { code }").await;
    assert_eq!(waits["waitingReason"]["code"], "NO_RUNNER");
    assert_eq!(app.assign().await, 0);
    app.set_status("cara", Status::Active).await;
    assert_eq!(app.assign().await, 1, "the sweep sees to what waits for a user who is back");
    assert_eq!(whose(&app.admin(), &job).await, with("CLAIMED", &runner));
}
