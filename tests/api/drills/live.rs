use std::collections::HashMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::support::{Client, Event, Follower, Site, answered, follow_sse, sized, soon};

const WRITERS: usize = 8;
const READERS: u64 = 5;
/// Cuts of each reader: 200 in all at full size.
const CUTS: (usize, usize) = (40, 10);
/// At most so many events are read between two cuts.
const STRETCH: usize = 60;

/// Readers whose connections are cut again and again, without a word and at any point, go on from their last cursor.
/// In the end each has seen exactly the log: everything, once, in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_are_cut_see_every_event_once_and_in_order() {
    let jobs = sized(1_000, 150);
    let site = Site::new("[log]\nfilter = \"info,docket::access=warn\"\n").await;
    let server = site.serve().await;
    let admin = site.admin().await;
    write_and_read(&admin, &admin, jobs, watch::Sender::default()).await;
    server.kill().await;
}

/// Does jobs at one server while readers at one, which may be another, are cut again and again; counts the jobs that are
/// done in `done`, which goes with the last of them.
pub(super) async fn write_and_read(admin: &Client, elsewhere: &Client, jobs: usize, done: watch::Sender<usize>) {
    let service = admin.service(json!({})).await;
    let runner = admin.runner("writer", &service, 100).await;
    let most = sized(CUTS.0, CUTS.1);
    let mut readers = JoinSet::new();
    for seed in 0..READERS {
        // One kind of connection after the other, so that each takes over from the other too.
        readers.spawn(read(elsewhere.clone(), jobs, most, StdRng::seed_from_u64(seed)));
    }
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let share = jobs / WRITERS + usize::from(writer < jobs % WRITERS);
        writers.spawn(write(admin.clone(), runner.clone(), service.clone(), share, done.clone()));
    }
    drop(done);
    soon("the writers", writers.join_all()).await;
    let log = admin.log().await;
    check_log(&log, jobs);
    for (seen, cuts) in soon("the readers", readers.join_all()).await {
        assert_eq!(cuts, most);
        check_seen(seen, cuts, &log);
    }
}

/// That it is the log.
#[track_caller]
fn check_seen(seen: Vec<Event>, cuts: usize, log: &[Event]) {
    let gaps = seen.iter().filter(|event| event.is_gap()).count();
    let events: Vec<Event> = seen.into_iter().filter(|event| !event.is_gap()).collect();
    println!("{} events, {cuts} cuts, {gaps} gaps", events.len());
    assert!(events == log, "a reader saw something else than the log");
}

/// Each job's events are numbered 1, 2, 3.. and end with its final state.
fn check_log(log: &[Event], jobs: usize) {
    let mut last: HashMap<&str, &Event> = HashMap::new();
    for event in log {
        let before = last.insert(&event.job, event);
        assert_eq!(event.revision, before.map_or(1, |before| before.revision + 1), "{}", event.job);
        assert!(!before.is_some_and(Event::is_final), "{} went on after its end", event.job);
    }
    assert_eq!(last.len(), jobs);
    assert!(last.values().all(|event| event.is_final()));
}

async fn write(owner: Client, runner: Client, service: String, jobs: usize, done: watch::Sender<usize>) {
    for _ in 0..jobs {
        answered(owner.submit(&service).await);
        // Whichever job is next: the writers take each other's.
        let lease = answered(runner.claim(1, 20).await).pop().expect("as many jobs as claims");
        answered(runner.report(&lease, 0.5, "half").await);
        let log = json!({ "leaseToken": lease.token, "text": "a line\n" });
        runner.mutate("workLog", log, "cancelRequested").await;
        answered(runner.complete(&lease, json!({})).await);
        done.send_modify(|done| *done += 1);
    }
}

/// Everything until all jobs are at their end, and how often the connection was cut, which is `most` times at most.
async fn read(client: Client, jobs: usize, most: usize, mut random: StdRng) -> (Vec<Event>, usize) {
    let (mut seen, mut ended, mut cuts) = (Vec::<Event>::new(), 0, 0);
    while ended < jobs {
        let after = seen.last().map_or_else(|| "e0".to_owned(), |event| event.cursor.clone());
        let mut left = if cuts < most { random.random_range(1..=STRETCH) } else { usize::MAX };
        let mut take = |event: Event| {
            ended += usize::from(event.is_final());
            seen.push(event);
            left -= 1;
            left > 0 && ended < jobs
        };
        if cuts % 2 == 0 {
            let mut follower = Follower::new(&client, &after).await;
            while take(follower.next().await.expect("the stream goes on")) {}
        } else {
            assert!(!follow_sse(&client, &after, take).await, "the stream goes on");
        }
        cuts += usize::from(ended < jobs);
    }
    (seen, cuts)
}
