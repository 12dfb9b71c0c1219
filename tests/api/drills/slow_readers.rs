use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::support::{Client, Event, Follower, Server, Site, answered, sized, soon};

/// Jobs that report at the same time.
const WRITERS: usize = 8;
/// Events between two looks at how far the readers are.
const STEP: usize = 40;
const MOST_KIB: u64 = 50 * 1024;

/// So much of a message that few of them fill what the kernel holds for a connection.
const BULKY: &str = "... on JobProgressed { a: message b: message c: message d: message e: message f: message }";

/// The same run twice, with and without sockets that ask for all events and never read. Those cost little memory, and
/// the others get every event, in order and as fast.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_that_never_read_cost_little_and_slow_nobody() {
    let (sockets, deaf, events) = sized((200, 20, 10_000), (24, 8, 800));
    let without = run(sockets - deaf, 0, events).await;
    let with = run(sockets - deaf, deaf, events).await;
    println!("without: {without:?}\nwith {deaf} that never read: {with:?}");
    assert!(with.grown_kib <= without.grown_kib + MOST_KIB, "{} KiB more", with.grown_kib - without.grown_kib);
    let bound = without.slowest.mul_f64(2.0) + Duration::from_millis(sized(50, 2_000));
    assert!(with.slowest <= bound, "{:?}, and {:?} without", with.slowest, without.slowest);
}

#[derive(Debug)]
struct Run {
    grown_kib: u64,
    /// From the report until every reader has it: the 99th of 100 steps.
    slowest: Duration,
    #[expect(dead_code, reason = "shown")]
    took: Duration,
}

async fn run(readers: usize, deaf: usize, events: usize) -> Run {
    let site = Site::new("[log]\nfilter = \"info,docket::access=warn\"\n").await;
    let server = site.serve().await;
    let admin = site.admin().await;
    let reporters = Reporters::start(&admin).await;
    let mut tasks = JoinSet::new();
    let mut positions = Vec::new();
    for _ in 0..readers {
        let (sender, position) = watch::channel(0);
        positions.push(position);
        tasks.spawn(read(admin.clone(), reporters.cursor.clone(), sender, events));
    }
    let mut unread = Vec::new();
    for _ in 0..deaf {
        unread.push(Follower::narrow(&admin, &reporters.cursor, BULKY).await);
    }
    let (before, start) = (server.resident_kib(), Instant::now());
    let mut steps = Vec::new();
    let mut grown = 0;
    for step in 1..=events / STEP {
        let reported = Instant::now();
        reporters.report(STEP).await;
        for position in &mut positions {
            soon("the readers", position.wait_for(|position| *position >= step * STEP)).await.expect("it reads");
        }
        steps.push(reported.elapsed());
        grown = grown.max(server.resident_kib().saturating_sub(before));
    }
    let took = start.elapsed();
    let seen = soon("the readers", tasks.join_all()).await;
    check(&admin, &reporters.cursor, &seen).await;
    drop(unread);
    server.kill().await;
    steps.sort();
    Run { grown_kib: grown, slowest: steps[steps.len() * 99 / 100 - usize::from(steps.len() >= 100)], took }
}

async fn check(admin: &Client, after: &str, seen: &[Vec<Event>]) {
    let log = admin.log().await;
    let start = log.iter().position(|event| event.cursor == after).expect("it is in the log") + 1;
    assert!(seen.iter().all(|seen| seen == &log[start..]), "a reader saw something else than the log");
}

/// Reads this many events, and says how far it is.
async fn read(client: Client, after: String, position: watch::Sender<usize>, events: usize) -> Vec<Event> {
    let (mut seen, mut follower) = (Vec::with_capacity(events), Follower::new(&client, &after).await);
    while seen.len() < events {
        let event = follower.next().await.expect("the stream goes on");
        if !event.is_gap() {
            seen.push(event);
            position.send_replace(seen.len());
        }
    }
    seen
}

/// Workers that hold a job each and report on it.
struct Reporters {
    runner: Client,
    leases: Vec<super::support::Lease>,
    /// After this, every event is a report.
    cursor: String,
}

impl Reporters {
    async fn start(admin: &Client) -> Self {
        let service = admin.service(json!({ "leaseSeconds": 600 })).await;
        let runner = admin.runner("reporter", &service, 100).await;
        let mut leases = Vec::new();
        for _ in 0..WRITERS {
            answered(admin.submit(&service).await);
            let lease = answered(runner.claim(1, 0).await).pop().expect("a job");
            answered(runner.report(&lease, 0.0, "started").await);
            leases.push(lease);
        }
        let cursor = admin.log().await.last().expect("events").cursor.clone();
        Self { runner, leases, cursor }
    }

    /// Makes this many events.
    async fn report(&self, events: usize) {
        let mut tasks = JoinSet::new();
        for lease in &self.leases {
            let (runner, lease) = (self.runner.clone(), lease.clone());
            tasks.spawn(async move {
                for number in 0..events / WRITERS {
                    // Never the same as before, or there is nothing to tell.
                    let message = format!("{number} {:?} {}", Instant::now(), "é".repeat(900));
                    answered(runner.report(&lease, 0.5, &message).await);
                }
            });
        }
        soon("the reports", tasks.join_all()).await;
    }
}

/// A socket that does not read until the server has long gone past what it keeps for it. Then it reads: it is told of
/// the gap, and gets everything nevertheless. So does a client that is cut at the worst moment, and goes on from there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_falls_behind_is_told_and_misses_nothing() {
    const EVENTS: usize = 1_200;
    let site = Site::new("[events]\nlag_events = 100\n[log]\nfilter = \"info,docket::access=warn\"\n").await;
    let server: Server = site.serve().await;
    let admin = site.admin().await;
    let reporters = Reporters::start(&admin).await;
    let mut slow = Follower::narrow(&admin, &reporters.cursor, BULKY).await;
    reporters.report(EVENTS).await;

    let mut seen = Vec::<Event>::new();
    let gap = loop {
        let event = slow.next().await.expect("the stream goes on");
        if event.is_gap() {
            break event;
        }
        seen.push(event);
    };
    assert!(seen.len() < EVENTS, "the gap comes where it fell behind, after {}", seen.len());
    assert_eq!(Some(&gap.cursor), seen.last().map(|event| &event.cursor), "its cursor would jump over what follows");
    let (mut cut, before) = (Follower::new(&admin, &gap.cursor).await, seen.len());
    let mut after_cut = seen.clone();
    for (follower, seen) in [(&mut slow, &mut seen), (&mut cut, &mut after_cut)] {
        while seen.len() < EVENTS {
            let event = follower.next().await.expect("the stream goes on");
            seen.extend((!event.is_gap()).then_some(event));
        }
    }
    println!("{before} events before the gap");
    check(&admin, &reporters.cursor, &[seen, after_cut]).await;
    server.kill().await;
}
