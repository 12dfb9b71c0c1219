//! Servers that are slow, huge, elsewhere, or lie.

use serde_json::{Value, json};

use super::{names, probed};
use crate::support::{Remote, Reply, TestApp};

/// A page of services as a docket answers it.
fn page(nodes: &Value, cursor: Option<&str>) -> Reply {
    let page_info = json!({ "hasNextPage": cursor.is_some(), "endCursor": cursor });
    Reply::Json(json!({ "data": { "services": { "nodes": nodes, "pageInfo": page_info } } }))
}

fn service(name: &str) -> Value {
    json!({ "name": name, "title": "T", "description": "", "kind": "PROGRAM", "isDisabled": false, "project": null })
}

fn redirect(to: &str) -> Reply {
    Reply::Raw(format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"))
}

#[tokio::test]
async fn what_is_no_answer_makes_it_inactive_and_keeps_what_was_known() {
    let app = TestApp::with(|config| {
        config.federation.timeout_seconds = 1;
        config.federation.answer_bytes = 65_536;
    })
    .await;
    let mut elsewhere = Remote::new(|_| page(&json!([service("stolen")]), None)).await;
    let remote = Remote::new(|_| page(&json!([service("good")]), None)).await;
    let server = app.register("lab", &remote.url()).await;
    let good = probed(&app, &server).await;
    assert_eq!((&good["isActive"], names(&good["services"])), (&json!(true), vec!["good::server::lab".to_owned()]));
    let (to, huge) = (elsewhere.url(), "x".repeat(70_000));
    let raw =
        |status: &str| Reply::Raw(format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"));
    let cases = [
        (Reply::Silence, "it does not answer in time"),
        (Reply::Endless, "its answers are too long"),
        (page(&json!([service(&huge)]), None), "its answers are too long"),
        (redirect(&to), "it answered 307: redirects are not followed"),
        (redirect("file:///etc/passwd"), "it answered 307: redirects are not followed"),
        (raw("500 Internal Server Error"), "it answered 500"),
        (raw("401 Unauthorized"), "it answered 401"),
        (Reply::Raw("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>".into()), "something that is not JSON"),
        (Reply::Raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}".into()), "the connection failed"),
        (Reply::Raw("SSH-2.0-OpenSSH\r\n".into()), "the connection failed"),
        (Reply::Raw(String::new()), "the connection failed"),
        (
            Reply::Json(json!({ "errors": [{ "message": "<script>" }], "data": null })),
            "it does not answer as a docket does",
        ),
        (Reply::Json(json!([1, 2])), "it does not answer as a docket does"),
        (Reply::Json(Value::Null), "it does not answer as a docket does"),
        (page(&json!([{ "name": 1 }]), None), "it does not answer as a docket does"),
    ];
    for (reply, why) in cases {
        let shown = format!("{reply:.100?}");
        remote.answer(move |_| reply.clone());
        let bad = probed(&app, &server).await;
        let error = bad["lastError"].as_str().unwrap_or_default();
        assert!(error.contains(why), "{shown}: {error}");
        assert!(!error.contains("script") && !error.contains("passwd"), "nothing that it says is repeated: {error}");
        assert_eq!(bad["isActive"], false, "{shown}");
        assert_eq!(names(&bad["services"]), ["good::server::lab"], "{shown}");
    }
    assert_eq!(elsewhere.heads(), [""; 0], "nobody went where it pointed");
    let document = "query($id: ID!) { server(id: $id) { isActive lastError } }";
    let hidden = json!({ "isActive": false, "lastError": null });
    for client in [app.anonymous(), app.user("ada").await] {
        assert_eq!(client.data(document, json!({ "id": server })).await["server"], hidden);
    }
    remote.answer(|_| page(&json!([service("good"), service("new")]), None));
    assert_eq!(names(&probed(&app, &server).await["services"]), ["good::server::lab", "new::server::lab"]);
}

#[tokio::test]
async fn lies_are_cut_to_what_a_service_can_be() {
    let app = TestApp::with(|config| config.federation.services = 150).await;
    let mut odd = service("odd");
    odd["title"] = json!("<img onerror=alert(1)>\u{0}\u{1b}[2J".repeat(20));
    odd["description"] = json!("x".repeat(20_000));
    odd["kind"] = json!("NEW");
    let nodes = json!([odd, service("odd"), service("server"), service("a::b"), service("../x"), service("")]);
    // It always has one more page.
    let mut remote = Remote::new(move |_| page(&nodes, Some("again"))).await;
    let server = app.register("liar", &remote.url()).await;
    let shown = probed(&app, &server).await;
    assert_eq!((&shown["isActive"], names(&shown["services"])), (&json!(true), vec!["odd::server::liar".to_owned()]));
    assert_eq!(remote.heads().len(), 2, "as many pages as the most services need");
    let document = "{ service(fullName: \"odd::server::liar\") { title description kind } }";
    let found = app.anonymous().data(document, json!({})).await["service"].take();
    let (title, description) = (found["title"].as_str().expect("text"), found["description"].as_str().expect("text"));
    assert_eq!((title.chars().count(), description.len(), &found["kind"]), (200, 10_000, &json!("PROGRAM")));
    assert!(!title.contains(['\u{0}', '\u{1b}']));
    let many: Vec<Value> = (0..200).map(|number| service(&format!("s{number}"))).collect();
    remote.answer(move |_| page(&json!(many), None));
    probed(&app, &server).await;
    let document = "query($id: ID!) { server(id: $id) { services { totalCount } } }";
    assert_eq!(app.admin().data(document, json!({ "id": server })).await["server"]["services"]["totalCount"], 150);
}

#[tokio::test]
async fn nothing_is_sent_that_says_who_asks() {
    let app = TestApp::new().await;
    let reply = |_: &str| {
        Reply::Raw("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}".to_owned())
    };
    let mut remote = Remote::new(reply).await;
    let server = app.register("lab", &format!("{}/base/", remote.url())).await;
    for _ in 0..2 {
        probed(&app, &server).await;
    }
    let heads = remote.heads();
    let firsts: Vec<&str> = heads.iter().filter_map(|head| head.lines().next()).collect();
    let asked = ["post /base/graphql http/1.1", "get /base/servers/ http/1.1"];
    assert_eq!(firsts, [asked, asked].concat());
    for head in heads {
        for secret in ["authorization", "cookie", "referer", "docket-", "x-forwarded"] {
            assert!(!head.contains(&format!("\n{secret}")), "{head}");
        }
    }
}
