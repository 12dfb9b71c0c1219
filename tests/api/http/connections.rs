//! Connections that are slow, idle, or too many.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{Socket, TestServer, exchange, read_to_end};

const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";

async fn alive(stream: &mut TcpStream) {
    stream.write_all(REQUEST).await.expect("written");
    let mut answer = String::new();
    while !answer.contains("{\"alive\":true}") {
        let mut buffer = [0; 1024];
        let length = stream.read(&mut buffer).await.expect("no reset");
        assert!(length > 0, "closed after {answer}");
        answer.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_to_its_end_is_cut() {
    let server = TestServer::with(|config| config.header = Duration::from_millis(100)).await;
    // Nothing; a byte that could be the beginning of either protocol; the middle of a head; an HTTP/2 preface cut short.
    for start in ["", "P", "GET /healthz HTTP/1.1\r\nHost:", "PRI * HTTP/2.0\r\n"] {
        let answer = exchange(server.address, start.as_bytes()).await;
        assert!(!answer.contains("200"), "{start}: {answer}");
    }
}

#[tokio::test]
async fn a_second_head_is_cut_as_the_first() {
    let server = TestServer::with(|config| config.header = Duration::from_millis(100)).await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    alive(&mut stream).await;
    stream.write_all(b"GET /heal").await.expect("written");
    read_to_end(&mut stream).await;
}

#[tokio::test]
async fn waiting_for_the_next_request_is_not_slowness() {
    let server = TestServer::with(|config| {
        config.header = Duration::from_millis(40);
        config.idle = Duration::from_millis(400);
    })
    .await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    alive(&mut stream).await;
    let since = Instant::now();
    read_to_end(&mut stream).await;
    assert!(since.elapsed() >= Duration::from_millis(380), "closed by the idle bound: {:?}", since.elapsed());
}

#[tokio::test]
async fn a_connection_over_the_bound_is_told_to_come_back() {
    let server = TestServer::with(|config| config.connections = 2).await;
    let mut first = TcpStream::connect(server.address).await.expect("a connection");
    alive(&mut first).await;
    let socket = Socket::ready(&server).await;

    let answer = exchange(server.address, REQUEST).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("Retry-After: 1\r\n"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{answer}");
    serde_json::from_str::<serde_json::Value>(body).expect("JSON");

    alive(&mut first).await;
    drop(first);
    // The place is free as soon as the server has seen the end; until then it says so.
    loop {
        let mut next = TcpStream::connect(server.address).await.expect("a connection");
        next.write_all(b"GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await.expect("written");
        if read_to_end(&mut next).await.contains("{\"alive\":true}") {
            break;
        }
    }
    drop(socket);
}

#[tokio::test]
async fn http_2_without_tls_is_understood() {
    let server = TestServer::new().await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    // The preface and empty settings; the answer starts with the server's own settings frame.
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.expect("written");
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.expect("a frame");
    assert_eq!(frame[3], 4, "a SETTINGS frame: {frame:?}");
}

#[tokio::test]
async fn the_address_of_the_client_comes_from_trusted_proxies_only() {
    for (trusted, address) in [(true, "198.51.100.7"), (false, "127.0.0.1")] {
        let server = TestServer::with(|config| {
            let loopback = "127.0.0.0/8".parse().expect("a network");
            config.trusted_proxies = if trusted { vec![loopback] } else { Vec::new() };
        })
        .await;
        let request = server.post("{address}").header("x-forwarded-for", "198.51.100.7");
        let body = request.send().await.expect("an answer").text().await.expect("a body");
        assert!(body.starts_with(&format!(r#"{{"data":{{"address":"{address}"}}"#)), "{body}");
    }
}
