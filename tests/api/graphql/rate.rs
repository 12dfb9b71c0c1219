//! What a caller may spend in a minute.

use serde_json::json;

use crate::support::{TestApp, code};

const QUERY: &str = "{ viewer { rateLimit { limit cost remaining resetAt } } jobs(first: 100) { nodes { id } } }";

#[tokio::test]
async fn without_a_setting_nothing_is_bounded() {
    let app = TestApp::new().await;
    let answer = app.admin().graphql(QUERY, json!({})).await;
    assert!(answer["data"]["viewer"]["rateLimit"].is_null());
    assert!(answer["extensions"]["cost"].get("remaining").is_none());
}

#[tokio::test]
async fn who_has_spent_a_minutes_points_waits_and_others_do_not() {
    let app = TestApp::with(|config| config.graphql.cost_per_minute = 1_000).await;
    let ada = app.user("ada").await;
    let token = ada.api_token(&["jobs:read"]).await;
    let (mut left, mut asked) = (1_000, 0);
    let refused = loop {
        // Another token is not another budget.
        let client = if asked % 2 == 0 { &ada } else { &token };
        let answer = client.graphql(QUERY, json!({})).await;
        if answer.get("errors").is_some() {
            break answer;
        }
        let (limit, cost) = (&answer["data"]["viewer"]["rateLimit"], &answer["extensions"]["cost"]);
        assert_eq!((limit["limit"].as_i64(), &limit["remaining"]), (Some(1_000), &cost["remaining"]));
        let now = cost["remaining"].as_i64().expect("a number");
        assert!(now < left, "{now} are left of {left}");
        (left, asked) = (now, asked + 1);
        assert!(asked < 1_000, "the budget has no end");
    };
    assert_eq!(code(&refused), "RATE_LIMITED");
    assert!(refused.get("data").is_none(), "nothing was run");
    let wait = refused["errors"][0]["extensions"]["retryAfter"].as_u64().expect("a number");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(app.user("bob").await.code(QUERY, json!({})).await, "OK");
    app.advance(60);
    assert_eq!(ada.code(QUERY, json!({})).await, "OK");
}

#[tokio::test]
async fn the_refusal_has_its_status() {
    let app = TestApp::with(|config| (config.graphql.cost, config.graphql.cost_per_minute) = (200, 200)).await;
    let ask = || {
        let body = json!({ "query": QUERY });
        app.anonymous().post("/graphql").header("accept", "application/graphql-response+json").json(&body).send()
    };
    assert_eq!(ask().await.expect("an answer").status(), 200);
    assert_eq!(ask().await.expect("an answer").status(), 429);
}
