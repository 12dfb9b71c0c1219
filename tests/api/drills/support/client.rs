//! A client of the API over plain HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::sync::watch;

use super::follower::EVENT;
use super::{Event, soon};

/// Who calls, and where.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    address: watch::Receiver<SocketAddr>,
    pub token: Option<String>,
}

/// Why there is no result.
#[derive(Debug)]
pub enum Failed {
    /// No whole answer came: unless there was no connection, whether it was done is not known.
    Lost(reqwest::Error),
    /// The answer says no.
    Refused { code: String, body: Json },
}

impl Failed {
    /// Whether it was certainly not done: nobody took it, or who did cannot do it now.
    pub fn is_not_taken(&self) -> bool {
        match self {
            Self::Lost(error) => error.is_connect(),
            Self::Refused { code, .. } => code == "UNAVAILABLE" && !self.may_be_stored(),
        }
    }

    /// Whether the server itself does not know.
    pub fn may_be_stored(&self) -> bool {
        matches!(self, Self::Refused { body, .. } if body.to_string().contains("may have been stored"))
    }

    /// That the server has no time for it now, and says when to come back.
    #[track_caller]
    pub fn check_retryable(&self) {
        let Self::Refused { code, body } = self else { panic!("{self:?}") };
        let wait = &body["errors"][0]["extensions"]["retryAfter"];
        assert!(code == "UNAVAILABLE" && wait.as_u64().is_some_and(|wait| wait > 0), "{body}");
    }
}

/// One attempt of one job in this client's hands.
#[derive(Clone, Debug)]
pub struct Lease {
    pub token: String,
    pub job: String,
    pub attempt: i64,
}

/// Of what is sure to be answered.
#[track_caller]
pub fn answered<T>(result: Result<T, Failed>) -> T {
    match result {
        Ok(value) => value,
        Err(failed) => panic!("{failed:?}"),
    }
}

