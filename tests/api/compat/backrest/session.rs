//! Logging in and out, and who is logged in.

use entity::user::Status;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Browser, alice, server, server_with, with_content};
use crate::support::{PASSWORD, form, text};
use crate::user::last_mail;

#[tokio::test]
async fn nobody_is_told_one_word() {
    let app = server().await;
    let nobody = Browser::new(&app);
    assert_eq!(nobody.get("/login").await.good(), json!({ "authenticated": false }));
    let about = nobody.get("/").await.good();
    assert_eq!(about, json!({ "debug": false, "version": env!("CARGO_PKG_VERSION"), "authenticated": false }));
}

#[tokio::test]
async fn a_log_in_gives_a_cookie_that_is_good_until_the_log_out() {
    let app = server().await;
    alice(&app).await;
    let browser = Browser::new(&app);
    let answer = browser.log_in("ALICE@foo.com", "alice").await;
    let body = answer.good();
    let user = &body["user"];
    assert_eq!((&body["status"], body.as_object().map(serde_json::Map::len)), (&json!("success"), Some(2)));
    let id = user["id"].as_str().expect("an id");
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()), "{id}");
    let expected = json!({ "id": id, "short_id": &id[..8], "email": "alice@foo.com", "firstname": "Alice",
        "lastname": "Kingsleigh", "roles": [] });
    assert_eq!(user, &expected);
    let set = answer.header("set-cookie");
    assert!(set.starts_with("auth_tkt=dks_") && !set.contains("Max-Age") && !set.contains("Domain"), "{set}");
    for part in ["Path=/", "HttpOnly", "SameSite=Lax"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Secure"), "this server is reached without TLS");

    let mut shown = expected.clone();
    shown["authenticated"] = true.into();
    assert_eq!(browser.get("/login").await.good(), shown);
    let about = browser.get("/").await.good();
    assert_eq!((&about["authenticated"], &about["user"]), (&json!(true), &expected));

    let cookie = browser.cookie.lock().expect("nobody panicked").clone().expect("a cookie");
    let out = browser.put("/logout", json!({})).await;
    out.succeeded();
    let set = out.header("set-cookie");
    assert!(set.starts_with("auth_tkt=;") && set.contains("Max-Age=0"), "{set}");
    app.advance(2);
    *browser.cookie.lock().expect("nobody panicked") = Some(cookie);
    assert!(!browser.is_logged_in().await, "the session has ended, not only the cookie");
}

#[tokio::test]
async fn of_two_log_ins_in_a_browser_its_own_goes_first() {
    let app = server().await;
    let alice = alice(&app).await;
    let own = alice.cookie.lock().expect("nobody panicked").clone().expect("a cookie");
    let bob = app.user("bob").await;
    let token = bob.token.clone().expect("a token");
    for cookies in [format!("docket_session={token}; {own}"), format!("{own}; docket_session={token}")] {
        *alice.cookie.lock().expect("nobody panicked") = Some(cookies.clone());
        assert_eq!(alice.get("/login").await.good()["email"], "alice@foo.com", "{cookies}");
    }
    alice.put("/logout", json!({})).await.succeeded();
    app.advance(2);
    *alice.cookie.lock().expect("nobody panicked") = Some(own);
    assert!(!alice.is_logged_in().await, "the session of the cookie that was taken back has ended");
    let bob = Answer::of(app.anonymous().get("/-/login").header("cookie", format!("docket_session={token}"))).await;
    assert_eq!(bob.good()["email"], "bob@example.org", "the other one goes on");
}

#[tokio::test]
async fn the_cookie_is_for_tls_where_clients_come_by_it() {
    let app = server_with(|config| config.public_url = "https://example.com".to_owned()).await;
    let out = Browser::new(&app).put("/logout", json!({})).await;
    assert!(out.header("set-cookie").contains("Secure"));
}

#[tokio::test]
async fn whatever_is_wrong_with_a_log_in_the_answer_is_one() {
    let app = server().await;
    alice(&app).await;
    app.user("bob").await;
    let browser = Browser::new(&app);
    browser.post("/signup", json!({ "email": "late@foo.com", "password": "late" })).await.succeeded();
    for (login, password) in [
        ("alice@foo.com", "Alice"),
        ("nobody@foo.com", "alice"),
        ("late@foo.com", "late"),
        // A user name is no address.
        ("bob", PASSWORD),
        (&"x".repeat(5_000), "x"),
    ] {
        let answer = browser.log_in(login, password).await;
        answer.blames(&[("login", "Login failed")]);
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    browser
        .put("/login", json!({}))
        .await
        .blames(&[("login", "login is missing"), ("password", "password is missing")]);
    let odd = json!({ "login": null, "password": 5 });
    browser
        .put("/login", odd)
        .await
        .blames(&[("login", "Required"), ("password", "5 is not a string: {'password': ''}")]);
}

#[tokio::test]
async fn the_body_of_a_log_in_is_json_whatever_it_says() {
    let app = server().await;
    alice(&app).await;
    let browser = Browser::new(&app);
    let body = json!({ "login": "alice@foo.com", "password": "alice", "__meta__": { "a": 1 }, "more": [] }).to_string();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-8"] {
        let request = browser.request(Method::PUT, "/login").header("content-type", kind).body(body.clone());
        assert_eq!(browser.send(request).await.good()["status"], "success", "{kind}");
    }
    let bare = browser.request(Method::PUT, "/login").body(body);
    assert_eq!(browser.send(bare).await.good()["status"], "success");
}

