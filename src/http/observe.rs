//! What happens around every request: its id, its line in the log, its figures, and the end of a panic.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONNECTION;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use tracing::Instrument;

use super::client::{Peer, RequestInfo, client_of, is_secure};
use super::negotiate::Media;
use super::state::Shared;
use super::{metrics, operation};
use crate::infra::secret::{uid, without_secrets};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Runs a request and tells of it. The log line holds the path without its query and without what stands in it as a
/// credential (old APIs have mailed links that do), and no header: each may carry what is nobody's business.
pub(super) async fn observe(State(state): State<Shared>, mut request: Request, next: Next) -> Response {
    let start = Instant::now();
    let id = given_id(request.headers()).map_or_else(|| uid().simple().to_string(), str::to_owned);
    let peer = request.extensions().get::<Peer>().copied();
    let client = client_of(request.headers(), peer, &state.config.trusted_proxies);
    let secure = is_secure(request.headers(), peer, &state.config.trusted_proxies);
    let address = client.address;
    request.extensions_mut().insert(RequestInfo { id: id.clone(), client, secure });
    let method = request.method().clone();
    let multiplexed = request.version() == Version::HTTP_2;
    let path = without_secrets(request.uri().path()).into_owned();
    // The pattern and not the path: a figure per path would let clients fill the memory.
    let route = request.extensions().get::<MatchedPath>().cloned();

    let span = tracing::info_span!("request", request_id = %id);
    let answered = AssertUnwindSafe(next.run(request).instrument(span)).catch_unwind().await;
    let mut response =
        answered.unwrap_or_else(|panicked| operation::panic_refusal(&*panicked, &id).respond(&id, Media::Json));

    let took = start.elapsed();
    let status = response.status().as_u16();
    metrics::count_request(route.as_ref().map_or("other", MatchedPath::as_str), &method, status, took);
    let ms = took.as_secs_f64() * 1000.0;
    let client = address.map(tracing::field::display);
    // A line for every request costs as much as a small query: what went well is a matter of debugging.
    macro_rules! tell {
        ($level:ident) => {
            tracing::$level!(target: "docket::access", %method, path, status, ms, request_id = %id, client, "answered")
        };
    }
    match status {
        500.. => tell!(warn),
        400..500 => tell!(info),
        _ => tell!(debug),
    }
    if multiplexed {
        // Has no meaning there: one request does not own the connection.
        response.headers_mut().remove(CONNECTION);
    } else if state.shutdown.is_cancelled() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        // The client's next request goes to the next server, instead of to a connection that is about to close.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The id that a client or a proxy gave, when it can stand in a log without doing harm.
fn given_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(&REQUEST_ID)?.to_str().ok()?;
    let sane = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    sane.then_some(id)
}
