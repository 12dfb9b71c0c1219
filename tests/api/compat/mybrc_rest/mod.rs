//! The service that MyBRC's Slurm plugins call.

mod dates;
mod edges;
mod errors;
mod lists;
mod money;
mod plugin;
mod reserve;
mod rights;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, TestApp, text};

/// A server with the user 40001 (`lee`), who may spend 60 of the 100 units of the account `fc_lee`, and the user 40002
/// (`eve`), who is a member of nothing. The plugins have a token of `slurm`, who keeps accounts.
pub struct World {
    pub app: TestApp,
    pub account: String,
    pub lee: String,
    plugin: Client,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// The same with changed settings.
    pub async fn with(change: impl FnOnce(&mut docket::config::Config)) -> Self {
        let app = TestApp::with(|config| {
            config.mybrc_rest.partitions = vec!["savio=1 nodes=160 cores=3200 price=0.75 shared".to_owned()];
            config.mybrc_rest.qos = vec!["normal=7".to_owned()];
            config.mybrc_rest.states = vec!["RUNNING=2".to_owned(), "COMPLETED=4".to_owned()];
            change(config);
        });
        let app = app.await;
        let slurm = app.user_with("slurm", &["accounting"], false).await;
        let plugin = slurm.api_token(&["jobs:read", "jobs:write", "accounts:read", "accounts:write"]).await;
        let account = app.account(json!({ "name": "fc_lee", "granted": "100" })).await;
        let admin = app.admin();
        let mut lee = String::new();
        for (uid, name) in [("40001", "lee"), ("40002", "eve")] {
            let input = json!({ "username": name, "ldapUid": uid, "email": format!("{name}@example.org") });
            let made = text(&admin.change("userRecord", input, "user { id }").await["user"]["id"]);
            if lee.is_empty() {
                lee = made;
            }
        }
        let input = json!({ "accountId": account, "userId": lee, "limit": "60" });
        admin.change("accountMemberSet", input, "member { limit }").await;
        admin.change("accountEnrol", json!({ "accountId": account }), "account { id }").await;
        let input = json!({ "accountId": account, "chargesRecordedJobs": true });
        admin.change("accountUpdate", input, "account { id }").await;
        Self { app, account, lee, plugin }
    }

    /// Status and JSON of an answer to what the plugins send.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = self.app.anonymous().request(method, &format!("/mybrc-rest{path}"));
        let request = request.header("authorization", format!("Token {}", self.token()));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        answer(request).await
    }

    pub fn token(&self) -> &str {
        self.plugin.token.as_deref().expect("a token")
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.ask(Method::GET, path, None).await
    }

    pub async fn post(&self, body: Value) -> (StatusCode, Value) {
        self.ask(Method::POST, "/jobs/", Some(body)).await
    }

    pub async fn put(&self, id: &str, body: Value) -> (StatusCode, Value) {
        self.ask(Method::PUT, &format!("/jobs/{id}/"), Some(body)).await
    }

    /// What the account holds, has spent and has left.
    pub async fn sums(&self) -> [String; 3] {
        let [_, held, spent, available] = self.app.sums(&self.account).await;
        self.app.audit().await;
        [held, spent, available]
    }

    /// Kind, held and spent of the account's entries but the grants.
    pub async fn entries(&self) -> Vec<String> {
        let document = "query($id: ID!) { account(id: $id) { ledger(order: CREATED_AT_ASC, first: 100) { nodes {
            kind held spent } } } }";
        let data = self.app.admin().data(document, json!({ "id": self.account })).await;
        let entries = data["account"]["ledger"]["nodes"].as_array().expect("entries");
        let line =
            |entry: &Value| format!("{} {} {}", text(&entry["kind"]), text(&entry["held"]), text(&entry["spent"]));
        entries.iter().map(line).filter(|line| !line.starts_with("GRANT")).collect()
    }
}

/// Status and JSON of an answer, which is never a defect of the server's.
pub async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    assert!(status.as_u16() < 500, "a defect of the server: {status}");
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// What the plugin reports when a job begins.
pub fn begins(id: &str, amount: &str) -> Value {
    json!({ "jobslurmid": id, "userid": "40001", "accountid": "fc_lee", "amount": amount, "jobstatus": "RUNNING",
        "partition": "savio", "qos": "normal", "submitdate": "2020-03-01T10:00:00+00:00",
        "startdate": "2020-03-01T10:01:00+00:00", "nodes": [{ "name": "n0001.savio1" }, { "name": "n0002.savio1" }],
        "num_cpus": 40, "num_alloc_nodes": 2 })
}

/// What it reports when the job has ended.
pub fn ends(id: &str, amount: &str) -> Value {
    let mut body = begins(id, amount);
    let more = json!({ "jobstatus": "COMPLETED", "enddate": "2020-03-01T11:01:00+00:00", "num_req_nodes": 2, "raw_time": 1.0,
        "cpu_time": 40.0 });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

/// Each operation once.
pub async fn every_operation() {
    let world = World::new().await;
    assert_eq!(world.get("/can_submit_job/1.00/40001/fc_lee/").await.0, StatusCode::OK);
    let reserving = World::with(|config| config.mybrc_rest.reserve_on_check_seconds = 600).await;
    assert_eq!(reserving.get("/can_submit_job/1.00/40001/fc_lee/").await.0, StatusCode::OK);
    assert_eq!(world.post(begins("1", "2.00")).await.0, StatusCode::CREATED);
    for path in ["/jobs/?user=lee", "/users/", "/accounts/", "/user_accounts/"] {
        assert_eq!(world.get(path).await.0, StatusCode::OK, "{path}");
    }
    world.app.user("ada").await;
    let body = json!({ "username": "ada", "password": crate::support::PASSWORD });
    let (_, made) = world.ask(Method::POST, "/api_token_auth/", Some(body)).await;
    assert!(made["token"].as_str().is_some_and(|token| token.starts_with("dks_")), "{made}");
}
