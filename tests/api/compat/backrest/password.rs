//! Forgotten passwords, and new ones.

use entity::user;
use reqwest::Method;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use super::{Answer, Browser, SITE, alice, follow, path_in, server, still};
use crate::support::TestApp;
use crate::user::last_mail;

async fn link_of(app: &TestApp) -> String {
    Browser::new(app).post("/reset/", json!({ "email": "ALICE@foo.com" })).await.succeeded();
    let mail = last_mail(app, "alice@foo.com").await;
    assert_eq!(mail.subject(), "Password reset");
    assert!(mail.text.starts_with("Hello Alice,") && mail.text.contains("Reset password"), "{}", mail.text);
    path_in(&mail)
}

#[tokio::test]
async fn a_link_sets_a_new_password_once_and_ends_all_log_ins() {
    let app = server().await;
    let alice = alice(&app).await;
    let link = link_of(&app).await;
    let token = link.strip_prefix("/reset/").expect("its path");
    for method in [Method::GET, Method::HEAD] {
        let shown = Answer::of(still(&app, &link, method, None)).await;
        assert_eq!((shown.status, shown.header("location")), (302, &*format!("{SITE}/#/reset/{token}")));
    }
    let nobody = Browser::new(&app);
    nobody.put(&link, json!({})).await.blames(&[("password", "password is missing")]);
    for nothing in [Value::Null, json!("")] {
        nobody.put(&link, json!({ "password": nothing })).await.blames(&[("password", "Required")]);
    }
    let request = nobody.request(Method::PUT, &link).header("content-type", "application/json").body("{");
    assert_eq!(nobody.send(request).await.faults()[1], ("password".to_owned(), "password is missing".to_owned()));
    let done = nobody.put(&link, json!({ "password": "foo" })).await;
    done.succeeded();
    assert!(!done.headers.contains_key("set-cookie"), "it is no log-in");
    app.advance(2);
    assert!(!alice.is_logged_in().await);
    nobody.put(&link, json!({ "password": "bar" })).await.not_found();
    follow(&app, &nobody, &link).await.not_found();
    nobody.log_in("alice@foo.com", "bar").await.blames(&[("login", "Login failed")]);
    nobody.log_in("alice@foo.com", "foo").await.good();
}

#[tokio::test]
async fn links_that_are_none_or_over_set_nothing() {
    let app = server().await;
    alice(&app).await;
    let nobody = Browser::new(&app);
    let link = link_of(&app).await;
    let changed = format!("{}xyz", &link[..link.len() - 3]);
    for path in ["/reset/", "/reset/x", "/reset/a/b", "/reset/%ff", &*changed] {
        nobody.put(path, json!({ "password": "x" })).await.not_found();
        nobody.put(path, json!({})).await.not_found();
        follow(&app, &nobody, path).await.not_found();
    }
    // Only what was mailed for this does it.
    nobody.post("/signup", json!({ "email": "bob@foo.com", "password": "b" })).await.succeeded();
    let other = path_in(&last_mail(&app, "bob@foo.com").await).replace("/signup?token=", "/reset/");
    nobody.put(&other, json!({ "password": "x" })).await.not_found();
    // A newer one ends it, and so does its time.
    let newer = link_of(&app).await;
    nobody.put(&link, json!({ "password": "x" })).await.not_found();
    app.advance(3601);
    nobody.put(&newer, json!({ "password": "x" })).await.not_found();
}

#[tokio::test]
async fn who_has_no_account_is_told_so() {
    let app = server().await;
    let nobody = Browser::new(&app);
    nobody.post("/signup", json!({ "email": "late@foo.com", "password": "late" })).await.succeeded();
    for email in ["ernie", "nobody@foo.com", "late@foo.com", "a@b@c", &"x".repeat(3_000)] {
        let answer = nobody.post("/reset/", json!({ "email": email })).await;
        answer.blames(&[("email", "Email does not exist")]);
    }
    nobody.post("/reset/", json!({})).await.blames(&[("email", "email is missing")]);
    // What comes after the slash is not looked at here.
    nobody
        .post("/reset/anything", json!({ "email": 5 }))
        .await
        .blames(&[("email", "5 is not a string: {'email': ''}")]);
}

#[tokio::test]
async fn a_new_password_ends_all_log_ins_but_this_one() {
    let app = server().await;
    let alice = alice(&app).await;
    let other = Browser::new(&app);
    other.log_in("alice@foo.com", "alice").await.good();
    alice.put("/password", json!({})).await.blames(&[("password", "password is missing")]);
    alice.put("/password", json!({ "password": "x" })).await.blames(&[("current", "current is missing")]);
    for wrong in [json!("Alice"), json!(null), json!(5), json!("")] {
        let answer = alice.put("/password", json!({ "current": wrong, "password": "x" })).await;
        answer.blames(&[("current", "Password does not match")]);
    }
    alice.put("/password", json!({ "current": "alice", "password": "" })).await.blames(&[("password", "Required")]);
    let wrong = ("current", "Password does not match");
    let answer = alice.put("/password", json!({ "current": "wrong", "password": "" })).await;
    answer.blames(&[wrong, ("password", "Required")]);
    let answer = alice.put("/password", json!({ "current": "wrong" })).await;
    answer.blames(&[wrong, ("password", "password is missing")]);
    let answer = alice.put("/password", json!({ "current": "", "password": "" })).await;
    answer.blames(&[("password", "Required")]);
    let answer = alice.put("/password", json!({ "current": "wrong", "password": "x".repeat(2_000) })).await;
    let names: Vec<_> = answer.faults().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["current", "password"]);
    alice.put("/password", json!({ "current": "alice", "password": "foo!" })).await.succeeded();
    app.advance(2);
    assert!(alice.is_logged_in().await);
    assert!(!other.is_logged_in().await);
    other.log_in("alice@foo.com", "foo!").await.good();
    let long = "x".repeat(2_000);
    let answer = alice.put("/password", json!({ "current": "foo!", "password": long })).await;
    assert_eq!(answer.faults()[0].0, "password");
}

#[tokio::test]
async fn who_asks_comes_before_what_is_asked() {
    let app = server().await;
    let nobody = Browser::new(&app);
    for path in ["/password", "/email/"] {
        for body in [json!({}), json!({ "password": 5 })] {
            nobody.put(path, body).await.forbidden();
        }
    }
}

#[tokio::test]
async fn an_account_without_a_password_gets_its_first() {
    let app = server().await;
    let alice = alice(&app).await;
    for mut body in [json!({}), json!({ "current": null })] {
        take_password(&app).await;
        Browser::new(&app).log_in("alice@foo.com", "alice").await.blames(&[("login", "Login failed")]);
        body["password"] = "first".into();
        alice.put("/password", body).await.succeeded();
    }
    Browser::new(&app).log_in("alice@foo.com", "first").await.good();
}

/// As if Alice had never had a password: her log-ins go on.
async fn take_password(app: &TestApp) {
    let write = app.server.app.db.write((), |tx, ()| {
        Box::pin(async move {
            let bare = user::ActiveModel { password_hash: Set(None), ..Default::default() };
            let own = user::Entity::update_many().set(bare).filter(user::Column::EmailLower.eq("alice@foo.com"));
            Ok(own.exec(&tx.db).await?.rows_affected)
        })
    });
    assert_eq!(write.await.expect("it is stored"), 1);
    app.advance(2);
}
