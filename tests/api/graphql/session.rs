//! Logging in and out.

use serde_json::json;

use crate::support::{Client, PASSWORD, TestApp, read, text};

const CREATE: &str = "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) {
    token user { username } session { id createdAt expiresAt userAgent } } }";

async fn username(client: &Client) -> serde_json::Value {
    client.data("{ viewer { user { username } token { scopes } } }", json!({})).await["viewer"].take()
}

#[tokio::test]
async fn a_user_logs_in_by_name_and_by_address() {
    let app = TestApp::new().await;
    app.user("ada").await;
    for login in ["ada", "ada@example.org", "ADA@Example.ORG"] {
        let input = json!({ "input": { "login": login, "password": PASSWORD } });
        let data = app.anonymous().data(CREATE, input).await;
        assert_eq!(data["sessionCreate"]["user"]["username"], "ada", "{login}");
        let client = app.anonymous().with_token(text(&data["sessionCreate"]["token"]), "");
        assert_eq!(username(&client).await, json!({ "user": { "username": "ada" }, "token": { "scopes": null } }));
    }
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_get_the_same_answer() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let mut answers = Vec::new();
    for (login, password) in [("ada", "wrong horse"), ("bob", PASSWORD), ("", ""), ("ada", ""), ("ADA", PASSWORD)] {
        let input = json!({ "input": { "login": login, "password": password } });
        let mut answer = app.anonymous().graphql(CREATE, input).await;
        answer["errors"][0]["extensions"]["requestId"].take();
        answers.push(answer);
    }
    assert_eq!(answers[0]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn a_login_says_who_made_it_and_until_when() {
    let app = TestApp::new().await;
    let body = json!({ "query": CREATE, "variables": { "input": { "login": "admin", "password": PASSWORD } } });
    let answer = read(app.anonymous().post("/graphql").header("user-agent", "curl/8").json(&body)).await;
    let session = &answer["data"]["sessionCreate"]["session"];
    assert_eq!(session["userAgent"], "curl/8");
    let moment = |name: &str| chrono::DateTime::parse_from_rfc3339(&text(&session[name])).expect("a moment");
    assert_eq!(moment("expiresAt") - moment("createdAt"), chrono::TimeDelta::hours(720));
}

#[tokio::test]
async fn log_out_ends_the_session_and_no_other() {
    let app = TestApp::new().await;
    let (first, second) = (app.user("ada").await, app.anonymous().log_in("ada").await);
    let gone = first.data("mutation { sessionDelete { deleted } }", json!({})).await;
    assert_eq!(gone["sessionDelete"]["deleted"], true);
    assert_eq!(first.code("{ serverInfo { name } }", json!({})).await, "UNAUTHENTICATED");
    assert_eq!(username(&second).await["user"]["username"], "ada");
}

#[tokio::test]
async fn an_unused_session_ends_after_its_idle_time() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    app.advance(168 * 3600 - 60);
    assert_eq!(username(&ada).await["user"]["username"], "ada");
    // That was a use: the idle time begins again. It is noted in the background, so wait until it shows.
    wait_until_used(&app, "ada").await;
    app.advance(168 * 3600 - 60);
    assert_eq!(username(&ada).await["user"]["username"], "ada");
    wait_until_used(&app, "ada").await;
    app.advance(168 * 3600 + 60);
    assert_eq!(ada.code("{ serverInfo { name } }", json!({})).await, "UNAUTHENTICATED");
}

/// Until no session of the user is older than a minute in its last use.
async fn wait_until_used(app: &TestApp, username: &str) {
    use entity::{session, user};
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    // Nobody is told of such a note; it takes some milliseconds.
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(10));
    let db = app.server.app.db.read();
    let owner = user::Entity::find().filter(user::Column::Username.eq(username)).one(db).await.expect("a read");
    let owner = owner.expect("the user").id;
    loop {
        let now = app.clock.now_micros();
        let all = session::Entity::find().filter(session::Column::UserId.eq(owner)).all(db).await.expect("a read");
        if all.iter().all(|session| now - session.last_used_at.0 < 30_000_000) {
            return;
        }
        looks.tick().await;
    }
}

#[tokio::test]
async fn a_session_ends_in_any_case_however_busy() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for _ in 0..7 {
        app.advance(100 * 3600);
        assert_eq!(username(&ada).await["user"]["username"], "ada");
        wait_until_used(&app, "ada").await;
    }
    app.advance(20 * 3600);
    assert_eq!(ada.code("{ serverInfo { name } }", json!({})).await, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_page_of_the_server_needs_no_credential() {
    let app = TestApp::new().await;
    let answer = app.anonymous().get("/healthz").send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn an_api_token_cannot_be_logged_out() {
    let app = TestApp::new().await;
    let token = app.user("ada").await.api_token(&["admin"]).await;
    assert_eq!(token.code("mutation { sessionDelete { deleted } }", json!({})).await, "INVALID_STATE");
    assert_eq!(app.anonymous().code("mutation { sessionDelete { deleted } }", json!({})).await, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_suspended_user_logs_in_reads_itself_and_nothing_else() {
    let app = TestApp::new().await;
    app.user("ada").await;
    for (status, word) in [(entity::user::Status::Suspended, "SUSPENDED"), (entity::user::Status::Pending, "PENDING")] {
        app.set_status("ada", status).await;
        let ada = app.anonymous().log_in("ada").await;
        let me = ada.data("{ viewer { user { username status statusMessage } } }", json!({})).await;
        let user = json!({ "username": "ada", "status": word, "statusMessage": "By the test." });
        assert_eq!(me["viewer"]["user"], user);
        assert_eq!(ada.code("{ jobs { nodes { id } } }", json!({})).await, "FORBIDDEN");
    }
}
