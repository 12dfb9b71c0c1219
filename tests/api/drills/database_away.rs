use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tokio::sync::watch;

use super::support::{Client, Cluster, Event, Failed, Follower, Site, answered, follow_sse, full, sized, soon};
use crate::support::Database;

/// Of an answer while the database is away, and of the way back; at full size.
const SOONEST: Duration = Duration::from_secs(1);
const BACK: Duration = Duration::from_secs(5);

/// What a reader has been given.
type Seen = watch::Sender<Vec<Event>>;

/// PostgreSQL is gone for a while. The server lives, says that it cannot work, refuses at once what it cannot do, and
/// is back by itself; who follows misses nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_away_is_waited_for() {
    let away = Duration::from_secs(sized(30, 3));
    let Some(mut cluster) = Cluster::new().await else { return };
    let site = Site::on(Database::at(cluster.url()), "");
    let server = site.serve().await;
    let admin = site.admin().await;
    let service = admin.service(json!({})).await;
    let seen = [Seen::default(), Seen::default()];
    let events = tokio::spawn(follow(admin.clone(), true, seen[0].clone()));
    let socket = tokio::spawn(follow(admin.clone(), false, seen[1].clone()));
    let mut jobs = Vec::new();
    for _ in 0..5 {
        jobs.push(answered(admin.submit(&service).await));
    }
    assert_eq!((admin.status("/healthz").await, admin.status("/readyz").await), (Some(200), Some(200)));

    cluster.stop_immediately().await;
    let gone = Instant::now();
    admin.until_ready(false).await;
    let (mut asked, mut slowest) = (0, Duration::ZERO);
    while asked == 0 || gone.elapsed() < away {
        let start = Instant::now();
        refused(admin.submit(&service).await);
        refused(admin.try_call("{ jobs { totalCount } }", Json::Null).await);
        let login = json!({ "login": "admin", "password": "a wrong password" });
        refused(site.client(None).try_mutate("sessionCreate", login, "token").await);
        assert_eq!((admin.status("/healthz").await, admin.status("/readyz").await), (Some(200), Some(503)));
        slowest = slowest.max(start.elapsed());
        asked += 1;
    }
    cluster.start().await;
    let there = Instant::now();
    admin.until_ready(true).await;
    for _ in 0..5 {
        jobs.push(answered(admin.submit(&service).await));
    }
    let took = there.elapsed();
    println!("asked {asked} times, the slowest in {slowest:?}; back {took:?} after the database");
    assert!(!full() || (slowest < SOONEST && took < BACK));

    let log = admin.log().await;
    assert_eq!(log.iter().map(|event| &event.job).collect::<Vec<_>>(), jobs.iter().collect::<Vec<_>>());
    for seen in seen {
        let mut seen = seen.subscribe();
        let seen = soon("a reader", seen.wait_for(|seen| seen.len() >= log.len())).await.expect("open");
        assert!(*seen == log, "a reader saw something else than the log: {seen:?}");
    }
    events.abort();
    socket.abort();
    server.terminate();
    assert!(server.ended().await.success());
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Failed>) {
    result.expect_err("the database is away").check_retryable();
}

/// Follows for ever. A stream that breaks is taken up again at its last cursor; one that says that it is complete is a
/// defect.
async fn follow(client: Client, by_events: bool, seen: Seen) {
    let take = |event: Event| {
        seen.send_modify(|seen| seen.extend((!event.is_gap()).then_some(event)));
        true
    };
    loop {
        let after = seen.borrow().last().map_or_else(|| "e0".to_owned(), |event| event.cursor.clone());
        if by_events {
            assert!(!follow_sse(&client, &after, take).await, "a client that is told so does not come back");
        } else {
            let mut follower = Follower::new(&client, &after).await;
            while follower.next().await.is_some_and(take) {}
        }
        println!("a stream broke after {after}");
        client.until_ready(true).await;
    }
}
