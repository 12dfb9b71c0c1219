//! What stands at the addresses that are not the API.

use axum::extract::{Extension, OriginalUri, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, VARY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::client::RequestInfo;
use super::negotiate::{Media, names_html};
use super::reply::Refusal;
use super::state::Shared;
use crate::error::Code;

/// A browser is shown the playground; everybody else is told what this is, and where to go.
pub(super) async fn index(State(state): State<Shared>, headers: HeaderMap) -> Response {
    let mut response = if names_html(&headers) {
        (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, "graphiql")]).into_response()
    } else {
        map(&state)
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn map(state: &Shared) -> Response {
    let url = state.config.public_url.trim_end_matches('/');
    let version = env!("CARGO_PKG_VERSION");
    let text = format!(
        "docket {version}: a job server.\n\n\
         {url}/graphql   the API: GraphQL by POST or GET, subscriptions by server-sent events or websocket\n\
         {url}/graphiql  a page to try it in\n\
         {url}/files     files: PUT /files/{{name}}, GET /files/{{id}}\n\
         {url}/session  log-in with a cookie for browsers: POST, DELETE\n\
         {url}/healthz   200 while the server lives\n\
         {url}/readyz    200 while it can work\n\
         {url}/metrics   its figures, for Prometheus\n\n\
         Try:\n  curl {url}/graphql -H 'Content-Type: application/json' -d '{{\"query\": \"{{ __typename }}\"}}'\n"
    );
    ([(CONTENT_TYPE, "text/plain; charset=utf-8"), (X_CONTENT_TYPE_OPTIONS, "nosniff")], text).into_response()
}

/// There is nothing here.
pub(super) async fn not_found(Extension(info): Extension<RequestInfo>, uri: OriginalUri) -> Response {
    let path: String = uri.path().chars().take(100).collect();
    let message = format!(
        "There is nothing at {path}. The paths are /, /graphql, /graphiql, /files/…, /jobs/…/log, /jobs/…/results, /session, /oauth/…, /compat, /activate, /resetPassword, /healthz, /readyz and /metrics."
    );
    Refusal::new(StatusCode::NOT_FOUND, Code::NotFound, message).respond(&info.id, Media::Json)
}

/// These pages are only read.
pub(super) async fn method_not_allowed(Extension(info): Extension<RequestInfo>, method: Method) -> Response {
    Refusal::method("GET, HEAD", format!("{method} is not possible here.")).respond(&info.id, Media::Json)
}
