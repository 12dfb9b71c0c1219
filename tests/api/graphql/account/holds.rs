//! Money that is held for jobs that do not come to an end.

use docket::{domain::account, error::Code, viewer::Viewer};
use entity::{Amount, Time};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Shop;

fn uid(job: &str) -> Uuid {
    job.strip_prefix("job_").and_then(|uid| Uuid::parse_str(uid).ok()).expect("the id of a job")
}

#[tokio::test]
async fn old_holds_are_listed_and_released_and_the_job_still_settles() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    let app = &shop.app.server.app;
    let operator = Viewer::local_operator();
    let lease = shop.start().await;
    let now = || Time(shop.app.clock.now_micros());
    assert_eq!(account::holds(app, &operator, now().plus_seconds(-60), 0).await.expect("a list").len(), 0);
    shop.app.advance(120);
    let held = account::holds(app, &operator, now().plus_seconds(-60), 0).await.expect("a list");
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].job.uid, held[0].job.held), (uid(&lease.job), Some(Amount(5_000_000))));
    account::release_hold(app, &operator, uid(&lease.job)).await.expect("it is released");
    assert_eq!(shop.sums().await, ["100", "0", "0", "100"]);
    assert_eq!(shop.cost(&lease.job).await, [json!("0"), Value::Null]);
    assert_eq!(account::holds(app, &operator, now(), 0).await.expect("a list").len(), 0);
    let twice = account::release_hold(app, &operator, uid(&lease.job)).await.expect_err("nothing is held");
    assert_eq!(twice.code(), Code::InvalidState);
    shop.complete(&lease).await;
    assert_eq!(shop.cost(&lease.job).await, [Value::Null, json!("5")]);
    assert_eq!(shop.sums().await, ["100", "0", "5", "95"]);
    assert_eq!(shop.kinds().await, ["GRANT", "HOLD", "RELEASE", "SETTLE"]);
}

#[tokio::test]
async fn a_released_hold_is_settled_from_what_is_left() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({ "granted": "5" })).await;
    let first = shop.start().await;
    account::release_hold(&shop.app.server.app, &Viewer::local_operator(), uid(&first.job)).await.expect("released");
    let spend = json!({ "accountId": shop.account, "spent": "3", "reason": "x" });
    shop.app.admin().change("accountAdjust", spend, "account { id }").await;
    shop.complete(&first).await;
    assert_eq!(shop.cost(&first.job).await, [Value::Null, json!("2")]);
    assert_eq!(shop.sums().await, ["5", "0", "5", "0"]);
}

#[tokio::test]
async fn holds_are_for_those_who_keep_accounts() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    let app = &shop.app.server.app;
    let job = shop.submit().await;
    let ada = docket::domain::session::authenticate(app, shop.ada.token.as_deref()).await.expect("a viewer");
    let refused = account::holds(app, &ada, Time(i64::MAX), 0).await.expect_err("not hers to see");
    assert_eq!(refused.code(), Code::Forbidden);
    let refused = account::release_hold(app, &ada, uid(&job)).await.expect_err("not hers to release");
    assert_eq!(refused.code(), Code::Forbidden);
}

#[tokio::test]
async fn a_released_hold_leaves_the_members_limit_as_it_is() {
    for overrun in ["REFUSE", "CAP"] {
        let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({ "overrun": overrun })).await;
        shop.app.member(&shop.account, &shop.ada, json!({ "limit": "5" })).await;
        let first = shop.start().await;
        account::release_hold(&shop.app.server.app, &Viewer::local_operator(), uid(&first.job))
            .await
            .expect("released");
        let second = shop.start().await;
        shop.complete(&first).await;
        assert_eq!(shop.sums().await, ["100", "5", "0", "95"], "{overrun}: the second job has all of the limit");
        shop.complete(&second).await;
        assert_eq!(shop.sums().await, ["100", "0", "5", "95"], "{overrun}");
    }
}

#[tokio::test]
async fn a_release_is_noted_in_the_audit() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    let job = shop.submit().await;
    account::release_hold(&shop.app.server.app, &Viewer::local_operator(), uid(&job)).await.expect("released");
    let document =
        "query($id: ID!) { auditEntries(filter: { subjectId: { eq: $id } }) { nodes { action actorKind } } }";
    let found = shop.app.admin().data(document, json!({ "id": job })).await;
    assert_eq!(found["auditEntries"]["nodes"], json!([{ "action": "JOB_HOLD_RELEASED", "actorKind": "OPERATOR" }]));
}
