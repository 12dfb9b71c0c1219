//! What was spent, added up.

use serde_json::{Value, json};

use super::Shop;
use crate::support::{Client, text};

/// Ada's three jobs and bob's one, 5 each, on two days.
async fn spent() -> (Shop, Client) {
    let shop = Shop::with(json!({ "perJob": "5" }), json!({}), json!({})).await;
    let bob = shop.app.user("bob").await;
    shop.app.member(&shop.account, &bob, json!({})).await;
    for client in [&shop.ada, &shop.ada, &bob, &shop.ada] {
        client.submit_with(shop.input()).await;
        let lease = shop.run_again().await;
        shop.complete(&lease).await;
        shop.app.advance(86_400 / 3);
    }
    let job = shop.submit().await;
    let lease = shop.run_again().await;
    shop.fail(&lease, "SYSTEM", false).await;
    assert_eq!(shop.cost(&job).await[1], "0", "what cost nothing is in no report");
    (shop, bob)
}

async fn rows(client: &Client, arguments: &str, selection: &str) -> Value {
    let document = format!("{{ usage({arguments}) {{ rows {{ spent jobs {selection} }} }} }}");
    client.data(&document, json!({})).await["usage"]["rows"].take()
}

#[tokio::test]
async fn usage_is_added_up_by_user_service_and_day() {
    let (shop, bob) = spent().await;
    let admin = shop.app.admin();
    let by_user = rows(&admin, "groupBy: USER", "user { username } service { id } day").await;
    let row = |name: &str, spent: &str, jobs: i32| json!({ "spent": spent, "jobs": jobs, "user": { "username": name }, "service": null, "day": null });
    assert_eq!(by_user, json!([row("ada", "15", 3), row("bob", "5", 1)]));
    let by_service = rows(&admin, "groupBy: SERVICE", "service { id } runSeconds").await;
    assert_eq!(by_service.as_array().map(Vec::len), Some(1));
    assert_eq!(by_service[0]["service"]["id"], json!(shop.service));
    let by_day = rows(&admin, "groupBy: DAY", "day").await;
    let by_day = by_day.as_array().expect("a list");
    let total: f64 = by_day.iter().map(|row| text(&row["spent"]).parse::<f64>().expect("a number")).sum();
    assert!((total - 20.0).abs() < f64::EPSILON && (2..=3).contains(&by_day.len()), "{by_day:?}");
    let days: Vec<String> = by_day.iter().map(|row| text(&row["day"])).collect();
    assert!(days.is_sorted() && days.iter().all(|day| day.len() == 10), "{days:?}");
    // A refund is taken off again.
    let job =
        shop.ada.data("{ jobs(last: 1, filter: { status: { eq: SUCCEEDED } }) { nodes { id } } }", json!({})).await;
    admin.change("jobRefund", json!({ "jobId": job["jobs"]["nodes"][0]["id"] }), "entry { id }").await;
    let own = rows(&shop.ada, "groupBy: USER", "user { username }").await;
    assert_eq!(own, json!([{ "spent": "10", "jobs": 3, "user": { "username": "ada" } }]), "and she sees her own only");
    assert_eq!(rows(&bob, "groupBy: SERVICE", "__typename").await[0]["spent"], "5");
    let stranger = shop.app.user("eve").await;
    assert_eq!(rows(&stranger, "groupBy: DAY", "__typename").await, json!([]));
}

#[tokio::test]
async fn usage_is_narrowed_and_paged() {
    let (shop, bob) = spent().await;
    let admin = shop.app.admin();
    let other = shop.app.account(json!({})).await;
    for (filter, spent) in [
        (format!("accountId: {{ eq: \"{}\" }}", shop.account), Some("20")),
        (format!("accountId: {{ eq: \"{other}\" }}"), None),
        (format!("userId: {{ in: [\"{}\"] }}", bob.id), Some("5")),
        (format!("serviceId: {{ eq: \"{}\" }}", shop.service), Some("20")),
    ] {
        let found = rows(&admin, &format!("groupBy: SERVICE, filter: {{ {filter} }}"), "__typename").await;
        assert_eq!(found[0]["spent"].as_str(), spent, "{filter}");
    }
    let found = rows(&admin, "groupBy: USER, from: \"2100-01-01T00:00:00Z\"", "__typename").await;
    assert_eq!(found, json!([]));
    let found = rows(&admin, "groupBy: USER, to: \"2001-01-01T00:00:00Z\"", "__typename").await;
    assert_eq!(found, json!([]));
    let document = "query($after: String) { usage(groupBy: USER, first: 1, after: $after) {
        rows { user { username } } pageInfo { hasNextPage hasPreviousPage endCursor } } }";
    let first = admin.data(document, json!({})).await["usage"].take();
    assert_eq!(
        (&first["rows"][0]["user"]["username"], &first["pageInfo"]["hasNextPage"]),
        (&json!("ada"), &json!(true))
    );
    let after = json!({ "after": first["pageInfo"]["endCursor"] });
    let second = admin.data(document, after.clone()).await["usage"].take();
    assert_eq!(
        (&second["rows"][0]["user"]["username"], &second["pageInfo"]["hasNextPage"]),
        (&json!("bob"), &json!(false))
    );
    for (arguments, path) in [
        ("groupBy: DAY, after: \"u1\"", "after"),
        ("groupBy: USER, after: \"\"", "after"),
        ("groupBy: USER, after: \"uu\"", "after"),
        ("groupBy: USER, first: 0", "first"),
        ("groupBy: USER, first: 101", "first"),
        ("groupBy: USER, filter: { accountId: { eq: \"x\" } }", "filter/accountId/eq"),
    ] {
        let faults = admin.faults(&format!("{{ usage({arguments}) {{ rows {{ jobs }} }} }}"), json!({})).await;
        assert_eq!(faults.first().map(|(path, _)| path.as_str()), Some(path), "{arguments}");
    }
}
