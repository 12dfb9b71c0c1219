//! Another address.

use reqwest::Method;
use serde_json::json;

use super::{Answer, Browser, alice, follow, path_in, person, server, server_with, still};
use crate::user::{last_mail, mails_to};

#[tokio::test]
async fn a_new_address_is_confirmed_by_who_asked_for_it() {
    let app = server().await;
    let alice = alice(&app).await;
    let other = Browser::new(&app);
    other.log_in("alice@foo.com", "alice").await.good();
    alice.put("/email/", json!({ "email": "alice@bar.com", "password": "alice" })).await.succeeded();
    assert_eq!(alice.get("/login").await.good()["email"], "alice@foo.com", "nothing changes yet");
    let mail = last_mail(&app, "alice@bar.com").await;
    assert_eq!(mail.subject(), "Confirm your email address");
    for word in ["Hello Alice,", "alice@bar.com", "Confirm email change"] {
        assert!(mail.text.contains(word), "{}", mail.text);
    }
    let link = path_in(&mail);

    follow(&app, &Browser::new(&app), &link).await.forbidden();
    let bob = person(&app, "bob@foo.com", "bob", "Bob", "B").await;
    follow(&app, &bob, &link).await.forbidden();
    let others = bob.cookie.lock().expect("nobody panicked").clone();
    assert_eq!(Answer::of(still(&app, &link, Method::HEAD, others)).await.status, 403, "as GET is");
    let cookie = alice.cookie.lock().expect("nobody panicked").clone();
    let head = Answer::of(still(&app, &link, Method::HEAD, cookie)).await;
    assert_eq!((head.status, head.header("location")), (302, "http://example.com/#/email-changed"));
    assert_eq!(alice.get("/login").await.good()["email"], "alice@foo.com");

    let done = follow(&app, &alice, &link).await;
    assert_eq!((done.status, done.header("location")), (302, "http://example.com/#/email-changed"));
    app.advance(2);
    assert_eq!(alice.get("/login").await.good()["email"], "alice@bar.com");
    assert!(!other.is_logged_in().await, "the others end");
    follow(&app, &alice, &link).await.not_found();
    other.log_in("alice@foo.com", "alice").await.blames(&[("login", "Login failed")]);
    other.log_in("alice@bar.com", "alice").await.good();
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let app = server().await;
    let alice = alice(&app).await;
    person(&app, "bob@foo.com", "bob", "Bob", "B").await;
    let ask =
        async |email: &str, password: &str| alice.put("/email/", json!({ "email": email, "password": password })).await;
    alice.put("/email/", json!({})).await.blames(&[("email", "email is missing"), ("password", "password is missing")]);
    ask("foo", "alice").await.blames(&[("email", "Invalid email address")]);
    ask("foo", "x").await.blames(&[("email", "Invalid email address"), ("password", "Password does not match")]);
    ask("new@foo.com", "x").await.blames(&[("password", "Password does not match")]);
    ask("BOB@foo.com", "alice").await.blames(&[("email", "Email already exists")]);
    let taken = ("email", "Email already exists");
    ask("BOB@foo.com", "x").await.blames(&[taken, ("password", "Password does not match")]);
    let answer = alice.put("/email/", json!({ "email": "bob@foo.com" })).await;
    answer.blames(&[taken, ("password", "password is missing")]);
    let answer = alice.put("/email/", json!({ "email": "alice@foo.com" })).await;
    answer.blames(&[("password", "password is missing")]);
    ask("alice@foo.com", "alice").await.succeeded();
    assert_eq!(mails_to(&app, "alice@foo.com").await, 1, "the one of the sign-up");
    // As a form, and with something behind the slash.
    let request = alice.request(Method::PUT, "/email/anything");
    let request = crate::support::form(request, &[("email", "new@foo.com"), ("password", "alice")]);
    alice.send(request).await.succeeded();
}

#[tokio::test]
async fn who_asks_too_often_or_where_that_is_a_secret_is_told_of_no_address() {
    let app = server_with(|config| config.limits.mails_per_address = 2).await;
    let alice = alice(&app).await;
    person(&app, "bob@foo.com", "bob", "Bob", "B").await;
    let (taken, missing) = (("email", "Email already exists"), ("password", "password is missing"));
    let body = json!({ "email": "bob@foo.com" });
    for _ in 0..2 {
        alice.put("/email/", body.clone()).await.blames(&[taken, missing]);
    }
    for path in ["/email/", "/signup"] {
        let method = if path == "/signup" { Method::POST } else { Method::PUT };
        alice.send(alice.request(method, path).json(&body)).await.blames(&[missing]);
    }
    let app = server_with(|config| config.backrest.reveals_users = false).await;
    let alice = super::alice(&app).await;
    person(&app, "bob@foo.com", "bob", "Bob", "B").await;
    alice.put("/email/", body.clone()).await.blames(&[missing]);
    alice.post("/signup", body).await.blames(&[missing]);
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_is_a_conflict() {
    let app = server().await;
    let alice = alice(&app).await;
    alice.put("/email/", json!({ "email": "new@foo.com", "password": "alice" })).await.succeeded();
    let link = path_in(&last_mail(&app, "new@foo.com").await);
    person(&app, "new@foo.com", "n", "New", "N").await;
    let late = follow(&app, &alice, &link).await;
    assert_eq!((late.status, &late.json()["errors"][0]["name"]), (409, &json!("email")));
    for path in ["/email/", "/email/x", "/email/a/b", "/email/%ff"] {
        follow(&app, &alice, path).await.not_found();
        follow(&app, &Browser::new(&app), path).await.forbidden();
    }
}
