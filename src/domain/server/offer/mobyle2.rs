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
    let own = own_names(&servers, &services, url)?;
    // The document's own example names a server `server1` in the keys and `server_1` in the values.
    let is_own = |(key, service): &(String, Service)| {
        own.contains(&service.server) || key.rsplit("::").next().is_some_and(|server| own.contains(server))
    };
    let services = services.into_iter().filter(is_own).map(|(_, service)| service);
    Ok(services.filter(|service| service.exported).filter_map(offered).collect())
}

/// By which names it calls itself: it lists what it has from other servers, too, which is theirs to offer.
fn own_names(
    servers: &BTreeMap<String, Server>,
    services: &BTreeMap<String, Service>,
    url: &str,
) -> Result<BTreeSet<String>, String> {
    let is_it = |server: &Server| server.url.trim_end_matches('/') == url;
    let own: BTreeSet<_> = servers.iter().filter(|(_, server)| is_it(server)).map(|(name, _)| name.clone()).collect();
    if !own.is_empty() {
        return Ok(own);
    }
    let named: BTreeSet<_> = services.values().map(|service| service.server.clone()).collect();
    if named.len() > 1 {
        return Err("none of the servers that it lists has this address, so that nobody can say which it is".to_owned());
    }
    Ok(named)
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

    fn names(servers: Value, services: Value, url: &str) -> Result<BTreeSet<String>, String> {
        let read = "the test's own lists";
        own_names(&serde_json::from_value(servers).expect(read), &serde_json::from_value(services).expect(read), url)
    }

    #[test]
    fn a_server_is_known_by_its_address_or_by_being_the_only_one() {
        let service = |server: &str| json!({ "name": "x", "server": server, "type": "program", "exported": true });
        let two = json!({ "a": service("server_1"), "b": service("server_2") });
        let at = |url: &str| json!({ "server_1": { "url": url }, "server_2": { "url": "http://two" } });
        assert_eq!(names(at("http://one/"), two.clone(), "http://one"), Ok(["server_1".to_owned()].into()));
        assert!(names(at("http://elsewhere"), two, "http://one").is_err());
        let one = json!({ "a": service("server_2") });
        assert_eq!(names(at("http://elsewhere"), one, "http://one"), Ok(["server_2".to_owned()].into()));
    }
}
