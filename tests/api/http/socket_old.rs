//! The older protocol, `graphql-ws`.

use std::time::Duration;

use serde_json::json;

use super::support::{Socket, TestServer};

async fn ready(server: &TestServer) -> Socket {
    let mut socket = Socket::open(server, Some("graphql-ws"), None).await.expect("an upgrade");
    socket.send(json!({ "type": "connection_init", "payload": {} })).await;
    assert_eq!(socket.message().await, json!({ "type": "connection_ack" }));
    assert_eq!(socket.message().await, json!({ "type": "ka" }));
    socket
}

async fn start(socket: &mut Socket, id: &str, document: &str) {
    socket.send(json!({ "type": "start", "id": id, "payload": { "query": document } })).await;
}

#[tokio::test]
async fn operations_start_send_data_and_complete() {
    let server = TestServer::new().await;
    let mut socket = ready(&server).await;
    start(&mut socket, "1", "subscription {count(to: 1)}").await;
    let message = socket.message().await;
    assert_eq!((&message["type"], &message["id"]), (&json!("data"), &json!("1")));
    assert_eq!(message["payload"]["data"], json!({ "count": 1 }));
    assert_eq!(socket.message().await, json!({ "type": "complete", "id": "1" }));
}

#[tokio::test]
async fn stopping_is_confirmed_and_an_id_that_is_in_use_takes_its_place() {
    let server = TestServer::new().await;
    let mut socket = ready(&server).await;
    start(&mut socket, "1", "subscription {silence}").await;
    assert_eq!(socket.message().await["type"], "data");
    start(&mut socket, "1", "subscription {silence}").await;
    server.world.dropped(1).await;
    assert_eq!(socket.message().await["type"], "data");
    socket.send(json!({ "type": "stop", "id": "1" })).await;
    assert_eq!(socket.message().await, json!({ "type": "complete", "id": "1" }));
    server.world.dropped(2).await;
}

#[tokio::test]
async fn an_error_is_one_object() {
    let server = TestServer::new().await;
    let mut socket = ready(&server).await;
    start(&mut socket, "1", "{").await;
    let message = socket.message().await;
    assert_eq!(message["type"], "error");
    assert_eq!(message["payload"]["extensions"]["code"], "BAD_REQUEST", "{message}");
}

#[tokio::test]
async fn a_bad_credential_is_named_before_the_close() {
    let server = TestServer::new().await;
    let mut socket = Socket::open(&server, Some("graphql-ws"), None).await.expect("an upgrade");
    socket.send(json!({ "type": "connection_init", "payload": { "authorization": "Bearer stolen" } })).await;
    let message = socket.message().await;
    assert_eq!(message, json!({ "type": "connection_error", "payload": { "message": "This token is not valid." } }));
    assert_eq!(socket.closed().await.0, 4403);
}

#[tokio::test]
async fn terminating_closes_and_keep_alives_come() {
    let server = TestServer::with(|config| config.keepalive = Duration::from_millis(20)).await;
    let mut socket = ready(&server).await;
    assert_eq!(socket.message().await, json!({ "type": "ka" }));
    socket.send(json!({ "type": "connection_terminate" })).await;
    loop {
        // Keep-alives may still be on their way.
        match futures_util::StreamExt::next(&mut socket.0).await.expect("a close").expect("no error") {
            tokio_tungstenite::tungstenite::Message::Close(Some(frame)) => {
                break assert_eq!(u16::from(frame.code), 1000);
            }
            other => assert!(!other.is_close(), "{other:?}"),
        }
    }
}

#[tokio::test]
async fn who_speaks_both_gets_the_protocol_of_today() {
    let server = TestServer::new().await;
    let mut socket = Socket::open(&server, Some("graphql-ws, graphql-transport-ws"), None).await.expect("an upgrade");
    socket.send(json!({ "type": "connection_init" })).await;
    socket.message().await;
    socket.subscribe("1", "{hello}").await;
    assert_eq!(socket.message().await["type"], "next");
}
