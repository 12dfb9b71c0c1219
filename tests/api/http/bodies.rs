//! Bodies that are too large, too slow, or broken off.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::support::{TestServer, exchange, read_to_end};

const HEAD: &str = "POST /graphql HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n";

#[tokio::test]
async fn a_body_over_the_bound_is_refused_whether_it_is_announced_or_not() {
    let server = TestServer::with(|config| config.body_bytes = 1000).await;
    let large = format!("{{\"query\":\"{}\"}}", " ".repeat(2000));

    let announced = exchange(server.address, format!("{HEAD}Content-Length: {}\r\n\r\n{large}", large.len()));
    let announced = announced.await;
    assert!(announced.starts_with("HTTP/1.1 413 "), "{announced}");
    assert!(announced.contains("larger than 1000 bytes") && announced.contains("requestId"), "{announced}");

    let chunked = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    let chunked = exchange(server.address, chunked).await;
    assert!(chunked.starts_with("HTTP/1.1 413 "), "{chunked}");

    let polite = exchange(server.address, format!("{HEAD}Content-Length: 2000\r\nExpect: 100-continue\r\n\r\n"));
    let polite = polite.await;
    assert!(polite.starts_with("HTTP/1.1 413 "), "it is told before it sends anything: {polite}");
}

#[tokio::test]
async fn a_body_at_the_bound_is_read() {
    let server = TestServer::with(|config| config.body_bytes = 1000).await;
    let body = format!("{:<1000}", r#"{"query":"{hello}"}"#);
    let request = reqwest::Client::new().post(server.url("/graphql")).header("content-type", "application/json");
    assert_eq!(request.body(body).send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn a_slow_body_is_cut() {
    let server = TestServer::with(|config| config.body = Duration::from_millis(150)).await;
    let answer = exchange(server.address, format!("{HEAD}Content-Length: 100\r\n\r\n{{\"query\"")).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn a_body_that_breaks_off_changes_nothing() {
    let server = TestServer::new().await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    stream.write_all(format!("{HEAD}Content-Length: 100\r\n\r\n{{").as_bytes()).await.expect("written");
    stream.shutdown().await.expect("half closed");
    let answer = read_to_end(&mut stream).await;
    assert!(!answer.contains("200 OK"), "{answer}");
    assert_eq!(server.post("{hello}").send().await.expect("an answer").status(), 200);
}
