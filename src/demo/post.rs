//! A service of the demo and a runner's token for it, made over the public API in the name of `demo`.

use serde_json::{Value, json};

use super::client::{Client, Fault, text};
use super::work::{Profile, Work};
use crate::error::{Code, Error, Result};

const SERVICE: &str = "query Service($name: String!) { service(name: $name) { id } }";
const SERVICE_CREATE: &str = "mutation MakeService($input: ServiceCreateInput!) {
    serviceCreate(input: $input) { service { id } }
}";
const RUNNERS: &str = "query Runners($after: String) {
    runners(first: 100, after: $after) { nodes { id name } pageInfo { endCursor hasNextPage } }
}";
const RUNNER_DELETE: &str = "mutation RemoveRunner($input: RunnerDeleteInput!) {
    runnerDelete(input: $input) { runner { id } }
}";
const RUNNER_CREATE: &str = "mutation MakeRunner($input: RunnerCreateInput!) {
    runnerCreate(input: $input) { token }
}";

/// Where a worker can begin.
#[derive(Debug)]
pub(super) struct Post {
    pub service_id: String,
    pub runner_token: String,
}

impl Post {
    /// Finds or makes the service, and makes a new runner for it in place of the one of an earlier start, whose token
    /// nobody knows any more. What that one still held goes back to the queue.
    pub async fn prepare(client: &Client, work: Work, slots: usize) -> Result<Self> {
        let profile = work.profile();
        let service_id = service(client, profile).await?;
        let name = format!("demo-{}", profile.name);
        remove_runner(client, &name).await?;
        let input = json!({ "name": name, "serviceIds": [service_id], "slots": slots });
        let made = client.run(RUNNER_CREATE, json!({ "input": input })).await?;
        Ok(Self { service_id, runner_token: text(&made, "/runnerCreate/token")? })
    }
}

async fn service(client: &Client, profile: &Profile) -> Result<String> {
    match client.run(SERVICE, json!({ "name": profile.name })).await {
        Ok(found) => return Ok(text(&found, "/service/id")?),
        Err(fault) if fault.is(Code::NotFound) => {}
        Err(fault) => return Err(fault.into()),
    }
    let schema = |text: &str| serde_json::from_str::<Value>(text).map_err(Error::internal);
    let input = json!({
        "name": profile.name,
        "title": profile.title,
        "description": profile.description,
        "parametersSchema": schema(profile.parameters_schema)?,
        "resultsSchema": schema(profile.results_schema)?,
        "limits": { "leaseSeconds": 15, "maxRunSeconds": 600, "timeoutSeconds": 60 },
    });
    let made = client.run(SERVICE_CREATE, json!({ "input": input })).await?;
    Ok(text(&made, "/serviceCreate/service/id")?)
}

async fn remove_runner(client: &Client, name: &str) -> Result<(), Fault> {
    let mut after = Value::Null;
    loop {
        let page = client.run(RUNNERS, json!({ "after": after })).await?;
        let runners = page.pointer("/runners/nodes").and_then(Value::as_array);
        if let Some(old) = runners.and_then(|runners| runners.iter().find(|runner| runner["name"] == name)) {
            client.run(RUNNER_DELETE, json!({ "input": { "runnerId": old["id"] } })).await?;
            return Ok(());
        }
        let info = &page["runners"]["pageInfo"];
        if info["hasNextPage"] != true {
            return Ok(());
        }
        after = info["endCursor"].clone();
    }
}
