//! Accounts, and what jobs do to them.

mod amounts;
mod charge;
mod event;
mod hand;
mod holds;
mod member;
mod overrun;
mod recorded;
mod usage;
mod write;

use serde_json::{Value, json};

use crate::support::{Client, Lease, TestApp, text};

/// A service that has a price, an account with 100 that pays for ada's jobs, and a runner.
struct Shop {
    app: TestApp,
    ada: Client,
    account: String,
    service: String,
    runner: Client,
}

impl Shop {
    /// An hour costs 3600, so that a second costs 1; `input` goes over the account's.
    async fn new(input: Value) -> Self {
        Self::with(json!({ "perHour": "3600" }), json!({ "maxRunSeconds": 10, "maxAttempts": 5 }), input).await
    }

    async fn with(prices: Value, limits: Value, account: Value) -> Self {
        let app = TestApp::new().await;
        let ada = app.user("ada").await;
        let service = app.service(json!({ "prices": prices, "limits": limits })).await;
        let mut input = json!({ "granted": "100" });
        input.as_object_mut().expect("an object").extend(account.as_object().expect("an object").clone());
        let account = app.account(input).await;
        app.member(&account, &ada, json!({})).await;
        let runner = app.runner(&service).await;
        Self { app, ada, account, service, runner }
    }

    /// What submits a job that the account pays for.
    fn input(&self) -> Value {
        json!({ "serviceId": self.service, "accountId": self.account })
    }

    async fn submit(&self) -> String {
        self.ada.submit_with(self.input()).await
    }

    /// A job in the runner's hands, which has shown a sign of life.
    async fn start(&self) -> Lease {
        self.submit().await;
        self.run_again().await
    }

    /// Claims, and shows a sign of life.
    async fn run_again(&self) -> Lease {
        let lease = self.runner.claim().await;
        self.runner.change("workHeartbeat", json!({ "leaseToken": lease.token }), "expiresAt").await;
        lease
    }

    async fn complete(&self, lease: &Lease) {
        self.runner.change("workComplete", json!({ "leaseToken": lease.token }), "job { id }").await;
    }

    async fn fail(&self, lease: &Lease, kind: &str, retryable: bool) {
        let input = json!({ "leaseToken": lease.token, "kind": kind, "message": "x", "retryable": retryable });
        self.runner.change("workFail", input, "job { id }").await;
    }

    /// Granted, held, spent and available, after a look through all the books.
    async fn sums(&self) -> [String; 4] {
        self.app.audit().await;
        self.app.sums(&self.account).await
    }

    /// What a job holds and has cost.
    async fn cost(&self, job: &str) -> [Value; 2] {
        let mut job = self.ada.job(job, "held amount").await;
        [job["held"].take(), job["amount"].take()]
    }

    /// The kinds of the entries of the account, oldest first.
    async fn kinds(&self) -> Vec<String> {
        let document = "query($id: ID!) { account(id: $id) { ledger(first: 100, order: CREATED_AT_ASC) {
            nodes { kind } } } }";
        let found = self.app.admin().data(document, json!({ "id": self.account })).await;
        let nodes = found["account"]["ledger"]["nodes"].as_array().expect("entries").clone();
        nodes.iter().map(|entry| text(&entry["kind"])).collect()
    }
}
