//! Allocations and balances are views of the ledger.

use docket::config::MybrcProfile::AsBuilt;
use serde_json::{Value, json};

use super::World;

impl World {
    /// An account of MyBRC as GraphQL shows it.
    async fn account(&self, number: i32) -> Value {
        let document =
            "query($number: Int!) { account(dialect: MYBRC, number: $number) { id granted held spent available
            ledger(order: CREATED_AT_ASC, first: 100) { nodes { kind granted spent reason actor { username } } } } }";
        self.app.admin().data(document, json!({ "number": number })).await["account"].take()
    }

    async fn sums(&self, number: i32) -> Value {
        let account = self.account(number).await;
        json!([account["granted"], account["held"], account["spent"], account["available"]])
    }
}

#[tokio::test]
async fn setting_a_sum_books_a_correction_with_the_caller_as_its_actor() {
    let world = World::new(AsBuilt).await;
    assert_eq!(world.sums(2).await, json!(["500", "0", "377", "123"]));
    let (_, body) = world.patch("/accounts/2/", json!({ "accountallocation": 600 })).await;
    assert_eq!((&body["accountallocation"], &body["accountbalance"]), (&json!(600), &json!(123)), "the balance stays");
    assert_eq!(world.sums(2).await, json!(["600", "0", "477", "123"]));
    let (_, body) = world.patch("/accounts/2/", json!({ "accountbalance": -5 })).await;
    assert_eq!((&body["accountallocation"], &body["accountbalance"]), (&json!(600), &json!(-5)));
    let (_, body) = world.patch("/accounts/2/", json!({ "accountallocation": 10, "accountbalance": 10 })).await;
    assert_eq!((&body["accountallocation"], &body["accountbalance"]), (&json!(10), &json!(10)));
    let account = world.account(2).await;
    let entries = account["ledger"]["nodes"].as_array().expect("entries");
    let last = &entries[entries.len() - 3..];
    let booked = |granted: &str, spent: &str| {
        json!({ "kind": "ADJUSTMENT", "granted": granted, "spent": spent, "reason": "Set through MyBRC.",
            "actor": { "username": "slurm" } })
    };
    assert_eq!(last, [booked("100", "100"), booked("0", "128"), booked("-590", "-605")]);
    world.app.audit().await;
}

#[tokio::test]
async fn what_was_read_and_is_written_back_books_nothing() {
    let world = World::new(AsBuilt).await;
    let id = world.account(1).await["id"].clone();
    let input = json!({ "accountId": id, "granted": "0.75", "spent": "0.5", "reason": "Fractions." });
    world.app.admin().change("accountAdjust", input, "account { id }").await;
    let before = world.account(1).await;
    assert_eq!((&before["granted"], &before["available"]), (&json!("1000000.75"), &json!("1000000.25")));
    let (_, body) = world.get("/accounts/1/").await;
    assert_eq!((&body["accountallocation"], &body["accountbalance"]), (&json!(1_000_000), &json!(1_000_000)));
    assert_eq!(world.patch("/accounts/1/", body).await.0, 200);
    assert_eq!(world.account(1).await, before);
    world.app.audit().await;
}

#[tokio::test]
async fn a_jobs_amount_moves_money_only_where_the_account_says_so() {
    let world = World::new(AsBuilt).await;
    let before = world.sums(2).await;
    world.patch("/jobs/2/", json!({ "amount": 100 })).await;
    assert_eq!(world.sums(2).await, before, "nothing moved a balance in MyBRC");
    for number in [1, 2] {
        let id = world.account(number).await["id"].clone();
        let input = json!({ "accountId": id, "chargesRecordedJobs": true });
        world.app.admin().change("accountUpdate", input, "account { id }").await;
    }
    world.patch("/jobs/2/", json!({ "amount": 110.5 })).await;
    assert_eq!(world.sums(2).await, json!(["500", "0", "387.5", "112.5"]), "the difference");
    world.patch("/jobs/2/", json!({ "amount": 100 })).await;
    assert_eq!(world.sums(2).await, before);
    // Another account pays: what was reported moves there.
    world.patch("/jobs/2/", json!({ "accountid": 1 })).await;
    assert_eq!(world.sums(2).await, json!(["500", "0", "277", "223"]));
    assert_eq!(world.sums(1).await, json!(["1000000", "0", "100", "999900"]));
    world.patch("/jobs/2/", json!({ "userid": 4, "enddate": null })).await;
    assert_eq!(world.sums(1).await, json!(["1000000", "0", "100", "999900"]));
    world.app.audit().await;
}
