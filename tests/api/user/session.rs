//! Sessions: seen, ended, and everywhere.

use serde_json::{Value, json};

use super::lives;
use crate::support::{PASSWORD, TestApp, text};

const SESSIONS: &str = "{ viewer { session { id } sessions { totalCount nodes {
    id isCurrent userAgent origin lastUsedAt expiresAt idleExpiresAt } } } }";

#[tokio::test]
async fn a_user_sees_its_sessions_and_ends_one() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let body = json!({
        "query": "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) { token } }",
        "variables": { "input": { "login": "ada", "password": PASSWORD } },
    });
    let phone = app.anonymous().post("/graphql").header("user-agent", "Phone/1").json(&body);
    let phone = crate::support::read(phone).await;
    let phone = app.anonymous().with_token(text(&phone["data"]["sessionCreate"]["token"]), "");
    let seen = ada.data(SESSIONS, json!({})).await["viewer"].take();
    assert_eq!(seen["sessions"]["totalCount"], 2);
    let [newest, own] = seen["sessions"]["nodes"].as_array().expect("a list").as_slice() else { panic!("{seen}") };
    assert_eq!((&newest["userAgent"], &newest["isCurrent"]), (&json!("Phone/1"), &json!(false)));
    assert_eq!(
        (&own["isCurrent"], &own["id"], &own["origin"]),
        (&json!(true), &seen["session"]["id"], &json!("graphql"))
    );
    assert!(text(&own["idleExpiresAt"]) < text(&own["expiresAt"]));
    ada.change("sessionRevoke", json!({ "sessionId": newest["id"] }), "session { userAgent }").await;
    assert!(lives(&ada).await && !lives(&phone).await);
    assert_eq!(ada.refused("sessionRevoke", json!({ "sessionId": newest["id"] })).await, "NOT_FOUND");
    let eve = app.user("eve").await;
    assert_eq!(eve.refused("sessionRevoke", json!({ "sessionId": own["id"] })).await, "NOT_FOUND");
    app.admin().change("sessionRevoke", json!({ "sessionId": own["id"] }), "session { id }").await;
    assert!(!lives(&ada).await);
}

#[tokio::test]
async fn log_out_everywhere_ends_all_or_all_but_one() {
    let app = TestApp::new().await;
    let (first, second) = (app.user("ada").await, app.anonymous().log_in("ada").await);
    let token = first.api_token(&["jobs:read"]).await;
    let kept = first.change("sessionsDeleteAll", json!({ "keepCurrent": true }), "count").await;
    assert_eq!(kept["count"], 1);
    assert!(lives(&first).await && !lives(&second).await);
    assert_eq!(first.change("sessionsDeleteAll", json!({}), "count").await["count"], 1);
    assert!(!lives(&first).await && lives(&token).await);
    let (bob, eve) = (app.user("bob").await, app.user("eve").await);
    assert_eq!(eve.refused("sessionsDeleteAll", json!({ "userId": bob.id })).await, "FORBIDDEN");
    app.admin().change("sessionsDeleteAll", json!({ "userId": bob.id }), "count").await;
    assert!(!lives(&bob).await && lives(&eve).await);
}

#[tokio::test]
async fn an_admin_sees_the_sessions_and_tokens_of_others_and_nobody_else_does() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    ada.api_token(&["jobs:read"]).await;
    let document =
        "query($id: ID!) { user(id: $id) { sessions { totalCount } tokens { totalCount nodes { lastUsedAt } } } }";
    let seen = app.admin().data(document, json!({ "id": ada.id })).await;
    let expected =
        json!({ "sessions": { "totalCount": 1 }, "tokens": { "totalCount": 1, "nodes": [{ "lastUsedAt": null }] } });
    assert_eq!(seen["user"], expected);
    // Others reach a user through what they share: a job that both see.
    let author = app.author("author").await;
    let service = author.service(json!({})).await;
    let job = ada.submit(&service, json!({})).await;
    let document = "query($id: ID!) { job(id: $id) { owner { sessions { totalCount } tokens { totalCount } } } }";
    let seen = author.data(document, json!({ "id": job })).await;
    assert_eq!(seen["job"]["owner"], json!({ "sessions": { "totalCount": 0 }, "tokens": { "totalCount": 0 } }));
}

#[tokio::test]
async fn pages_of_tokens_hang_together() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for _ in 0..5 {
        ada.api_token(&[]).await;
    }
    let document = "query($after: String) { viewer { tokens(first: 2, after: $after) {
        nodes { id } pageInfo { hasNextPage endCursor } } } }";
    let (mut after, mut seen) = (Value::Null, Vec::new());
    loop {
        let page = ada.data(document, json!({ "after": after })).await["viewer"]["tokens"].take();
        seen.extend(page["nodes"].as_array().expect("a list").iter().map(|node| text(&node["id"])));
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(seen.len(), 5);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 5);
}
