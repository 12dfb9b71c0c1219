use serde_json::{Value as Json, json};

use super::support::{Site, WorkerProcess, answered};

/// A worker is stopped, its lease ends, another finishes the job, the first wakes up and sends its own result. The job is
/// paid for once.
#[tokio::test]
async fn a_worker_that_wakes_up_too_late_changes_nothing() {
    let site = Site::new("[jobs]\nsweep_seconds = 1\n").await;
    let server = site.serve().await;
    let admin = site.admin().await;
    let service = admin.dear_service(json!({ "leaseSeconds": 1 }), json!({ "perJob": "5" })).await;
    let runner = admin.runner("sleeper", &service, 1).await;
    let other = admin.runner("other", &service, 1).await;
    let account = admin.account("100").await;
    let job = answered(admin.submit_on(&account, &service).await);

    let mut sleeper = WorkerProcess::start(&runner, 0.2);
    assert_eq!(sleeper.report("claimed").await, json!({ "job": job, "attempt": 1 }));
    assert_eq!(sleeper.report("heartbeat").await, "OK");
    sleeper.stop();
    // Comes back with the job as soon as the sweep has taken it from the sleeper.
    let lease = answered(other.claim(1, 20).await).pop().expect("the lease of the sleeper ends");
    assert_eq!((&lease.job, lease.attempt), (&job, 2));
    answered(other.complete(&lease, json!({ "by": "other" })).await);
    let (before, charged) = (admin.log().await, admin.book(&account).await);
    assert_eq!(charged.0, json!(["100", "0", "5"]));

    sleeper.go_on();
    while sleeper.report("heartbeat").await == "OK" {
        // Reports from before it was stopped.
    }
    sleeper.finish().await;
    assert_eq!(sleeper.report("complete").await, "LEASE_LOST");

    let after = admin.log().await;
    assert_eq!(after, before, "the late words left a trace");
    assert_eq!(after.iter().filter(|event| event.is_final()).count(), 1);
    let jobs = admin.jobs(&[job]).await;
    assert_eq!((&jobs[0]["status"], &jobs[0]["results"]), (&json!("SUCCEEDED"), &json!({ "by": "other" })));
    let (sums, entries) = admin.book(&account).await;
    assert_eq!((&sums, &entries), (&charged.0, &charged.1), "the late words moved money");
    let settled: Vec<&Json> = entries.iter().filter(|entry| entry["kind"] == "SETTLE").collect();
    assert_eq!(settled.len(), 1, "{entries:?}");
    assert_eq!((&settled[0]["spent"], &settled[0]["jobId"]), (&json!("5"), &json!(jobs[0]["id"])));
    server.kill().await;
    assert_eq!(site.done("db check").await, "The database is sound.");
}

/// The same race without the other worker: a job that the sweep took back and nobody claimed is not finished by the
/// worker that lost it either.
#[tokio::test]
async fn a_late_result_does_not_finish_a_job_that_waits() {
    let site = Site::new("[jobs]\nsweep_seconds = 1\n").await;
    let server = site.serve().await;
    let admin = site.admin().await;
    let service = admin.service(json!({ "leaseSeconds": 1 })).await;
    let runner = admin.runner("sleeper", &service, 1).await;
    let job = answered(admin.submit(&service).await);

    let mut sleeper = WorkerProcess::start(&runner, 60.0);
    sleeper.report("claimed").await;
    sleeper.stop();
    let mut events = super::support::Follower::new(&admin, "e0").await;
    let mut back = 0;
    while back < 2 {
        // Queued at first, and queued again.
        let event = events.next().await.expect("the stream goes on");
        back += usize::from(event.to.as_deref() == Some("QUEUED"));
    }
    sleeper.finish().await;
    sleeper.go_on();
    assert_eq!(sleeper.report("complete").await, "LEASE_LOST");
    let jobs = admin.jobs(&[job]).await;
    assert_eq!((&jobs[0]["status"], &jobs[0]["results"]), (&json!("QUEUED"), &json!(null)));
    server.kill().await;
}
