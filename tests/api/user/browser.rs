//! Log-in with a cookie, as a browser does it.

use reqwest::{Method, header};
use serde_json::{Value, json};

use super::lives;
use crate::support::{Client, PASSWORD, Stream, TestApp};

const ME: &str = "{ viewer { user { username } session { id } } }";

async fn log_in(app: &TestApp, name: &str) -> (reqwest::Response, String) {
    let body = json!({ "login": name, "password": PASSWORD });
    let response = app.anonymous().post("/session").json(&body).send().await.expect("an answer");
    assert_eq!(response.status(), 201);
    let set = response.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    (response, set)
}

fn cookie_of(set: &str) -> String {
    set.split(';').next().expect("a pair").to_owned()
}

async fn ask(app: &TestApp, cookie: &str, document: &str, more: &[(&str, &str)]) -> (u16, Value) {
    let mut request = app.anonymous().post("/graphql").header("cookie", cookie).json(&json!({ "query": document }));
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("an answer");
    (response.status().as_u16(), response.json().await.expect("JSON"))
}

#[tokio::test]
async fn a_browser_logs_in_asks_and_logs_out() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let (response, set) = log_in(&app, "ada").await;
    assert!(set.starts_with("docket_session=dks_"), "{set}");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"] {
        assert!(set.contains(part), "{part} is missing: {set}");
    }
    assert!(!set.contains("Secure") && !set.contains("Domain"), "{set}");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let shown: Value = response.json().await.expect("JSON");
    assert_eq!(shown["user"]["username"], "ada");
    assert!(!shown.to_string().contains("dks_"), "a script could read it: {shown}");
    let cookie = cookie_of(&set);
    let (_, me) = ask(&app, &cookie, ME, &[]).await;
    assert_eq!(
        (&me["data"]["viewer"]["user"]["username"], &me["data"]["viewer"]["session"]["id"]),
        (&json!("ada"), &shown["session"]["id"])
    );
    let out =
        app.anonymous().request(Method::DELETE, "/session").header("cookie", &cookie).send().await.expect("an answer");
    assert_eq!(out.status(), 204);
    let cleared = out.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cleared.starts_with("docket_session=;") && cleared.contains("Max-Age=0"), "{cleared}");
    // What is left of the cookie counts as none: a browser cannot take it back by itself.
    let (status, me) = ask(&app, &cookie, ME, &[]).await;
    assert_eq!((status, &me["data"]["viewer"]["user"]), (200, &Value::Null));
    let token = cookie.trim_start_matches("docket_session=");
    assert!(!lives(&app.anonymous().with_token(token, "")).await);
}

#[tokio::test]
async fn a_header_wins_and_other_tokens_are_no_cookies() {
    let app = TestApp::new().await;
    let (ada, _bob) = (app.user("ada").await, app.user("bob").await);
    let cookie = cookie_of(&log_in(&app, "bob").await.1);
    let bearer = format!("Bearer {}", ada.token.clone().expect("a session"));
    let (_, me) = ask(&app, &cookie, ME, &[("authorization", &bearer)]).await;
    assert_eq!(me["data"]["viewer"]["user"]["username"], "ada");
    let token = ada.api_token(&["admin"]).await.token.expect("a token");
    for cookie in [format!("docket_session={token}"), "docket_session=nonsense".into(), "docket_session=".into()] {
        let (_, me) = ask(&app, &cookie, ME, &[]).await;
        assert_eq!(me["data"]["viewer"]["user"], Value::Null, "{cookie}");
    }
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing_with_a_cookie() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let cookie = cookie_of(&log_in(&app, "ada").await.1);
    let change = "mutation { userUpdate(input: { firstName: \"Eve\" }) { user { firstName } } }";
    for headers in [
        [("origin", "https://evil.example"), ("x", "y")],
        [("origin", "null"), ("x", "y")],
        [("sec-fetch-site", "cross-site"), ("x", "y")],
    ] {
        let (status, _) = ask(&app, &cookie, change, &headers).await;
        assert_eq!(status, 403, "{headers:?}");
        for (method, path) in [(Method::POST, "/session"), (Method::DELETE, "/session"), (Method::PUT, "/files/a.txt")]
        {
            let request = app.anonymous().request(method.clone(), path).header("cookie", &cookie);
            let request = request.header(headers[0].0, headers[0].1).header("content-type", "application/json");
            let status = request.body("{}").send().await.expect("an answer").status();
            assert_eq!(status, 403, "{method} {path} {headers:?}");
        }
    }
    // What a form can send without asking first is no JSON.
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        for path in ["/graphql", "/session"] {
            let body = json!({ "query": change }).to_string();
            let request = app.anonymous().post(path).header("cookie", &cookie).header("content-type", kind).body(body);
            assert_eq!(request.send().await.expect("an answer").status(), 415, "{path} {kind}");
        }
    }
    let url = format!("/graphql?query={}", change.replace(' ', "%20").replace('"', "%22"));
    let status = app.anonymous().get(&url).header("cookie", &cookie).send().await.expect("an answer").status();
    assert_eq!(status, 405, "GET only reads");
    let own = format!("http://{}", app.server.address);
    let (_, done) = ask(&app, &cookie, change, &[("origin", &own)]).await;
    assert_eq!(done["data"]["userUpdate"]["user"]["firstName"], "Eve");
}

