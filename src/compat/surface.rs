//! Where the dialects of one server stand.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;

use super::dialect::Dialect;
use super::{DIALECTS, entrance, pages};
use crate::app::App;
use crate::config::{Config, Mount};
use crate::http::{HttpState, Shared, alone};
use crate::viewer::Viewer;

/// How a dialect is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Under its mount, beside the rest of the server.
    Mounted,
    /// At the root of an address of its own.
    Alone,
    /// Under its mount, at the address of another dialect.
    Beside,
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

impl Surface {
    /// Counts a request for the operator, who wants to know who still comes this way.
    pub(super) fn note(&self, method: &'static str, route: &'static str, viewer: Option<&Viewer>) {
        // One that is at home where another is would be taken for that one.
        let route = match self.dialect.beside {
            Some(_) => Cow::Owned(format!("{}{route}", self.mount.path)),
            None => Cow::Borrowed(route),
        };
        self.app.uses.note(self.dialect.origin, method, route, viewer);
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
#[must_use]
pub fn addresses(config: &Config) -> Vec<(&'static str, SocketAddr)> {
    enabled(config).filter_map(|(dialect, mount)| Some((dialect.name, mount.listen?))).collect()
}

/// Puts together what this server is to answer beside GraphQL.
#[must_use]
pub fn places(app: &App, http: &HttpState) -> Places {
    let shared: Shared = Arc::new(http.clone());
    let mut places = Places::default();
    places.mounted.push(("/compat".to_owned(), pages::router(&app.config)));
    for (dialect, mount) in enabled(&app.config) {
        let at = |place| {
            let (app, http, mount) = (app.clone(), Arc::clone(&shared), mount.clone());
            entrance::router(&Arc::new(Surface { dialect, mount, place, app, http }))
        };
        places.mounted.push((mount.path.clone(), at(Place::Mounted)));
        if mount.listen.is_some() {
            let beside = enabled(&app.config).filter(|(other, _)| other.beside == Some(dialect.name));
            let routes = beside.fold(at(Place::Alone), |routes, (other, mount)| {
                let (path, app, http) = (mount.path.clone(), app.clone(), Arc::clone(&shared));
                let surface = Surface { dialect: other, mount, place: Place::Beside, app, http };
                routes.nest_service(&path, entrance::router(&Arc::new(surface)))
            });
            places.alone.push(alone(routes, &shared));
        }
    }
    places
}
