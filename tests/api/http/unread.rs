//! Clients that ask and do not read.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::support::{Socket, TestServer};

/// What the kernel's buffers on both sides may hold, in events of 64 KiB; a server that keeps events for a client that
/// does not read makes thousands in the time that these tests take.
const KERNEL: u64 = 256;

async fn server() -> TestServer {
    TestServer::with(|config| config.stall = Duration::from_millis(200)).await
}

#[tokio::test]
async fn an_event_stream_that_nobody_reads_costs_a_bounded_amount_and_ends() {
    let server = server().await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let request =
        "GET /graphql?query=subscription%7Bflood%7D HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("written");
    server.world.dropped(1).await;
    let made = server.world.flooded.load(Ordering::Relaxed);
    assert!((1..KERNEL).contains(&made), "{made} events were made");
    drop(stream);
}

#[tokio::test]
async fn a_socket_that_nobody_reads_costs_a_bounded_amount_and_slows_nobody() {
    let server = server().await;
    let mut deaf = Socket::ready(&server).await;
    for id in 0..10 {
        let payload = json!({ "query": "subscription {flood}" });
        deaf.send(json!({ "type": "subscribe", "id": id.to_string(), "payload": payload })).await;
    }
    let mut other = Socket::ready(&server).await;
    other.subscribe("1", "subscription {count(to: 100)}").await;
    for number in 1..=100 {
        assert_eq!(other.message().await["payload"]["data"]["count"], number);
    }
    server.world.dropped(10).await;
    let made = server.world.flooded.load(Ordering::Relaxed);
    assert!((1..KERNEL).contains(&made), "{made} events were made");
    drop(deaf);
    assert_eq!(server.stop().await.cut, 0, "the deaf socket is gone");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_socket_that_nobody_reads() {
    let server = TestServer::new().await;
    let mut deaf = Socket::ready(&server).await;
    deaf.subscribe("1", "subscription {flood}").await;
    let mut last = 0;
    // Until the kernel takes no more: a first event, and then none while another socket has had a whole conversation.
    loop {
        let mut other = Socket::ready(&server).await;
        other.subscribe("1", "subscription {count(to: 50)}").await;
        while other.message().await["type"] != "complete" {}
        let made = server.world.flooded.load(Ordering::Relaxed);
        if made > 0 && made == last {
            break;
        }
        last = made;
    }
    assert_eq!(server.stop().await.cut, 0);
    drop(deaf);
}
