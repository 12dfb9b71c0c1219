//! Operations over a websocket, in the protocol `graphql-transport-ws`.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};

use super::support::{PATIENCE, Socket, TestServer};

#[tokio::test]
async fn a_subscription_sends_its_results_and_completes() {
    let server = TestServer::new().await;
    let mut socket = Socket::ready(&server).await;
    socket.subscribe("a", "subscription {count(to: 2)}").await;
    for number in 1..=2 {
        let message = socket.message().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("next"), &json!("a")));
        assert_eq!(message["payload"]["data"], json!({ "count": number }));
    }
    assert_eq!(socket.message().await, json!({ "type": "complete", "id": "a" }));
}

#[tokio::test]
async fn queries_and_mutations_work_too_and_an_id_can_be_used_again() {
    let server = TestServer::new().await;
    let mut socket = Socket::ready(&server).await;
    for (document, data) in
        [("{hello}", json!({ "hello": "world" })), ("mutation {set(value: 7)}", json!({ "set": 7 }))]
    {
        socket.subscribe("1", document).await;
        assert_eq!(socket.message().await["payload"]["data"], data);
        assert_eq!(socket.message().await, json!({ "type": "complete", "id": "1" }));
    }
    let payload = json!({
        "query": "query A { hello } query B($text: String!) { echo(text: $text) }",
        "operationName": "B", "variables": { "text": "hi" }, "extensions": null,
    });
    socket.send(json!({ "type": "subscribe", "id": "1", "payload": payload })).await;
    assert_eq!(socket.message().await["payload"]["data"], json!({ "echo": "hi" }));
}

#[tokio::test]
async fn a_document_that_cannot_be_executed_is_an_error_message() {
    let server = TestServer::new().await;
    let mut socket = Socket::ready(&server).await;
    for document in ["{", ""] {
        socket.subscribe("1", document).await;
        let message = socket.message().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("1")), "{message}");
        assert_eq!(message["payload"][0]["extensions"]["code"], "BAD_REQUEST", "{message}");
    }
    socket.subscribe("2", "subscription {panics(sure: true)}").await;
    assert_eq!(socket.message().await["payload"]["data"], json!({ "panics": true }));
    let failed = socket.message().await;
    assert_eq!(failed["payload"]["errors"][0]["extensions"]["code"], "INTERNAL", "{failed}");
    assert_eq!(socket.message().await, json!({ "type": "complete", "id": "2" }), "and the socket goes on");
}

#[tokio::test]
async fn completing_ends_the_subscription_and_frees_its_id() {
    let server = TestServer::new().await;
    let mut socket = Socket::ready(&server).await;
    for ended in 1..=2 {
        socket.subscribe("1", "subscription {silence}").await;
        assert_eq!(socket.message().await["payload"]["data"], json!({ "silence": true }));
        socket.send(json!({ "type": "complete", "id": "1" })).await;
        server.world.dropped(ended).await;
    }
}

#[tokio::test]
async fn a_socket_that_is_dropped_ends_its_subscriptions() {
    let server = TestServer::new().await;
    let mut socket = Socket::ready(&server).await;
    socket.subscribe("1", "subscription {silence}").await;
    socket.message().await;
    drop(socket);
    server.world.dropped(1).await;
}

#[tokio::test]
async fn a_socket_has_so_many_operations_and_no_more() {
    let server = TestServer::with(|config| config.streams_per_socket = 2).await;
    let mut socket = Socket::ready(&server).await;
    for id in ["1", "2"] {
        socket.subscribe(id, "subscription {silence}").await;
        assert_eq!(socket.message().await["type"], "next");
    }
    socket.subscribe("3", "{hello}").await;
    let refused = socket.message().await;
    assert_eq!(refused["payload"][0]["extensions"]["code"], "RATE_LIMITED", "{refused}");
    socket.send(json!({ "type": "complete", "id": "1" })).await;
    socket.subscribe("3", "{hello}").await;
    assert_eq!(socket.message().await["payload"]["data"]["hello"], "world");
}

#[tokio::test]
async fn the_credential_comes_from_the_header_or_from_the_init_message() {
    let server = TestServer::new().await;
    let viewer = async |header: Option<(&'static str, &str)>, payload: Value| {
        let mut socket = Socket::open(&server, Some("graphql-transport-ws"), header).await.expect("an upgrade");
        socket.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.message().await, json!({ "type": "connection_ack" }));
        socket.subscribe("1", "{viewer}").await;
        socket.message().await["payload"]["data"]["viewer"].as_str().expect("a name").to_owned()
    };
    assert_eq!(viewer(None, Value::Null).await, "nobody");
    assert_eq!(viewer(None, json!({ "Authorization": "Bearer ada-token" })).await, "ada");
    assert_eq!(viewer(None, json!({ "authorization": "bearer ada-token" })).await, "ada");
    assert_eq!(viewer(None, json!({ "token": "ada-token" })).await, "ada");
    assert_eq!(viewer(Some(("authorization", "Bearer ada-token")), json!({})).await, "ada");
}

#[tokio::test]
async fn pings_are_answered_and_sent() {
    let server = TestServer::with(|config| config.keepalive = Duration::from_millis(20)).await;
    let mut socket = Socket::ready(&server).await;
    socket.send(json!({ "type": "ping", "payload": { "at": 1 } })).await;
    assert_eq!(socket.message().await, json!({ "type": "pong", "payload": { "at": 1 } }));
    let ping = tokio::time::timeout(PATIENCE, socket.0.next()).await.expect("a ping").expect("open").expect("no error");
    assert!(ping.is_ping(), "{ping:?}");
}
