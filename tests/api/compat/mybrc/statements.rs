//! What a change of a job costs the database. A statement too many is invisible in every other test.

use docket::config::MybrcProfile::AsBuilt;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{JOBS, World};
use crate::support::{Client, page_of_metrics};

/// Statements that were run so far: reads, and those of transactions.
async fn so_far(world: &World) -> [u64; 2] {
    let page = page_of_metrics(&world.app.anonymous()).await;
    ["read", "write"].map(|role| {
        let start = format!("docket_db_statements_total{{role=\"{role}\"}} ");
        let line = page.lines().find_map(|line| line.strip_prefix(&start));
        line.expect("statements are counted").parse().expect("a number")
    })
}

/// Reads and writes that a change of an amount takes, the look at the new event included. The least of some tries: the
/// credential is looked up again now and then.
async fn statements(world: &World, client: &Client) -> [u64; 2] {
    let mut least = [u64::MAX; 2];
    for amount in 1..6 {
        let before = so_far(world).await;
        let request = client.request(Method::PATCH, "/mybrc/jobs/2/").json(&json!({ "amount": amount }));
        assert_eq!(request.send().await.expect("an answer").status(), StatusCode::OK);
        let after = so_far(world).await;
        least = [0, 1].map(|role| Ord::min(least[role], after[role] - before[role]));
    }
    least
}

#[tokio::test]
async fn a_change_of_an_amount_is_a_look_and_three_writes() {
    let world = World::of(AsBuilt, JOBS, |config| config.events.poll_millis = 60_000).await;
    let admin = world.app.admin();
    let within = |[reads, writes]: [u64; 2], most: u64| {
        assert!(reads <= 1 && writes <= most, "{reads} reads and {writes} writes");
    };
    // The job, what it is now, and its event.
    within(statements(&world, &world.client).await, 3);
    // That it was an admin who did it is noted.
    within(statements(&world, &admin).await, 4);
    let document = "query { account(dialect: MYBRC, number: 2) { id } }";
    let id = admin.data(document, json!({})).await["account"]["id"].take();
    let input = json!({ "accountId": id, "chargesRecordedJobs": true });
    admin.change("accountUpdate", input, "account { id }").await;
    // The account and the member, what both have spent now, and the entry.
    within(statements(&world, &admin).await, 9);
    world.app.audit().await;
}
