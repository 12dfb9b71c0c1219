use std::collections::HashSet;

use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

use super::support::{Client, Follower, Site, Wire, sized, soon};

const PARALLEL: usize = 50;

/// The same key from everywhere at once makes one job, and everybody is told of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_with_one_key_make_one_job() {
    let site = Site::new("").await;
    let servers = site.serve_several(2).await;
    let admin = site.admin().await;
    let service = admin.service(json!({})).await;
    let rounds = sized(20, 3);
    for round in 0..rounds {
        let mut submits = JoinSet::new();
        for number in 0..PARALLEL {
            let client = admin.at(servers[number % servers.len()].address);
            submits.spawn(submit(client, input(&service, &format!("round {round}"))));
        }
        let answers = soon("the answers", submits.join_all()).await;
        let jobs: HashSet<&String> = answers.iter().map(|(job, _)| job).collect();
        assert_eq!(jobs.len(), 1, "one key made several jobs");
        assert_eq!(answers.iter().filter(|(_, replayed)| *replayed).count(), PARALLEL - 1);
    }
    assert_eq!(count(&admin).await, rounds);
    for server in servers {
        server.kill().await;
    }
}

/// A client whose connection ends before it has read the answer, after the job was stored or at any moment before,
/// finds one job when it tries again, here or at another server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_cut_off_and_tries_again_makes_one_job() {
    let site = Site::new("").await;
    let servers = site.serve_several(2).await;
    let admin = site.admin().await;
    let service = admin.service(json!({})).await;
    let (first, last) = (admin.at(servers[0].address), admin.at(servers[servers.len() - 1].address));
    let mut events = Follower::new(&first, "e0").await;
    let keys = sized(50, 10);
    for key in 0..keys {
        let stored = input(&service, &format!("stored {key}"));
        let wire = sent(&first, &stored).await;
        let job = events.next().await.expect("the stream goes on").job;
        drop(wire);
        assert_eq!(submit(last.clone(), stored).await, (job, true));

        let unknown = input(&service, &format!("unknown {key}"));
        drop(sent(&first, &unknown).await);
        let (job, _) = submit(last.clone(), unknown.clone()).await;
        assert_eq!(events.next().await.expect("the stream goes on").job, job);
        assert_eq!(submit(first.clone(), unknown).await, (job, true));
    }
    assert_eq!(count(&admin).await, 2 * keys);
    for server in servers {
        server.kill().await;
    }
}

fn input(service: &str, key: &str) -> Json {
    json!({ "serviceId": service, "idempotencyKey": key.replace(' ', "-") })
}

async fn sent(client: &Client, input: &Json) -> Wire {
    let mut wire = Wire::new(client.address()).await;
    wire.send(&Wire::request(client, "jobSubmit", input, "replayed job { id }")).await;
    wire
}

/// The job, and whether there was one already.
async fn submit(client: Client, input: Json) -> (String, bool) {
    let made = client.mutate("jobSubmit", input, "replayed job { id }").await;
    (made["job"]["id"].as_str().expect("an id").to_owned(), made["replayed"].as_bool().expect("a Boolean"))
}

async fn count(client: &Client) -> usize {
    let jobs = client.call("{ jobs { totalCount } }", Json::Null).await;
    usize::try_from(jobs["jobs"]["totalCount"].as_u64().expect("a number")).expect("few")
}