impl Client {
    pub fn new(address: watch::Receiver<SocketAddr>, token: Option<&str>) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { http, address, token: token.map(str::to_owned) }
    }

    /// The same server, somebody else.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same caller at another server.
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address: watch::Sender::new(address).subscribe(), ..self.clone() }
    }

    pub fn address(&self) -> SocketAddr {
        *self.address.borrow()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Comes when another server has started since this was called.
    pub fn restarted(&self) -> impl Future<Output = ()> + use<> {
        let mut address = self.address.clone();
        address.mark_unchanged();
        async move { address.changed().await.expect("the site is there") }
    }

    /// A request for a document, ready to be sent.
    pub fn request(&self, document: &str, variables: &Json) -> reqwest::RequestBuilder {
        let body = json!({ "query": document, "variables": variables });
        let request = self.http.post(self.url("/graphql")).json(&body);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// A request that brings a file.
    pub fn upload(&self, name: &str, bytes: Vec<u8>) -> reqwest::RequestBuilder {
        let request = self.http.put(self.url(&format!("/files/{name}"))).body(bytes);
        request.bearer_auth(self.token.as_deref().expect("a credential"))
    }

    /// The bytes of a file.
    pub async fn download(&self, id: &str) -> reqwest::Response {
        let request = self.http.get(self.url(&format!("/files/{id}")));
        let request = request.bearer_auth(self.token.as_deref().expect("a credential"));
        request.send().await.expect("an answer").error_for_status().expect("the file is there")
    }

    /// The status of a page; `None` when there is no answer.
    pub async fn status(&self, path: &str) -> Option<u16> {
        Some(self.http.get(self.url(path)).send().await.ok()?.status().as_u16())
    }

    /// Waits until the server says that it can work, or that it cannot.
    pub async fn until_ready(&self, ready: bool) {
        let wanted = if ready { 200 } else { 503 };
        let asking = async {
            while self.status("/readyz").await != Some(wanted) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        soon("the server's word that it is ready, or is not", asking).await;
    }

    /// The `data` of an answer without errors.
    pub async fn try_call(&self, document: &str, variables: Json) -> Result<Json, Failed> {
        let answer = self.request(document, &variables).send().await.map_err(Failed::Lost)?;
        let text = answer.text().await.map_err(Failed::Lost)?;
        let mut body: Json = serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"));
        match body["errors"][0]["extensions"]["code"].as_str() {
            Some(code) => Err(Failed::Refused { code: code.to_owned(), body }),
            None => Ok(body["data"].take()),
        }
    }

    pub async fn call(&self, document: &str, variables: Json) -> Json {
        answered(self.try_call(document, variables).await)
    }

    /// The payload of a mutation that takes one `input`.
    pub async fn try_mutate(&self, field: &str, input: Json, selection: &str) -> Result<Json, Failed> {
        let document = mutation(field, selection);
        Ok(self.try_call(&document, json!({ "input": input })).await?[field].take())
    }

    pub async fn mutate(&self, field: &str, input: Json, selection: &str) -> Json {
        answered(self.try_mutate(field, input, selection).await)
    }

    /// Makes a service with these limits and returns its id.
    pub async fn service(&self, limits: Json) -> String {
        let input = json!({ "title": "Drill", "limits": limits });
        text(&self.mutate("serviceCreate", input, "service { id }").await["service"]["id"])
    }

    /// Makes a service with these limits and prices and returns its id.
    pub async fn dear_service(&self, limits: Json, prices: Json) -> String {
        let input = json!({ "title": "Dear", "limits": limits, "prices": prices });
        text(&self.mutate("serviceCreate", input, "service { id }").await["service"]["id"])
    }

    /// Makes an account with so much on it and returns its id. An admin charges it without being a member.
    pub async fn account(&self, granted: &str) -> String {
        let input = json!({ "name": "lab", "granted": granted });
        text(&self.mutate("accountCreate", input, "account { id }").await["account"]["id"])
    }

    /// Submits a job that an account pays for and returns its id.
    pub async fn submit_on(&self, account: &str, service: &str) -> Result<String, Failed> {
        let input = json!({ "serviceId": service, "accountId": account });
        Ok(text(&self.try_mutate("jobSubmit", input, "job { id }").await?["job"]["id"]))
    }

    /// Granted, held and spent of an account, and all entries of its ledger, oldest first.
    pub async fn book(&self, account: &str) -> (Json, Vec<Json>) {
        let document = "query($id: ID!, $after: String) { account(id: $id) { granted held spent
            ledger(first: 100, after: $after, order: CREATED_AT_ASC) {
                nodes { id kind granted held spent jobId } pageInfo { hasNextPage endCursor } } } }";
        let (mut entries, mut after) = (Vec::new(), Json::Null);
        loop {
            let mut account = self.call(document, json!({ "id": account, "after": after })).await["account"].take();
            let mut page = account["ledger"].take();
            entries.extend(page["nodes"].as_array().expect("a list").iter().cloned());
            if page["pageInfo"]["hasNextPage"] != true {
                return (json!([account["granted"], account["held"], account["spent"]]), entries);
            }
            after = page["pageInfo"]["endCursor"].take();
        }
    }

    /// Makes a runner for a service and returns a client that is it.
    pub async fn runner(&self, name: &str, service: &str, slots: i64) -> Self {
        let input = json!({ "name": name, "serviceIds": [service], "slots": slots });
        self.with_token(&text(&self.mutate("runnerCreate", input, "token").await["token"]))
    }

    /// Submits a job and returns its id.
    pub async fn submit(&self, service: &str) -> Result<String, Failed> {
        let made = self.try_mutate("jobSubmit", json!({ "serviceId": service }), "job { id }").await?;
        Ok(text(&made["job"]["id"]))
    }

    pub async fn claim(&self, max: i64, wait_seconds: i64) -> Result<Vec<Lease>, Failed> {
        let input = json!({ "max": max, "waitSeconds": wait_seconds });
        let got = self.try_mutate("workClaim", input, "leases { token attempt job { id } }").await?;
        let leases = got["leases"].as_array().expect("a list").iter();
        let lease = |lease: &Json| Lease {
            token: text(&lease["token"]),
            job: text(&lease["job"]["id"]),
            attempt: lease["attempt"].as_i64().expect("a number"),
        };
        Ok(leases.map(lease).collect())
    }

    pub async fn report(&self, lease: &Lease, progress: f64, message: &str) -> Result<(), Failed> {
        let input = json!({ "leaseToken": lease.token, "progress": progress, "message": message });
        self.try_mutate("workHeartbeat", input, "expiresAt").await.map(drop)
    }

    pub async fn complete(&self, lease: &Lease, results: Json) -> Result<(), Failed> {
        let input = json!({ "leaseToken": lease.token, "results": results });
        self.try_mutate("workComplete", input, "job { status }").await.map(drop)
    }

    /// What is left of these jobs, by their ids; `null` for one that is lost.
    pub async fn jobs(&self, ids: &[String]) -> Vec<Json> {
        let document = "query($ids: [ID!]!) { nodes(ids: $ids) \
                        { ... on Job { id status attempt results failure { kind } } } }";
        let mut found = Vec::new();
        for some in ids.chunks(100) {
            let data = self.call(document, json!({ "ids": some })).await;
            found.extend(data["nodes"].as_array().expect("a list").iter().cloned());
        }
        found
    }

    /// The whole log of events.
    pub async fn log(&self) -> Vec<Event> {
        let document = format!(
            "query($after: Cursor) {{ jobEvents(first: 100, after: $after) \
             {{ edges {{ cursor node {{ {EVENT} }} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        let mut events: Vec<Event> = Vec::new();
        loop {
            let after = events.last().map(|event| event.cursor.clone());
            let page = self.call(&document, json!({ "after": after })).await["jobEvents"].take();
            let edges = page["edges"].as_array().expect("a list").iter();
            events.extend(edges.map(|edge| Event::new(&edge["cursor"], &edge["node"])));
            if page["pageInfo"]["hasNextPage"] != true {
                return events;
            }
        }
    }
}

/// The document of a mutation that takes one `input`.
pub fn mutation(field: &str, selection: &str) -> String {
    let (first, rest) = field.split_at(1);
    format!("mutation($input: {}{rest}Input!) {{ {field}(input: $input) {{ {selection} }} }}", first.to_uppercase())
}

pub fn text(value: &Json) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}
