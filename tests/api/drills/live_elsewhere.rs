use sea_orm::sqlx::{Connection, PgConnection, query};
use tokio::sync::watch;

use super::live::write_and_read;
use super::support::{Site, sized, soon};

/// Jobs that are done while a transaction beside them stays open.
const OPEN: usize = 10;

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
    let done = watch::Sender::new(0);
    let beside = [
        tokio::spawn(stay_open(site.database.url.clone(), done.subscribe())),
        tokio::spawn(leave_holes(site.database.url.clone(), done.subscribe())),
    ];
    write_and_read(&admin, &elsewhere, jobs, done).await;
    for transactions in beside {
        let ended = soon("the transactions beside", transactions).await.expect("no panic");
        println!("{ended} transactions beside them");
        assert!(ended > 1);
    }
    for server in servers {
        server.kill().await;
    }
}

/// Transactions that change something else, and stay open while jobs are done; how many there were.
async fn stay_open(url: String, mut done: watch::Receiver<usize>) -> usize {
    let mut connection = PgConnection::connect(&url).await.expect("a connection");
    query("CREATE TABLE beside (number bigint)").execute(&mut connection).await.expect("a table");
    let mut transactions = 0;
    loop {
        let mut transaction = connection.begin().await.expect("a transaction");
        query("INSERT INTO beside VALUES (1)").execute(&mut *transaction).await.expect("a row");
        let goes_on = more(&mut done, OPEN).await;
        transaction.commit().await.expect("it is done");
        transactions += 1;
        if !goes_on {
            return transactions;
        }
    }
}

/// Transactions that write an event and take it back when a job is done; how many there were.
async fn leave_holes(url: String, mut done: watch::Receiver<usize>) -> usize {
    let mut connection = PgConnection::connect(&url).await.expect("a connection");
    let event = "INSERT INTO event (account_id, kind, attempt, detail, created_at) VALUES (1, 'booked', 0, '{}', 0)";
    let mut transactions = 0;
    loop {
        let mut transaction = connection.begin().await.expect("a transaction");
        query(event).execute(&mut *transaction).await.expect("a row");
        let goes_on = more(&mut done, 1).await;
        transaction.rollback().await.expect("it is gone");
        transactions += 1;
        if !goes_on || !more(&mut done, 1).await {
            return transactions;
        }
    }
}

/// Waits for so many more jobs; whether there will be any.
async fn more(done: &mut watch::Receiver<usize>, jobs: usize) -> bool {
    let enough = *done.borrow() + jobs;
    done.wait_for(|done| *done >= enough).await.is_ok()
}
