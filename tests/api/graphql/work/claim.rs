//! Claiming: who gets what, and who waits.

use docket::{
    domain::{lease, session},
    viewer::Viewer,
};
use entity::user::Status;
use serde_json::{Value, json};

use crate::support::{Client, Lease, TestApp};

fn jobs(leases: &[Lease]) -> Vec<&str> {
    leases.iter().map(|lease| lease.job.as_str()).collect()
}

#[tokio::test]
async fn the_most_urgent_job_goes_first_then_the_oldest() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    let mut submitted = Vec::new();
    for priority in [0, 5, -3, 5, 0] {
        submitted.push(ada.submit_with(json!({ "serviceId": service, "priority": priority })).await);
        // Equal moments would leave the order to the id, which is the same.
        app.clock.advance(std::time::Duration::from_micros(1));
    }
    let expected: Vec<&str> = [1, 3, 0, 4, 2].iter().map(|index: &usize| submitted[*index].as_str()).collect();
    let first = runner.claim_with(json!({ "max": 2 })).await;
    assert_eq!(jobs(&first), expected[..2]);
    let rest = runner.claim_with(json!({ "max": 100 })).await;
    assert_eq!(jobs(&rest), expected[2..]);
    assert_eq!(jobs(&runner.claim_with(json!({})).await), [""; 0]);
}

#[tokio::test]
async fn urgency_counts_across_the_services_of_a_runner() {
    let app = TestApp::new().await;
    let (one, two) = (app.service(json!({})).await, app.service(json!({})).await);
    let runner = app.runner_with(json!({ "serviceIds": [one, two] })).await;
    let low = app.admin().submit_with(json!({ "serviceId": one, "priority": 1 })).await;
    let high = app.admin().submit_with(json!({ "serviceId": two, "priority": 2 })).await;
    let leases = runner.claim_with(json!({ "max": 10 })).await;
    assert_eq!(jobs(&leases), [high, low]);
}

#[tokio::test]
async fn a_runner_gets_only_the_services_that_it_names_and_works_for() {
    let app = TestApp::new().await;
    let (one, two, foreign) =
        (app.service(json!({})).await, app.service(json!({})).await, app.service(json!({})).await);
    let runner = app.runner_with(json!({ "serviceIds": [one, two] })).await;
    let _first = app.admin().submit(&one, json!({})).await;
    let second = app.admin().submit(&two, json!({})).await;
    app.admin().submit(&foreign, json!({})).await;
    let leases = runner.claim_with(json!({ "serviceIds": [two], "max": 10 })).await;
    assert_eq!(jobs(&leases), [second]);
    assert_eq!(runner.wrong("workClaim", json!({ "serviceIds": [one, foreign] })).await, ["serviceIds/1"]);
    assert_eq!(runner.claim_with(json!({ "max": 10 })).await.len(), 1);
}

#[tokio::test]
async fn slots_bound_what_a_runner_holds() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let runner = app.runner_with(json!({ "serviceIds": [service], "slots": 2 })).await;
    for _ in 0..4 {
        app.admin().submit(&service, json!({})).await;
    }
    let held = runner.claim_with(json!({ "max": 100 })).await;
    assert_eq!(held.len(), 2);
    assert_eq!(runner.claim_with(json!({})).await.len(), 0);
    runner.change("workComplete", json!({ "leaseToken": held[0].token }), "job { status }").await;
    assert_eq!(runner.claim_with(json!({ "max": 100 })).await.len(), 1);
    // More slots at registration; less than it holds takes nothing away.
    runner.change("runnerRegister", json!({ "slots": 3 }), "runner { slots }").await;
    assert_eq!(runner.claim_with(json!({ "max": 100 })).await.len(), 1);
    runner.change("runnerRegister", json!({ "slots": 1 }), "runner { slots }").await;
    assert_eq!(
        runner.data("{ viewer { runner { jobs { totalCount } } } }", json!({})).await["viewer"]["runner"]["jobs"],
        json!({ "totalCount": 3 })
    );
    assert_eq!(runner.claim_with(json!({})).await.len(), 0);
}

#[tokio::test]
async fn a_lease_tells_what_the_worker_needs() {
    let app = TestApp::new().await;
    let service = app.service(json!({ "limits": { "leaseSeconds": 7 } })).await;
    let runner = app.runner(&service).await;
    app.admin().submit(&service, json!({ "text": "hi" })).await;
    let selection =
        "leases { attempt expiresAt job { status attempt parameters updatedAt runner { id } service { id } } }";
    let claimed = runner.change("workClaim", json!({}), selection).await;
    let lease = &claimed["leases"][0];
    assert_eq!(lease["attempt"], 1);
    let job = &lease["job"];
    assert_eq!(job["status"], "CLAIMED");
    assert_eq!(job["parameters"], json!({ "text": "hi" }));
    assert_eq!((&job["runner"]["id"], &job["service"]["id"]), (&json!(runner.id), &json!(service)));
    assert_eq!(micros_between(&job["updatedAt"], &lease["expiresAt"]), 7_000_000);
}

