//! A caller with or without a credential, over real HTTP.

use std::{net::SocketAddr, panic::Location};

use reqwest::Method;
use serde_json::{Value, json};

use super::{PASSWORD, PATIENCE, Stream};

/// A caller. Clones are the same caller.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    /// What it sends as `Authorization: Bearer`.
    pub token: Option<String>,
    /// The global id of its user or runner; empty for nobody.
    pub id: String,
}

impl Client {
    pub fn anonymous(http: &reqwest::Client, address: SocketAddr) -> Self {
        Self { http: http.clone(), base: format!("http://{address}"), token: None, id: String::new() }
    }

    /// The same place with another credential.
    pub fn with_token(&self, token: impl Into<String>, id: impl Into<String>) -> Self {
        Self { token: Some(token.into()), id: id.into(), ..self.clone() }
    }

    /// The same caller at another server of the same database.
    pub fn at(&self, app: &super::TestApp) -> Self {
        Self { base: format!("http://{}", app.server.address), ..self.clone() }
    }

    /// Logs in with the tests' password.
    pub async fn log_in(&self, login: &str) -> Self {
        let document = "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) { token user { id } } }";
        let input = json!({ "login": login, "password": PASSWORD });
        let data = self.data(document, json!({ "input": input })).await;
        self.with_token(text(&data["sessionCreate"]["token"]), text(&data["sessionCreate"]["user"]["id"]))
    }

    /// The whole address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A request with this caller's credential.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base)).timeout(PATIENCE);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.request(Method::POST, path)
    }

    pub fn put(&self, path: &str) -> reqwest::RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// Brings a file of plain text; its id.
    pub async fn file(&self, name: &str, text: &str) -> String {
        let request = self.put(&format!("/files/{name}")).header("content-type", "text/plain").body(text.to_owned());
        self::text(&read(request).await["id"])
    }

    /// The whole answer, whatever it says.
    pub async fn graphql(&self, document: &str, variables: Value) -> Value {
        let body = json!({ "query": document, "variables": variables });
        read(self.post("/graphql").json(&body)).await
    }

    /// The data; panics with the errors when there are any.
    #[track_caller]
    pub fn data(&self, document: &str, variables: Value) -> impl Future<Output = Value> {
        self.data_at(Location::caller(), document, variables)
    }

    /// The same, blamed on `here`.
    pub async fn data_at(&self, here: &Location<'_>, document: &str, variables: Value) -> Value {
        let mut answer = self.graphql(document, variables).await;
        assert!(answer.get("errors").is_none(), "{here}: {}", answer["errors"]);
        answer["data"].take()
    }

    /// The code of the only error, or `OK`.
    pub async fn code(&self, document: &str, variables: Value) -> String {
        code(&self.graphql(document, variables).await)
    }

    /// The `extensions.fields` of the only error, as pairs of path and message.
    pub async fn faults(&self, document: &str, variables: Value) -> Vec<(String, String)> {
        let answer = self.graphql(document, variables).await;
        let fields = answer["errors"][0]["extensions"]["fields"].as_array().cloned().unwrap_or_default();
        fields.iter().map(|field| (text(&field["path"]), text(&field["message"]))).collect()
    }

    /// Runs one mutation field with an input and a selection, and returns its payload.
    #[track_caller]
    pub fn change(&self, field: &str, input: Value, selection: &str) -> impl Future<Output = Value> {
        let here = Location::caller();
        let document = mutation(field, selection);
        async move { self.data_at(here, &document, json!({ "input": input })).await[field].take() }
    }

    /// The code that one mutation field answers with, or `OK`.
    pub async fn refused(&self, field: &str, input: Value) -> String {
        self.code(&mutation(field, "__typename"), json!({ "input": input })).await
    }

    /// The paths of what one mutation field finds wrong with its input.
    pub async fn wrong(&self, field: &str, input: Value) -> Vec<String> {
        let faults = self.faults(&mutation(field, "__typename"), json!({ "input": input })).await;
        faults.into_iter().map(|(path, _)| path).collect()
    }

    /// A stream over server-sent events.
    pub async fn subscribe(&self, document: &str, variables: Value) -> Stream {
        self.resume(document, variables, None).await
    }

    /// The same from where the reader was: `Last-Event-ID`.
    pub async fn resume(&self, document: &str, variables: Value, last_event_id: Option<&str>) -> Stream {
        let body = json!({ "query": document, "variables": variables });
        let mut request = self.post("/graphql").header("accept", "text/event-stream").json(&body);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        Stream::open(request).await
    }
}

/// A document with one mutation field.
pub fn mutation(field: &str, selection: &str) -> String {
    let input = field[..1].to_uppercase() + &field[1..];
    format!("mutation($input: {input}Input!) {{ {field}(input: $input) {{ {selection} }} }}")
}

/// The same request with a form as its body.
pub fn form(request: reqwest::RequestBuilder, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    request.header("content-type", "application/x-www-form-urlencoded").body(body)
}

/// Sends, and reads the JSON that comes back.
pub async fn read(request: reqwest::RequestBuilder) -> Value {
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let body = response.text().await.expect("a body");
    assert!(status != 500 && !body.contains("\"INTERNAL\""), "a defect of the server: {status} {body}");
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{status}: not JSON ({error}): {body}"))
}

/// The code of the first error of an answer, or `OK`.
pub fn code(answer: &Value) -> String {
    match answer.get("errors") {
        None => "OK".to_owned(),
        Some(errors) => text(&errors[0]["extensions"]["code"]),
    }
}

/// The text in a value; panics when it is none.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// The page that Prometheus reads.
pub async fn page_of_metrics(client: &Client) -> String {
    client.get("/metrics").send().await.expect("an answer").text().await.expect("a body")
}
