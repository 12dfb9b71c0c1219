//! What is charged without a runner: jobs that a batch system ran, and ends that are set by hand.

use serde_json::{Value, json};

use super::Shop;
use crate::support::{Client, TestApp};

async fn lab(overrun: &str) -> (TestApp, Client, String) {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let account = app.account(json!({ "granted": "10", "overrun": overrun })).await;
    app.member(&account, &ada, json!({})).await;
    (app, ada, account)
}

fn record(ada: &Client, account: &str, amount: &str) -> Value {
    json!({ "ownerId": ada.id, "accountId": account, "amount": amount,
        "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T01:00:00Z" })
}

const JOB: &str = "job { id amount held revision account { available }
    charges { kind spent runSeconds reason } }";

#[tokio::test]
async fn what_a_batch_system_reports_is_charged_as_it_is() {
    let (app, ada, account) = lab("ALLOW").await;
    let max = app.user_with("max", &["accounting"], false).await;
    let made = max.change("jobRecord", record(&ada, &account, "12.5"), JOB).await["job"].take();
    let charge = json!({ "kind": "SETTLE", "spent": "12.5", "runSeconds": 3600.0, "reason": null });
    let expected = json!({ "id": made["id"], "amount": "12.5", "held": null, "revision": 2,
        "account": { "available": "-2.5" }, "charges": [charge] });
    assert_eq!(made, expected);
    // A negative amount gives money back; nothing moves nothing.
    max.change("jobRecord", record(&ada, &account, "-2.5"), JOB).await;
    let free = max.change("jobRecord", record(&ada, &account, "0"), JOB).await["job"].take();
    assert_eq!((&free["charges"], &free["revision"]), (&json!([]), &json!(1)));
    assert_eq!(app.sums(&account).await, ["10", "0", "10", "0"]);
    app.audit().await;
    // The same key and content again is the same job, and the same charge.
    let mut keyed = record(&ada, &account, "1");
    keyed["idempotencyKey"] = json!("k");
    for replayed in [false, true] {
        let made = max.change("jobRecord", keyed.clone(), "replayed job { id }").await;
        assert_eq!(made["replayed"], replayed);
    }
    keyed["amount"] = json!("2");
    assert_eq!(max.refused("jobRecord", keyed).await, "IDEMPOTENCY_MISMATCH");
    assert_eq!(app.sums(&account).await[2], "11");
    // What was charged can be given back.
    let back = max.change("jobRefund", json!({ "jobId": made["id"], "amount": "12" }), "entry { spent }").await;
    assert_eq!(back["entry"]["spent"], "-12");
    app.audit().await;
}

#[tokio::test]
async fn each_rule_meets_a_report_that_is_too_large_in_its_own_way() {
    for (overrun, code, spent) in [("REFUSE", "INSUFFICIENT_FUNDS", "0"), ("CAP", "OK", "10"), ("ALLOW", "OK", "11")] {
        let (app, ada, account) = lab(overrun).await;
        assert_eq!(app.admin().refused("jobRecord", record(&ada, &account, "11")).await, code, "{overrun}");
        assert_eq!(app.sums(&account).await[2], spent, "{overrun}");
        app.audit().await;
    }
    let (app, ada, account) = lab("CAP").await;
    let made = app.admin().change("jobRecord", record(&ada, &account, "11"), JOB).await["job"].take();
    assert_eq!(made["amount"], "10");
    let reason = made["charges"][0]["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("11 was due; 1 of it was not taken"), "{reason}");
}

#[tokio::test]
async fn an_account_may_leave_reports_uncharged() {
    let (app, ada, account) = lab("REFUSE").await;
    let input = json!({ "accountId": account, "chargesRecordedJobs": false });
    app.admin().change("accountUpdate", input, "account { id }").await;
    let made = app.admin().change("jobRecord", record(&ada, &account, "11"), JOB).await["job"].take();
    assert_eq!((&made["amount"], &made["charges"]), (&json!("11"), &json!([])));
    assert_eq!(app.sums(&account).await, ["10", "0", "0", "10"]);
    assert_eq!(app.admin().refused("jobRefund", json!({ "jobId": made["id"] })).await, "INVALID_STATE");
    app.audit().await;
}

#[tokio::test]
async fn a_report_names_what_is_wrong_with_it() {
    let (app, ada, account) = lab("REFUSE").await;
    for (key, value, path) in [
        ("amount", json!("NaN"), "amount"),
        ("amount", json!("9000000000001"), "amount"),
        ("amount", json!(1.5), "amount"),
        ("accountId", json!(format!("account_{}", "0".repeat(32))), "accountId"),
        ("accountId", json!(ada.id), "accountId"),
    ] {
        let mut input = record(&ada, &account, "1");
        input[key] = value.clone();
        assert_eq!(app.admin().wrong("jobRecord", input).await, [path], "{value}");
    }
    app.admin().change("accountDelete", json!({ "accountId": account }), "account { id }").await;
    assert_eq!(app.admin().wrong("jobRecord", record(&ada, &account, "1")).await, ["accountId"]);
    app.audit().await;
}

#[tokio::test]
async fn an_end_that_is_set_by_hand_is_paid_like_any_other() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    let overrule = async |job: &str, status: &str| {
        let input = json!({ "jobId": job, "status": status, "failure": null });
        shop.app.admin().change("jobOverride", input, "job { id }").await;
        shop.sums().await
    };
    let lease = shop.start().await;
    assert_eq!(overrule(&lease.job, "FAILED").await, ["100", "0", "0", "100"], "through nobody's fault");
    assert_eq!(overrule(&lease.job, "SUCCEEDED").await, ["100", "0", "5", "95"], "it was done after all");
    assert_eq!(overrule(&lease.job, "SUCCEEDED").await, ["100", "0", "5", "95"]);
    assert_eq!(
        overrule(&lease.job, "CANCELLED").await,
        ["100", "0", "5", "95"],
        "what was taken is given back by hand"
    );
    assert_eq!(overrule(&lease.job, "QUEUED").await, ["100", "5", "5", "90"]);
    let again = shop.run_again().await;
    assert_eq!(overrule(&lease.job, "QUEUED").await, ["100", "5", "5", "90"], "the lease is gone, the hold stays");
    assert_eq!(shop.runner.refused("workComplete", json!({ "leaseToken": again.token })).await, "LEASE_LOST");
    let last = shop.run_again().await;
    shop.complete(&last).await;
    assert_eq!(shop.sums().await, ["100", "0", "5", "95"]);
}

#[tokio::test]
async fn a_run_that_is_ended_by_hand_pays_for_its_time() {
    let shop = Shop::new(json!({})).await;
    let lease = shop.start().await;
    shop.app.advance(4);
    let input = json!({ "jobId": lease.job, "status": "SUCCEEDED" });
    shop.app.admin().change("jobOverride", input, "job { id }").await;
    let amount: f64 = shop.cost(&lease.job).await[1].as_str().and_then(|it| it.parse().ok()).expect("a number");
    assert!((4.0..6.0).contains(&amount), "{amount}");
    shop.sums().await;
}
