//! Who asks, and what is said to those of whom that is not clear.

use super::{Answer, get, head, log_in, post, runner, sign_up, world};
use crate::support::TestApp;

async fn with_header(app: &TestApp, value: Option<&str>) -> Answer {
    let request = app.anonymous().get("/api/users/info");
    Answer::of(match value {
        Some(value) => request.header("authorization", value),
        None => request,
    })
    .await
}

#[tokio::test]
async fn the_table_of_headers() {
    let (app, _mails) = world().await;
    let missing = "Missing Authorization Header";
    with_header(&app, None).await.refuses(401, "auth", missing);
    with_header(&app, Some("")).await.refuses(401, "auth", missing);
    let other = "Missing 'Bearer' type in 'Authorization' header. Expected 'Authorization: Bearer <JWT>'";
    for value in ["Basic abc", "bearer abc", "abc"] {
        with_header(&app, Some(value)).await.refuses(401, "auth", other);
    }
    let bad = "Bad Authorization header. Expected 'Authorization: Bearer <JWT>'";
    for value in ["Bearer", "Bearer a b"] {
        with_header(&app, Some(value)).await.refuses(422, "auth", bad);
    }
    with_header(&app, Some("Bearer nonsense")).await.refuses(422, "auth", "Not enough segments");
    let unknown = format!("Bearer dks_{}", "a".repeat(43));
    // An old token in somebody's browser, too: on exactly this answer its page logs out.
    for value in [unknown.as_str(), "Bearer eyJh.eyJz.c2ln"] {
        with_header(&app, Some(value)).await.refuses(422, "auth", "Signature verification failed");
    }
    let worker = runner(&app).await.token.expect("a token");
    with_header(&app, Some(&format!("Bearer dkr_{worker}"))).await.refuses(
        422,
        "auth",
        "Signature verification failed",
    );
}

#[tokio::test]
async fn a_log_in_lasts_an_hour_and_its_end_is_told_for_a_week() {
    let (app, _mails) = world().await;
    let ada = sign_up(&app, "ada@test.com").await;
    for _ in 0..2 {
        app.advance(29 * 60);
        assert_eq!(get(&ada, "/users/info").await.status, 200);
    }
    app.advance(3 * 60);
    get(&ada, "/users/info").await.refuses(401, "auth", "Token has expired");
    app.advance(6 * 86_400);
    app.sweep().await;
    get(&ada, "/users/info").await.refuses(401, "auth", "Token has expired");
    let again = log_in(&app, "ada@test.com", super::PASSWORD).await;
    post(&again, "/users/invalidateAllTokens", &[])
        .await
        .says("You have successfully been logged out accross all your devices");
    get(&again, "/users/info").await.refuses(422, "auth", "Signature verification failed");
}

#[tokio::test]
async fn the_check_comes_before_all_others() {
    let app = TestApp::new().await;
    for path in ["/users/info?email=x", "/jobs/list?all=1", "/jobs/info", "/runners/create", "/jobs/downloadTranscript"]
    {
        get(&app.anonymous(), path).await.refuses(401, "auth", "Missing Authorization Header");
    }
    for path in ["/users/delete", "/users/changePassword", "/users/changeEmail", "/users/invalidateAllTokens"] {
        post(&app.anonymous(), path, &[]).await.refuses(401, "auth", "Missing Authorization Header");
    }
    for path in ["/jobs/submit", "/jobs/abort", "/jobs/delete"] {
        post(&app.anonymous(), path, &[]).await.refuses(401, "auth", "Missing Authorization Header");
    }
}

#[tokio::test]
async fn the_web_page_posts_an_empty_form() {
    let (app, _mails) = world().await;
    let ada = sign_up(&app, "ada@test.com").await;
    let request = ada.post("/api/users/invalidateAllTokens");
    let request = request.header("content-type", "multipart/form-data; boundary=xyz").body("--xyz--\r\n");
    Answer::of(request).await.says("You have successfully been logged out accross all your devices");
}

#[tokio::test]
async fn runners_are_refused_in_their_own_words() {
    let app = TestApp::new().await;
    let worker = runner(&app).await;
    for path in ["register", "unregister", "heartbeat", "retrieveJobInfo", "submitJobResult", "retrieveJob"] {
        let path = format!("/runners/{path}");
        post(&app.anonymous(), &path, &[]).await.fails("No Authorization header provided!");
        let odd = app.anonymous().post(&format!("/api{path}")).header("authorization", "Basic x");
        Answer::of(odd).await.fails("Invalid Authorization header!");
        let unknown = app.anonymous().with_token("a".repeat(43), "");
        post(&unknown, &path, &[]).await.fails("No runner with that token exists!");
        if !path.ends_with("register") || path.ends_with("unregister") {
            let body = [("transcript", "x")];
            post(&worker, &path, &body).await.fails("This runner is not currently registered as online!");
        }
    }
    get(&worker, "/runners/retrieveJobAudio").await.fails("This runner is not currently registered as online!");
    let token = worker.token.clone().expect("a token");
    assert_eq!(token.len(), 43);
    let junk = app.anonymous().post("/api/runners/register").header("authorization", format!("Bearer {token}!junk"));
    assert_eq!(Answer::of(junk).await.json()["msg"], "Runner successfully registered!");
    let admin = app.admin();
    post(&admin, "/runners/register", &[]).await.fails("No runner with that token exists!");
}

#[tokio::test]
async fn only_admins_make_runners_and_head_makes_none() {
    let (app, _mails) = world().await;
    let ada = sign_up(&app, "ada@test.com").await;
    get(&ada, "/runners/create").await.refuses(403, "permission", "Only admins may create runner tokens.");
    let document = "{ runners { totalCount } services { totalCount } }";
    let before = app.admin().data(document, serde_json::json!({})).await;
    head(&app.admin(), "/runners/create").await;
    assert_eq!(app.admin().data(document, serde_json::json!({})).await, before);
    let created = get(&app.admin(), "/runners/create").await.json();
    assert_eq!(created.as_object().expect("an object").len(), 1, "{created}");
}
