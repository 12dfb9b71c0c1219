//! Too little money, and what each rule makes of it.

use serde_json::{Value, json};

use super::Shop;
use crate::support::text;

/// A job whose two attempts ran six seconds each, under a hold of 10: it costs 12 and a little.
async fn overran(overrun: &str, granted: &str) -> (Shop, String) {
    let shop = Shop::new(json!({ "overrun": overrun, "granted": granted })).await;
    let first = shop.start().await;
    shop.app.advance(6);
    shop.fail(&first, "SYSTEM", true).await;
    shop.app.advance(5);
    let second = shop.run_again().await;
    shop.app.advance(6);
    shop.complete(&second).await;
    (shop, first.job)
}

async fn last_reason(shop: &Shop, job: &str) -> Value {
    shop.ada.job(job, "charges { reason }").await["charges"][1]["reason"].take()
}

#[tokio::test]
async fn refuse_never_takes_more_than_was_held() {
    let (shop, job) = overran("REFUSE", "100").await;
    assert_eq!(shop.cost(&job).await, [Value::Null, json!("10")]);
    assert_eq!(shop.sums().await, ["100", "0", "10", "90"]);
    let reason = text(&last_reason(&shop, &job).await);
    assert!(reason.contains("was not taken") && reason.contains("REFUSE"), "{reason}");
}

#[tokio::test]
async fn cap_takes_what_is_there() {
    let (shop, job) = overran("CAP", "11").await;
    assert_eq!(shop.cost(&job).await, [Value::Null, json!("11")]);
    assert_eq!(shop.sums().await, ["11", "0", "11", "0"]);
    let reason = text(&last_reason(&shop, &job).await);
    assert!(reason.contains("was not taken") && reason.contains("CAP"), "{reason}");
    let (shop, job) = overran("CAP", "100").await;
    let amount: f64 = text(&shop.cost(&job).await[1]).parse().expect("a number");
    assert!((12.0..16.0).contains(&amount), "{amount}");
    assert_eq!(last_reason(&shop, &job).await, Value::Null, "all of it was taken");
}

#[tokio::test]
async fn allow_takes_it_all_and_below_nothing() {
    let (shop, job) = overran("ALLOW", "1").await;
    let amount: f64 = text(&shop.cost(&job).await[1]).parse().expect("a number");
    assert!((12.0..16.0).contains(&amount), "{amount}");
    let available: f64 = shop.sums().await[3].parse().expect("a number");
    assert!((available - (1.0 - amount)).abs() < 0.001, "{available}");
    // The other rules do not suit an account that is overdrawn.
    for overrun in ["CAP", "REFUSE"] {
        let input = json!({ "accountId": shop.account, "overrun": overrun });
        assert_eq!(shop.app.admin().refused("accountUpdate", input).await, "INVALID_STATE");
    }
    let input = json!({ "accountId": shop.account, "amount": "100" });
    shop.app.admin().change("accountGrant", input, "account { id }").await;
    let input = json!({ "accountId": shop.account, "overrun": "REFUSE" });
    shop.app.admin().change("accountUpdate", input, "account { id }").await;
    shop.sums().await;
}

#[tokio::test]
async fn too_little_money_is_told_in_figures_and_nothing_is_kept() {
    for overrun in ["REFUSE", "CAP"] {
        let shop = Shop::new(json!({ "overrun": overrun, "granted": "19.999999" })).await;
        shop.submit().await;
        let document = "mutation($input: JobSubmitInput!) { jobSubmit(input: $input) { job { id } } }";
        let answer = shop.ada.graphql(document, json!({ "input": shop.input() })).await;
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(extensions["code"], "INSUFFICIENT_FUNDS", "{answer}");
        let field = json!([{ "path": "accountId",
            "message": "10 is needed and 9.999999 is available on the account." }]);
        assert_eq!(extensions["fields"], field);
        let counted = shop.ada.data("{ jobs { totalCount } jobEvents { nodes { __typename } } }", json!({})).await;
        assert_eq!(counted["jobs"]["totalCount"], 1, "{counted}");
        assert_eq!(counted["jobEvents"]["nodes"].as_array().map(Vec::len), Some(2), "queued and held: {counted}");
        assert_eq!(shop.sums().await, ["19.999999", "10", "0", "9.999999"]);
        let input = json!({ "accountId": shop.account, "amount": "0.000001" });
        shop.app.admin().change("accountGrant", input, "account { id }").await;
        shop.submit().await;
        assert_eq!(shop.sums().await, ["20", "20", "0", "0"]);
    }
}

