//! Asking a server for the lists of Mobyle2's HTTP API (the design document of August 2012): `/servers/` and
//! `/services/`, objects by name without an end, of which the whole is one answer.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Offered, kind};
use crate::{domain::slug, infra::remote::Conversation};

const WRONG: &str = "it does not answer as a Mobyle2 server does";

#[derive(Deserialize)]
struct Server {
    url: String,
}

#[derive(Deserialize)]
struct Service {
    name: String,
    server: String,
    project: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    exported: bool,
    #[serde(default)]
    disabled: bool,
}

/// What it exports, and runs itself.
pub(super) async fn read(conversation: &Conversation<'_>, url: &str) -> Result<Vec<Offered>, String> {
    let wrong = |_| WRONG.to_owned();
    let servers: BTreeMap<String, Server> =
        serde_json::from_value(conversation.get("/servers/").await?).map_err(wrong)?;
    if servers.is_empty() {
        // Such a server lists itself, at least; what answers anything with `{}` is none.
        return Err(WRONG.to_owned());
    }
    let services: BTreeMap<String, Service> =
        serde_json::from_value(conversation.get("/services/").await?).map_err(wrong)?;
    let own = own_names(&servers, url)?;
    // The document's own example names a server `server1` in the keys and `server_1` in the values.
    let is_own = |(key, service): &(String, Service)| {
        own.contains(&service.server) || key.rsplit("::").next().is_some_and(|server| own.contains(server))
    };
    let services = services.into_iter().filter(is_own).map(|(_, service)| service);
    Ok(services.filter(|service| service.exported).filter_map(offered).collect())
}

/// By which names it calls itself: it lists what it has from other servers, too, which is theirs to offer. One that
/// lists a single server is that one, whatever address it has there.
fn own_names(servers: &BTreeMap<String, Server>, url: &str) -> Result<BTreeSet<String>, String> {
    let is_it = |server: &Server| servers.len() == 1 || server.url.trim_end_matches('/') == url;
    let own: BTreeSet<_> = servers.iter().filter(|(_, server)| is_it(server)).map(|(name, _)| name.clone()).collect();
    if own.is_empty() {
        return Err("none of the servers that it lists has this address, so that nobody can say which it is".to_owned());
    }
    Ok(own)
}

fn offered(service: Service) -> Option<Offered> {
    Some(Offered {
        kind: kind(&service.kind)?,
        title: service.name.clone(),
        name: service.name,
        project: service.project.filter(|project| project != slug::RESERVED),
        description: String::new(),
        disabled: service.disabled,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn names(servers: Value, url: &str) -> Result<BTreeSet<String>, String> {
        own_names(&serde_json::from_value(servers).expect("the test's own list"), url)
    }

    #[test]
    fn a_server_is_known_by_its_address_or_by_being_the_only_one() {
        let two = |url: &str| json!({ "server_1": { "url": url }, "server_2": { "url": "http://two" } });
        assert_eq!(names(two("http://one/"), "http://one"), Ok(["server_1".to_owned()].into()));
        assert!(names(two("http://elsewhere"), "http://one").is_err(), "whatever services it lists");
        let one = json!({ "server_1": { "url": "http://elsewhere" } });
        assert_eq!(names(one, "http://one"), Ok(["server_1".to_owned()].into()));
    }
}
