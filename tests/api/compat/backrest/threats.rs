//! Attacks, repeated over this API.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Browser, alice, path_in, person, server, server_with, with_content};
use crate::support::TestApp;
use crate::user::last_mail;

#[tokio::test]
async fn pages_of_other_sites_write_nothing() {
    let app = server_with(with_content).await;
    let alice = alice(&app).await;
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        for (method, path, body) in [
            (Method::PUT, "/login", json!({ "login": "alice@foo.com", "password": "alice" })),
            (Method::PUT, "/logout", json!({})),
            (Method::POST, "/userprofile", json!({ "password": "alice" })),
            (Method::PUT, "/password", json!({ "current": "alice", "password": "x" })),
            (Method::POST, "/documents", json!({ "title": "x", "author": "x" })),
        ] {
            let answer = alice.send(alice.request(method, path).header(name, value).json(&body)).await;
            answer.forbidden();
        }
    }
    assert!(alice.is_logged_in().await);
}

#[tokio::test]
async fn garbage_in_the_cookie_is_nobody() {
    let app = server().await;
    let browser = Browser::new(&app);
    for cookie in ["x", "", "dks_x", "\"!userid_type:b64str\"", "%00", "dkl_AAAA", &"a".repeat(4_000)] {
        let request = browser.request(Method::GET, "/login").header("cookie", format!("auth_tkt={cookie}"));
        assert_eq!(browser.send(request).await.good(), json!({ "authenticated": false }), "{cookie}");
    }
    // A token that says who somebody is, and opens nothing, is refused: never with 401.
    let unknown = app.anonymous().with_token("dkt_nonsense", "");
    Answer::of(unknown.get("/-/login")).await.forbidden();
}

#[tokio::test]
async fn an_old_cookie_opens_nothing_after_the_account_is_gone() {
    let app = server_with(with_content).await;
    let alice = alice(&app).await;
    let cookie = alice.cookie.lock().expect("nobody panicked").clone().expect("a cookie");
    alice.post("/userprofile", json!({ "password": "alice" })).await.good();
    app.advance(2);
    *alice.cookie.lock().expect("nobody panicked") = Some(cookie);
    assert!(!alice.is_logged_in().await);
    alice.get("/documents").await.forbidden();
}

#[tokio::test]
async fn links_and_cookies_are_no_tokens_elsewhere() {
    let app = server().await;
    let alice = alice(&app).await;
    let cookie = alice.cookie.lock().expect("nobody panicked").clone().expect("a cookie");
    let body = json!({ "query": "{ viewer { user { id } } }" });
    let answer: Value = app
        .anonymous()
        .post("/graphql")
        .header("cookie", cookie)
        .json(&body)
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!(answer["data"]["viewer"]["user"], Value::Null);
    alice.post("/reset/", json!({ "email": "alice@foo.com" })).await.succeeded();
    let link = path_in(&last_mail(&app, "alice@foo.com").await);
    let token = link.strip_prefix("/reset/").expect("a token");
    Answer::of(app.anonymous().with_token(token, "").get("/-/login")).await.forbidden();
    let other = Browser::new(&app);
    let request = other.request(Method::GET, "/login").header("cookie", format!("auth_tkt={token}"));
    assert_eq!(other.send(request).await.good()["authenticated"], false);
}

#[tokio::test]
async fn who_guesses_is_stopped_for_a_while() {
    let app = server_with(|config| {
        config.limits.log_ins_per_account_and_address = 3;
        config.limits.mails_per_account = 1;
        config.limits.sign_ups_per_address = 3;
    })
    .await;
    let alice = alice(&app).await;
    let stopped = |answer: &Answer| {
        assert_eq!((answer.status, &answer.json()["status"]), (429, &json!("error")), "{}", answer.text);
        assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    };
    for _ in 0..3 {
        Browser::new(&app).log_in("alice@foo.com", "x").await.blames(&[("login", "Login failed")]);
    }
    stopped(&Browser::new(&app).log_in("alice@foo.com", "alice").await);
    alice.post("/reset/", json!({ "email": "alice@foo.com" })).await.succeeded();
    stopped(&alice.post("/reset/", json!({ "email": "alice@foo.com" })).await);
    for name in ["b", "c"] {
        alice.post("/signup", json!({ "email": format!("{name}@foo.com"), "password": "x" })).await.succeeded();
    }
    stopped(&alice.post("/signup", json!({ "email": "d@foo.com", "password": "x" })).await);
}

#[tokio::test]
async fn what_people_write_stays_text() {
    let app = server_with(with_content).await;
    let hostile = "<img src=x onerror=alert(1)>\"'\\{{ link }}";
    let alice = person(&app, "alice@foo.com", "alice", hostile, "x").await;
    let shown = alice.get("/userprofile").await;
    assert_eq!(
        (shown.good()["firstname"].as_str(), shown.header("x-content-type-options")),
        (Some(hostile), "nosniff")
    );
    alice.post("/reset/", json!({ "email": "alice@foo.com" })).await.succeeded();
    let mail = last_mail(&app, "alice@foo.com").await;
    assert!(!mail.html.as_deref().expect("a page").contains("<img"), "{:?}", mail.html);
    let page = alice.send(alice.request(Method::GET, "/%3Cscript%3E").header("accept", "text/html")).await;
    assert!(page.status == 404 && !page.text.contains("script"), "{}", page.text);
}

#[tokio::test]
async fn a_database_that_fails_is_told_without_its_words() {
    let app = server_with(with_content).await;
    let alice = alice(&app).await;
    app.lose("project_data").await;
    for (method, path) in [(Method::GET, "/documents"), (Method::GET, "/documents/1"), (Method::POST, "/news")] {
        let request = alice.request(method.clone(), path).json(&json!({ "title": "x" }));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 500, "{method} {path}");
        let text = answer.text().await.expect("a body").to_lowercase();
        for leak in ["project_data", "select", "insert", "sql", "no such table", "relation", "sea_orm", "src/"] {
            assert!(!text.contains(leak), "{method} {path}: {text}");
        }
        let body: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&body["status"], &body["errors"][0]["name"]), (&json!("error"), &Value::Null));
    }
}

/// What an account of another API may do here is what it may do there.
#[tokio::test]
async fn a_token_does_no_more_than_it_may() {
    let app: TestApp = server_with(with_content).await;
    let token = app.user("ada").await.api_token(&["jobs:read"]).await;
    for path in ["/-/documents", "/-/documents/1"] {
        assert_eq!(Answer::of(token.get(path)).await.status, 403, "{path}");
    }
    let body = json!({ "title": "x", "author": "x" });
    Answer::of(token.post("/-/documents").json(&body)).await.forbidden();
    Answer::of(token.put("/-/userprofile").json(&json!({ "firstname": "x" }))).await.forbidden();
    Answer::of(token.post("/-/userprofile").json(&json!({ "password": crate::support::PASSWORD }))).await.forbidden();
}
