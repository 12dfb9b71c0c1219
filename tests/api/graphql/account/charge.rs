//! What the life of a job does to the account that pays for it.

use serde_json::{Value, json};

use super::Shop;
use crate::support::{TestApp, text};

#[tokio::test]
async fn a_job_holds_its_longest_run_and_settles_what_it_ran() {
    let shop = Shop::new(json!({})).await;
    let lease = shop.start().await;
    assert_eq!(shop.cost(&lease.job).await, [json!("10"), Value::Null]);
    assert_eq!(shop.sums().await, ["100", "10", "0", "90"]);
    shop.app.advance(4);
    shop.complete(&lease).await;
    let [held, amount] = shop.cost(&lease.job).await;
    assert_eq!(held, Value::Null);
    // The test's clock stood at four seconds, the machine's went on.
    let amount: f64 = text(&amount).parse().expect("a number");
    assert!((4.0..6.0).contains(&amount), "{amount}");
    let sums = shop.sums().await;
    assert_eq!((&sums[0], &sums[1], sums[2].parse().ok()), (&"100".to_owned(), &"0".to_owned(), Some(amount)));
    assert_eq!(shop.kinds().await, ["GRANT", "HOLD", "SETTLE"]);
}

#[tokio::test]
async fn the_price_by_job_is_exact_and_processors_multiply_the_hour() {
    let prices = json!({ "perJob": "0.000001", "perHour": "60", "perCpuHour": "6.5" });
    let shop = Shop::with(prices, json!({ "maxRunSeconds": 3600 }), json!({ "granted": "1000" })).await;
    let mut input = shop.input();
    input["cpus"] = json!(8);
    input["maxRunSeconds"] = json!(1800);
    let job = shop.ada.submit_with(input).await;
    let seen = shop.ada.job(&job, "held cpus maxRunSeconds account { id }").await;
    let expected = json!({ "held": "56.000001", "cpus": 8, "maxRunSeconds": 1800, "account": { "id": shop.account } });
    assert_eq!(seen, expected);
    let document = "query($id: ID!) { estimate(serviceId: $id, cpus: 8, maxRunSeconds: 1800) {
        hold perJob perHour maxRunSeconds } }";
    let estimate = shop.app.anonymous().data(document, json!({ "id": shop.service })).await["estimate"].take();
    let expected = json!({ "hold": "56.000001", "perJob": "0.000001", "perHour": "112", "maxRunSeconds": 1800 });
    assert_eq!(estimate, expected);
}

#[tokio::test]
async fn who_ends_a_job_decides_what_it_costs() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    for (kind, amount) in [("USER", "5"), ("SYSTEM", "0")] {
        let lease = shop.start().await;
        shop.fail(&lease, kind, false).await;
        assert_eq!(shop.cost(&lease.job).await, [Value::Null, json!(amount)], "{kind}");
    }
    assert_eq!(shop.sums().await, ["100", "0", "5", "95"]);
    // Cancelled while it waits, and by its worker's word.
    let waiting = shop.submit().await;
    shop.ada.change("jobCancel", json!({ "jobId": waiting }), "job { id }").await;
    assert_eq!(shop.cost(&waiting).await, [Value::Null, json!("0")]);
    let lease = shop.start().await;
    shop.ada.change("jobCancel", json!({ "jobId": lease.job }), "job { id }").await;
    shop.runner.change("workRelease", json!({ "leaseToken": lease.token }), "job { id }").await;
    assert_eq!(shop.cost(&lease.job).await, [Value::Null, json!("0")], "it was not done, and has no price by the hour");
    assert_eq!(shop.sums().await, ["100", "0", "5", "95"]);
    assert_eq!(
        shop.kinds().await,
        ["GRANT", "HOLD", "SETTLE", "HOLD", "RELEASE", "HOLD", "RELEASE", "HOLD", "RELEASE"]
    );
}

#[tokio::test]
async fn a_cancelled_job_pays_for_the_time_that_it_ran() {
    let shop =
        Shop::with(json!({ "perJob": "50", "perHour": "3600" }), json!({ "maxRunSeconds": 10 }), json!({})).await;
    let lease = shop.start().await;
    shop.app.advance(3);
    shop.ada.change("jobCancel", json!({ "jobId": lease.job }), "job { id }").await;
    shop.fail(&lease, "USER", false).await;
    let amount: f64 = text(&shop.cost(&lease.job).await[1]).parse().expect("a number");
    assert!((3.0..5.0).contains(&amount), "{amount}");
}

