use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tokio::sync::watch;

use super::support::{Client, Failed, Site, answered, sized, soon};

const WRITERS: usize = 4;
const WORKERS: usize = 2;

/// What the server has said yes to.
#[derive(Default)]
pub(super) struct Acknowledged {
    pub submitted: Vec<String>,
    pub completed: Vec<String>,
}

pub(super) type Acks = watch::Sender<Acknowledged>;

/// Writers submit and workers finish jobs while the server is killed again and again. Whatever got a yes stays, and in
/// the end every job that got one is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_jobs_survive_kill_nine() {
    let kills = sized(20, 5);
    let site = Site::new("[jobs]\nsweep_seconds = 1\nbackoff_seconds = 0\n").await;
    let mut server = site.serve().await;
    let admin = site.admin().await;
    let service = admin.service(json!({ "leaseSeconds": 1, "maxAttempts": 100 })).await;
    let runner = admin.runner("drill", &service, 100).await;

    let acks = Acks::default();
    let over = Arc::new(AtomicBool::new(false));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        tasks.spawn(write(admin.clone(), service.clone(), acks.clone(), Arc::clone(&over)));
    }
    for _ in 0..WORKERS {
        tasks.spawn(work(runner.clone(), acks.clone(), Arc::clone(&over)));
    }
    for kill in 0..kills {
        // In the middle of the traffic, each time after a different number of answers.
        let enough = acks.borrow().submitted.len() + 5 + kill * 7 % 11;
        soon("answers", acks.subscribe().wait_for(|acks| acks.submitted.len() >= enough)).await.expect("open");
        server.kill().await;
        server = site.serve().await;
    }
    over.store(true, Ordering::Relaxed);
    soon("the clients", tasks.join_all()).await;

    assert_eq!(site.done("db check").await, "The database is sound.");
    let acks = acks.borrow();
    assert!(acks.submitted.len() >= 5 * kills, "{} submitted", acks.submitted.len());
    check(&admin, &runner, &acks).await;
    println!("kills {kills}, submitted {}, completed between them {}", acks.submitted.len(), acks.completed.len());
    server.terminate();
    assert!(server.ended().await.success());
    assert_eq!(site.done("db check").await, "The database is sound.");
}

/// That all of it is there, and that what is not done can be.
pub(super) async fn check(admin: &Client, runner: &Client, acks: &Acknowledged) {
    for job in admin.jobs(&acks.submitted).await {
        assert!(job["id"].is_string(), "a job is lost");
    }
    for job in admin.jobs(&acks.completed).await {
        assert_eq!(job["status"], "SUCCEEDED", "a result is lost");
    }
    finish_all(admin, runner, &acks.submitted).await;
}

async fn write(client: Client, service: String, acks: Acks, over: Arc<AtomicBool>) {
    while !over.load(Ordering::Relaxed) {
        let restarted = client.restarted();
        match client.submit(&service).await {
            Ok(id) => acks.send_modify(|acks| acks.submitted.push(id)),
            Err(Failed::Lost(_)) => soon("the next server", restarted).await,
            Err(refused) => panic!("{refused:?}"),
        }
    }
}

async fn work(runner: Client, acks: Acks, over: Arc<AtomicBool>) {
    while !over.load(Ordering::Relaxed) {
        let restarted = runner.restarted();
        match take_one(&runner).await {
            Ok(done) => acks.send_modify(|acks| acks.completed.extend(done)),
            Err(Failed::Lost(_)) => soon("the next server", restarted).await,
            // The server was away for longer than the lease, and gave the job to the other worker.
            Err(Failed::Refused { code, .. }) if code == "LEASE_LOST" => {}
            Err(refused) => panic!("{refused:?}"),
        }
    }
}

/// Claims a job and finishes it; the job if both were acknowledged.
pub(super) async fn take_one(runner: &Client) -> Result<Option<String>, Failed> {
    let Some(lease) = runner.claim(1, 1).await?.pop() else { return Ok(None) };
    runner.complete(&lease, json!({ "done": true })).await?;
    Ok(Some(lease.job))
}

/// Works until all of these have succeeded: what was held when the server died comes back when its lease ends.
async fn finish_all(admin: &Client, runner: &Client, ids: &[String]) {
    loop {
        // Few at a time: they all are to be done within the lease of a second.
        for lease in answered(runner.claim(10, 2).await) {
            match runner.complete(&lease, json!({ "done": true })).await {
                Err(Failed::Refused { code, .. }) if code == "LEASE_LOST" => {}
                done => answered(done),
            }
        }
        let jobs = admin.jobs(ids).await;
        assert!(jobs.iter().all(|job| job["status"] != "FAILED"), "a job failed");
        if jobs.iter().all(|job| job["status"] == "SUCCEEDED") {
            return;
        }
    }
}
