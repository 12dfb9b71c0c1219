//! Money that is moved by hand.

use serde_json::{Value, json};

use super::Shop;
use crate::support::{TestApp, text};

const ENTRY: &str = "entry { kind granted held spent reason actor { username } job { id } user { username } }
    account { granted spent available }";

#[tokio::test]
async fn grants_and_adjustments_are_entries_with_a_reason_and_an_actor() {
    let app = TestApp::new().await;
    let max = app.user_with("max", &["accounting"], false).await;
    let account = app.account(json!({})).await;
    let input = json!({ "accountId": account, "amount": "7.25", "reason": "for June" });
    let granted = max.change("accountGrant", input, ENTRY).await;
    let expected = json!({ "kind": "GRANT", "granted": "7.25", "held": "0", "spent": "0", "reason": "for June",
        "actor": { "username": "max" }, "job": null, "user": null });
    assert_eq!(granted["entry"], expected);
    assert_eq!(granted["account"], json!({ "granted": "7.25", "spent": "0", "available": "7.25" }));
    let input = json!({ "accountId": account, "granted": "-0.25", "spent": "3", "reason": "was booked elsewhere" });
    let adjusted = max.change("accountAdjust", input, ENTRY).await;
    assert_eq!((&adjusted["entry"]["kind"], &adjusted["entry"]["granted"]), (&json!("ADJUSTMENT"), &json!("-0.25")));
    assert_eq!(adjusted["account"], json!({ "granted": "7", "spent": "3", "available": "4" }));
    // What is booked as spent by mistake is booked back, also below nothing.
    let input = json!({ "accountId": account, "spent": "-5", "reason": "x" });
    assert_eq!(max.change("accountAdjust", input, ENTRY).await["account"]["available"], "9");
    app.audit().await;
}

#[tokio::test]
async fn no_adjustment_overdraws_what_may_not_be_overdrawn() {
    let app = TestApp::new().await;
    let admin = app.admin();
    for overrun in ["REFUSE", "CAP"] {
        let account = app.account(json!({ "granted": "5", "overrun": overrun })).await;
        for (granted, spent) in [("-5.000001", "0"), ("0", "5.000001"), ("-3", "3")] {
            let input = json!({ "accountId": account, "granted": granted, "spent": spent, "reason": "x" });
            assert_eq!(admin.refused("accountAdjust", input).await, "INSUFFICIENT_FUNDS", "{granted} {spent}");
        }
        let input = json!({ "accountId": account, "granted": "-2", "spent": "3", "reason": "x" });
        assert_eq!(admin.refused("accountAdjust", input).await, "OK", "to nothing, and not below it");
    }
    let account = app.account(json!({ "overrun": "ALLOW" })).await;
    let input = json!({ "accountId": account, "granted": "-1", "spent": "1", "reason": "x" });
    admin.change("accountAdjust", input, ENTRY).await;
    assert_eq!(app.sums(&account).await, ["-1", "0", "1", "-2"]);
    app.audit().await;
}

#[tokio::test]
async fn a_refund_gives_back_no_more_than_was_taken() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    let admin = shop.app.admin();
    let lease = shop.start().await;
    let refund = |amount: Value| json!({ "jobId": lease.job, "amount": amount, "reason": "it was wrong" });
    assert_eq!(admin.refused("jobRefund", refund(json!("1"))).await, "INVALID_STATE", "nothing was taken yet");
    shop.complete(&lease).await;
    for amount in ["0", "-1", "5.000001", "9000000000000"] {
        assert_eq!(admin.wrong("jobRefund", refund(json!(amount))).await, ["amount"], "{amount}");
    }
    let part = admin.change("jobRefund", refund(json!("1.5")), ENTRY).await;
    let expected = json!({ "kind": "REFUND", "granted": "0", "held": "0", "spent": "-1.5", "reason": "it was wrong",
        "actor": { "username": "admin" }, "job": { "id": lease.job }, "user": { "username": "ada" } });
    assert_eq!(part["entry"], expected);
    assert_eq!(shop.cost(&lease.job).await[1], "3.5");
    assert_eq!(admin.wrong("jobRefund", refund(json!("3.500001"))).await, ["amount"]);
    admin.change("jobRefund", json!({ "jobId": lease.job }), ENTRY).await;
    assert_eq!(shop.cost(&lease.job).await[1], "0");
    assert_eq!(admin.refused("jobRefund", json!({ "jobId": lease.job })).await, "INVALID_STATE");
    assert_eq!(shop.sums().await, ["100", "0", "0", "100"]);
    // The event of it is one more of the job, which has ended.
    let events =
        shop.ada.job(&lease.job, "revision events(first: 100) { nodes { ... on JobCharged { kind spent revision } } }");
    let events = events.await;
    let last = events["events"]["nodes"].as_array().expect("a list").last().expect("an event").clone();
    assert_eq!(last, json!({ "kind": "REFUND", "spent": "-3.5", "revision": events["revision"] }));
    let free = shop.ada.submit(&shop.app.service(json!({})).await, json!({})).await;
    assert_eq!(admin.refused("jobRefund", json!({ "jobId": free })).await, "INVALID_STATE");
    let absent = format!("job_{}", "0".repeat(32));
    assert_eq!(admin.refused("jobRefund", json!({ "jobId": absent })).await, "NOT_FOUND");
}

