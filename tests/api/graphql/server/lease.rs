//! Who probes, when, and that it is one at a time.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::probed;
use crate::support::{Remote, Reply, TestApp, code, mutation};

fn empty(_: &str) -> Reply {
    let page_info = json!({ "hasNextPage": false, "endCursor": null });
    Reply::Json(json!({ "data": { "services": { "nodes": [], "pageInfo": page_info } } }))
}

#[tokio::test]
async fn it_is_probed_when_it_is_due_and_less_often_while_it_fails() {
    let app = TestApp::new().await;
    assert_eq!(app.probe().await, 0, "nobody is asked before somebody is registered");
    let remote = Remote::new(empty).await;
    let server = app.register("lab", &remote.url()).await;
    let active = async || {
        let document = "query($id: ID!) { server(id: $id) { isActive } }";
        app.anonymous().data(document, json!({ "id": server })).await["server"]["isActive"].take()
    };
    assert_eq!(active().await, false, "it has not answered yet");
    assert_eq!((app.probe().await, active().await, app.probe().await), (1, json!(true), 0));
    app.advance(61);
    remote.answer(|_| Reply::Raw(String::new()));
    assert_eq!((app.probe().await, active().await), (1, json!(false)));
    // After the first failure as before, then twice and four times as long.
    for pause in [60, 120, 240] {
        app.advance(pause - 1);
        assert_eq!(app.probe().await, 0, "{pause}");
        app.advance(2);
        assert_eq!(app.probe().await, 1, "{pause}");
    }
    remote.answer(empty);
    app.advance(481);
    assert_eq!((app.probe().await, active().await), (1, json!(true)));
    app.advance(61);
    assert_eq!(app.probe().await, 1, "and at once as often as before");
    let admin = app.admin();
    let enabled = |is: bool| json!({ "serverId": server, "isEnabled": is });
    admin.change("serverUpdate", enabled(false), "server { id }").await;
    app.advance(100_000);
    assert_eq!((app.probe().await, active().await), (0, json!(false)));
    assert_eq!(admin.refused("serverProbe", json!({ "serverId": server })).await, "INVALID_STATE");
    admin.change("serverUpdate", enabled(true), "server { id }").await;
    assert_eq!((app.probe().await, active().await), (1, json!(true)));
}

#[tokio::test]
async fn one_server_is_probed_once_at_a_time_by_all_servers_of_a_database() {
    let app = TestApp::new().await;
    let other = app.replica().await;
    let go = Arc::new(Notify::new());
    let held = Arc::clone(&go);
    let mut remote = Remote::new(move |_| Reply::Held(Arc::clone(&held))).await;
    let server = app.register("lab", &remote.url()).await;
    let (admin, input) = (app.admin(), json!({ "input": { "serverId": server } }));
    let document = mutation("serverProbe", "server { isActive }");
    let first = tokio::spawn({
        let (admin, document, input) = (admin.clone(), document.clone(), input.clone());
        async move { admin.graphql(&document, input).await }
    });
    remote.head().await;
    let second = admin.graphql(&document, input.clone()).await;
    assert_eq!((code(&second), app.probe().await), ("INVALID_STATE".to_owned(), 0));
    if let Some(other) = &other {
        assert_eq!(other.probe().await, 0);
    }
    // The first prober counts as dead now, and what it finds out is of no interest any more.
    app.advance(31);
    remote.answer(empty);
    assert_eq!(other.as_ref().unwrap_or(&app).probe().await, 1);
    go.notify_one();
    assert_eq!(code(&first.await.expect("it ends")), "INVALID_STATE");
    let shown = "query($id: ID!) { server(id: $id) { isActive lastError } }";
    let active = json!({ "isActive": true, "lastError": null });
    assert_eq!(admin.data(shown, json!({ "id": server })).await["server"], active);
}

#[tokio::test]
async fn a_running_server_probes_by_itself() {
    let app = TestApp::with(|config| config.federation.look_seconds = 1).await;
    let mut remote = Remote::new(empty).await;
    app.register("lab", &remote.url()).await;
    assert!(remote.head().await.starts_with("post /graphql "));
}

#[tokio::test]
async fn a_probe_under_way_keeps_no_server_from_stopping() {
    let app = TestApp::with(|config| config.federation.look_seconds = 1).await;
    let mut remote = Remote::new(|_| Reply::Silence).await;
    app.register("lab", &remote.url()).await;
    remote.head().await;
    let stopped = tokio::time::timeout(Duration::from_secs(5), app.server.stop()).await;
    stopped.expect("it does not wait for the answer").expect("it stops");
}

#[tokio::test]
async fn a_server_that_moves_is_asked_at_its_new_address_only() {
    let app = TestApp::new().await;
    let (mut before, mut after) = (Remote::new(empty).await, Remote::new(empty).await);
    let server = app.register("lab", &before.url()).await;
    probed(&app, &server).await;
    let moved = json!({ "serverId": server, "url": after.url(), "name": "new" });
    let shown = app.admin().change("serverUpdate", moved, "server { name isActive protocol }").await;
    assert_eq!(shown["server"], json!({ "name": "new", "isActive": false, "protocol": Value::Null }));
    before.heads();
    assert_eq!((app.probe().await, before.heads().len(), after.heads().len()), (1, 0, 1));
}
