use std::time::{Duration, Instant};

use serde_json::json;

use super::support::{Client, Follower, Site, WorkerProcess, answered, full};

const LEASE: Duration = Duration::from_secs(2);
const SWEEP: Duration = Duration::from_secs(1);
const BACKOFF: Duration = Duration::from_secs(1);
const HEARTBEAT: f64 = 0.3;
/// For a machine that has other things to do, and for the start of an interpreter.
const SLACK: Duration = Duration::from_secs(4);

/// Workers are killed one after the other while they work on the same job: each time it is given out again when the
/// lease has ended, not before and not much later, and after the last attempt it fails.
#[tokio::test]
async fn a_dead_workers_job_goes_to_the_next_and_is_never_stuck() {
    let site = Site::new("[jobs]\nsweep_seconds = 1\nbackoff_seconds = 1\n").await;
    let server = site.serve().await;
    let admin = site.admin().await;
    let service = admin.service(json!({ "leaseSeconds": 2, "maxAttempts": 3 })).await;
    let runner = admin.runner("mortal", &service, 1).await;
    let job = answered(admin.submit(&service).await);

    let mut died = None;
    for attempt in 1..=3 {
        let mut worker = WorkerProcess::start(&runner, HEARTBEAT);
        assert_eq!(worker.report("claimed").await, json!({ "job": job, "attempt": attempt }));
        if let Some(died) = died {
            // The first loss goes back at once, the second after a delay.
            let delay = if attempt == 2 { Duration::ZERO } else { BACKOFF };
            check(died, delay, &format!("attempt {attempt}"));
        }
        assert_eq!(worker.report("heartbeat").await, "OK");
        worker.kill().await;
        died = Some(Instant::now());
    }
    wait_for_failure(&admin).await;
    check(died.expect("three deaths"), Duration::ZERO, "failure");
    let jobs = admin.jobs(&[job]).await;
    let expected = json!({ "status": "FAILED", "attempt": 3, "results": null, "failure": { "kind": "LOST" } });
    for (field, value) in expected.as_object().expect("an object") {
        assert_eq!(&jobs[0][field], value, "{field}");
    }
    assert!(answered(runner.claim(1, 0).await).is_empty(), "it is over");
    server.kill().await;
}

#[track_caller]
fn check(died: Instant, delay: Duration, what: &str) {
    let took = died.elapsed();
    println!("{what}: {took:?} after the death");
    let beat = Duration::from_secs_f64(2.0 * HEARTBEAT);
    assert!(took + beat >= LEASE + delay, "{what}: after {took:?}, while the lease was still good");
    assert!(took <= LEASE + SWEEP + delay + SLACK, "{what}: only after {took:?}");
}

async fn wait_for_failure(admin: &Client) {
    let mut events = Follower::new(admin, "e0").await;
    while events.next().await.expect("the stream goes on").to.as_deref() != Some("FAILED") {}
}

/// The same with nothing set, which takes as long as a lease: the first loss is over within the promise.
#[tokio::test]
async fn at_the_defaults_a_dead_workers_job_is_claimable_again_within_35_seconds() {
    if !full() {
        return println!("nothing to see: this is a drill of the full size");
    }
    let site = Site::new("").await;
    let server = site.serve().await;
    let admin = site.admin().await;
    let service = admin.service(json!({})).await;
    let runner = admin.runner("mortal", &service, 1).await;
    let job = answered(admin.submit(&service).await);
    let mut worker = WorkerProcess::start(&runner, 1.0);
    assert_eq!(worker.report("claimed").await, json!({ "job": job, "attempt": 1 }));
    assert_eq!(worker.report("heartbeat").await, "OK");
    worker.kill().await;
    let died = Instant::now();
    let lease = loop {
        // A claim waits for 30 s at most.
        if let Some(lease) = answered(runner.claim(1, 30).await).pop() {
            break lease;
        }
        assert!(died.elapsed() < Duration::from_mins(2), "it is never given out again");
    };
    let took = died.elapsed();
    println!("claimable again after {took:?}");
    assert_eq!(lease.job, job);
    assert!(took <= Duration::from_secs(35), "only after {took:?}");
    server.kill().await;
}
