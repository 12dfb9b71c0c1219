//! Servers that answer Mobyle2's HTTP API, with the design document's own lists.

use serde_json::{Value, json};

use super::{names, probed};
use crate::support::{Remote, Reply, TestApp};

const SERVERS: &str = include_str!("mobyle2_servers.json");
const SERVICES: &str = include_str!("mobyle2_services.json");

/// The lists; `url` stands where the document says `[mobyle2 server 1 URL]`.
fn lists(path: &str, url: &str) -> Reply {
    let text = match path {
        "/servers/" => SERVERS.replace("[mobyle2 server 1 URL]", url),
        "/services/" => SERVICES.to_owned(),
        _ => return Reply::Raw("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into()),
    };
    Reply::Json(serde_json::from_str(&text).expect("the document's lists are JSON"))
}

#[tokio::test]
async fn the_lists_of_the_document_are_understood() {
    let app = TestApp::new().await;
    let remote = Remote::new(|_| Reply::Silence).await;
    let url = remote.url();
    remote.answer(move |path| lists(path, &url));
    let server = app.register("pasteur", &remote.url()).await;
    let shown = probed(&app, &server).await;
    assert_eq!((&shown["isActive"], &shown["protocol"]), (&json!(true), &json!("MOBYLE2")));
    assert_eq!(names(&shown["services"]), ["service1::project::pasteur", "service2::project::pasteur"]);
    let known = Remote::new(|_| Reply::Silence).await;
    let (url, again) = (known.url(), json!({ "name": "again", "url": known.url(), "protocol": "MOBYLE2" }));
    known.answer(move |path| lists(path, &url));
    let made = app.admin().change("serverRegister", again, "server { id }").await;
    let shown = probed(&app, made["server"]["id"].as_str().expect("an id")).await;
    assert_eq!(names(&shown["services"]).len(), 2);
}

#[tokio::test]
async fn what_a_server_has_from_a_third_is_not_taken_for_its_own() {
    let app = TestApp::new().await;
    let service = json!({ "name": "blast", "server": "third", "type": "program", "exported": true });
    let services = json!({ "blast::server::third": service });
    let at = |url: &str| json!({ "url": url, "services": [], "active": true });
    let answering = async |servers: Value| {
        let (remote, services) = (Remote::new(|_| Reply::Silence).await, services.clone());
        remote.answer(move |path| match path {
            "/servers/" => Reply::Json(servers.clone()),
            "/services/" => Reply::Json(services.clone()),
            _ => Reply::Json(Value::Null),
        });
        remote
    };
    // It runs nothing, and knows itself by another address than the one that it is asked at.
    let both = json!({ "me": at("http://me.example.org"), "third": at("http://third.example.org") });
    let remote = answering(both).await;
    let shown = probed(&app, &app.register("lab", &remote.url()).await).await;
    assert_eq!((&shown["isActive"], names(&shown["services"])), (&json!(false), Vec::new()), "{shown}");
    let remote = answering(json!({ "me": at("http://me.example.org") })).await;
    let shown = probed(&app, &app.register("den", &remote.url()).await).await;
    assert_eq!((&shown["isActive"], names(&shown["services"])), (&json!(true), Vec::new()), "{shown}");
}

#[tokio::test]
async fn only_what_it_runs_itself_and_exports_is_taken() {
    let app = TestApp::new().await;
    let service = |name: &str, server: &str, kind: &str, exported: bool| {
        json!({ "name": name, "server": server, "type": kind, "exported": exported, "disabled": true, "authorized": true,
            "project": "server" })
    };
    let services = json!({
        "a": service("own", "me", "viewer", true),
        "b": service("kept", "me", "program", false),
        "c": service("foreign", "other", "program", true),
        "d": service("odd", "me", "oracle", true),
    });
    let remote = Remote::new(|_| Reply::Silence).await;
    let servers = json!({ "me": { "url": format!("{}/", remote.url()), "services": [], "active": true },
        "other": { "url": "http://other.example.org", "services": [], "active": true } });
    remote.answer(move |path| match path {
        "/servers/" => Reply::Json(servers.clone()),
        "/services/" => Reply::Json(services.clone()),
        _ => Reply::Json(Value::Null),
    });
    let server = app.register("lab", &remote.url()).await;
    assert_eq!(names(&probed(&app, &server).await["services"]), ["own::server::lab"]);
    let document = "{ service(fullName: \"own::server::lab\") { kind isDisabled } }";
    let shown = json!({ "kind": "WIDGET", "isDisabled": true });
    assert_eq!(app.anonymous().data(document, json!({})).await["service"], shown);
}
