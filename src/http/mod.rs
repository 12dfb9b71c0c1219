//! docket's transports: GraphQL over HTTP, server-sent events and websockets on one endpoint, the pages that
//! operators ask for, and the accept loop under them.
//!
//! A request passes `observe` (its id, the log line, the figures, a panic's end), then its route. Everything that
//! asks for an operation goes through [`Api`], the one door to the schema; nothing here decides what a caller may do.

mod account_pages;
mod body;
mod client;
mod config;
mod connection;
mod credential;
mod door;
mod files;
mod graphql;
mod health;
mod metrics;
mod negotiate;
mod oauth;
mod observe;
mod operation;
mod own;
mod pages;
mod params;
mod playground;
mod ranged;
mod reply;
mod rights;
mod serve;
mod session;
mod site;
mod socket;
mod sse;
mod state;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::compression::{CompressionLayer, CompressionLevel};

pub use config::HttpConfig;
pub use door::{Api, Door};
pub use metrics::install as install_metrics;
pub use serve::{Listening, Stopped, serve, serve_all};
pub use state::{Authenticate, HttpState, Readiness, Shared};

use crate::graphql::{Caller, Client, OperationKind, Origin, Params, Prepared, ResumePoint};

/// Answers below this size are sent as they are: gzip would cost more than it saves.
const COMPRESS_FROM_BYTES: u64 = 1024;

/// All routes of the server, with everything a request passes on its way to them.
pub fn router(state: HttpState) -> Router {
    let cors = site::cors(&state.config);
    let shared = Arc::new(state);
    let compression = CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(COMPRESS_FROM_BYTES).and(NotForContentType::SSE));
    let mut router = Router::new()
        .route("/", get(pages::index))
        .route("/graphql", any(graphql::endpoint))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::page))
        .route("/session", post(session::create).delete(session::delete).fallback(session::method_not_allowed))
        .route("/activate", any(account_pages::activate))
        .route("/resetPassword", any(account_pages::reset_password))
        .route("/oauth/token", any(oauth::token))
        .route("/oauth/introspect", any(oauth::introspect))
        .route("/oauth/revoke", any(oauth::revoke))
        .route("/.well-known/oauth-authorization-server", get(oauth::metadata))
        .fallback(pages::not_found)
        .method_not_allowed_fallback(pages::method_not_allowed)
        .layer(compression)
        // Not below the layer: these are compressed already, or asked for by ranges of their own bytes.
        .route("/graphiql", get(playground::page))
        .route("/graphiql/", get(playground::slash))
        .route("/graphiql/assets/{name}", get(playground::asset))
        .route("/files/{name}", get(files::download).put(files::upload).fallback(files::method_not_allowed))
        .route("/jobs/{id}/log", get(files::log))
        .route("/jobs/{id}/results", get(files::results));
    if let Some(cors) = cors {
        router = router.layer(cors);
    }
    let mounts = shared.mounts.iter();
    let router = mounts.fold(router, |router, (path, mounted)| router.nest_service(path, mounted.clone()));
    router.layer(from_fn_with_state(Arc::clone(&shared), observe::observe)).with_state(shared)
}

/// What stands at an address of its own, with what every request passes on its way.
pub fn alone(routes: Router, shared: &Shared) -> Router {
    routes.layer(from_fn_with_state(Arc::clone(shared), observe::observe))
}

/// What other APIs than GraphQL use of the transports: the same bounds, checks and figures hold for them.
pub mod kit {
    pub use super::body::read_within;
    pub use super::client::{Peer, RequestInfo, credentials};
    pub use super::credential::{NAME as SESSION_COOKIE, cookie as session_cookie};
    pub use super::files::send as send_file;
    pub use super::metrics::{Transport, count_mounted};
    pub use super::operation::execute;
    pub use super::reply::Refusal;
    pub use super::site::{require_known_host, require_own};
}
