//! Servers, beyond the document's listing.

use serde_json::json;

use super::{refused, shown};
use crate::support::{Remote, Reply, TestApp};

#[tokio::test]
async fn a_server_that_does_not_answer_is_listed_as_not_active() {
    let app = TestApp::new().await;
    let remote = Remote::new(|_| Reply::Raw(String::new())).await;
    app.register("lab", &remote.url()).await;
    app.probe().await;
    let body = shown(&app.anonymous(), "/servers").await;
    assert_eq!(body["lab"], json!({ "url": remote.url(), "services": [], "active": false }));
    assert_eq!(body["localhost"]["active"], true);
    assert_eq!(refused(&app.anonymous(), "/servers/nobody").await, (404, "NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn of_this_server_everybody_sees_the_services_that_it_may_see() {
    let app = TestApp::new().await;
    app.service(json!({ "name": "open" })).await;
    let ada = app.user("ada").await;
    let project = ada.project(json!({ "title": "Inner" })).await;
    ada.service(json!({ "projectId": project, "name": "inner" })).await;
    assert_eq!(shown(&ada, "/servers/localhost").await["services"], json!(["inner", "open"]));
    for client in [app.anonymous(), app.user("bob").await] {
        assert_eq!(shown(&client, "/servers/localhost").await["services"], json!(["open"]));
    }
}

#[tokio::test]
async fn two_dockets_may_know_each_other_by_this_api_alone() {
    let (here, there) = (TestApp::new().await, TestApp::new().await);
    there.service(json!({ "name": "align", "isExported": true })).await;
    there.service(json!({ "name": "kept" })).await;
    let url = format!("http://{}/mobyle2", there.server.address);
    let input = json!({ "name": "lab", "url": url, "protocol": "MOBYLE2" });
    here.admin().change("serverRegister", input, "server { id }").await;
    here.probe().await;
    let expected = json!({ "url": url, "services": ["align"], "active": true });
    assert_eq!(shown(&here.anonymous(), "/servers/lab").await, expected);
}

#[tokio::test]
async fn more_services_than_a_page_has_are_listed() {
    let app = TestApp::new().await;
    let remote = Remote::new(|_| Reply::Silence).await;
    let nodes: Vec<_> = (0..1_001)
        .map(|number| json!({ "name": format!("s{number}"), "server": "s", "type": "widget", "exported": true }))
        .collect();
    let services: serde_json::Map<_, _> = nodes.into_iter().map(|node| (node["name"].to_string(), node)).collect();
    remote.answer(move |path| match path {
        "/servers/" => Reply::Json(json!({ "s": { "url": "http://s" } })),
        "/services/" => Reply::Json(services.clone().into()),
        _ => Reply::Json(json!(null)),
    });
    let input = json!({ "name": "big", "url": remote.url() });
    app.admin().change("serverRegister", input, "server { id }").await;
    app.probe().await;
    let listed = |body: &serde_json::Value| body["services"].as_array().map(Vec::len);
    assert_eq!(listed(&shown(&app.anonymous(), "/servers/big").await), Some(1_000), "as many as the settings take");
    app.service(json!({ "name": "own" })).await;
    assert_eq!(shown(&app.anonymous(), "/services").await.as_object().map(serde_json::Map::len), Some(1_001));
}
