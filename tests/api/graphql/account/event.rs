//! Events of money: of the job that it is about, and of the account.

use serde_json::{Value, json};

use super::Shop;
use crate::support::{Client, Stream, text};

const FOLLOW: &str = "subscription($id: ID!, $after: Cursor) { accountEvents(accountId: $id, after: $after) {
    cursor live event { __typename
        ... on AccountBooked { granted held spent available entry { kind } }
        ... on AccountChanged { change }
        ... on StreamGap { reason } } } }";

async fn follow(client: &Client, account: &str, after: &str) -> Stream {
    client.subscribe(FOLLOW, json!({ "id": account, "after": after })).await
}

/// The cursor and one word for what came.
async fn told(stream: &mut Stream) -> (String, String) {
    let item = stream.item("accountEvents").await;
    let event = &item["event"];
    let word = match event["__typename"].as_str() {
        Some("AccountChanged") => text(&event["change"]),
        Some("AccountBooked") => {
            let kind = event["entry"]["kind"].as_str().unwrap_or("hidden");
            let [granted, held, spent, available] =
                ["granted", "held", "spent", "available"].map(|name| text(&event[name]));
            format!("{kind} {granted} {held} {spent} {available}")
        }
        _ => event.to_string(),
    };
    (text(&item["cursor"]), word)
}

#[tokio::test]
async fn an_accounts_followers_hear_of_everything_that_moves_its_money() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    let bob = shop.app.user("bob").await;
    shop.app.member(&shop.account, &bob, json!({})).await;
    let mut by_admin = follow(&shop.app.admin(), &shop.account, "e0").await;
    let mut by_bob = follow(&bob, &shop.account, "e0").await;
    let lease = shop.start().await;
    shop.complete(&lease).await;
    bob.submit_with(shop.input()).await;
    let mut cursors = Vec::new();
    for (admin, member) in [
        ("CREATED", "CREATED"),
        ("GRANT 100 0 0 100", "hidden 100 0 0 100"),
        ("MEMBER_SET", "MEMBER_SET"),
        ("MEMBER_SET", "MEMBER_SET"),
        ("HOLD 100 5 0 95", "hidden 100 5 0 95"),
        ("SETTLE 100 0 5 95", "hidden 100 0 5 95"),
        ("HOLD 100 5 5 90", "HOLD 100 5 5 90"),
    ] {
        let (cursor, word) = told(&mut by_admin).await;
        assert_eq!((word.as_str(), told(&mut by_bob).await), (admin, (cursor.clone(), member.to_owned())));
        cursors.push(cursor);
    }
    // As a list, too, and from any cursor on without a loss or a double.
    let document = "query($id: ID!, $after: Cursor) { account(id: $id) { events(first: 100, after: $after) {
        edges { cursor } } } }";
    for (index, cursor) in cursors.iter().enumerate() {
        let variables = json!({ "id": shop.account, "after": cursor });
        let rest = shop.app.admin().data(document, variables).await["account"]["events"]["edges"].take();
        let rest: Vec<String> = rest.as_array().expect("a list").iter().map(|edge| text(&edge["cursor"])).collect();
        assert_eq!(rest, cursors[index + 1..]);
        let mut resumed = follow(&shop.app.admin(), &shop.account, cursor).await;
        for expected in &cursors[index + 1..] {
            assert_eq!(told(&mut resumed).await.0, *expected);
        }
    }
    let resumed = shop.app.admin().resume(FOLLOW, json!({ "id": shop.account }), Some(&cursors[4])).await;
    let mut resumed = resumed;
    assert_eq!(told(&mut resumed).await.0, cursors[5], "Last-Event-ID");
}

#[tokio::test]
async fn a_stream_ends_with_the_membership_and_with_the_account() {
    let shop = Shop::with(json!({}), json!({}), json!({})).await;
    let (bob, eve) = (shop.app.user("bob").await, shop.app.user("eve").await);
    shop.app.member(&shop.account, &bob, json!({})).await;
    let mut by_bob = follow(&bob, &shop.account, "e0").await;
    let mut by_ada = follow(&shop.ada, &shop.account, "e0").await;
    for stream in [&mut by_bob, &mut by_ada] {
        for _ in 0..4 {
            told(stream).await;
        }
    }
    let ids = json!({ "accountId": shop.account, "userId": bob.id });
    shop.app.admin().change("accountMemberRemove", ids, "member { held }").await;
    assert!(by_bob.next().await.is_none(), "who is removed hears nothing more");
    assert_eq!(told(&mut by_ada).await.1, "MEMBER_REMOVED");
    shop.app.admin().change("accountDelete", json!({ "accountId": shop.account }), "account { id }").await;
    assert!(by_ada.next().await.is_none());
    assert_eq!(follow(&eve, &shop.account, "e0").await.code().await, "NOT_FOUND");
}

#[tokio::test]
async fn charges_are_events_of_the_job_without_a_gap_and_before_its_end() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    let lease = shop.start().await;
    shop.complete(&lease).await;
    let document = "{ jobEvents(first: 100) { nodes { __typename
        ... on JobStatusChanged { revision to }
        ... on JobCharged { revision kind held spent entry { id } job { amount } } } } }";
    let found = shop.ada.data(document, json!({})).await["jobEvents"]["nodes"].take();
    let nodes = found.as_array().expect("a list");
    let revisions: Vec<i64> = nodes.iter().filter_map(|node| node["revision"].as_i64()).collect();
    assert_eq!(revisions, (1..=6).collect::<Vec<i64>>(), "{found}");
    let words: Vec<&str> = nodes.iter().filter_map(|node| node["to"].as_str().or(node["kind"].as_str())).collect();
    assert_eq!(words, ["QUEUED", "HOLD", "CLAIMED", "RUNNING", "SETTLE", "SUCCEEDED"]);
    assert_eq!((&nodes[1]["held"], &nodes[1]["spent"]), (&json!("5"), &json!("0")));
    assert_eq!((&nodes[4]["held"], &nodes[4]["spent"]), (&json!("-5"), &json!("5")));
    assert_eq!(nodes[4]["job"]["amount"], "5", "the job as it is now");
    assert!(nodes[4]["entry"]["id"].is_string());
    let document = "{ jobEvents(filter: { kind: { eq: CHARGED } }) { nodes { __typename } } }";
    let charged = shop.app.admin().data(document, json!({})).await["jobEvents"]["nodes"].take();
    assert_eq!(charged.as_array().map(Vec::len), Some(2), "and nothing of the account alone: {charged}");
    // The service's runner hears what its job cost, and nothing of the account.
    let document = "{ jobEvents(filter: { kind: { eq: CHARGED } }) { nodes { ... on JobCharged { entry { id } } } } }";
    let by_runner = shop.runner.data(document, json!({})).await["jobEvents"]["nodes"].take();
    assert_eq!(by_runner, json!([{ "entry": Value::Null }]));
}

#[tokio::test]
async fn a_job_stream_shows_what_was_taken_with_the_last_state() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    let lease = shop.start().await;
    let document = "subscription($id: ID!) { job(id: $id) { status held amount } }";
    let mut stream = shop.ada.subscribe(document, json!({ "id": lease.job })).await;
    assert_eq!(stream.item("job").await, json!({ "status": "RUNNING", "held": "5", "amount": null }));
    shop.complete(&lease).await;
    assert_eq!(stream.item("job").await, json!({ "status": "SUCCEEDED", "held": null, "amount": "5" }));
    assert!(stream.next().await.is_none());
}
