//! Servers.

use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::{
    envelope::{Refusal, shown},
    wire,
};
use super::{Answer, Segment, segment};
use crate::compat::{Call, Operation, Page};

/// Where a page begins.
#[derive(Debug, Default, Serialize)]
pub(in super::super) struct After {
    after: Option<String>,
}

/// Which server, and where the page of its services begins.
#[derive(Debug, Serialize)]
pub(in super::super) struct Named {
    name: String,
    after: Option<String>,
}

/// See its document.
pub(in super::super) static LIST: Operation<After, Servers> =
    Operation::new("Mobyle2_ListServers", include_str!("../operations/list_servers.graphql"));

/// See its document.
pub(in super::super) static SHOW: Operation<Named, Server> =
    Operation::new("Mobyle2_ShowServer", include_str!("../operations/show_server.graphql"));

/// A page of servers.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Servers {
    servers: Page<wire::Name>,
}

/// A server.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Server {
    server: wire::Server,
}

pub(in super::super) async fn list(call: Call, headers: HeaderMap) -> Answer {
    let (mut list, mut after) = (Map::new(), After::default());
    loop {
        let page = LIST.run(&call, after).await?.servers;
        after = After { after: page.next() };
        for found in page.nodes {
            match server(&call, &found.name).await {
                Ok(server) => drop(list.insert(found.name, server)),
                // It was removed meanwhile.
                Err(refusal) if refusal.is_not_found() => {}
                Err(refusal) => return Err(refusal),
            }
        }
        if after.after.is_none() {
            return Ok(shown(&headers, &Value::Object(list)));
        }
    }
}

pub(in super::super) async fn show(call: Call, path: Segment, headers: HeaderMap) -> Answer {
    let name = segment(path)?;
    Ok(shown(&headers, &server(&call, &name).await?))
}

async fn server(call: &Call, name: &str) -> Result<Value, Refusal> {
    let (mut services, mut after) = (Vec::new(), None);
    loop {
        let server = SHOW.run(call, Named { name: name.to_owned(), after }).await?.server;
        after = server.services.next();
        services.extend(server.services.nodes.iter().map(|service| Value::from(service.name.as_str())));
        if after.is_none() {
            return Ok(server.into_json(&services, &call.link("")));
        }
    }
}
