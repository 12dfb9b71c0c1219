//! Why sockets are closed, by code.

use std::time::Duration;

use serde_json::json;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::support::{Socket, TestServer};
use futures_util::{SinkExt, StreamExt};

#[tokio::test]
async fn a_message_that_is_none_closes_with_4400() {
    let server = TestServer::new().await;
    for wrong in [
        "{",
        "{}",
        "{\"type\":\"dance\"}",
        "{\"type\":\"subscribe\",\"id\":\"1\"}",
        "{\"type\":\"connection_terminate\"}",
        "{\"type\":\"start\",\"id\":\"1\",\"payload\":{\"query\":\"{hello}\"}}",
        "{\"type\":\"stop\",\"id\":\"1\"}",
        "{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{}}",
        "{\"type\":\"ping\",\"payload\":[]}",
    ] {
        let mut socket = Socket::ready(&server).await;
        socket.send_text(wrong).await;
        assert_eq!(socket.closed().await.0, 4400, "{wrong}");
    }
    let mut socket = Socket::ready(&server).await;
    socket.subscribe("", "{hello}").await;
    assert_eq!(socket.closed().await.0, 4400, "an empty id");
    let mut socket = Socket::ready(&server).await;
    socket.0.send(Message::binary(b"{}".to_vec())).await.expect("open");
    assert_eq!(socket.closed().await.0, 4400, "binary");
}

#[tokio::test]
async fn the_order_of_the_handshake_is_kept() {
    let server = TestServer::new().await;
    let mut socket = Socket::new(&server).await;
    socket.subscribe("1", "{hello}").await;
    assert_eq!(socket.closed().await.0, 4401);

    let mut socket = Socket::ready(&server).await;
    socket.send(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.closed().await, (4429, "Too many initialisation requests".to_owned()));
}

#[tokio::test]
async fn a_socket_that_does_not_begin_closes_with_4408() {
    let server = TestServer::with(|config| config.socket_init = Duration::from_millis(50)).await;
    let mut socket = Socket::new(&server).await;
    assert_eq!(socket.closed().await, (4408, "Connection initialisation timeout".to_owned()));
}

#[tokio::test]
async fn a_bad_credential_closes_with_4403() {
    let server = TestServer::new().await;
    for payload in [json!({ "token": "stolen" }), json!({ "Authorization": "ada-token" }), json!({ "token": 7 })] {
        let mut socket = Socket::new(&server).await;
        socket.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.closed().await.0, 4403, "{payload}");
    }
    let mut socket = Socket::new(&server).await;
    socket.send(json!({ "type": "connection_init", "payload": { "token": "offline" } })).await;
    assert_eq!(socket.closed().await.0, 1013, "not the credential's fault: the client may try again");
}

#[tokio::test]
async fn a_socket_without_a_protocol_closes_with_4406() {
    let server = TestServer::new().await;
    let mut socket = Socket::open(&server, None, None).await.expect("an upgrade");
    assert_eq!(socket.closed().await.0, 4406);
}

#[tokio::test]
async fn a_client_that_closes_is_answered() {
    let server = TestServer::new().await;
    let mut socket = Socket::ready(&server).await;
    socket.subscribe("1", "subscription {silence}").await;
    socket.message().await;
    let frame = CloseFrame { code: 1000.into(), reason: "Done".into() };
    socket.0.send(Message::Close(Some(frame))).await.expect("open");
    assert_eq!(socket.closed().await, (1000, "Done".to_owned()));
    assert!(socket.0.next().await.is_none(), "and the connection ends without a reset");
}

#[tokio::test]
async fn an_id_that_is_in_use_closes_with_4409() {
    let server = TestServer::new().await;
    let mut socket = Socket::ready(&server).await;
    socket.subscribe("same", "subscription {silence}").await;
    socket.message().await;
    socket.subscribe("same", "{hello}").await;
    assert_eq!(socket.closed().await, (4409, "Subscriber for same already exists".to_owned()));
}

#[tokio::test]
async fn a_message_over_the_bound_closes_with_1009() {
    let server = TestServer::with(|config| config.body_bytes = 1000).await;
    let mut socket = Socket::ready(&server).await;
    socket.subscribe("1", &" ".repeat(2000)).await;
    assert_eq!(socket.closed().await.0, 1009);
}

#[tokio::test]
async fn a_page_of_another_site_gets_no_socket() {
    let server = TestServer::new().await;
    let protocol = Some("graphql-transport-ws");
    match Socket::open(&server, protocol, Some(("origin", "https://evil.example"))).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 403),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was let in"),
    }
    let own = server.url("");
    Socket::open(&server, protocol, Some(("origin", &own))).await.expect("its own pages are let in");
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_given_up() {
    let server = TestServer::with(|config| config.keepalive = Duration::from_millis(20)).await;
    let mut socket = Socket::ready(&server).await;
    socket.subscribe("1", "subscription {silence}").await;
    socket.message().await;
    // The client answers pings only while it is read from.
    server.world.dropped(1).await;
}
