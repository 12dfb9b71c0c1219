use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use sea_orm::sqlx::{Connection, PgConnection, query};
use serde_json::json;
use tokio::task::JoinSet;

use super::live::{CUTS, READERS, check_log, check_seen, read, write};
use super::support::{Site, sized, soon};

const WRITERS: usize = 8;
/// How long a transaction beside them stays open.
const OPEN: Duration = Duration::from_millis(300);

/// Writers at one server, readers that are cut again and again at another, and beside them transactions that stay open,
/// and some that draw places in the log and leave them empty. In the end each reader has seen exactly the log:
/// everything, once, in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_at_another_server_see_every_event_once_and_in_order() {
    let jobs = sized(1_000, 120);
    let site = Site::new("[log]\nfilter = \"info,docket::access=warn\"\n").await;
    if !site.database.is_postgres() {
        return println!("nothing to see: a SQLite file has one server");
    }
    let servers = site.serve_several(2).await;
    let admin = site.admin().await;
    let elsewhere = admin.at(servers[1].address);
    let service = admin.service(json!({})).await;
    let runner = admin.runner("writer", &service, 100).await;

    let over = Arc::new(AtomicBool::new(false));
    let beside = [
        tokio::spawn(stay_open(site.database.url.clone(), Arc::clone(&over))),
        tokio::spawn(leave_holes(site.database.url.clone(), Arc::clone(&over))),
    ];
    let mut readers = JoinSet::new();
    for seed in 0..READERS {
        readers.spawn(read(elsewhere.clone(), jobs, StdRng::seed_from_u64(seed)));
    }
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let share = jobs / WRITERS + usize::from(writer < jobs % WRITERS);
        writers.spawn(write(admin.clone(), runner.clone(), service.clone(), share));
    }
    soon("the writers", writers.join_all()).await;
    let log = admin.log().await;
    check_log(&log, jobs);
    let readers = soon("the readers", readers.join_all()).await;
    over.store(true, Ordering::Relaxed);
    for transactions in beside {
        let done = soon("the transactions beside", transactions).await.expect("no panic");
        println!("{done} transactions beside them");
        assert!(done > 0);
    }
    for (seen, cuts) in readers {
        assert_eq!(cuts, CUTS);
        check_seen(seen, cuts, &log);
    }
    for server in servers {
        server.kill().await;
    }
}

/// Transactions that change something else, and take their time; how many there were.
async fn stay_open(url: String, over: Arc<AtomicBool>) -> usize {
    let mut connection = PgConnection::connect(&url).await.expect("a connection");
    query("CREATE TABLE beside (number bigint)").execute(&mut connection).await.expect("a table");
    let mut done = 0;
    while !over.load(Ordering::Relaxed) {
        let mut transaction = connection.begin().await.expect("a transaction");
        query("INSERT INTO beside VALUES (1)").execute(&mut *transaction).await.expect("a row");
        tokio::time::sleep(OPEN).await;
        transaction.commit().await.expect("it is done");
        done += 1;
    }
    done
}

/// Transactions that write an event and take it back; how many there were.
async fn leave_holes(url: String, over: Arc<AtomicBool>) -> usize {
    let mut connection = PgConnection::connect(&url).await.expect("a connection");
    let event = "INSERT INTO event (account_id, kind, attempt, detail, created_at) VALUES (1, 'booked', 0, '{}', 0)";
    let mut done = 0;
    while !over.load(Ordering::Relaxed) {
        let mut transaction = connection.begin().await.expect("a transaction");
        query(event).execute(&mut *transaction).await.expect("a row");
        tokio::time::sleep(OPEN / 10).await;
        transaction.rollback().await.expect("it is gone");
        tokio::time::sleep(OPEN / 10).await;
        done += 1;
    }
    done
}
