//! Services that assign their jobs: what a runner gets without asking, and what it does with it.

mod assign;
mod end;
mod race;

use serde_json::{Value, json};

use crate::support::{Client, TestApp, text};

/// A service that assigns jobs, with a lease of 60 seconds and no bound on attempts; `input` goes over that.
async fn service(app: &TestApp, input: Value) -> String {
    let mut given = json!({ "dispatch": "PUSH", "limits": { "leaseSeconds": 60, "maxAttempts": null } });
    given.as_object_mut().expect("an object").extend(input.as_object().cloned().expect("an object"));
    app.service(given).await
}

/// A runner of a service that assigns jobs.
async fn runner(app: &TestApp, service: &str) -> Client {
    app.runner_with(json!({ "serviceIds": [service], "slots": 1 })).await
}

/// A registered one.
async fn registered(app: &TestApp, service: &str) -> Client {
    let runner = runner(app, service).await;
    register(&runner).await;
    runner
}

async fn register(runner: &Client) {
    runner.change("runnerRegister", json!({}), "runner { id }").await;
}

async fn unregister(runner: &Client) -> String {
    runner.code("mutation { runnerUnregister { runner { id } } }", json!({})).await
}

/// The job that a heartbeat tells the runner of, with its state.
async fn beat(runner: &Client, input: Value) -> Value {
    runner.change("runnerHeartbeat", input, "job { id status progress cancelRequested }").await["job"].take()
}

/// Takes the assigned job in hand; its id.
async fn fetch(runner: &Client) -> String {
    text(&fetch_lease(runner).await["job"]["id"])
}

async fn fetch_lease(runner: &Client) -> Value {
    let document = "mutation { assignmentFetch { lease { token expiresAt attempt job { id parameters } } } }";
    runner.data(document, json!({})).await["assignmentFetch"]["lease"].take()
}

async fn fetch_code(runner: &Client) -> String {
    runner.code("mutation { assignmentFetch { lease { token } } }", json!({})).await
}

/// A job's state and the runner that has it.
async fn whose(who: &Client, job: &str) -> (String, Option<String>) {
    let job = who.job(job, "status runner { id }").await;
    (text(&job["status"]), job["runner"]["id"].as_str().map(str::to_owned))
}

fn with(status: &str, runner: &Client) -> (String, Option<String>) {
    (status.to_owned(), Some(runner.id.clone()))
}

fn nobody(status: &str) -> (String, Option<String>) {
    (status.to_owned(), None)
}
