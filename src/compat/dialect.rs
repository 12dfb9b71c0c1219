//! What makes a dialect.

use axum::Router;
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use axum::response::Response;
use futures_util::future::BoxFuture;

use super::failure::Failure;
use super::route::Route;
use super::surface::Surface;
use crate::config::{Config, Mount};
use crate::graphql::Origin;
use crate::viewer::Viewer;

/// One old API. A dialect is a constant: everything that differs between servers is in its `Surface`.
pub struct Dialect {
    /// Its word: in the configuration (`[compat.topchef]`), in figures, and at the command line.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The surface that its operations come in by.
    pub origin: Origin,
    /// Its section of the configuration.
    pub mount: fn(&Config) -> Mount,
    /// What stands behind the mount at the route `/`: nothing, or `/` where slashes are strict.
    pub root: &'static str,
    /// The dialect at whose own address it stands, too, under its mount: clients of both know one address.
    pub beside: Option<&'static str>,
    /// The table of its routes. The router is made of it, so that neither can have what the other lacks.
    pub routes: fn() -> Vec<Route>,
    /// Who asks: `auth::any` unless it has rules of its own.
    pub authenticate: for<'a> fn(&'a Surface, &'a Parts) -> BoxFuture<'a, Result<Viewer, Failure>>,
    /// Whether pages of other sites may not write (they may not, unless its own rules say so).
    pub own_site_only: bool,
    /// A failure in its own shape: an exhaustive match over [`crate::error::Code`].
    pub refuse: fn(Failure) -> Response,
    /// What it answers where it has no path.
    pub not_found: fn(&Uri) -> Response,
    /// What it answers to a method that a path has not; these are the ones that it has.
    pub wrong_method: fn(&Method, &[Method]) -> Response,
    /// What it answers to OPTIONS, where it has the path with these methods; none leaves it a wrong method.
    pub options: Option<fn(&[Method]) -> Response>,
    /// What it answers to HEAD; none answers as to GET, without the body.
    pub head: Option<fn() -> Response>,
    /// What is done to a request before its route is looked for, around the whole dialect.
    pub around: fn(Router) -> Router,
}

impl std::fmt::Debug for Dialect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialect").field("name", &self.name).finish_non_exhaustive()
    }
}