/// From one moment to another, in microseconds.
pub fn micros_between(from: &Value, to: &Value) -> i64 {
    let moment = |value: &Value| {
        chrono::DateTime::parse_from_rfc3339(value.as_str().expect("a moment")).expect("RFC 3339").timestamp_micros()
    };
    moment(to) - moment(from)
}

#[tokio::test]
async fn a_waiting_claim_wakes_when_a_job_is_submitted() {
    let app = TestApp::new().await;
    let (service, other) = (app.service(json!({})).await, app.service(json!({})).await);
    let runner = app.runner(&service).await;
    let waiting = tokio::spawn({
        let runner = runner.clone();
        async move { runner.claim_with(json!({ "waitSeconds": 30 })).await }
    });
    // What wakes it is the event; a job of another service is none of its business.
    app.admin().submit(&other, json!({})).await;
    let submitted = std::time::Instant::now();
    let job = app.admin().submit(&service, json!({})).await;
    let leases = tokio::time::timeout(crate::support::PATIENCE, waiting).await.expect("it wakes").expect("no panic");
    assert_eq!(jobs(&leases), [job]);
    assert!(submitted.elapsed().as_secs() < 5, "it waited {:?}", submitted.elapsed());
}

#[tokio::test]
async fn a_waiting_claim_ends_empty_after_its_time() {
    let app = TestApp::new().await;
    let (service, other) = (app.service(json!({})).await, app.service(json!({})).await);
    let runner = app.runner(&service).await;
    app.admin().submit(&other, json!({})).await;
    let begun = std::time::Instant::now();
    assert_eq!(runner.claim_with(json!({ "waitSeconds": 1 })).await.len(), 0);
    assert!((900..5_000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn one_job_wakes_many_and_goes_to_one() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let runner = app.runner(&service).await;
        waiting.spawn(async move { runner.claim_with(json!({ "waitSeconds": 2 })).await });
    }
    for _ in 0..3 {
        app.admin().submit(&service, json!({})).await;
    }
    let mut all: Vec<String> = Vec::new();
    for leases in waiting.join_all().await {
        all.extend(leases.into_iter().map(|lease| lease.job));
    }
    let given = all.len();
    all.sort();
    all.dedup();
    assert_eq!((all.len(), given), (3, 3));
}

#[tokio::test]
async fn only_a_runner_claims_and_within_bounds() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let runner = app.runner(&service).await;
    assert_eq!(app.anonymous().refused("workClaim", json!({})).await, "UNAUTHENTICATED");
    assert_eq!(app.admin().refused("workClaim", json!({})).await, "FORBIDDEN");
    for (input, path) in [
        (json!({ "max": 0 }), "max"),
        (json!({ "max": 101 }), "max"),
        (json!({ "waitSeconds": -1 }), "waitSeconds"),
        (json!({ "waitSeconds": 31 }), "waitSeconds"),
        (json!({ "serviceIds": ["job_1"] }), "serviceIds/0"),
        (json!({ "serviceIds": vec![service.clone(); 101] }), "serviceIds"),
    ] {
        assert_eq!(runner.wrong("workClaim", input.clone()).await, [path], "{input}");
    }
    let both = runner.wrong("workClaim", json!({ "max": 0, "waitSeconds": 31 })).await;
    assert_eq!(both, ["max", "waitSeconds"]);
}

/// The runner as it is believed to be, for as long as its request takes.
async fn viewer(app: &TestApp, runner: &Client) -> Viewer {
    session::authenticate(&app.server.app, runner.token.as_deref()).await.expect("it is there")
}

#[tokio::test]
async fn a_claim_that_waits_gets_nothing_once_its_runners_owner_is_suspended() {
    let app = TestApp::new().await;
    for limits in [json!({}), json!({ "maxRunning": 5 }), json!({ "maxRunningPerUser": 5 })] {
        let name = format!("cara{}", limits.to_string().len());
        let cara = app.author(&name).await;
        let service = cara.service(json!({ "limits": limits })).await;
        let runner = cara.runner(json!({ "serviceIds": [service] })).await;
        let believed = viewer(&app, &runner).await;
        let claim = |wait_seconds| lease::Claim { service_ids: Vec::new(), max: 5, wait_seconds };
        let waiting = tokio::spawn({
            let (app, believed, claim) = (app.server.app.clone(), believed.clone(), claim(2));
            async move { lease::claim(&app, &believed, claim).await.expect("no job is no error").len() }
        });
        app.set_status(&name, Status::Suspended).await;
        app.admin().submit(&service, json!({})).await;
        assert_eq!(waiting.await.expect("no panic"), 0, "{limits}");
        assert_eq!(lease::claim(&app.server.app, &believed, claim(0)).await.expect("no error").len(), 0, "{limits}");
        app.set_status(&name, Status::Active).await;
        assert_eq!(runner.claim_with(json!({})).await.len(), 1, "{limits}");
    }
}
