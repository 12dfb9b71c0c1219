//! TopChef's API, version 2 (and 1, for the client that was never ported).

mod common;
mod elsewhere;
mod errors;
mod first;
mod hostile;
mod job;
mod large;
mod meta;
mod service;
mod validator;
pub mod worker;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

/// A server on which callers without a credential act as the user `chef`, as they did on the old one.
pub struct Kitchen {
    pub app: TestApp,
    /// Nobody.
    pub caller: Client,
}

/// An answer: status, `Location`, and the body as JSON (null when empty).
pub struct Answer {
    pub status: StatusCode,
    pub location: Option<String>,
    pub body: Value,
}

impl Kitchen {
    pub async fn new() -> Self {
        let app = TestApp::with(|config| config.topchef.at.anonymous_as = Some("chef".to_owned())).await;
        app.author("chef").await;
        let caller = app.anonymous();
        Self { app, caller }
    }

    /// A request without a body.
    pub async fn send(&self, method: Method, path: &str) -> Answer {
        read(self.caller.request(method, &format!("/topchef{path}"))).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path).await
    }

    /// A request with a body of JSON.
    pub async fn give(&self, method: Method, path: &str, body: &Value) -> Answer {
        read(self.caller.request(method, &format!("/topchef{path}")).json(body)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.give(Method::POST, path, body).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.give(Method::PATCH, path, body).await
    }

    /// A new service with these schemas; its UUID, from where `Location` says it is.
    pub async fn service(&self, parameters: Value, results: Value) -> String {
        let body = json!({
            "name": "Testing Service",
            "description": "A quick testing service",
            "job_registration_schema": parameters,
            "job_result_schema": results,
        });
        let made = self.post("/services", &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        last(made.location.as_deref())
    }

    /// A new job; its UUID.
    pub async fn job(&self, service: &str, parameters: Value) -> String {
        let made = self.post(&format!("/services/{service}/jobs"), &json!({ "parameters": parameters })).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        last(made.location.as_deref())
    }
}

fn last(location: Option<&str>) -> String {
    location.and_then(|location| location.rsplit('/').next()).expect("a place").to_owned()
}

pub async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let location = response.headers().get("location").map(|place| place.to_str().expect("text").to_owned());
    let text = response.text().await.expect("a body");
    assert!(!status.is_server_error(), "{status}: {text}");
    Answer { status, location, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
}

/// The entries of an error, as pairs of title and detail, sorted.
pub fn errors(answer: &Answer) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let entries = answer.body["errors"].as_array().unwrap_or_else(|| panic!("no errors: {}", answer.body));
    assert_eq!(answer.body.as_object().expect("an object").len(), 1, "nothing beside the errors");
    let pair = |entry: &Value| {
        assert_eq!(entry["status_code"], answer.status.as_u16());
        assert_eq!(entry.as_object().expect("an object").len(), 3);
        (text(&entry["title"]), text(&entry["detail"]))
    };
    let mut pairs: Vec<_> = entries.iter().map(pair).collect();
    pairs.sort();
    pairs
}

/// The names of an object's members.
pub fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// Runs each operation once.
pub async fn every_operation() {
    let kitchen = Kitchen::new().await;
    let service = kitchen.service(json!({}), json!({})).await;
    let job = kitchen.job(&service, json!({})).await;
    let at = |path: &str| path.replace("{s}", &service).replace("{j}", &job);
    for path in ["/services", "/services/{s}", "/services/{s}/jobs", "/services/{s}/queue", "/jobs", "/jobs/{j}"] {
        assert_eq!(kitchen.get(&at(path)).await.status, StatusCode::OK, "{path}");
    }
    let change = json!({ "is_available": true, "status": "WORKING" });
    for path in ["/services/{s}", "/jobs/{j}"] {
        assert_eq!(kitchen.patch(&at(path), &change).await.status, StatusCode::OK, "{path}");
    }
    let first = kitchen.give(Method::PUT, &at("/v1/services/{s}/jobs/{j}"), &change).await;
    assert_eq!(first.status, StatusCode::OK);
    let question = json!({ "object": {}, "schema": {} });
    assert_eq!(kitchen.post("/validator", &question).await.status, StatusCode::OK);
}

/// The UUID in a global id.
pub fn wire_uuid(id: &str) -> String {
    let uid: uuid::Uuid = id.rsplit('_').next().and_then(|uid| uid.parse().ok()).expect("an id");
    uid.to_string()
}
