use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::task::JoinSet;

use super::support::{Client, Site, answered, sized, soon};

const WORKERS: usize = 8;
const WRITERS: usize = 8;

/// Eight workers, each two of them with the same credential, race for jobs while these are submitted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_job_is_claimed_once() {
    race(1, sized(2_000, 400)).await;
}

/// The same where half of them, and one of each pair, ask another server of the same database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_job_is_claimed_once_over_two_servers() {
    race(2, sized(2_000, 200)).await;
}

async fn race(servers: usize, jobs: usize) {
    let site = Site::new("[log]\nfilter = \"info,docket::access=warn\"\n").await;
    if servers > 1 && !site.database.is_postgres() {
        return println!("nothing to see: a SQLite file has one server");
    }
    let servers = site.serve_several(servers).await;
    let admin = site.admin().await;
    let service = admin.service(json!({ "leaseSeconds": 600 })).await;

    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let server = &servers[number % servers.len()];
        writers.spawn(submit(admin.at(server.address), service.clone(), jobs / WRITERS));
    }
    let (mut workers, claimed) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
    for number in 0..WORKERS / 2 {
        let runner = admin.runner(&format!("pair {number}"), &service, 50).await;
        // One asks for single jobs, the other for several at once.
        for (half, most) in [1, 7].into_iter().enumerate() {
            let runner = runner.at(servers[(number + half) % servers.len()].address);
            workers.spawn(work(runner, most, jobs, Arc::clone(&claimed)));
        }
    }
    let submitted: HashSet<String> = soon("the writers", writers.join_all()).await.into_iter().flatten().collect();
    let shares = soon("the workers", workers.join_all()).await;
    println!("claims by worker: {:?}", shares.iter().map(Vec::len).collect::<Vec<_>>());
    let claims: Vec<String> = shares.into_iter().flatten().collect();
    let distinct: HashSet<String> = claims.iter().cloned().collect();
    assert_eq!((claims.len(), distinct.len(), submitted.len()), (jobs, jobs, jobs));
    assert_eq!(distinct, submitted);
    for job in admin.jobs(&claims).await {
        assert_eq!((&job["status"], &job["attempt"]), (&json!("SUCCEEDED"), &json!(1)));
    }
    for server in servers {
        server.kill().await;
    }
}

async fn submit(client: Client, service: String, count: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(count);
    for _ in 0..count {
        ids.push(answered(client.submit(&service).await));
    }
    ids
}

async fn work(runner: Client, most: i64, jobs: usize, claimed: Arc<AtomicUsize>) -> Vec<String> {
    let mut mine = Vec::new();
    while claimed.load(Ordering::Relaxed) < jobs {
        for lease in answered(runner.claim(most, 1).await) {
            assert_eq!(lease.attempt, 1, "{} was given out before", lease.job);
            claimed.fetch_add(1, Ordering::Relaxed);
            answered(runner.complete(&lease, json!({})).await);
            mine.push(lease.job);
        }
    }
    mine
}