#[tokio::test]
async fn attempts_add_up_under_one_hold_and_those_handed_back_do_not_count() {
    let shop = Shop::new(json!({ "overrun": "CAP" })).await;
    let first = shop.start().await;
    shop.app.advance(6);
    shop.fail(&first, "SYSTEM", true).await;
    assert_eq!(shop.cost(&first.job).await, [json!("10"), Value::Null], "a retry keeps the hold");
    shop.app.advance(5);
    let second = shop.run_again().await;
    shop.app.advance(8);
    shop.runner.change("workRelease", json!({ "leaseToken": second.token }), "job { id }").await;
    let third = shop.run_again().await;
    shop.app.advance(7);
    shop.complete(&third).await;
    let amount: f64 = text(&shop.cost(&first.job).await[1]).parse().expect("a number");
    assert!((13.0..17.0).contains(&amount), "6 and 7, not the 8 that were handed back: {amount}");
    let ran = shop.ada.job(&first.job, "runSeconds").await["runSeconds"].as_f64().expect("a number");
    assert!((ran - amount).abs() < 0.001, "{ran}");
    shop.sums().await;
}

#[tokio::test]
async fn a_job_that_is_lost_for_good_costs_nothing() {
    let limits = json!({ "maxRunSeconds": 60, "maxAttempts": 1, "leaseSeconds": 5 });
    let shop = Shop::with(json!({ "perJob": "1", "perHour": "3600" }), limits, json!({})).await;
    let lease = shop.start().await;
    shop.app.advance(6);
    assert_eq!(shop.app.sweep().await, 1);
    assert_eq!(shop.cost(&lease.job).await, [Value::Null, json!("0")]);
    assert_eq!(shop.sums().await, ["100", "0", "0", "100"]);
    // The worker that wakes up too late finishes nothing, and so takes nothing.
    let late = json!({ "leaseToken": lease.token });
    assert_eq!(shop.runner.refused("workComplete", late).await, "LEASE_LOST");
    assert_eq!(shop.sums().await, ["100", "0", "0", "100"]);
}

#[tokio::test]
async fn a_lost_attempt_counts_to_the_end_of_its_lease_at_most() {
    let limits = json!({ "maxRunSeconds": 60, "maxAttempts": 2, "leaseSeconds": 5 });
    let shop = Shop::with(json!({ "perHour": "3600" }), limits, json!({})).await;
    shop.start().await;
    // The sweep comes late: half an hour in which nobody worked.
    shop.app.advance(1800);
    assert_eq!(shop.app.sweep().await, 1);
    let second = shop.run_again().await;
    shop.app.advance(3);
    shop.complete(&second).await;
    let amount: f64 = text(&shop.cost(&second.job).await[1]).parse().expect("a number");
    assert!((7.9..10.0).contains(&amount), "5 of the lease and 3: {amount}");
}

#[tokio::test]
async fn an_attempt_that_ran_too_long_pays_for_no_more_than_it_might_run() {
    let limits = json!({ "maxRunSeconds": 10, "leaseSeconds": 3600 });
    let shop = Shop::with(json!({ "perJob": "1", "perHour": "3600" }), limits, json!({})).await;
    let lease = shop.start().await;
    shop.app.advance(1000);
    assert_eq!(shop.app.sweep().await, 1);
    let job = shop.ada.job(&lease.job, "status failure { kind } amount runSeconds").await;
    let expected = json!({ "status": "FAILED", "failure": { "kind": "TIMEOUT" }, "amount": "11", "runSeconds": 10.0 });
    assert_eq!(job, expected);
    assert_eq!(shop.sums().await, ["100", "0", "11", "89"]);
}

#[tokio::test]
async fn a_worker_that_leaves_gives_back_the_job_and_not_the_hold() {
    let shop = Shop::new(json!({})).await;
    let lease = shop.start().await;
    shop.runner.data("mutation { runnerUnregister { runner { id } } }", json!({})).await;
    assert_eq!(shop.cost(&lease.job).await, [json!("10"), Value::Null]);
    assert_eq!(shop.sums().await, ["100", "10", "0", "90"]);
}

#[tokio::test]
async fn the_price_of_the_submission_holds_whatever_the_service_does_later() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    let lease = shop.start().await;
    for prices in [json!({ "perJob": "99" }), json!({ "perJob": null, "perHour": "1" })] {
        let input = json!({ "serviceId": shop.service, "prices": prices });
        shop.app.admin().change("serviceUpdate", input, "service { id }").await;
    }
    shop.complete(&lease).await;
    assert_eq!(shop.cost(&lease.job).await, [Value::Null, json!("5")]);
    let document = "query($id: ID!) { service(id: $id) { prices { perJob perHour perCpuHour } } }";
    let prices = shop.ada.data(document, json!({ "id": shop.service })).await["service"]["prices"].take();
    assert_eq!(prices, json!({ "perJob": null, "perHour": "1", "perCpuHour": null }));
}

