//! Server-sent events.

use std::time::Duration;

use super::support::{PATIENCE, TestServer};

const COUNT: &str = "subscription {count(to: 3)}";

/// The stream up to its end, without the comments.
async fn events(request: reqwest::RequestBuilder) -> String {
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    assert_eq!(response.headers()["cache-control"], "no-store");
    response.text().await.expect("a body").replace(":\n\n", "")
}

#[tokio::test]
async fn a_subscription_sends_its_results_with_their_ids_and_completes() {
    let server = TestServer::new().await;
    let expected = "event: next\nid: at-1\ndata: {\"data\":{\"count\":1},\"extensions\":{\"cost\":{\"requested\":1}}}\n\n\
                    event: next\nid: at-2\ndata: {\"data\":{\"count\":2}}\n\n\
                    event: next\nid: at-3\ndata: {\"data\":{\"count\":3}}\n\n\
                    event: complete\ndata: \n\n";
    assert_eq!(events(server.stream(COUNT)).await, expected);
    let get = reqwest::Client::new()
        .get(server.url("/graphql?query=subscription%7Bcount(to%3A3)%7D"))
        .header("accept", "text/event-stream");
    assert_eq!(events(get).await, expected, "as a browser's EventSource asks");
}

#[tokio::test]
async fn a_client_that_comes_back_continues_behind_its_last_event() {
    let server = TestServer::new().await;
    let text = events(server.stream(COUNT).header("last-event-id", "at-2")).await;
    assert_eq!(
        text,
        "event: next\nid: at-3\ndata: {\"data\":{\"count\":3},\"extensions\":{\"cost\":{\"requested\":1}}}\n\nevent: complete\ndata: \n\n"
    );
}

#[tokio::test]
async fn an_empty_last_event_id_is_none() {
    let server = TestServer::new().await;
    for empty in ["", " "] {
        let text = events(server.stream(COUNT).header("last-event-id", empty)).await;
        assert!(text.starts_with("event: next\nid: at-1\n"), "{text}");
    }
}

#[tokio::test]
async fn queries_and_mutations_are_streams_of_one() {
    let server = TestServer::new().await;
    for (document, data) in [("{hello}", r#"{"hello":"world"}"#), ("mutation {set(value: 7)}", r#"{"set":7}"#)] {
        let text = events(server.stream(document)).await;
        assert!(text.starts_with(&format!("event: next\ndata: {{\"data\":{data},")), "{text}");
        assert!(text.ends_with("}\n\nevent: complete\ndata: \n\n"), "{text}");
    }
}

#[tokio::test]
async fn errors_before_the_execution_come_through_the_stream() {
    let server = TestServer::new().await;
    for document in ["{", "{nothing}", "subscription {nothing}"] {
        let text = events(server.stream(document)).await;
        assert!(text.starts_with("event: next\ndata: {\"errors\":[{"), "{text}");
        assert!(text.ends_with("event: complete\ndata: \n\n") && !text.contains("\"data\":null"), "{text}");
    }
    let response = server.stream("{hello}").body("{").send().await.expect("an answer");
    assert_eq!(response.status(), 400, "what is not a request at all is refused as ever");
    let response = server.stream("{hello}").header("authorization", "Bearer stolen").send().await.expect("an answer");
    assert_eq!(response.status(), 401);
}

#[tokio::test]
async fn a_panic_ends_the_stream_with_an_error() {
    let server = TestServer::new().await;
    let text = events(server.stream("subscription {panics(sure: true)}")).await;
    assert!(text.contains("{\"data\":{\"panics\":true}") && text.contains("INTERNAL"), "{text}");
    assert!(text.ends_with("event: complete\ndata: \n\n") && !text.contains("secret"), "{text}");
}

#[tokio::test]
async fn silence_is_filled_with_comments() {
    let server = TestServer::with(|config| config.keepalive = Duration::from_millis(20)).await;
    let mut response = server.stream("subscription {silence}").send().await.expect("an answer");
    let mut text = String::new();
    while text.matches(":\n\n").count() < 4 {
        let chunk = tokio::time::timeout(PATIENCE, response.chunk()).await.expect("a comment").expect("no error");
        text.push_str(&String::from_utf8_lossy(&chunk.expect("no end")));
    }
    assert!(text.contains("{\"data\":{\"silence\":true}"), "{text}");
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_subscription() {
    let server = TestServer::new().await;
    let mut response = server.stream("subscription {silence}").send().await.expect("an answer");
    response.chunk().await.expect("no error");
    drop(response);
    server.world.dropped(1).await;
}
