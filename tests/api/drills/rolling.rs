use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value as Json, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::support::{Site, Turns, answered, sized, soon};

const SERVERS: usize = 2;
const WRITERS: usize = 4;
const WORKERS: usize = 2;
/// Requests that come through between two restarts.
const BETWEEN: usize = 30;

type Acks = watch::Sender<Vec<String>>;

/// Two servers of one database are restarted in turn under load. Clients that go to the other when one does not take
/// their request have none that fails, or of which they do not know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_restarted_in_turn_fail_no_request() {
    let rounds = sized(10, 2);
    let site = Site::new("[log]\nfilter = \"info,docket::access=warn\"\n").await;
    if !site.database.is_postgres() {
        return println!("nothing to see: a SQLite file has one server");
    }
    let mut servers = site.serve_several(SERVERS).await;
    let addresses = watch::Sender::new(servers.iter().map(|server| server.address).collect::<Vec<_>>());
    let admin = site.admin().await;
    let service = admin.service(json!({})).await;
    let runner = admin.runner("drill", &service, 100).await;

    let (acks, over) = (Acks::default(), Arc::new(AtomicBool::new(false)));
    let mut load = JoinSet::new();
    for number in 0..WRITERS {
        let client = Turns::new(&admin, addresses.subscribe(), number);
        load.spawn(write(client, service.clone(), acks.clone(), Arc::clone(&over)));
    }
    for number in 0..WORKERS {
        let client = Turns::new(&runner, addresses.subscribe(), number);
        load.spawn(work(client, Arc::clone(&over)));
    }
    for _ in 0..rounds {
        for place in 0..SERVERS {
            let enough = acks.borrow().len() + BETWEEN;
            soon("requests", acks.subscribe().wait_for(|acks| acks.len() >= enough)).await.expect("open");
            let old = servers.remove(place);
            old.terminate();
            assert!(old.ended().await.success());
            servers.insert(place, site.serve_beside().await);
            addresses.send_modify(|addresses| addresses[place] = servers[place].address);
        }
    }
    over.store(true, Ordering::Relaxed);
    soon("the clients", load.join_all()).await;
    let admin = admin.at(servers[0].address);
    let jobs = acks.borrow().clone();
    println!("{} restarts, {} jobs", rounds * SERVERS, jobs.len());
    assert!(admin.jobs(&jobs).await.iter().all(|job| job["id"].is_string()), "a job is lost");
    // Nothing was done that was not acknowledged.
    let counted = admin.call("{ jobs { totalCount } }", Json::Null).await;
    assert_eq!(counted["jobs"]["totalCount"].as_u64(), u64::try_from(jobs.len()).ok());
    for server in servers {
        server.terminate();
        assert!(server.ended().await.success());
    }
    assert_eq!(site.done("db check").await, "The database is sound.");
}

async fn write(mut client: Turns, service: String, acks: Acks, over: Arc<AtomicBool>) {
    while !over.load(Ordering::Relaxed) {
        let service = &service;
        let id = answered(client.call(|client| async move { client.submit(service).await }).await);
        let document = "{ jobs(first: 5) { nodes { status } } }";
        answered(client.call(|client| async move { client.try_call(document, Json::Null).await }).await);
        acks.send_modify(|acks| acks.push(id));
    }
}

/// Takes jobs and finishes them. No lease is lost: nobody takes longer than it lasts.
async fn work(mut runner: Turns, over: Arc<AtomicBool>) {
    while !over.load(Ordering::Relaxed) {
        for lease in &answered(runner.call(|runner| async move { runner.claim(5, 1).await }).await) {
            answered(runner.call(|runner| async move { runner.complete(lease, json!({})).await }).await);
        }
    }
}