#[tokio::test]
async fn a_free_job_may_name_an_account_and_moves_nothing() {
    let shop = Shop::with(json!({}), json!({}), json!({})).await;
    let lease = shop.start().await;
    assert_eq!(shop.cost(&lease.job).await, [json!("0"), Value::Null]);
    shop.complete(&lease).await;
    assert_eq!(shop.cost(&lease.job).await, [Value::Null, json!("0")]);
    assert_eq!(shop.kinds().await, ["GRANT"]);
    let free = shop.ada.submit(&shop.service, json!({})).await;
    assert_eq!(shop.cost(&free).await, [Value::Null, Value::Null]);
}

#[tokio::test]
async fn entries_outlive_the_job_that_they_are_about() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    let lease = shop.start().await;
    shop.complete(&lease).await;
    let charges = shop.ada.job(&lease.job, "charges { id kind held spent user { username } }").await["charges"].take();
    assert_eq!(charges.as_array().map(Vec::len), Some(2), "{charges}");
    assert_eq!(
        (&charges[1]["kind"], &charges[1]["spent"], &charges[1]["held"]),
        (&json!("SETTLE"), &json!("5"), &json!("-5"))
    );
    shop.ada.change("jobDelete", json!({ "jobId": lease.job }), "job { id }").await;
    let document = "query($id: ID!) { ledger(filter: { jobId: { eq: $id } }) { nodes { jobId job { id } kind } } }";
    let found = shop.ada.data(document, json!({ "id": lease.job })).await["ledger"]["nodes"].take();
    let entry = |kind: &str| json!({ "jobId": lease.job, "job": null, "kind": kind });
    assert_eq!(found, json!([entry("SETTLE"), entry("HOLD")]));
    assert_eq!(shop.sums().await, ["100", "0", "5", "95"]);
}

#[tokio::test]
async fn a_service_that_has_a_price_needs_somebody_who_pays() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    let without = json!({ "serviceId": shop.service });
    for client in [&shop.ada, &shop.app.admin()] {
        assert_eq!(client.wrong("jobSubmit", without.clone()).await, ["accountId"]);
    }
    // Others' accounts are not there, and accounts of an accountant are not its own.
    let eve = shop.app.user("eve").await;
    assert_eq!(eve.refused("jobSubmit", shop.input()).await, "NOT_FOUND");
    let accountant = shop.app.user_with("max", &["accounting"], false).await;
    assert_eq!(accountant.refused("jobSubmit", shop.input()).await, "NOT_FOUND");
    assert_eq!(shop.sums().await, ["100", "0", "0", "100"]);
    // An admin may do everything; what it charges is its own, without it being a member.
    let job = shop.app.admin().submit_with(shop.input()).await;
    assert_eq!(shop.app.admin().job(&job, "held").await["held"], "5");
    assert_eq!(shop.sums().await, ["100", "5", "0", "95"]);
}

#[tokio::test]
async fn a_page_of_jobs_with_their_accounts_shows_each_what_it_may_see() {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    shop.submit().await;
    shop.ada.submit(&shop.app.service(json!({})).await, json!({})).await;
    let document = "{ jobs(order: SUBMITTED_AT_ASC) { nodes { held account { name available } } } }";
    let ada = shop.ada.data(document, json!({})).await["jobs"]["nodes"].take();
    let name = ada[0]["account"]["name"].clone();
    let own =
        json!([{ "held": "5", "account": { "name": name, "available": "95" } }, { "held": null, "account": null }]);
    assert_eq!(ada, own);
    // Who sees a job as its service's owner does not see who pays for it.
    let app = TestApp::new().await;
    let (cara, ada) = (app.author("cara").await, app.user("ada").await);
    let service = cara.service(json!({ "prices": { "perJob": "5" } })).await;
    let account = app.account(json!({ "granted": "10" })).await;
    app.member(&account, &ada, json!({})).await;
    ada.submit_with(json!({ "serviceId": service, "accountId": account })).await;
    let document = "{ jobs { nodes { held account { name } charges { id } } } }";
    let seen = cara.data(document, json!({})).await["jobs"]["nodes"].take();
    assert_eq!(seen, json!([{ "held": "5", "account": null, "charges": [] }]));
}

#[tokio::test]
async fn an_attempt_that_somebody_ends_by_hand_is_paid_for_with_the_next() {
    let shop = Shop::with(json!({ "perHour": "60" }), json!({ "maxRunSeconds": 3600 }), json!({})).await;
    let first = shop.start().await;
    shop.app.advance(1800);
    let again = json!({ "jobId": first.job, "status": "QUEUED" });
    shop.app.admin().change("jobOverride", again, "job { status }").await;
    assert_eq!(shop.cost(&first.job).await, [json!("60"), Value::Null]);
    let second = shop.run_again().await;
    shop.app.advance(60);
    shop.complete(&second).await;
    let [held, amount] = shop.cost(&first.job).await;
    let amount: f64 = amount.as_str().and_then(|amount| amount.parse().ok()).expect("an amount");
    // The test takes a moment of its own.
    assert!(held.is_null() && (31.0..31.5).contains(&amount), "{amount}");
    shop.sums().await;
}
