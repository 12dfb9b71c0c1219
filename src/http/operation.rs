//! Running an operation, the same for every transport.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_graphql::Response;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use tokio::time::timeout;

use super::client::RequestInfo;
use super::metrics::{self, Transport};
use super::reply::{self, Refusal};
use super::state::Shared;
use super::{Caller, OperationKind, Origin, Params, Prepared, ResumePoint};
use crate::error::Error;
use crate::graphql::error::sign;
use crate::viewer::Viewer;

/// Who asks, by a bearer token or its absence.
///
/// # Errors
/// 401 for a token that is not (or no longer) valid; 503 when it cannot be looked up.
pub(super) async fn authenticate(state: &Shared, bearer: Option<String>) -> Result<Viewer, Refusal> {
    match timeout(state.config.request, (state.authenticate)(bearer)).await {
        Ok(result) => result.map_err(Refusal::from),
        Err(_) => Err(Refusal::unavailable("The credential could not be checked in time. Try again.")),
    }
}

/// Reads a document, and counts it when it cannot be executed.
///
/// # Errors
/// The errors of the document, with the request's id.
pub(super) fn prepare(
    state: &Shared,
    info: &RequestInfo,
    params: Params,
    transport: Transport,
) -> Result<Prepared, Box<Response>> {
    state.api.prepare(params).map_err(|mut response| {
        metrics::count_refused(transport);
        sign(&mut response, &info.id);
        response
    })
}

/// The caller of an operation.
pub(super) fn caller(info: &RequestInfo, viewer: Viewer, resume: Option<Arc<ResumePoint>>) -> Caller {
    let (request_id, client) = (info.id.clone(), info.client.clone());
    Caller { viewer, origin: Origin::GraphQl, request_id, client, resume }
}

/// Runs a query or a mutation.
///
/// # Errors
/// 503 when it takes longer than one may.
pub async fn execute(
    state: &Shared,
    caller: Caller,
    prepared: Prepared,
    transport: Transport,
) -> Result<Response, Refusal> {
    let kind = prepared.kind();
    let Ok(response) = timeout(state.config.request, state.api.execute(caller, prepared)).await else {
        metrics::count_operation(kind, "timeout", transport);
        let limit = state.config.request;
        return Err(Refusal::unavailable(match kind {
            OperationKind::Mutation => format!("No answer within {limit:?}. The change may or may not have been made."),
            OperationKind::Query | OperationKind::Subscription => format!("No answer within {limit:?}."),
        }));
    };
    metrics::count_operation(kind, outcome(&response), transport);
    Ok(response)
}

/// Opens a subscription, or runs anything else as a stream of one.
pub(super) fn stream(
    state: &Shared,
    caller: Caller,
    prepared: Prepared,
    transport: Transport,
) -> BoxStream<'static, Response> {
    if prepared.kind() == OperationKind::Subscription {
        metrics::count_operation(OperationKind::Subscription, "started", transport);
        return state.api.execute_stream(caller, prepared);
    }
    let (state, request_id) = (Arc::clone(state), caller.request_id.clone());
    let once = async move {
        let result = execute(&state, caller, prepared, transport).await;
        result.unwrap_or_else(|refusal| Response::from_errors(vec![refusal.to_error(&request_id)]))
    };
    futures_util::stream::once(once).boxed()
}

/// The next response of a stream. After a panic in it: an error, and the end.
pub(super) async fn next(results: &mut BoxStream<'static, Response>, request_id: &str) -> Option<Response> {
    let panicked = match AssertUnwindSafe(results.next()).catch_unwind().await {
        Ok(response) => return response,
        Err(panicked) => panicked,
    };
    *results = futures_util::stream::empty().boxed();
    let error = panic_refusal(&*panicked, request_id).to_error(request_id);
    Some(Response::from_errors(vec![error]))
}

/// What a client is told of a panic; the log is told everything.
pub(super) fn panic_refusal(panicked: &(dyn Any + Send), request_id: &str) -> Refusal {
    let cause = panicked
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panicked.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a text");
    tracing::error!(cause, request_id, "a request panicked");
    let error = Error::internal(cause);
    Refusal::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, error.code(), error.to_string())
}

fn outcome(response: &Response) -> &'static str {
    match (response.errors.is_empty(), reply::is_request_error(response)) {
        (true, _) => "ok",
        (false, true) => "refused",
        (false, false) => "errors",
    }
}
