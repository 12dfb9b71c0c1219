//! The pages that mailed links lead to.

use reqwest::{Method, header};
use serde_json::json;

use super::{last_mail, me, sign_up};
use crate::support::{PASSWORD, TestApp};

const NEW: &str = "another horse altogether";

struct Page {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
}

async fn page(request: reqwest::RequestBuilder) -> Page {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Page { status, headers, text: response.text().await.expect("a body") }
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

async fn post(app: &TestApp, path: &str, fields: &[(&str, &str)]) -> Page {
    let request = app.anonymous().post(path).header("content-type", "application/x-www-form-urlencoded");
    page(request.body(form(fields))).await
}

/// The path and the query of a mailed link, which leads to this server.
fn path_of(app: &TestApp, link: &str) -> String {
    link.strip_prefix(&app.server.app.config.public_url).expect("an own link").to_owned()
}

#[tokio::test]
async fn looking_at_the_page_changes_nothing_and_its_form_confirms() {
    let app = TestApp::new().await;
    sign_up(&app, "ada@example.org").await;
    let ada = app.anonymous().log_in("ada@example.org").await;
    let mail = last_mail(&app, "ada@example.org").await;
    let path = path_of(&app, &mail.link());
    for method in [Method::GET, Method::HEAD, Method::GET] {
        let seen = page(app.anonymous().request(method.clone(), &path)).await;
        assert_eq!(seen.status, 200, "{method}");
        let policy = seen.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("script") && !policy.contains("http"),
            "{policy}"
        );
        for (name, value) in
            [("referrer-policy", "no-referrer"), ("cache-control", "no-store"), ("x-content-type-options", "nosniff")]
        {
            assert_eq!(seen.headers[name], value);
        }
    }
    let seen = page(app.anonymous().get(&path)).await;
    assert!(
        seen.text.contains("method=\"post\"") && !seen.text.contains("<script") && !seen.text.contains("http"),
        "{}",
        seen.text
    );
    assert_eq!(me(&ada, "emailVerifiedAt").await["emailVerifiedAt"], json!(null));
    let done = post(&app, "/activate", &[("token", &mail.token())]).await;
    assert_eq!(done.status, 200);
    assert!(done.text.contains("<b>ada</b> is confirmed"), "{}", done.text);
    assert!(me(&ada, "emailVerifiedAt").await["emailVerifiedAt"].is_string());
    let again = post(&app, "/activate", &[("token", &mail.token())]).await;
    assert_eq!(again.status, 409);
    assert!(again.text.contains("used already"), "{}", again.text);
}

#[tokio::test]
async fn a_password_is_set_on_the_page() {
    let app = TestApp::new().await;
    app.user("ada").await;
    app.anonymous().change("passwordResetRequest", json!({ "email": "ada@example.org" }), "requested").await;
    let mail = last_mail(&app, "ada@example.org").await;
    let token = mail.token();
    assert_eq!(page(app.anonymous().get(&path_of(&app, &mail.link()))).await.status, 200);
    for (password, again, said) in [("short", "short", "At least 8"), (NEW, "other", "differ")] {
        let wrong =
            post(&app, "/resetPassword", &[("token", &token), ("newPassword", password), ("again", again)]).await;
        assert_eq!(wrong.status, 400);
        assert!(wrong.text.contains(said) && wrong.text.contains(&token), "{}", wrong.text);
    }
    let done = post(&app, "/resetPassword", &[("token", &token), ("newPassword", NEW), ("again", NEW)]).await;
    assert!(done.text.contains("<b>ada</b> is changed"), "{}", done.text);
    assert!(!done.text.contains(NEW));
    let old = json!({ "login": "ada", "password": PASSWORD });
    assert_eq!(app.anonymous().refused("sessionCreate", old).await, "UNAUTHENTICATED");
    let new = json!({ "login": "ada", "password": NEW });
    assert_eq!(app.anonymous().refused("sessionCreate", new).await, "OK");
}

#[tokio::test]
async fn expired_mangled_and_missing_tokens_have_their_words() {
    let app = TestApp::new().await;
    sign_up(&app, "ada@example.org").await;
    let token = last_mail(&app, "ada@example.org").await.token();
    for path in ["/activate", "/activate?token=", "/resetPassword"] {
        let seen = page(app.anonymous().get(path)).await;
        assert_eq!(seen.status, 400);
        assert!(seen.text.contains("not whole"), "{}", seen.text);
    }
    for mangled in [&token[..20], "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>"] {
        let shown = page(app.anonymous().get(&format!("/activate?{}", form(&[("token", mangled)])))).await;
        assert!(!shown.text.contains("<script>alert") && !shown.text.contains("<img"), "{}", shown.text);
        for path in ["/activate", "/resetPassword"] {
            let answer = post(&app, path, &[("token", mangled), ("newPassword", NEW)]).await;
            assert_eq!(answer.status, 400);
            assert!(answer.text.contains("not valid"), "{}", answer.text);
            assert!(!answer.text.contains("<script>alert") && !answer.text.contains("<img"), "{}", answer.text);
        }
    }
    app.advance(25 * 3600);
    let late = post(&app, "/activate", &[("token", &token)]).await;
    assert!(late.status == 400 && late.text.contains("is over"), "{}", late.text);
}

#[tokio::test]
async fn only_the_pages_own_form_is_taken() {
    let app = TestApp::new().await;
    sign_up(&app, "ada@example.org").await;
    let token = last_mail(&app, "ada@example.org").await.token();
    let body = form(&[("token", &token)]);
    let json = app.anonymous().post("/activate").header("content-type", "application/json").body(body.clone());
    assert_eq!(page(json).await.status, 415);
    let foreign = app.anonymous().post("/activate").header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(page(foreign.header("origin", "https://evil.example").body(body.clone())).await.status, 403);
    let huge = post(&app, "/activate", &[("token", &"x".repeat(2_000_000))]).await;
    assert_eq!(huge.status, 413);
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        assert_eq!(page(app.anonymous().request(method, "/activate")).await.status, 405);
    }
    assert_eq!(post(&app, "/activate", &[("token", &token)]).await.status, 200, "nothing of it used the link up");
}

#[tokio::test]
async fn a_name_with_markup_is_text() {
    let app = TestApp::new().await;
    let input = json!({ "email": "x@example.org", "password": PASSWORD, "firstName": "<img src=x onerror=alert(1)>" });
    app.anonymous().change("userSignUp", input, "email").await;
    let mail = last_mail(&app, "x@example.org").await;
    assert!(!mail.html.clone().unwrap_or_default().contains("<img"), "{:?}", mail.html);
    let done = post(&app, "/activate", &[("token", &mail.token())]).await;
    assert!(!done.text.contains("<img"), "{}", done.text);
}
