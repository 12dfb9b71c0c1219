//! Every refusal outside of an execution has the one shape, and says what is wrong.

use serde_json::{Value, json};

use super::support::TestServer;

#[tokio::test]
async fn malformed_requests_are_told_what_is_wrong() {
    let server = TestServer::new().await;
    let table = [
        ("", "The body is empty"),
        ("{ \"not a JSON", "not valid JSON"),
        ("[]", "Batches are not supported"),
        ("[{\"query\": \"{hello}\"}]", "Batches are not supported"),
        ("7", "must be a JSON object, not a number"),
        ("{}", "`query` is missing"),
        ("{\"query\": null}", "`query` is missing"),
        ("{\"query\": {}}", "`query` must be a string, not an object"),
        ("{\"query\": \"{hello}\", \"variables\": []}", "`variables` must be an object, not an array"),
        ("{\"query\": \"{hello}\", \"operationName\": 0}", "`operationName` must be a string, not a number"),
        ("{\"query\": \"{hello}\", \"extensions\": false}", "`extensions` must be an object, not a boolean"),
    ];
    for (body, message) in table {
        let request = reqwest::Client::new().post(server.url("/graphql")).header("x-request-id", "mine_1-A");
        let response = request.header("content-type", "application/json").body(body).send().await.expect("an answer");
        assert_eq!(response.status(), 400, "{body}");
        assert_eq!(response.headers()["x-request-id"], "mine_1-A");
        let answer: Value = response.json().await.expect("JSON");
        let error = &answer["errors"][0];
        assert!(error["message"].as_str().is_some_and(|text| text.contains(message)), "{body}: {answer}");
        assert_eq!(error["extensions"], json!({ "code": "BAD_REQUEST", "requestId": "mine_1-A" }), "{body}");
        assert_eq!(answer.get("data"), None);
    }
}

#[tokio::test]
async fn errors_of_the_document_carry_the_id_of_the_request() {
    let server = TestServer::new().await;
    for request in [server.post("{"), server.stream("{")] {
        let text =
            request.header("x-request-id", "mine").send().await.expect("an answer").text().await.expect("a body");
        assert!(text.contains(r#""extensions":{"code":"BAD_REQUEST","requestId":"mine"}"#), "{text}");
    }
}

#[tokio::test]
async fn keys_that_are_not_known_are_left_alone() {
    let server = TestServer::new().await;
    let body = json!({ "query": "{hello}", "variables": null, "operationName": null, "extensions": null, "id": 7 });
    let response = reqwest::Client::new().post(server.url("/graphql")).json(&body).send().await.expect("an answer");
    assert_eq!(
        response.text().await.expect("a body"),
        r#"{"data":{"hello":"world"},"extensions":{"cost":{"requested":1}}}"#
    );
}

#[tokio::test]
async fn only_uncompressed_json_is_read() {
    let server = TestServer::new().await;
    let body = r#"{"query":"{hello}"}"#;
    for (content_type, encoding) in [("text/plain", None), ("", None), ("application/json", Some("gzip"))] {
        let mut request = reqwest::Client::new().post(server.url("/graphql")).body(body);
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        if let Some(encoding) = encoding {
            request = request.header("content-encoding", encoding);
        }
        assert_eq!(request.send().await.expect("an answer").status(), 415, "{content_type} {encoding:?}");
    }
}

#[tokio::test]
async fn a_credential_is_used_or_refused_and_never_ignored() {
    let server = TestServer::new().await;
    let ask = |credential: &'static str| server.post("{viewer}").header("authorization", credential).send();

    let body = ask("Bearer ada-token").await.expect("an answer").text().await.expect("a body");
    assert!(body.starts_with(r#"{"data":{"viewer":"ada"}"#), "{body}");
    for wrong in ["Bearer stolen", "Basic YTpi", "ada-token"] {
        let response = ask(wrong).await.expect("an answer");
        assert_eq!(response.status(), 401, "{wrong}");
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        let body: Value = response.json().await.expect("JSON");
        assert_eq!(body["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }
    let response = ask("Bearer offline").await.expect("an answer");
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
}

#[tokio::test]
async fn a_page_of_another_site_cannot_write() {
    let server = TestServer::with(|config| config.cors_origins = vec!["https://lab.example".to_owned()]).await;
    let own = server.url("");
    for (header, value, status) in [
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("origin", "https://lab.example", 200),
        ("origin", own.as_str(), 200),
        ("sec-fetch-site", "same-origin", 200),
    ] {
        let response = server.post("{hello}").header(header, value).send().await.expect("an answer");
        assert_eq!(response.status(), status, "{header}: {value}");
        let allowed = response.headers().get("access-control-allow-origin").is_some();
        assert_eq!(allowed, value == "https://lab.example", "{header}: {value}");
    }
}

#[tokio::test]
async fn a_panic_is_an_answer_without_its_text() {
    let server = TestServer::new().await;
    let response = server.post("{panics(sure: true)}").send().await.expect("an answer");
    assert_eq!(response.status(), 500);
    let id = response.headers()["x-request-id"].to_str().expect("a text").to_owned();
    let body: Value = response.json().await.expect("JSON");
    assert_eq!(body["errors"][0]["extensions"], json!({ "code": "INTERNAL", "requestId": id }));
    assert!(!body.to_string().contains("secret"), "{body}");
    assert_eq!(server.post("{hello}").send().await.expect("an answer").status(), 200, "and it goes on");
}

#[tokio::test]
async fn an_operation_that_takes_too_long_is_given_up() {
    let server = TestServer::with(|config| config.request = std::time::Duration::from_millis(100)).await;
    let response = server.post("{slow}").send().await.expect("an answer");
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    let body: Value = response.json().await.expect("JSON");
    assert_eq!(body["errors"][0]["extensions"]["code"], "UNAVAILABLE");
}
