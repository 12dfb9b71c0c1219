//! This server and others.

mod federation;
mod hostile;
mod lease;
mod mobyle2;
mod write;

use serde_json::{Value, json};

use crate::support::{Client, TestApp};

/// Probes a server as the admin, and shows what came of it.
async fn probed(app: &TestApp, id: &str) -> Value {
    let selection = "server { isActive protocol lastError services { nodes { fullName } } }";
    app.admin().change("serverProbe", json!({ "serverId": id }), selection).await["server"].take()
}

/// The full names of the services of other servers that a caller sees.
async fn remote_names(client: &Client) -> Vec<String> {
    let document = "{ services(filter: { isRemote: true }, first: 100) { nodes { fullName } } }";
    names(&client.data(document, json!({})).await["services"])
}

/// The full names in a page of services.
fn names(page: &Value) -> Vec<String> {
    let nodes = page["nodes"].as_array().expect("a page");
    nodes.iter().map(|node| node["fullName"].as_str().expect("a name").to_owned()).collect()
}
