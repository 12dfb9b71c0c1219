use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

use super::support::{Client, Site, answered, sized, soon};

const WRITERS: usize = 32;
const READERS: usize = 32;

/// Writers and readers of the server and commands beside it, all on one file: nobody is refused anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_hears_of_a_locked_database() {
    let site = Site::on_file("[log]\nfilter = \"info,docket::access=warn\"\n");
    let server = site.serve().await;
    let admin = site.admin().await;
    let service = admin.service(json!({})).await;
    let runner = admin.runner("drill", &service, 1_000).await;
    let until = Instant::now() + Duration::from_secs(sized(20, 5));

    let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
    for _ in 0..WRITERS {
        writers.spawn(write(admin.clone(), runner.clone(), service.clone(), until));
    }
    for number in 0..READERS {
        readers.spawn(read(admin.clone(), number, until));
    }
    let (mut commands, mut slowest) = (0, Duration::ZERO);
    while Instant::now() < until {
        for command in ["user create drill# --no-password", "user set-password drill# --generate"] {
            let start = Instant::now();
            site.done(&command.replace('#', &commands.to_string())).await;
            slowest = slowest.max(start.elapsed());
        }
        commands += 2;
    }
    let written: usize = soon("the writers", writers.join_all()).await.into_iter().sum();
    let read: usize = soon("the readers", readers.join_all()).await.into_iter().sum();
    println!("{written} writes, {read} reads, {commands} commands, the slowest in {slowest:?}");
    assert!(written > WRITERS && read > READERS && commands > 0);
    let log = site.log();
    assert!(!log.contains("locked") && !log.contains("ERROR"), "{log}");
    server.kill().await;
}

/// Takes jobs through their lives; how many requests that were.
async fn write(owner: Client, runner: Client, service: String, until: Instant) -> usize {
    let mut requests = 0;
    while Instant::now() < until {
        answered(owner.submit(&service).await);
        for lease in answered(runner.claim(1, 0).await) {
            answered(runner.report(&lease, 0.5, "half").await);
            answered(runner.complete(&lease, json!({})).await);
            requests += 2;
        }
        requests += 2;
    }
    requests
}

async fn read(client: Client, number: usize, until: Instant) -> usize {
    let documents = [
        "{ jobs(first: 20) { totalCount nodes { id status owner { username } service { name } } } }",
        "{ jobEvents(first: 50) { nodes { __typename } } }",
        "{ services { nodes { id title } } viewer { user { username } } }",
        "{ users(last: 10) { totalCount nodes { username } } }",
    ];
    let mut requests = 0;
    while Instant::now() < until {
        let document = documents[(number + requests) % documents.len()];
        client.call(document, Json::Null).await;
        requests += 1;
    }
    requests
}
