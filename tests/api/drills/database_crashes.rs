use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tokio::task::JoinSet;

use super::acknowledged::{Acks, check, take_one};
use super::support::{Client, Cluster, Failed, Site, sized, soon};
use crate::support::Database;

const WRITERS: usize = 4;
const WORKERS: usize = 2;

/// PostgreSQL ends without writing anything back, again and again, under a server that keeps running. Whatever got a
/// yes stays and is done in the end; whatever did not was told to come back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_jobs_survive_a_database_that_stops_dead() {
    let stops = sized(20, 4);
    let Some(mut cluster) = Cluster::new().await else { return };
    let site = Site::on(Database::at(cluster.url()), "[jobs]\nsweep_seconds = 1\nbackoff_seconds = 0\n");
    let server = site.serve().await;
    let admin = site.admin().await;
    let service = admin.service(json!({ "leaseSeconds": 1, "maxAttempts": 100 })).await;
    let runner = admin.runner("drill", &service, 100).await;

    let (acks, over) = (Acks::default(), Arc::new(AtomicBool::new(false)));
    let mut tasks = JoinSet::new();
    for _ in 0..WRITERS {
        tasks.spawn(write(admin.clone(), service.clone(), acks.clone(), Arc::clone(&over)));
    }
    for _ in 0..WORKERS {
        tasks.spawn(work(runner.clone(), acks.clone(), Arc::clone(&over)));
    }
    for stop in 0..stops {
        // In the middle of the traffic, each time after a different number of answers.
        let enough = acks.borrow().submitted.len() + 5 + stop * 7 % 11;
        soon("answers", acks.subscribe().wait_for(|acks| acks.submitted.len() >= enough)).await.expect("open");
        cluster.stop_immediately().await;
        cluster.start().await;
    }
    admin.until_ready(true).await;
    over.store(true, Ordering::Relaxed);
    let refused: usize = soon("the clients", tasks.join_all()).await.into_iter().sum();

    let acks = acks.borrow();
    println!(
        "stops {stops}, submitted {}, completed between them {}, refused {refused}",
        acks.submitted.len(),
        acks.completed.len()
    );
    assert!(acks.submitted.len() >= 5 * stops && refused >= stops);
    check(&admin, &runner, &acks).await;
    assert_eq!(site.done("db check").await, "The database is sound.");
    server.terminate();
    assert!(server.ended().await.success());
}

/// Submits until it is over; how often it was told to come back.
async fn write(client: Client, service: String, acks: Acks, over: Arc<AtomicBool>) -> usize {
    let mut refused = 0;
    while !over.load(Ordering::Relaxed) {
        match client.submit(&service).await {
            Ok(id) => acks.send_modify(|acks| acks.submitted.push(id)),
            Err(failed) => refused += come_back(&client, &failed).await,
        }
    }
    refused
}

async fn work(runner: Client, acks: Acks, over: Arc<AtomicBool>) -> usize {
    let mut refused = 0;
    while !over.load(Ordering::Relaxed) {
        match take_one(&runner).await {
            Ok(done) => acks.send_modify(|acks| acks.completed.extend(done)),
            // The database was away for longer than the lease, and the job went to the other worker.
            Err(Failed::Refused { code, .. }) if code == "LEASE_LOST" => {}
            Err(failed) => refused += come_back(&runner, &failed).await,
        }
    }
    refused
}

/// Any other answer is a defect, and so is none: the server runs.
async fn come_back(client: &Client, failed: &Failed) -> usize {
    failed.check_retryable();
    client.until_ready(true).await;
    1
}
