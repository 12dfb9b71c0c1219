//! What holds for every route.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::TestApp;

#[tokio::test]
async fn the_root_tells_what_the_server_is() {
    let app = TestApp::with(|config| config.topchef.version = "2.0".to_owned()).await;
    let answer = app.admin().get("/topchef").send().await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "application/json");
    let text = answer.text().await.expect("a body");
    assert!(text.starts_with("{\n  \"data\": {\n    \"documentation_url\": \""), "{text}");
    assert!(text.ends_with("}\n"));
    let body: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(body["data"]["version"], "2.0");
    assert_eq!(body["data"].as_object().expect("an object").len(), 5);
    assert_eq!(body["meta"]["schema"]["title"], "API Metadata");
}

#[tokio::test]
async fn scripts_of_web_pages_get_it_without_blanks() {
    let app = TestApp::new().await;
    let get = app.admin().get("/topchef/services").header("X-Requested-With", "XMLHttpRequest");
    let text = get.send().await.expect("an answer").text().await.expect("a body");
    assert!(text.starts_with("{\"data\":[],\"links\":{\"self\":"), "{text}");
}

#[tokio::test]
async fn services_are_listed_in_the_order_of_their_making() {
    let app = TestApp::new().await;
    for title in ["Zebra", "Ant"] {
        app.service(json!({ "title": title, "description": format!("{title}s") })).await;
    }
    let body: Value = app.admin().get("/topchef/services").send().await.expect("an answer").json().await.expect("JSON");
    let data = body["data"].as_array().expect("a list");
    assert_eq!(data.len(), 2);
    assert_eq!((&data[0]["name"], &data[0]["description"]), (&json!("Zebra"), &json!("Zebras")));
    assert_eq!(data[0].as_object().expect("an object").len(), 3);
    assert_eq!(data[0]["id"].as_str().expect("an id").len(), 36);
    assert_eq!(body["meta"]["service_schema"]["title"], "Service overview schema");
}

#[tokio::test]
async fn other_methods_and_paths_are_answered_as_ever() {
    let app = TestApp::new().await;
    let send = async |method: Method, path: &str| {
        let answer = app.admin().request(method, path).send().await.expect("an answer");
        let allow = answer.headers().get("allow").map(|allow| allow.to_str().expect("text").to_owned());
        let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
        (answer.status(), allow, kind)
    };
    let (status, allow, kind) = send(Method::PUT, "/topchef/services").await;
    assert_eq!((status, kind.as_str()), (StatusCode::METHOD_NOT_ALLOWED, "text/html"));
    assert!(allow.is_some_and(|allow| allow.contains("GET") && allow.ends_with("HEAD, OPTIONS")));
    let (status, allow, _) = send(Method::OPTIONS, "/topchef/services").await;
    assert_eq!(status, StatusCode::OK);
    assert!(allow.is_some_and(|allow| allow.starts_with("GET")));
    let (status, _, kind) = send(Method::HEAD, "/topchef/services").await;
    assert_eq!((status, kind.as_str()), (StatusCode::METHOD_NOT_ALLOWED, "application/json"));
    for path in ["/topchef/services/", "/topchef/nothing"] {
        let (status, _, kind) = send(Method::GET, path).await;
        assert_eq!((status, kind.as_str()), (StatusCode::NOT_FOUND, "text/html"), "{path}");
    }
    assert_eq!(send(Method::GET, "/topchef//services").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_post_may_stand_for_another_method() {
    let app = TestApp::new().await;
    let post = |asked: &str| app.admin().post("/topchef/services").header("X-HTTP-Method-Override", asked.to_owned());
    assert_eq!(post("get").send().await.expect("an answer").status(), StatusCode::OK);
    assert_eq!(post("DELETE").send().await.expect("an answer").status(), StatusCode::METHOD_NOT_ALLOWED);
    let get = app.admin().get("/topchef/services").header("X-HTTP-Method-Override", "DELETE");
    assert_eq!(get.send().await.expect("an answer").status(), StatusCode::OK, "a GET stays one");
}