#[tokio::test]
async fn a_log_out_takes_any_body_and_anybody() {
    let app = server().await;
    let browser = Browser::new(&app);
    for body in ["", "{", "[1]", "\u{0}"] {
        let request = browser.request(Method::PUT, "/logout").header("content-type", "application/json");
        browser.send(request.body(body)).await.succeeded();
    }
    // It looks at no Accept, either.
    let page = browser.request(Method::PUT, "/logout").header("accept", "text/html");
    browser.send(page).await.succeeded();
}

#[tokio::test]
async fn who_was_stopped_is_nobody() {
    let app = server().await;
    let alice = alice(&app).await;
    let cookie = alice.cookie.lock().expect("nobody panicked").clone();
    app.set_status("alice", Status::Suspended).await;
    app.advance(2);
    assert!(!alice.is_logged_in().await);
    alice.get("/userprofile").await.forbidden();
    alice.log_in("alice@foo.com", "alice").await.blames(&[("login", "Login failed")]);
    let sessions = "{ user(email: \"alice@foo.com\") { sessions { totalCount } } }";
    let left = async || app.admin().data(sessions, json!({})).await["user"]["sessions"]["totalCount"].take();
    assert_eq!(left().await, 0);
    // It may still log in where its user is told why, and out of that here.
    let again = json!({ "login": "alice@foo.com", "password": "alice" });
    let token = text(&app.anonymous().change("sessionCreate", again, "token").await["token"]);
    assert_eq!(left().await, 1);
    let elsewhere = Browser { client: app.anonymous(), cookie: Some(format!("auth_tkt={token}")).into() };
    assert!(!elsewhere.is_logged_in().await);
    elsewhere.put("/logout", json!({})).await.succeeded();
    assert_eq!(left().await, 0);
    app.set_status("alice", Status::Active).await;
    app.advance(2);
    *alice.cookie.lock().expect("nobody panicked") = cookie;
    assert!(!alice.is_logged_in().await, "a cookie of before opens nothing when the account comes back");
}

#[tokio::test]
async fn who_has_not_confirmed_an_address_is_nobody_whatever_cookie_or_token_it_brings() {
    let app = server_with(with_content).await;
    let input = json!({ "email": "late@foo.com", "username": "late", "password": PASSWORD });
    app.anonymous().change("userSignUp", input, "email").await;
    let late = app.anonymous().log_in("late").await;
    let elsewhere = app.anonymous().post("/mobyle2/auth/login/native");
    let elsewhere = form(elsewhere, &[("username", "late@foo.com"), ("password", PASSWORD)]);
    let answer = elsewhere.send().await.expect("an answer");
    let cookie = answer.headers()["set-cookie"].to_str().expect("text").split(';').next().map(str::to_owned);
    let browser = Browser { client: app.anonymous(), cookie: cookie.into() };
    assert!(!browser.is_logged_in().await);
    for answer in [browser.get("/documents").await, Answer::of(late.get("/-/documents")).await] {
        answer.forbidden();
    }
    // Its log-out ends the session that it cannot use here.
    let sessions = "{ user(email: \"late@foo.com\") { sessions { totalCount } } }";
    browser.put("/logout", json!({})).await.succeeded();
    assert_eq!(app.admin().data(sessions, json!({})).await["user"]["sessions"]["totalCount"], 1, "the other one");
    let mail = last_mail(&app, "late@foo.com").await;
    app.anonymous().change("userActivate", json!({ "token": mail.token() }), "__typename").await;
    app.advance(2);
    assert_eq!(Answer::of(late.get("/-/login")).await.good()["authenticated"], true);
}

#[tokio::test]
async fn a_token_of_docket_does_as_well_and_is_no_log_in() {
    let app = server().await;
    let ada = app.user("ada").await;
    let token = ada.api_token(&["jobs:read"]).await;
    let shown = Answer::of(token.get("/-/login")).await.good();
    assert_eq!((&shown["authenticated"], &shown["email"]), (&json!(true), &json!("ada@example.org")));
    Answer::of(token.put("/-/logout")).await.succeeded();
    app.advance(2);
    assert_eq!(Answer::of(token.get("/-/login")).await.good()["authenticated"], true);
    let admin = Answer::of(app.admin().get("/-/login")).await.good();
    assert_eq!((&admin["roles"], &admin["email"]), (&json!(["admin"]), &Value::Null));
}
