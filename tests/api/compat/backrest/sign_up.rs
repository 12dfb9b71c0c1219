//! Signing up, and the link that confirms it.

use reqwest::Method;
use serde_json::json;

use super::{Answer, Browser, SITE, alice, follow, path_in, server, server_with, still};
use crate::support::{TestApp, form};
use crate::user::{last_mail, mails_to};

const NEW: &str = "bob@foo.com";

async fn signed_up(app: &TestApp) -> (Browser, String) {
    let browser = Browser::new(app);
    browser.post("/signup", json!({ "email": NEW, "password": "b" })).await.succeeded();
    let mail = last_mail(app, NEW).await;
    assert_eq!(mail.subject(), "Please confirm your account");
    assert!(mail.text.starts_with("Hello ,") && mail.text.contains("Confirm account creation"), "{}", mail.text);
    let path = path_in(&mail);
    assert!(path.starts_with("/signup?token="), "{path}");
    (browser, path)
}

#[tokio::test]
async fn the_link_of_a_sign_up_opens_the_account_and_logs_in_once() {
    let app = server().await;
    let (browser, link) = signed_up(&app).await;
    assert!(!browser.is_logged_in().await, "a sign-up is no log-in");
    browser.log_in(NEW, "b").await.blames(&[("login", "Login failed")]);

    let head = Answer::of(still(&app, &link, Method::HEAD, None)).await;
    assert_eq!((head.status, head.header("location")), (302, "http://example.com/#/welcome"));
    assert!(!head.headers.contains_key("set-cookie"));
    browser.log_in(NEW, "b").await.blames(&[("login", "Login failed")]);

    let answer = follow(&app, &browser, &link).await;
    assert_eq!((answer.status, answer.header("location")), (302, "http://example.com/#/welcome"));
    assert!(answer.header("set-cookie").starts_with("auth_tkt=dks_"));
    assert!(browser.is_logged_in().await);
    // A second time it says no, and gives no cookie.
    let again = follow(&app, &Browser::new(&app), &link).await;
    again.forbidden();
    assert!(!again.headers.contains_key("set-cookie"));
    Browser::new(&app).log_in("BOB@foo.com", "b").await.good();
}

#[tokio::test]
async fn links_that_are_none_lead_nowhere() {
    let app = server().await;
    let (browser, link) = signed_up(&app).await;
    let changed = format!("{}xyz", &link[..link.len() - 3]);
    for path in ["/signup", "/signup?token=", "/signup?token=x", "/signup?tok=en", "/signup?token=%ff%00", &*changed] {
        follow(&app, &browser, path).await.not_found();
    }
    app.advance(24 * 3600 + 1);
    follow(&app, &browser, &link).await.not_found();
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let app = server().await;
    alice(&app).await;
    let browser = Browser::new(&app);
    let missing = [("email", "email is missing"), ("password", "password is missing")];
    browser.post("/signup", json!({})).await.blames(&missing);
    for nothing in [json!(""), json!(null), json!(0), json!(false), json!([]), json!({})] {
        let body = json!({ "email": nothing, "password": nothing, "firstname": nothing });
        browser.post("/signup", body).await.blames(&[("email", "Required"), ("password", "Required")]);
    }
    let body = json!({ "password": 5, "email": "foo", "lastname": true, "firstname": [1], "__meta__": 1 });
    browser.post("/signup", body).await.blames(&[
        ("email", "Invalid email address"),
        ("password", "5 is not a string: {'password': ''}"),
        ("firstname", "[1] is not a string: {'firstname': ''}"),
        ("lastname", "True is not a string: {'lastname': ''}"),
    ]);
    // Also where one thing that is wrong is known to the database only.
    let taken = ("email", "Email already exists");
    browser.post("/signup", json!({ "email": "ALICE@foo.com" })).await.blames(&[taken, missing[1]]);
    let body = json!({ "email": "alice@foo.com", "password": "x", "firstname": 5 });
    browser.post("/signup", body).await.blames(&[taken, ("firstname", "5 is not a string: {'firstname': ''}")]);
    let body = json!({ "email": "alice@foo.com", "password": "x", "firstname": "x".repeat(300) });
    let faults = browser.post("/signup", body).await.faults();
    assert_eq!(faults.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["email", "firstname"]);
    browser.post("/signup", json!({ "email": "new@foo.com" })).await.blames(&[missing[1]]);
    for address in ["foo@bar", "foo", "ä@foo.com", "a@b@foo.com", "foo@bar.c4", "foo@bar.com\r\nBcc: eve@foo.com"] {
        let answer = browser.post("/signup", json!({ "email": address, "password": "x" })).await;
        answer.blames(&[("email", "Invalid email address")]);
    }
    let long = format!("{}@foo.com", "a".repeat(93));
    let answer = browser.post("/signup", json!({ "email": long, "password": "x" })).await;
    answer.blames(&[("email", "Invalid email address")]);
    let answer = browser.post("/signup", json!({ "email": "ALICE@foo.com", "password": "x" })).await;
    answer.blames(&[("email", "Email already exists")]);
    let name = "x".repeat(300);
    let answer = browser.post("/signup", json!({ "email": NEW, "password": "x", "firstname": name })).await;
    assert_eq!(answer.faults()[0].0, "firstname");
}

