use std::collections::HashMap;
use std::time::{Duration, Instant};

use sea_orm::sqlx::{Connection, PgConnection, query_scalar};
use serde_json::json;
use tokio::sync::watch;

use super::support::{Client, Follower, Site, answered, full, sized, soon};

/// Of an event that nobody gives notice of; at full size.
const LAG: Duration = Duration::from_secs(2);

/// Which event was there when, in the order in which they came.
type Arrived = Vec<(String, Instant)>;

/// The connections over which servers hear of each other's events are ended again and again, while one writes and
/// another is read: every event arrives there all the same, and soon.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_miss_nothing_when_no_notice_comes() {
    let enough = sized(30, 6);
    let site = Site::new("[log]\nfilter = \"info,docket::access=warn\"\n").await;
    if !site.database.is_postgres() {
        return println!("nothing to see: a SQLite file has one server, which needs no notices");
    }
    let servers = site.serve_several(2).await;
    let admin = site.admin().await;
    let service = admin.service(json!({})).await;
    let (arrived, ended) = (watch::Sender::<Arrived>::default(), watch::Sender::new(0));
    let reader = tokio::spawn(read(admin.at(servers[1].address), arrived.clone()));
    let ending = tokio::spawn(end_listeners(site.database.url.clone(), arrived.subscribe(), ended.clone()));

    let writing = async {
        let mut written = Arrived::new();
        while *ended.borrow() < enough {
            written.push((answered(admin.submit(&service).await), Instant::now()));
            let mut seen = arrived.subscribe();
            soon("the event", seen.wait_for(|seen| seen.len() >= written.len())).await.expect("open");
        }
        written
    };
    let written = soon("the writer", writing).await;
    let seen = arrived.borrow().clone();
    ending.abort();
    reader.abort();
    let jobs = |events: &Arrived| events.iter().map(|(job, _)| job.clone()).collect::<Vec<_>>();
    assert_eq!(jobs(&seen), jobs(&written));
    let arrived: HashMap<String, Instant> = seen.into_iter().collect();
    let longest = written.iter().map(|(job, at)| arrived[job].saturating_duration_since(*at)).max().expect("jobs");
    println!("{} events, {enough} connections ended, the longest lag {longest:?}", written.len());
    assert!(!full() || longest <= LAG);
    for server in servers {
        server.kill().await;
    }
}

async fn read(client: Client, arrived: watch::Sender<Arrived>) {
    let mut events = Follower::new(&client, "e0").await;
    loop {
        let event = events.next().await.expect("the stream goes on");
        arrived.send_modify(|arrived| arrived.push((event.job, Instant::now())));
    }
}

/// Ends whatever listens in this database, at each event that arrives, and counts.
async fn end_listeners(url: String, mut arrived: watch::Receiver<Arrived>, ended: watch::Sender<i64>) {
    let mut connection = PgConnection::connect(&url).await.expect("a connection");
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND query ILIKE 'LISTEN%'";
    while arrived.changed().await.is_ok() {
        let more: i64 = query_scalar(end).fetch_one(&mut connection).await.expect("a number");
        ended.send_modify(|ended| *ended += more);
    }
}