#[tokio::test]
async fn the_accountant_refunds_a_job_that_it_does_not_see() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    let lease = shop.start().await;
    shop.complete(&lease).await;
    let max = shop.app.user_with("max", &["accounting"], false).await;
    let code = max.code("query($id: ID!) { job(id: $id) { id } }", json!({ "id": lease.job })).await;
    assert_eq!(code, "NOT_FOUND");
    let back = max.change("jobRefund", json!({ "jobId": lease.job }), "entry { jobId job { id } }").await;
    assert_eq!(back["entry"], json!({ "jobId": lease.job, "job": null }));
}

#[tokio::test]
async fn a_run_that_is_tried_again_after_its_end_holds_again_and_pays_the_difference() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({ "granted": "8" })).await;
    let lease = shop.start().await;
    shop.fail(&lease, "USER", false).await;
    assert_eq!(shop.sums().await, ["8", "0", "5", "3"]);
    let again = json!({ "jobId": lease.job });
    assert_eq!(shop.ada.refused("jobRetry", again.clone()).await, "INSUFFICIENT_FUNDS");
    let grant = json!({ "accountId": shop.account, "amount": "2" });
    shop.app.admin().change("accountGrant", grant, "account { id }").await;
    shop.ada.change("jobRetry", again, "job { id }").await;
    assert_eq!(shop.cost(&lease.job).await, [json!("5"), json!("5")]);
    assert_eq!(shop.sums().await, ["10", "5", "5", "0"]);
    let second = shop.run_again().await;
    shop.complete(&second).await;
    assert_eq!(shop.cost(&lease.job).await, [Value::Null, json!("5")], "one job, one price");
    assert_eq!(shop.sums().await, ["10", "0", "5", "5"]);
    assert_eq!(shop.kinds().await, ["GRANT", "HOLD", "SETTLE", "GRANT", "HOLD", "RELEASE"]);
}

#[tokio::test]
async fn a_refund_stands_whatever_becomes_of_the_job_later() {
    let shop = Shop::with(json!({ "perJob": "1", "perHour": "3600" }), json!({ "maxRunSeconds": 10 }), json!({})).await;
    let admin = shop.app.admin();
    let lease = shop.start().await;
    shop.app.advance(4);
    shop.fail(&lease, "USER", false).await;
    let first: f64 = text(&shop.cost(&lease.job).await[1]).parse().expect("a number");
    assert!((4.9..11.1).contains(&first), "one for the job and 4 seconds: {first}");
    admin.change("jobRefund", json!({ "jobId": lease.job }), "entry { id }").await;
    assert_eq!(shop.cost(&lease.job).await[1], "0");
    // It runs once more, and pays for that run alone: neither the first run nor the price of the job is taken again.
    shop.ada.change("jobRetry", json!({ "jobId": lease.job }), "job { id }").await;
    let second = shop.run_again().await;
    shop.app.advance(2);
    shop.complete(&second).await;
    let again: f64 = text(&shop.cost(&lease.job).await[1]).parse().expect("a number");
    assert!((1.9..5.0).contains(&again), "2 seconds: {again}");
    // An end that costs nothing takes nothing, and gives nothing back; one that is set by hand takes no refund back.
    admin.change("jobRefund", json!({ "jobId": lease.job }), "entry { id }").await;
    for status in ["CANCELLED", "SUCCEEDED"] {
        let input = json!({ "jobId": lease.job, "status": status });
        admin.change("jobOverride", input, "job { status }").await;
        assert_eq!(shop.cost(&lease.job).await[1], "0", "{status}");
    }
    assert_eq!(shop.kinds().await, ["GRANT", "HOLD", "SETTLE", "REFUND", "HOLD", "SETTLE", "REFUND"]);
    assert_eq!(shop.sums().await, ["100", "0", "0", "100"]);
}
