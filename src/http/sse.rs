//! Operations over server-sent events: the "distinct connections mode" of the GraphQL over SSE protocol.
//!
//! Each stream is a task that pulls one response, hands it over, and pulls the next only when that one was taken. So a
//! client that does not read holds one response, and holds it no longer than `stall`. The task lives apart from the
//! connection, because HTTP/2 stops asking a stream for more when its client opens no window: a database connection
//! that the stream holds in that moment would be held as long.

use std::convert::Infallible;
use std::sync::Arc;

use async_graphql::Response as GraphqlResponse;
use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tracing::{Instrument, Span};

use super::client::{RequestInfo, bearer};
use super::credential::cookie;
use super::metrics::{self, Transport};
use super::rights::Guard;
use super::state::Shared;
use super::{OperationKind, Prepared, ResumePoint, operation, reply};
use crate::viewer::Viewer;

/// Tells the browser that the stream is open, before there is anything to say.
const COMMENT: &[u8] = b":\n\n";
/// With an empty `data`, since browsers drop events that have none.
const COMPLETE: &[u8] = b"event: complete\ndata: \n\n";

/// Runs an operation as a stream of events.
pub(super) fn open(
    state: &Shared,
    info: &RequestInfo,
    viewer: Viewer,
    prepared: Prepared,
    headers: &HeaderMap,
) -> Response {
    let resume = Arc::new(ResumePoint::new(last_event_id(headers)));
    // Malformed ones were refused before, and a cookie that opens nothing counts as none.
    let shown = bearer(headers).unwrap_or_default().or_else(|| cookie(headers));
    let guard = Guard::new(state, shown.filter(|_| !matches!(viewer, Viewer::Anonymous)), &viewer);
    let caller = operation::caller(info, viewer, Some(Arc::clone(&resume)));
    let follows = prepared.kind() == OperationKind::Subscription;
    let results = operation::stream(state, caller, prepared, Transport::Sse);
    let (frames, body) = mpsc::channel(1);
    let feed = Feed { state: Arc::clone(state), request_id: info.id.clone(), resume, follows, frames };
    state.tasks.spawn(feed.run(results, guard).instrument(Span::current()));
    event_stream(Body::from_stream(ReceiverStream::new(body).map(Ok::<_, Infallible>)))
}

/// A stream that says one thing and ends.
pub(super) fn only(response: &GraphqlResponse) -> Response {
    let mut body = next_event(&reply::text(response), None).to_vec();
    body.extend_from_slice(COMPLETE);
    event_stream(Body::from(body))
}

fn event_stream(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("accept"));
    // nginx would hold events back until its buffer is full.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

/// The id of the last event that the client has; an empty one is none. Bytes that are no text are kept as what they
/// resemble, to be refused as a place that does not exist: without them the stream would silently start at another.
fn last_event_id(headers: &HeaderMap) -> Option<String> {
    let id = String::from_utf8_lossy(headers.get("last-event-id")?.as_bytes()).trim().to_owned();
    (!id.is_empty()).then_some(id)
}

struct Feed {
    state: Shared,
    request_id: String,
    resume: Arc<ResumePoint>,
    /// Whether this is a subscription; anything else may finish when the server stops.
    follows: bool,
    frames: mpsc::Sender<Bytes>,
}

impl Feed {
    async fn run(self, results: BoxStream<'static, GraphqlResponse>, guard: Guard) {
        let _open = metrics::Open::stream(Transport::Sse);
        let refusal = tokio::select! {
            refusal = guard.ended(), if self.follows => refusal,
            () = self.deliver(results) => return,
        };
        let last = GraphqlResponse::from_errors(vec![refusal.to_error(&self.request_id)]);
        if self.send(next_event(&reply::text(&last), None)).await {
            self.send(Bytes::from_static(COMPLETE)).await;
        }
    }

    async fn deliver(&self, mut results: BoxStream<'static, GraphqlResponse>) {
        if !self.send(Bytes::from_static(COMMENT)).await {
            return;
        }
        loop {
            let frame = tokio::select! {
                biased;
                // No `complete`: the client is to come back, with the id of the last event it has.
                () = self.stopped(), if self.follows => return,
                () = self.frames.closed() => return,
                response = operation::next(&mut results, &self.request_id) => {
                    let Some(response) = response else {
                        self.send(Bytes::from_static(COMPLETE)).await;
                        return;
                    };
                    next_event(&reply::text(&response), self.resume.take_delivered())
                }
                () = sleep(self.state.config.keepalive) => Bytes::from_static(COMMENT),
            };
            if !self.send(frame).await {
                return;
            }
        }
    }

    async fn stopped(&self) {
        self.state.shutdown.cancelled().await;
    }

    /// Hands a frame over; whether it was taken.
    async fn send(&self, frame: Bytes) -> bool {
        tokio::select! {
            sent = timeout(self.state.config.stall, self.frames.send(frame)) => matches!(sent, Ok(Ok(()))),
            () = self.stopped(), if self.follows => false,
        }
    }
}

/// A `next` event. JSON texts hold no line breaks; an id that does would end its field, so it is left out.
fn next_event(data: &str, id: Option<String>) -> Bytes {
    let id = id.filter(|id| !id.contains(['\n', '\r', '\0'])).map(|id| format!("id: {id}\n")).unwrap_or_default();
    Bytes::from(format!("event: next\n{id}data: {data}\n\n"))
}