#[tokio::test]
async fn an_address_that_waits_to_be_confirmed_is_taken_too() {
    let app = server().await;
    let (browser, _) = signed_up(&app).await;
    let answer = browser.post("/signup", json!({ "email": NEW.to_uppercase(), "password": "x" })).await;
    answer.blames(&[("email", "Email already exists")]);
    let silent = server_with(|config| config.backrest.reveals_users = false).await;
    let (browser, _) = signed_up(&silent).await;
    browser.post("/signup", json!({ "email": NEW, "password": "x" })).await.succeeded();
    assert_eq!(mails_to(&silent, NEW).await, 2, "its owner is told instead");
    browser.post("/reset/", json!({ "email": "nobody@foo.com" })).await.succeeded();
}

#[tokio::test]
async fn forms_do_as_well_and_other_bodies_are_empty() {
    let app = server().await;
    let browser = Browser::new(&app);
    let fields = [("email", NEW), ("password", "p w&x"), ("firstname", "Bob")];
    browser.send(form(browser.request(Method::POST, "/signup"), &fields)).await.succeeded();
    follow(&app, &browser, &path_in(&last_mail(&app, NEW).await)).await;
    Browser::new(&app).log_in(NEW, "p w&x").await.good();
    assert_eq!(browser.get("/userprofile").await.good()["firstname"], "Bob");
    let missing = [("email", "email is missing"), ("password", "password is missing")];
    let body = json!({ "email": "c@foo.com", "password": "c" }).to_string();
    for kind in ["text/plain", "multipart/form-data", "application/xml"] {
        let request = browser.request(Method::POST, "/signup").header("content-type", kind).body(body.clone());
        browser.send(request).await.blames(&missing);
    }
    let charset = browser.request(Method::POST, "/signup").header("content-type", "application/json; charset=UTF-8");
    browser.send(charset.body(body)).await.succeeded();
    for (body, told) in
        [("[1]", "Invalid JSON: Should be a JSON object, got [1]"), ("{", "Invalid JSON request body: ")]
    {
        let request = browser.request(Method::POST, "/signup").header("content-type", "application/json").body(body);
        let faults = browser.send(request).await.faults();
        assert!(faults.len() == 3 && faults[0].0 == "null" && faults[0].1.starts_with(told), "{faults:?}");
        assert_eq!(faults[1].1, "email is missing");
    }
}

#[tokio::test]
async fn links_lead_where_the_operator_says_and_never_where_a_request_does() {
    let app = server_with(|config| {
        config.backrest.client_url = "https://app.example.org/".to_owned();
        config.backrest.redirect_signup = "/#/hello".to_owned();
        config.backrest.redirect_reset = "https://other.example.org/new?t=%s".to_owned();
    })
    .await;
    let browser = Browser::new(&app);
    let evil = browser.request(Method::POST, "/signup").header("host", "evil.example");
    browser.send(evil.json(&json!({ "email": NEW, "password": "b" }))).await.succeeded();
    let mail = last_mail(&app, NEW).await;
    let link = mail.link();
    let path = link.strip_prefix("https://app.example.org/-").unwrap_or_else(|| panic!("{link}"));
    let followed = Answer::of(still(&app, path, Method::GET, None).header("host", "evil.example")).await;
    assert_eq!((followed.status, followed.header("location")), (302, "https://app.example.org/#/hello"));
    browser.post("/reset/", json!({ "email": NEW })).await.succeeded();
    let mail = last_mail(&app, NEW).await;
    let (_, token) = mail.text.split_once("/-/reset/").expect("a link");
    let token = token.split_whitespace().next().expect("a token");
    let shown = Answer::of(still(&app, &format!("/reset/{token}"), Method::GET, None)).await;
    assert_eq!(shown.header("location"), format!("https://other.example.org/new?t={token}"));
}

#[tokio::test]
async fn where_it_is_mounted_elsewhere_its_links_are_too() {
    let app = server_with(|config| config.backrest.at.path = "/old".to_owned()).await;
    let body = json!({ "email": NEW, "password": "b" });
    Answer::of(app.anonymous().post("/old/signup").json(&body)).await.succeeded();
    let link = last_mail(&app, NEW).await.link();
    assert!(link.starts_with(&format!("{SITE}/old/signup?token=")), "{link}");
}

#[tokio::test]
async fn where_nobody_signs_up_it_is_forbidden() {
    let app = server_with(|config| config.backrest.sign_up = false).await;
    let answer = Browser::new(&app).post("/signup", json!({ "email": NEW, "password": "b" })).await;
    answer.forbidden();
}
