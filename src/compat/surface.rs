//! Where the dialects of one server stand.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;

use super::DIALECTS;
use super::dialect::Dialect;
use super::entrance;
use crate::app::App;
use crate::config::{Config, Mount};
use crate::http::{HttpState, Shared, alone};

/// How a dialect is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Under its mount, beside the rest of the server.
    Mounted,
    /// At the root of an address of its own.
    Alone,
}

/// A dialect at one place of a running server.
pub struct Surface {
    pub(super) dialect: &'static Dialect,
    pub(super) mount: Mount,
    pub(super) place: Place,
    pub(super) app: App,
    pub(super) http: Shared,
}

impl std::fmt::Debug for Surface {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surface")
            .field("dialect", &self.dialect.name)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// The routers of all dialects that are switched on.
#[derive(Debug, Default)]
pub struct Places {
    /// Path and routes, beside the rest of the server.
    pub mounted: Vec<(String, Router)>,
    /// Routes at addresses of their own, in the order of [`addresses`].
    pub alone: Vec<Router>,
}

/// The dialects that are switched on, with their sections of the configuration.
fn enabled(config: &Config) -> impl Iterator<Item = (&'static Dialect, Mount)> {
    DIALECTS.iter().map(|dialect| (*dialect, (dialect.mount)(config))).filter(|(_, mount)| mount.enabled)
}

/// The addresses that dialects want for themselves, each with the dialect's name.
pub fn addresses(config: &Config) -> Vec<(&'static str, SocketAddr)> {
    enabled(config).filter_map(|(dialect, mount)| Some((dialect.name, mount.listen?))).collect()
}

/// Puts together what this server is to answer beside GraphQL.
#[must_use]
pub fn places(app: &App, http: &HttpState) -> Places {
    let shared: Shared = Arc::new(http.clone());
    let mut places = Places::default();
    for (dialect, mount) in enabled(&app.config) {
        let at = |place| {
            let (app, http, mount) = (app.clone(), Arc::clone(&shared), mount.clone());
            entrance::router(&Arc::new(Surface { dialect, mount, place, app, http }))
        };
        places.mounted.push((mount.path.clone(), at(Place::Mounted)));
        if mount.listen.is_some() {
            places.alone.push(alone(at(Place::Alone), &shared));
        }
    }
    places
}
