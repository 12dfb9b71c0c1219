//! Which answer a client gets for what it sends and what it takes.

use serde_json::{Value, json};

use super::support::TestServer;

const PLAIN: &str = "application/json; charset=utf-8";
const RESPONSE: &str = "application/graphql-response+json; charset=utf-8";

#[tokio::test]
async fn the_answer_has_the_form_and_the_status_that_accept_asks_for() {
    let server = TestServer::new().await;
    // Accept, document, status, content type.
    let table = [
        (None, "{hello}", 200, PLAIN),
        (Some("*/*"), "{hello}", 200, PLAIN),
        (Some("application/json"), "{hello}", 200, PLAIN),
        (Some("application/graphql-response+json"), "{hello}", 200, RESPONSE),
        (Some("application/json"), "{", 200, PLAIN),
        (Some("application/graphql-response+json"), "{", 400, RESPONSE),
        (Some("application/json"), "{nothing}", 200, PLAIN),
        (Some("application/graphql-response+json"), "{nothing}", 400, RESPONSE),
        (Some("application/graphql-response+json"), "{hello fail}", 200, RESPONSE),
        (Some("application/graphql-response+json"), "{must}", 200, RESPONSE),
        (Some("text/html"), "{hello}", 406, PLAIN),
        (Some("application/graphql-response+json"), "subscription {count(to: 1)}", 406, RESPONSE),
        (Some("*/*"), "subscription {count(to: 1)}", 406, PLAIN),
    ];
    for (accept, document, status, content_type) in table {
        let mut request = reqwest::Client::new().post(server.url("/graphql")).json(&json!({ "query": document }));
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let response = request.send().await.expect("an answer");
        let case = format!("{accept:?} {document}");
        assert_eq!(response.status(), status, "{case}");
        assert_eq!(response.headers()["content-type"], content_type, "{case}");
        assert_eq!(response.headers()["cache-control"], "no-store", "{case}");
        let vary: Vec<_> = response.headers().get_all("vary").iter().collect();
        assert!(vary.iter().any(|value| *value == "accept"), "{case}: {vary:?}");
    }
}

#[tokio::test]
async fn data_is_there_exactly_when_something_was_executed() {
    let server = TestServer::new().await;
    for (document, data) in [
        ("{hello}", Some(json!({ "hello": "world" }))),
        ("{hello fail}", Some(json!({ "hello": "world", "fail": null }))),
        ("{must}", Some(Value::Null)),
        ("{nothing}", None),
        ("{", None),
        ("query ($text: String!) { echo(text: $text) }", None),
    ] {
        let body: Value = server.post(document).send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(body.get("data"), data.as_ref(), "{document}: {body}");
    }
}

#[tokio::test]
async fn get_reads_and_never_writes() {
    let server = TestServer::new().await;
    let client = reqwest::Client::new();
    let get = |query: &str| client.get(server.url(&format!("/graphql?{query}")));

    let response = get(
        "query=query%20Q(%24t%3AString!)%7Becho(text%3A%24t)%7D&operationName=Q&variables=%7B%22t%22%3A%22hi%22%7D",
    );
    let body: Value = response.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(body["data"], json!({ "echo": "hi" }));

    let response = get("query=mutation%7Bset(value%3A1)%7D").send().await.expect("an answer");
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "POST");

    for method in [reqwest::Method::PUT, reqwest::Method::DELETE, reqwest::Method::HEAD] {
        let response = client.request(method.clone(), server.url("/graphql?query=%7Bhello%7D"));
        let response = response.send().await.expect("an answer");
        assert_eq!(response.status(), 405, "{method}");
        assert_eq!(response.headers()["allow"], "GET, POST", "{method}");
    }
    for wrong in ["", "query=", "query=%7Bhello%7D&variables=x", "query=%7Bhello%7D&query=%7Bhello%7D"] {
        assert_eq!(get(wrong).send().await.expect("an answer").status(), 400, "{wrong}");
    }
}

#[tokio::test]
async fn large_answers_are_compressed_for_who_asks() {
    let server = TestServer::new().await;
    let response = server.post("{large}").header("accept-encoding", "gzip").send().await.expect("an answer");
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert!(response.headers().get_all("vary").iter().any(|value| value == "accept-encoding"));
    let body = response.bytes().await.expect("a body");
    assert_eq!(body[..2], [0x1f, 0x8b]);
    assert!(body.len() < 10_000, "{} bytes", body.len());

    let response = server.post("{hello}").header("accept-encoding", "gzip").send().await.expect("an answer");
    assert_eq!(response.headers().get("content-encoding"), None, "a small answer is not worth it");
}
