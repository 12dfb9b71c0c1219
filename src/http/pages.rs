//! What stands at the addresses that are not the API.

use axum::extract::{Extension, OriginalUri, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::client::RequestInfo;
use super::negotiate::Media;
use super::reply::Refusal;
use super::state::Shared;
use crate::error::Code;

/// What this is, and where to go.
pub(super) async fn index(State(state): State<Shared>) -> Response {
    let url = state.config.public_url.trim_end_matches('/');
    let version = env!("CARGO_PKG_VERSION");
    let text = format!(
        "docket {version}: a job server.\n\n\
         {url}/graphql   the API: GraphQL by POST or GET, subscriptions by server-sent events or websocket\n\
         {url}/healthz   200 while the server lives\n\
         {url}/readyz    200 while it can work\n\
         {url}/metrics   its figures, for Prometheus\n\n\
         Try:\n  curl {url}/graphql -H 'Content-Type: application/json' -d '{{\"query\": \"{{ __typename }}\"}}'\n"
    );
    let nosniff = (HeaderName::from_static("x-content-type-options"), "nosniff");
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], [nosniff], text).into_response()
}

/// There is nothing here.
pub(super) async fn not_found(Extension(info): Extension<RequestInfo>, uri: OriginalUri) -> Response {
    let path: String = uri.path().chars().take(100).collect();
    let message = format!("There is nothing at {path}. The paths are /, /graphql, /healthz, /readyz and /metrics.");
    Refusal::new(StatusCode::NOT_FOUND, Code::NotFound, message).respond(&info.id, Media::Json)
}

/// These pages are only read.
pub(super) async fn method_not_allowed(Extension(info): Extension<RequestInfo>, method: Method) -> Response {
    Refusal::method("GET, HEAD", format!("{method} is not possible here.")).respond(&info.id, Media::Json)
}
