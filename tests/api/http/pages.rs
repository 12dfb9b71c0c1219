//! The pages beside the API.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::support::TestServer;

#[tokio::test]
async fn the_first_page_says_what_this_is_and_where_the_api_is() {
    let server = TestServer::new().await;
    let text = reqwest::get(server.url("/")).await.expect("an answer").text().await.expect("a body");
    assert!(text.contains("a job server") && text.contains(&server.url("/graphql")), "{text}");
}

#[tokio::test]
async fn an_unknown_path_is_told_the_known_ones() {
    let server = TestServer::new().await;
    let response = reqwest::get(server.url("/nowhere?token=secret")).await.expect("an answer");
    assert_eq!(response.status(), 404);
    let body: Value = response.json().await.expect("JSON");
    assert_eq!(body["errors"][0]["extensions"]["code"], "NOT_FOUND");
    let message = body["errors"][0]["message"].as_str().expect("a text");
    assert!(message.contains("/nowhere") && message.contains("/graphql") && !message.contains("secret"), "{message}");

    let response = reqwest::Client::new().post(server.url("/healthz")).send().await.expect("an answer");
    assert_eq!(response.status(), 405);
    let allow: Vec<_> = response.headers().get_all("allow").iter().collect();
    assert_eq!(allow, ["GET, HEAD"], "said once");
}

#[tokio::test]
async fn readiness_follows_the_database_and_life_does_not() {
    let server = TestServer::new().await;
    let get = async |path: &str| {
        let response = reqwest::get(server.url(path)).await.expect("an answer");
        (response.status().as_u16(), response.json::<Value>().await.expect("JSON"))
    };
    let up = json!({ "ready": true, "server": "running", "database": "ok" });
    assert_eq!(get("/readyz").await, (200, up.clone()));
    server.world.database_away.store(true, Ordering::Relaxed);
    let down = json!({ "ready": false, "server": "running", "database": "failing" });
    assert_eq!(get("/readyz").await, (503, down));
    assert_eq!(get("/healthz").await, (200, json!({ "alive": true })));
    server.world.database_away.store(false, Ordering::Relaxed);
    assert_eq!(get("/readyz").await, (200, up));
}

#[tokio::test]
async fn a_request_has_an_id_of_its_own_unless_it_brings_a_sane_one() {
    let server = TestServer::new().await;
    let long = "x".repeat(65);
    for (given, kept) in
        [("abc-DEF_1", true), ("two words", false), ("", false), (long.as_str(), false), ("a\"b", false)]
    {
        let request = reqwest::Client::new().get(server.url("/healthz")).header("x-request-id", given);
        let response = request.send().await.expect("an answer");
        let id = response.headers()["x-request-id"].to_str().expect("a text");
        assert_eq!(id == given, kept, "{given}: {id}");
        assert!(kept || id.len() == 32, "{id}");
    }
}
