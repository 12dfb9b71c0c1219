//! Mobyle2's API: the design document of August 2012, and the log-in of the code that followed it.

mod document;
mod errors;
mod projects;
mod routes;
mod servers;
mod services;
mod session;
mod threats;
mod users;

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

/// Sends, and reads status and JSON.
async fn send(request: RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.expect("an answer");
    let (status, body) = (answer.status(), answer.text().await.expect("a body"));
    assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{body}");
    let body = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).expect("JSON") };
    (status, body)
}

/// What a caller is shown at a path of this API.
async fn shown(client: &Client, path: &str) -> Value {
    let (status, body) = send(client.get(&format!("/mobyle2{path}"))).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    body
}

/// The status at a path of this API, and the word of the error.
async fn refused(client: &Client, path: &str) -> (u16, String) {
    let (status, body) = send(client.get(&format!("/mobyle2{path}"))).await;
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(2), "{path}: {body}");
    assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{path}: {body}");
    (status.as_u16(), body["error"].as_str().unwrap_or_default().to_owned())
}

/// The id of a user, project, job or data in this API: its number in eleven digits.
async fn id(client: &Client, global: &str) -> String {
    let document = "query($id: ID!) { node(id: $id) { ... on User { number } ... on Project { number }
        ... on Job { number } ... on ProjectData { number } } }";
    let number = client.data(document, json!({ "id": global })).await["node"]["number"].as_i64().expect("a number");
    format!("{number:011}")
}

/// The form of a log-in.
fn log_in(client: &Client, name: &str, password: &str) -> RequestBuilder {
    let form = format!("username={}&password={}", name.replace('@', "%40"), password.replace(' ', "+"));
    let post = client.post("/mobyle2/auth/login/native");
    post.header("content-type", "application/x-www-form-urlencoded").body(form)
}

/// Runs each operation once.
pub async fn every_operation() {
    let app = TestApp::new().await;
    app.service(json!({ "name": "echo" })).await;
    let admin = app.admin();
    let (user, project) = (id(&admin, &admin.id).await, id(&admin, &admin.personal().await).await);
    for path in ["/servers", "/services", "/services/echo::server::localhost", "/users", "/projects"] {
        shown(&admin, path).await;
    }
    shown(&admin, &format!("/users/{user}")).await;
    shown(&admin, &format!("/projects/{project}")).await;
    assert_eq!(send(log_in(&app.anonymous(), "admin", crate::support::PASSWORD)).await.1["status"], 0);
    assert_eq!(send(admin.post("/mobyle2/auth/logout")).await.1["status"], 0);
}
