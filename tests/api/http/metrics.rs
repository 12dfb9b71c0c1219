//! The figures. Other tests of this process count into them too, so only what is there is looked at.

use super::support::{Socket, TestServer};

#[tokio::test]
async fn what_happens_is_counted() {
    let server = TestServer::new().await;
    server.post("{hello}").send().await.expect("an answer");
    server.post("mutation {set(value: 1)}").send().await.expect("an answer");
    server.post("{").send().await.expect("an answer");
    reqwest::get(server.url("/a/path/that/nobody/has")).await.expect("an answer");
    let mut socket = Socket::ready(&server).await;
    socket.subscribe("1", "subscription {silence}").await;
    socket.message().await;

    let response = reqwest::get(server.url("/metrics")).await.expect("an answer");
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = response.text().await.expect("a body");
    for line in [
        "docket_http_requests_total{route=\"/graphql\",method=\"POST\",status=\"200\"}",
        "docket_http_requests_total{route=\"other\",method=\"GET\",status=\"404\"}",
        "docket_http_request_duration_seconds_bucket{route=\"/graphql\",method=\"POST\",le=\"0.001\"}",
        "docket_http_connections ",
        "docket_graphql_sockets ",
        "docket_graphql_streams{transport=\"websocket\"}",
        "docket_graphql_operations_total{kind=\"query\",outcome=\"ok\",transport=\"http\"}",
        "docket_graphql_operations_total{kind=\"mutation\",outcome=\"ok\",transport=\"http\"}",
        "docket_graphql_operations_total{kind=\"unknown\",outcome=\"refused\",transport=\"http\"}",
        "docket_graphql_operations_total{kind=\"subscription\",outcome=\"started\",transport=\"websocket\"}",
    ] {
        assert!(text.contains(line), "{line} is missing in:\n{text}");
    }
    assert!(!text.contains("nobody"), "paths of clients are not figures");
}