#[tokio::test]
async fn a_cookie_is_secure_behind_tls() {
    let app = TestApp::with(|config| config.public_url = "https://docket.example.org".into()).await;
    assert!(log_in(&app, "admin").await.1.contains("; Secure"));
    let app = TestApp::with(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")]).await;
    let body = json!({ "login": "admin", "password": PASSWORD });
    for (said, secure) in [("https", true), ("http", false), ("https, http", false), ("http, https", true)] {
        let request = app.anonymous().post("/session").header("x-forwarded-proto", said).json(&body);
        let response = request.send().await.expect("an answer");
        let set = response.headers()[header::SET_COOKIE].to_str().expect("text");
        assert_eq!(set.contains("; Secure"), secure, "{said}: {set}");
    }
    let app = TestApp::new().await;
    let request = app.anonymous().post("/session").header("x-forwarded-proto", "https").json(&body);
    let response = request.send().await.expect("an answer");
    assert!(!response.headers()[header::SET_COOKIE].to_str().expect("text").contains("; Secure"), "a stranger said it");
}

#[tokio::test]
async fn streams_and_files_take_the_cookie_and_end_with_it() {
    let app = TestApp::new().await;
    let ada: Client = app.user("ada").await;
    let service = app.service(json!({})).await;
    ada.submit(&service, json!({})).await;
    let cookie = cookie_of(&log_in(&app, "ada").await.1);
    let file = app.anonymous().put("/files/a.txt").header("cookie", &cookie).body("a");
    let file: Value = file.send().await.expect("an answer").json().await.expect("JSON");
    let path = format!("/files/{}", file["id"].as_str().expect("an id"));
    let got = app.anonymous().get(&path).header("cookie", &cookie).send().await.expect("an answer");
    assert_eq!(got.text().await.expect("a body"), "a");
    assert_eq!(app.anonymous().get(&path).send().await.expect("an answer").status(), 401);

    let follow = json!({ "query": "subscription { jobEvents(after: \"e0\") { cursor } }" });
    let request = app.anonymous().post("/graphql").header("accept", "text/event-stream").header("cookie", &cookie);
    let mut stream = Stream::open(request.json(&follow)).await;
    assert!(stream.next().await.expect("an event").get("errors").is_none());
    app.anonymous().request(Method::DELETE, "/session").header("cookie", &cookie).send().await.expect("an answer");
    loop {
        let next = stream.next().await.expect("a reason");
        if next.get("errors").is_some() {
            assert_eq!(next["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
            break;
        }
    }
}

#[tokio::test]
async fn a_wrong_log_in_sets_no_cookie_and_bad_bodies_are_refused() {
    let app = TestApp::new().await;
    for (body, status) in [
        (json!({ "login": "admin", "password": "wrong horse" }).to_string(), 401),
        (json!({ "login": "admin" }).to_string(), 400),
        (json!({ "login": "admin", "password": 1 }).to_string(), 400),
        (json!({ "login": "admin", "password": PASSWORD, "isAdmin": true }).to_string(), 400),
        ("[]".to_owned(), 400),
        (String::new(), 400),
        ("{".to_owned(), 400),
    ] {
        let request = app.anonymous().post("/session").header("content-type", "application/json").body(body.clone());
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), status, "{body}");
        assert!(response.headers().get(header::SET_COOKIE).is_none(), "{body}");
        let answer: Value = response.json().await.expect("JSON");
        assert!(answer["errors"][0]["extensions"]["code"].is_string(), "{answer}");
    }
    let got = app.anonymous().get("/session").send().await.expect("an answer");
    assert_eq!((got.status().as_u16(), got.headers()[header::ALLOW].to_str().expect("text")), (405, "POST, DELETE"));
}
