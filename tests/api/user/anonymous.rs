//! Accounts without a name.

use serde_json::json;

use super::{last_mail, lives, me};
use crate::support::{Client, PASSWORD, TestApp, text};

const DAY: u64 = 86_400;

async fn with_anonymous_users() -> TestApp {
    TestApp::with(|config| config.sign_up.anonymous_users = true).await
}

async fn come(app: &TestApp) -> Client {
    let document = "mutation { userCreateAnonymous { token user { id kind } session { id } } }";
    let made = app.anonymous().data(document, json!({})).await["userCreateAnonymous"].take();
    assert_eq!(made["user"]["kind"], "ANONYMOUS");
    app.anonymous().with_token(text(&made["token"]), text(&made["user"]["id"]))
}

#[tokio::test]
async fn a_server_gives_them_only_where_it_was_told_to() {
    let app = TestApp::new().await;
    let document = "mutation { userCreateAnonymous { token } }";
    assert_eq!(app.anonymous().code(document, json!({})).await, "FORBIDDEN");
    let app = with_anonymous_users().await;
    assert_eq!(app.admin().code(document, json!({})).await, "INVALID_STATE");
    assert_eq!(app.anonymous().code(document, json!({})).await, "OK");
}

#[tokio::test]
async fn somebody_without_a_name_works_and_keeps_it_all_by_signing_up() {
    let app = with_anonymous_users().await;
    let service = app.service(json!({})).await;
    let somebody = come(&app).await;
    let project = somebody.personal().await;
    let job = somebody.submit(&service, json!({})).await;
    assert_eq!(somebody.refused("userUpdate", json!({ "username": "ada" })).await, "INVALID_STATE");
    let input = json!({ "email": "ada@example.org", "password": PASSWORD, "username": "ada" });
    let made = somebody.change("userSignUp", input.clone(), "user { id username kind }").await;
    let expected = json!({ "id": somebody.id, "username": "ada", "kind": "AUTHENTICATED" });
    assert_eq!(made["user"], expected);
    assert_eq!(me(&somebody, "username kind").await, json!({ "username": "ada", "kind": "AUTHENTICATED" }));
    let token = last_mail(&app, "ada@example.org").await.token();
    app.anonymous().change("userActivate", json!({ "token": token }), "user { id }").await;
    let ada = app.anonymous().log_in("ada").await;
    assert_eq!(ada.id, somebody.id);
    assert_eq!(ada.personal().await, project);
    assert_eq!(ada.status(&job).await, "QUEUED");
}

#[tokio::test]
async fn who_does_not_come_back_and_has_no_jobs_is_forgotten() {
    let app = with_anonymous_users().await;
    let service = app.service(json!({})).await;
    let (idle, busy) = (come(&app).await, come(&app).await);
    busy.submit(&service, json!({})).await;
    app.advance(29 * DAY);
    assert_eq!(app.sweep_users().await, 0);
    let late = come(&app).await;
    app.advance(2 * DAY);
    assert_eq!(app.sweep_users().await, 1);
    let admin = app.anonymous().log_in("admin").await;
    let document = "query($filter: UserFilter!) { users(filter: $filter) { nodes { id } } }";
    let left = admin.data(document, json!({ "filter": { "kind": { "eq": "ANONYMOUS" } } })).await;
    assert_eq!(left["users"]["nodes"], json!([{ "id": busy.id }, { "id": late.id }]));
    assert!(!lives(&idle).await && lives(&late).await);
}

#[tokio::test]
async fn a_token_that_may_do_little_does_not_become_the_whole_account() {
    let app = with_anonymous_users().await;
    let somebody = come(&app).await;
    let narrow = somebody.api_token(&["jobs:read", "jobs:write"]).await;
    let input = json!({ "email": "eve@example.org", "password": PASSWORD, "username": "eve" });
    assert_eq!(narrow.refused("userSignUp", input).await, "FORBIDDEN");
    assert_eq!(me(&somebody, "kind email").await, json!({ "kind": "ANONYMOUS", "email": null }));
    let input = json!({ "email": "ada@example.org", "password": PASSWORD, "username": "ada" });
    let made = somebody.change("userSignUp", input, "user { id }").await;
    assert_eq!(made["user"]["id"], json!(somebody.id), "its own session does");
}
