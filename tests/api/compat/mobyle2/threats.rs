//! Attacks, repeated over this API.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{id, log_in, send, shown};
use crate::support::{Client, PASSWORD, TestApp};

#[tokio::test]
async fn pages_of_other_sites_neither_log_in_nor_out() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let nobody = app.anonymous();
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let (status, _) = send(log_in(&nobody, "ada", PASSWORD).header(name, value)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{name}");
        let (status, _) = send(app.user(name).await.post("/mobyle2/auth/logout").header(name, value)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{name}");
    }
    for method in [Method::GET, Method::HEAD] {
        let path = "/mobyle2/auth/login/native?username=ada&password=correct+horse";
        let answer = nobody.request(method, path).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "a link logs nobody in");
        assert!(!answer.headers().contains_key("set-cookie"));
    }
}

#[tokio::test]
async fn who_guesses_is_stopped_for_a_while() {
    let app = TestApp::with(|config| config.limits.log_ins_per_account_and_address = 3).await;
    app.user("ada").await;
    let nobody = app.anonymous();
    for _ in 0..3 {
        let (status, body) = send(log_in(&nobody, "ada", "wrong")).await;
        assert_eq!((status, &body["status"]), (StatusCode::OK, &json!(1)));
    }
    for password in [PASSWORD, "wrong"] {
        let answer = log_in(&nobody, "ada", password).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        let wait = answer.headers()["retry-after"].to_str().expect("text").parse::<u32>();
        assert!(wait.is_ok_and(|seconds| seconds > 0) && !answer.headers().contains_key("set-cookie"));
        assert_eq!(answer.json::<Value>().await.expect("JSON")["error"], "RATE_LIMITED");
    }
    app.advance(3_600);
    assert_eq!(send(log_in(&nobody, "ada", PASSWORD)).await.1["status"], 0);
}

#[tokio::test]
async fn the_cookie_opens_nothing_but_the_old_apis() {
    let app = TestApp::new().await;
    let answer = log_in(&app.anonymous(), "admin", PASSWORD).send().await.expect("an answer");
    let cookie =
        answer.headers()["set-cookie"].to_str().expect("text").split(';').next().unwrap_or_default().to_owned();
    let body = json!({ "query": "{ viewer { user { username } } }" });
    let (_, body) = send(app.anonymous().post("/graphql").header("cookie", cookie).json(&body)).await;
    assert_eq!(body["data"]["viewer"]["user"], Value::Null);
}

#[tokio::test]
async fn a_right_that_was_taken_away_is_gone_here_too() {
    let app = TestApp::new().await;
    let (owner, member) = (app.user("olga").await, app.user("max").await);
    let project = owner.project(json!({ "title": "Team" })).await;
    owner.enrol(&project, &member, "MANAGER").await;
    owner.service(json!({ "projectId": project, "name": "plot" })).await;
    let path = format!("/projects/{}", id(&owner, &project).await);
    let status = async |client: &Client, path: &str| send(client.get(&format!("/mobyle2{path}"))).await.0.as_u16();
    assert_eq!(status(&member, &path).await, 200);
    let input = json!({ "projectId": project, "userId": member.id });
    owner.change("projectMemberRemove", input, "member { role }").await;
    app.advance(2);
    assert_eq!(status(&member, &path).await, 403);
    assert_eq!(status(&member, "/services/plot::team::localhost").await, 404);
    let token = owner.api_token(&["jobs:read"]).await;
    assert_eq!(status(&token, &path).await, 403, "a token without projects:read");
}

#[tokio::test]
async fn odd_paths_are_answered_and_never_a_defect() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let odd = [
        "' OR 1=1 --",
        "%27%20OR%201=1",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "%ff%fe",
        "a%0d%0aset-cookie:x=y",
        "%25",
        "_",
        "\u{1f600}",
        "00000000001%00",
        "9".repeat(400).as_str(),
        "-1",
        "1e3",
        "NaN",
        "null",
        "{\"a\":1}",
        "*",
    ]
    .map(ToOwned::to_owned);
    for noun in ["servers", "services", "users", "projects"] {
        for name in &odd {
            let path = format!("/mobyle2/{noun}/{}", name.replace(' ', "%20"));
            let answer = admin.get(&path).send().await.expect("an answer");
            assert!(matches!(answer.status().as_u16(), 400 | 404), "{path}: {}", answer.status());
            assert!(!answer.headers().contains_key("set-cookie"));
            let body = answer.text().await.expect("a body");
            for leak in ["SELECT", "sqlx", "entity", "panicked", "src/"] {
                assert!(!body.contains(leak), "{path}: {body}");
            }
        }
    }
}

#[tokio::test]
async fn a_database_that_fails_is_told_without_its_words() {
    let app = TestApp::new().await;
    let admin = app.admin();
    app.lose("service").await;
    for path in ["/services", "/services/x::server::localhost", "/servers/localhost"] {
        let answer = admin.get(&format!("/mobyle2{path}")).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        let text = answer.text().await.expect("a body").to_lowercase();
        for leak in ["select", "sql", "no such table", "relation", "sea_orm", "that_is_gone", "src/"] {
            assert!(!text.contains(leak), "{path}: {text}");
        }
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON")["error"], "internal");
    }
}

#[tokio::test]
async fn what_people_write_stays_text() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let project = ada.project(json!({ "title": "Team" })).await;
    let hostile = "<img src=x onerror=alert(1)>\"'\\";
    ada.change("projectUpdate", json!({ "projectId": project, "favoriteServices": [hostile] }), "project { id }").await;
    let path = format!("/projects/{}", id(&ada, &project).await);
    assert_eq!(shown(&ada, &path).await["favorites"], json!([hostile]));
    let answer = ada.get(&format!("/mobyle2{path}")).send().await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
}
