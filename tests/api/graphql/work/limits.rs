//! How many jobs of a service, and of one user of it, are held at once.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Client, Lease, PATIENCE, TestApp, page_of_metrics};

async fn limited(app: &TestApp, per_service: Value, per_user: Value) -> String {
    app.service(json!({ "limits": { "maxRunning": per_service, "maxRunningPerUser": per_user } })).await
}

async fn complete(runner: &Client, lease: &Lease) {
    runner.change("workComplete", json!({ "leaseToken": lease.token }), "job { id }").await;
}

async fn change(app: &TestApp, service: &str, limits: Value) -> String {
    app.admin().refused("serviceUpdate", json!({ "serviceId": service, "limits": limits })).await
}

/// Who holds how many jobs, by owner.
async fn held(app: &TestApp) -> HashMap<String, usize> {
    let document = "{ jobs(first: 100, filter: { status: { in: [CLAIMED, RUNNING] } }) { nodes { owner { id } } } }";
    let jobs = app.admin().data(document, json!({})).await["jobs"]["nodes"].take();
    let mut held = HashMap::new();
    for job in jobs.as_array().expect("jobs") {
        *held.entry(job["owner"]["id"].as_str().expect("an id").to_owned()).or_default() += 1;
    }
    held
}

/// Eight workers, every other one at another server where there is one.
async fn crew(app: &TestApp, replica: Option<&TestApp>, service: &str) -> Vec<Client> {
    let mut crew = Vec::new();
    for number in 0..8 {
        let runner = app.runner(service).await;
        crew.push(replica.filter(|_| number % 2 == 1).map_or_else(|| runner.clone(), |replica| runner.at(replica)));
    }
    crew
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_limits_are_kept_and_used_up_whoever_claims_and_wherever() {
    let app = TestApp::new().await;
    let service = limited(&app, json!(7), json!(3)).await;
    let users = [app.user("ada").await, app.user("bea").await, app.user("cyd").await];
    for user in &users {
        for priority in 0..12 {
            user.submit_with(json!({ "serviceId": service, "priority": priority })).await;
        }
    }
    let replica = app.replica().await;
    let crew = crew(&app, replica.as_ref(), &service).await;
    let first = join_all(crew.iter().map(|runner| runner.claim_with(json!({ "max": 100 })))).await;
    assert_eq!(first.iter().flatten().count(), 7);
    assert!(held(&app).await.values().all(|jobs| *jobs <= 3), "{:?}", held(&app).await);
    for (runner, leases) in crew.iter().zip(&first) {
        join_all(leases.iter().map(|lease| complete(runner, lease))).await;
    }
    let done = AtomicUsize::new(7);
    let work = crew.iter().map(|runner| async {
        while done.load(Ordering::SeqCst) < 36 {
            let leases = runner.claim_with(json!({ "max": 3 })).await;
            let held = held(&app).await;
            assert!(held.values().sum::<usize>() <= 7 && held.values().all(|jobs| *jobs <= 3), "{held:?}");
            for lease in &leases {
                complete(runner, lease).await;
                done.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    tokio::time::timeout(PATIENCE * 3, join_all(work)).await.expect("every job gets its turn");
    assert_eq!(done.load(Ordering::SeqCst), 36, "no job was given out twice");
}

#[tokio::test]
async fn one_users_many_urgent_jobs_keep_nobody_else_waiting() {
    let app = TestApp::new().await;
    let service = limited(&app, Value::Null, json!(2)).await;
    let (ada, bea, runner) = (app.user("ada").await, app.user("bea").await, app.runner(&service).await);
    for _ in 0..20 {
        ada.submit_with(json!({ "serviceId": service, "priority": 9 })).await;
    }
    let hers = bea.submit(&service, json!({})).await;
    let taken = runner.claim_with(json!({ "max": 10 })).await;
    assert_eq!((taken.len(), &taken[2].job), (3, &hers), "the most urgent first");
    assert_eq!(runner.claim_with(json!({ "max": 10 })).await.len(), 0);
    complete(&runner, &taken[0]).await;
    assert_eq!(runner.claim_with(json!({ "max": 10 })).await.len(), 1);
}

#[tokio::test]
async fn a_limit_binds_across_the_sets_of_required_labels() {
    let app = TestApp::new().await;
    for of_user in [json!(2), Value::Null] {
        binds_across_sets(&app, of_user).await;
    }
}

async fn binds_across_sets(app: &TestApp, of_user: Value) {
    let service = limited(app, json!(3), of_user.clone()).await;
    let labels = json!([{ "key": "gpu", "value": "1" }]);
    let runner = app.runner_with(json!({ "serviceIds": [service], "labels": labels })).await;
    let name = |name: &str| format!("{name}{}", u8::from(of_user.is_null()));
    let (ada, bea) = (app.user(&name("ada")).await, app.user(&name("bea")).await);
    let mut hers = Vec::new();
    for priority in [1, 5, 3, 4] {
        let requires = if priority % 2 == 0 { json!([]) } else { labels.clone() };
        let input = json!({ "serviceId": service, "priority": priority, "requires": requires });
        hers.push(ada.submit_with(input).await);
        bea.submit(&service, json!({})).await;
    }
    let taken = runner.claim_with(json!({ "max": 100 })).await;
    assert_eq!((taken.len(), &taken[0].job, &taken[1].job), (3, &hers[1], &hers[3]));
}

#[tokio::test]
async fn jobs_of_services_with_and_without_limits_go_by_urgency() {
    let app = TestApp::new().await;
    let (one, two, free) = (
        limited(&app, json!(1), Value::Null).await,
        limited(&app, Value::Null, json!(1)).await,
        app.service(json!({})).await,
    );
    let runner = app.runner_with(json!({ "serviceIds": [free, two, one] })).await;
    let ada = app.user("ada").await;
    let mut submitted = Vec::new();
    for (service, priority) in [(&one, 1), (&one, 9), (&two, 2), (&two, 8), (&free, 3), (&free, 7)] {
        submitted.push(ada.submit_with(json!({ "serviceId": service, "priority": priority })).await);
    }
    let jobs = |leases: Vec<Lease>| leases.into_iter().map(|lease| lease.job).collect::<Vec<_>>();
    let wanted = |places: &[usize]| places.iter().map(|place| submitted[*place].clone()).collect::<Vec<_>>();
    assert_eq!(jobs(runner.claim_with(json!({ "max": 2 })).await), wanted(&[1, 3]));
    assert_eq!(jobs(runner.claim_with(json!({ "max": 9 })).await), wanted(&[5, 4]));
    assert_eq!(runner.claim_with(json!({ "max": 9 })).await.len(), 0);
}

#[tokio::test]
async fn a_limit_is_changed_and_lifted_at_once() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    for _ in 0..8 {
        ada.submit(&service, json!({})).await;
    }
    let claim = async || runner.claim_with(json!({ "max": 100 })).await;
    for name in ["maxRunning", "maxRunningPerUser"] {
        assert_eq!(change(&app, &service, json!({ name: 0 })).await, "INVALID");
        assert_eq!(change(&app, &service, json!({ name: -1 })).await, "INVALID");
    }
    assert_eq!(change(&app, &service, json!({ "maxRunning": 2 })).await, "OK");
    let mut leases = claim().await;
    assert_eq!(leases.len(), 2);
    assert_eq!(change(&app, &service, json!({ "maxRunning": null, "maxRunningPerUser": 5 })).await, "OK");
    leases.extend(claim().await);
    assert_eq!(leases.len(), 5);
    // One that is lower takes nothing away.
    assert_eq!(change(&app, &service, json!({ "maxRunningPerUser": 2 })).await, "OK");
    for lease in leases.drain(..3) {
        complete(&runner, &lease).await;
        assert_eq!(claim().await.len(), 0);
    }
    complete(&runner, &leases[0]).await;
    assert_eq!(claim().await.len(), 1);
    assert_eq!(change(&app, &service, json!({ "maxRunningPerUser": null })).await, "OK");
    assert_eq!(claim().await.len(), 2);
}

#[tokio::test]
async fn a_waiting_claim_wakes_when_there_is_room() {
    let app = TestApp::new().await;
    let service = limited(&app, json!(1), json!(1)).await;
    let (ada, runner, other) = (app.user("ada").await, app.runner(&service).await, app.runner(&service).await);
    ada.submit(&service, json!({})).await;
    let second = ada.submit(&service, json!({})).await;
    let lease = runner.claim().await;
    let waiting = tokio::spawn(async move { other.claim_with(json!({ "waitSeconds": 30 })).await });
    complete(&runner, &lease).await;
    let leases = tokio::time::timeout(PATIENCE, waiting).await.expect("it wakes").expect("no panic");
    assert_eq!(leases[0].job, second);
}

#[tokio::test]
async fn who_waits_for_room_asks_no_writer() {
    let app = TestApp::with(|config| config.events.poll_millis = 60_000).await;
    let service = limited(&app, json!(1), Value::Null).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    for _ in 0..3 {
        ada.submit(&service, json!({})).await;
    }
    runner.claim().await;
    let mut written = Vec::new();
    for wait in [0, 2, 0] {
        let before = writes(&app).await;
        assert_eq!(runner.claim_with(json!({ "waitSeconds": wait })).await.len(), 0);
        written.push(writes(&app).await - before);
    }
    assert_eq!(written[1], written[2], "{written:?}");
}

async fn writes(app: &TestApp) -> u64 {
    let page = page_of_metrics(&app.anonymous()).await;
    let line = page.lines().find_map(|line| line.strip_prefix("docket_db_statements_total{role=\"write\"} "));
    line.expect("statements are counted").parse().expect("a number")
}
