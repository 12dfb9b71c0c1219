//! How the server stops.

use std::time::Duration;

use docket::http::Stopped;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{PATIENCE, Socket, TestServer};

#[tokio::test]
async fn sockets_are_told_why_while_a_running_request_is_answered() {
    let server = TestServer::new().await;
    let mut idle = Socket::ready(&server).await;
    let mut following = Socket::ready(&server).await;
    following.subscribe("1", "subscription {silence}").await;
    following.message().await;
    let request = server.post("{slow}");
    let request = tokio::spawn(async move { request.send().await.expect("an answer").text().await.expect("a body") });
    server.world.begun.notified().await;

    server.shutdown.cancel();
    for socket in [&mut idle, &mut following] {
        assert_eq!(socket.closed().await, (1012, "Service restart".to_owned()));
    }
    assert!(!request.is_finished());
    server.world.release.notify_one();
    assert_eq!(request.await.expect("no panic"), r#"{"data":{"slow":true},"extensions":{"cost":{"requested":1}}}"#);
    drop((idle, following));
    assert_eq!(server.stopped().await, Stopped { cut: 0 });
}

#[tokio::test]
async fn an_operation_on_a_socket_is_answered_before_the_close() {
    let server = TestServer::new().await;
    let mut socket = Socket::ready(&server).await;
    socket.subscribe("1", "{slow}").await;
    server.world.begun.notified().await;
    server.shutdown.cancel();
    server.world.release.notify_one();
    assert_eq!(socket.message().await["payload"]["data"], json!({ "slow": true }));
    assert_eq!(socket.message().await, json!({ "type": "complete", "id": "1" }));
    assert_eq!(socket.closed().await.0, 1012);
    drop(socket);
    assert_eq!(server.stopped().await, Stopped { cut: 0 });
}

#[tokio::test]
async fn an_event_stream_ends_without_completing() {
    let server = TestServer::new().await;
    let mut response = server.stream("subscription {silence}").send().await.expect("an answer");
    let mut text = String::new();
    while !text.contains("silence") {
        text.push_str(&String::from_utf8_lossy(&response.chunk().await.expect("no error").expect("no end")));
    }
    let stopped = tokio::spawn(server.stop());
    while let Some(chunk) = response.chunk().await.expect("an end and not a break") {
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(!text.contains("complete"), "the client is to come back: {text}");
    assert_eq!(stopped.await.expect("no panic"), Stopped { cut: 0 });
}

#[tokio::test]
async fn a_query_over_an_event_stream_is_answered() {
    let server = TestServer::new().await;
    let request = server.stream("{slow}");
    let request = tokio::spawn(async move { request.send().await.expect("an answer").text().await.expect("a body") });
    server.world.begun.notified().await;
    server.shutdown.cancel();
    server.world.release.notify_one();
    let text = request.await.expect("no panic");
    assert!(text.contains(r#"{"data":{"slow":true},"#) && text.contains("event: complete"), "{text}");
    assert_eq!(server.stopped().await, Stopped { cut: 0 });
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut() {
    let server = TestServer::with(|config| config.shutdown = Duration::from_millis(100)).await;
    let request = tokio::spawn(server.post("{slow}").send());
    server.world.begun.notified().await;
    assert_eq!(server.stop().await, Stopped { cut: 1 });
    request.await.expect("no panic").expect_err("the connection was cut");
}

#[tokio::test]
async fn a_connection_that_is_just_open_may_bring_its_request() {
    let server = TestServer::new().await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    server.shutdown.cancel();
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("written");
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("an end").expect("no reset");
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\"server\":\"stopping\""), "{answer}");
    assert_eq!(server.stopped().await, Stopped { cut: 0 });
}