#[tokio::test]
async fn a_member_is_bound_by_its_own_limit_too() {
    let shop = Shop::new(json!({ "overrun": "ALLOW" })).await;
    shop.app.member(&shop.account, &shop.ada, json!({ "limit": "15" })).await;
    let first = shop.start().await;
    assert_eq!(shop.ada.refused("jobSubmit", shop.input()).await, "INSUFFICIENT_FUNDS");
    shop.app.advance(2);
    shop.complete(&first).await;
    // Some of the limit is spent now, and nothing held.
    shop.submit().await;
    assert_eq!(shop.ada.refused("jobSubmit", shop.input()).await, "INSUFFICIENT_FUNDS");
    let document = "query($id: ID!) { account(id: $id) { members { nodes { limit held spent available } } } }";
    let found = shop.ada.data(document, json!({ "id": shop.account })).await["account"]["members"]["nodes"].take();
    let member = &found[0];
    assert_eq!((&member["limit"], &member["held"]), (&json!("15"), &json!("10")), "{found}");
    let spent: f64 = text(&member["spent"]).parse().expect("a number");
    assert!((2.0..4.0).contains(&spent), "{spent}");
    shop.app.member(&shop.account, &shop.ada, json!({ "limit": null })).await;
    shop.submit().await;
    shop.sums().await;
}

#[tokio::test]
async fn a_race_for_the_last_of_the_money_is_won_by_as_many_as_it_pays_for() {
    let shop = Shop::with(json!({ "perJob": "1" }), json!({}), json!({ "granted": "10" })).await;
    let (client, input) = (&shop.ada, shop.input());
    let submits = (0..64).map(|_| client.refused("jobSubmit", input.clone()));
    let codes = futures_util::future::join_all(submits).await;
    let count = |code: &str| codes.iter().filter(|found| *found == code).count();
    assert_eq!((count("OK"), count("INSUFFICIENT_FUNDS")), (10, 54), "{codes:?}");
    assert_eq!(shop.sums().await, ["10", "10", "0", "0"]);
    assert_eq!(shop.ada.data("{ jobs { totalCount } }", json!({})).await["jobs"]["totalCount"], 10);
}

#[tokio::test]
async fn a_member_who_is_removed_pays_for_what_is_under_way_and_for_nothing_new() {
    let shop = Shop::new(json!({})).await;
    let lease = shop.start().await;
    let input = json!({ "accountId": shop.account, "userId": shop.ada.id });
    shop.app.admin().change("accountMemberRemove", input, "member { held }").await;
    assert_eq!(shop.ada.refused("jobSubmit", shop.input()).await, "NOT_FOUND");
    shop.app.advance(1);
    shop.complete(&lease).await;
    let seen = shop.ada.job(&lease.job, "amount account { id } charges { kind }").await;
    assert_eq!((&seen["account"], &seen["charges"][1]["kind"]), (&Value::Null, &json!("SETTLE")), "{seen}");
    assert_eq!(shop.sums().await[1], "0");
    // Who comes back begins without the old limit, and with the old sums.
    shop.app.member(&shop.account, &shop.ada, json!({})).await;
    shop.submit().await;
    assert_eq!(shop.sums().await[1], "10");
}

#[tokio::test]
async fn who_left_the_account_has_nothing_run_again_on_it() {
    let shop = Shop::new(json!({})).await;
    let keeper = shop.app.user_with("kim", &["accounting"], false).await;
    // Whoever keeps all accounts spends from none of them without being a member.
    for owner in [&shop.ada, &keeper] {
        shop.app.member(&shop.account, owner, json!({})).await;
        let job = owner.submit_with(shop.input()).await;
        owner.change("jobCancel", json!({ "jobId": job }), "job { id }").await;
        let input = json!({ "accountId": shop.account, "userId": owner.id });
        shop.app.admin().change("accountMemberRemove", input, "member { held }").await;
        assert_eq!(owner.refused("jobRetry", json!({ "jobId": job })).await, "INVALID_STATE");
        assert_eq!(shop.sums().await[1], "0");
    }
    let admin = shop.app.admin();
    let job = admin.submit_with(shop.input()).await;
    admin.change("jobCancel", json!({ "jobId": job }), "job { id }").await;
    assert_eq!(admin.refused("jobRetry", json!({ "jobId": job })).await, "OK");
    assert_eq!(shop.sums().await[1], "10");
}
