//! Absolute links: the address that the operator has set, else the one that the client has used.

use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use ipnet::IpNet;

use super::surface::{Place, Surface};
use crate::http::kit::Peer;

/// What links of one request begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base(String);

impl Base {
    /// For a request on this surface.
    pub(super) fn of(surface: &Surface, parts: &Parts) -> Self {
        let config = &surface.app.config;
        match surface.place {
            Place::Mounted => Self(site(surface, parts) + &surface.mount.path),
            // Whoever has come by the other one's address is to stay there.
            Place::Beside => {
                let asked = asked_host(parts, &config.trusted_proxies);
                let site = asked.unwrap_or_else(|| config.public_url.trim_end_matches('/').to_owned());
                Self(site + &surface.mount.path)
            }
            Place::Alone => {
                let asked = || asked_host(parts, &config.trusted_proxies);
                let site = surface.mount.public_url.clone().or_else(asked).unwrap_or_else(|| config.public_url.clone());
                Self(site.trim_end_matches('/').to_owned())
            }
        }
    }

    pub(super) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

/// The server's own address, where the pages about the old APIs stand: not what a client uses of a dialect that has an
/// address for itself.
pub(super) fn site(surface: &Surface, parts: &Parts) -> String {
    let config = &surface.app.config;
    let own = surface.place == Place::Mounted && !config.has_public_url();
    let asked = if own { asked_host(parts, &config.trusted_proxies) } else { None };
    asked.unwrap_or_else(|| config.public_url.trim_end_matches('/').to_owned())
}

/// Scheme and host of the request: the proxy's word for the scheme counts when it is trusted.
fn asked_host(parts: &Parts, trusted: &[IpNet]) -> Option<String> {
    let host = match parts.uri.authority() {
        Some(authority) => authority.clone(),
        None => host_of(&parts.headers)?,
    };
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.0.ip().to_canonical());
    let believed = peer.is_some_and(|peer| trusted.iter().any(|network| network.contains(&peer)));
    let forwarded = parts.headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    let scheme = if believed && forwarded { "https" } else { "http" };
    Some(format!("{scheme}://{host}"))
}

/// A host that can stand in a link; a user in it could not.
fn host_of(headers: &HeaderMap) -> Option<Authority> {
    let host: Authority = headers.get(HOST)?.to_str().ok()?.parse().ok()?;
    (!host.as_str().contains('@')).then_some(host)
}
