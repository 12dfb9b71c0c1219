//! Amounts that are none, and amounts that are too large.

use serde_json::{Value, json};

use crate::support::TestApp;

#[tokio::test]
async fn whatever_is_no_decimal_number_in_a_string_is_named_with_its_field() {
    let app = TestApp::new().await;
    let (admin, account) = (app.admin(), app.account(json!({})).await);
    let wrong = [
        json!(1),
        json!(1.5),
        json!(-1e308),
        json!(true),
        json!([]),
        json!(["1"]),
        json!({}),
        json!(""),
        json!(" 1"),
        json!("1 "),
        json!("NaN"),
        json!("Infinity"),
        json!("-"),
        json!("+1"),
        json!("1e3"),
        json!("0x10"),
        json!("1,5"),
        json!(".5"),
        json!("5."),
        json!("1.2.3"),
        json!("0.0000001"),
        json!("9000000000000.000001"),
        json!("9".repeat(1_000)),
        json!("\u{661}"),
        json!("1\u{1}"),
    ];
    for amount in wrong {
        let input = json!({ "accountId": account, "amount": amount });
        assert_eq!(admin.wrong("accountGrant", input).await, ["amount"], "{amount}");
        let input = json!({ "accountId": account, "granted": amount, "reason": "x" });
        assert_eq!(admin.wrong("accountAdjust", input).await, ["granted"], "{amount}");
        let input = json!({ "name": "x", "granted": amount });
        assert_eq!(admin.wrong("accountCreate", input).await, ["granted"], "{amount}");
        let input = json!({ "title": "x", "prices": { "perJob": amount } });
        assert_eq!(admin.wrong("serviceCreate", input).await, ["prices/perJob"], "{amount}");
    }
    // In the document itself as in a variable.
    let literal = format!(
        "mutation {{ accountGrant(input: {{ accountId: \"{account}\", amount: 1.5 }}) {{ account {{ id }} }} }}"
    );
    let answer = admin.graphql(&literal, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID", "{answer}");
    assert_eq!(app.sums(&account).await, ["0", "0", "0", "0"]);
}

#[tokio::test]
async fn an_amount_is_given_back_as_the_same_number() {
    let app = TestApp::new().await;
    let account = app.account(json!({})).await;
    for (given, shown) in [("0.000001", "0.000001"), ("007.50", "7.5"), ("9000000000.999999", "9000000000.999999")] {
        let input = json!({ "accountId": account, "amount": given });
        let booked = app.admin().change("accountGrant", input, "entry { granted }").await;
        assert_eq!(booked["entry"]["granted"], shown);
    }
    assert_eq!(app.sums(&account).await[0], "9000000008.5");
}

#[tokio::test]
async fn no_sum_leaves_what_can_be_counted() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let most = "9000000000000";
    let account = app.account(json!({ "granted": most, "overrun": "ALLOW" })).await;
    assert_eq!(admin.wrong("accountGrant", json!({ "accountId": account, "amount": "0.000001" })).await, ["amount"]);
    // What is left must be countable as well.
    let adjust =
        |granted: &str, spent: &str| json!({ "accountId": account, "granted": granted, "spent": spent, "reason": "x" });
    assert_eq!(admin.wrong("accountAdjust", adjust("0", "-0.000001")).await, ["amount"]);
    assert_eq!(admin.refused("accountAdjust", adjust("0", most)).await, "OK");
    assert_eq!(admin.wrong("accountAdjust", adjust("0", "1")).await, ["amount"]);
    assert_eq!(app.sums(&account).await, [most, "0", most, "0"]);
    // The report over several such accounts is larger than any amount, and still a number.
    let other = app.account(json!({ "granted": most, "overrun": "ALLOW" })).await;
    let input = json!({ "accountId": other, "spent": most, "reason": "x" });
    admin.change("accountAdjust", input, "account { id }").await;
    let report = admin.data("{ usage(groupBy: USER) { rows { spent user { id } jobs } } }", json!({})).await;
    assert_eq!(report["usage"]["rows"], json!([{ "spent": "18000000000000", "user": null, "jobs": 0 }]));
    app.audit().await;
}

#[tokio::test]
async fn the_end_of_a_job_never_fails_for_its_price() {
    let app = TestApp::new().await;
    let service =
        app.service(json!({ "prices": { "perHour": "9000000000000" }, "limits": { "maxRunSeconds": 3600 } })).await;
    let runner = app.runner(&service).await;
    let account = app.account(json!({ "overrun": "ALLOW" })).await;
    let input = json!({ "serviceId": service, "accountId": account });
    let job = app.admin().submit_with(input).await;
    for _ in 0..2 {
        let lease = runner.claim().await;
        app.advance(3590);
        let input = json!({ "leaseToken": lease.token, "message": "x", "retryable": true });
        runner.change("workFail", input, "job { id }").await;
        app.advance(60);
    }
    let lease = runner.claim().await;
    runner.change("workComplete", json!({ "leaseToken": lease.token }), "job { id }").await;
    let seen = app.admin().job(&job, "status amount").await;
    assert_eq!((&seen["status"], &seen["amount"]), (&json!("SUCCEEDED"), &json!("9000000000000")));
    let sums = app.sums(&account).await;
    assert_eq!((sums[1].as_str(), sums[3].as_str()), ("0", "-9000000000000"));
    assert_ne!(seen["amount"], Value::Null);
    app.audit().await;
}
