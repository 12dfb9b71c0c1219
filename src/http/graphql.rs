//! GraphQL over HTTP: one operation, one answer; or the turn-off to server-sent events and websockets.

use axum::extract::{Extension, Request, State};
use axum::http::header::UPGRADE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;

use super::client::RequestInfo;
use super::credential::credential;
use super::metrics::Transport;
use super::negotiate::{Accepted, Media, require_json};
use super::reply::{self, Refusal};
use super::state::Shared;
use super::{OperationKind, Params, Prepared, body, operation, params, site, socket, sse};
use crate::error::Code;

/// The one endpoint.
pub(super) async fn endpoint(
    State(state): State<Shared>,
    Extension(info): Extension<RequestInfo>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    if wants_socket(&parts.headers) {
        let id = info.id.clone();
        return socket::upgrade(state, info, parts).await.unwrap_or_else(|refusal| refusal.respond(&id, Media::Json));
    }
    let accepted = Accepted::of(&parts.headers);
    let media = accepted.json.unwrap_or(Media::Json);
    let answered = async {
        accepted.require_some()?;
        let params = read_params(&state, &parts, body).await?;
        answer(&state, &info, &parts, params, accepted).await
    };
    answered.await.unwrap_or_else(|refusal| refusal.respond(&info.id, media))
}

fn wants_socket(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

async fn read_params(state: &Shared, parts: &Parts, body: axum::body::Body) -> Result<Params, Refusal> {
    match parts.method {
        Method::GET => params::from_query_string(parts.uri.query().unwrap_or_default()),
        Method::POST => {
            site::require_own(parts, &state.config)?;
            require_json(&parts.headers)?;
            let body = body::read(&parts.headers, body, &state.config).await?;
            params::from_body(&body)
        }
        _ => Err(Refusal::method("GET, POST", "GraphQL requests are made with POST or GET.").closing()),
    }
}

async fn answer(
    state: &Shared,
    info: &RequestInfo,
    parts: &Parts,
    params: Params,
    accepted: Accepted,
) -> Result<Response, Refusal> {
    let viewer = operation::authenticate(state, credential(state, &parts.headers).await?).await?;
    let transport = if accepted.stream_first { Transport::Sse } else { Transport::Http };
    let prepared = match operation::prepare(state, info, params, transport) {
        Ok(prepared) => prepared,
        // An event source shows its page nothing of an answer with another status, so errors go into the stream.
        Err(response) if accepted.stream_first => return Ok(sse::only(&response)),
        Err(response) => return Ok(reply::request_error(&response, accepted.json.unwrap_or(Media::Json))),
    };
    require_method(parts, &prepared)?;
    let media = accepted.json.unwrap_or(Media::Json);
    if prepared.kind() == OperationKind::Subscription {
        require_stream(accepted)?;
        return Ok(sse::open(state, info, viewer, prepared, &parts.headers));
    }
    if accepted.stream_first {
        return Ok(sse::open(state, info, viewer, prepared, &parts.headers));
    }
    let caller = operation::caller(info, viewer, None);
    let response = operation::execute(state, caller, prepared, Transport::Http).await?;
    Ok(reply::executed(&response, media))
}

fn require_method(parts: &Parts, prepared: &Prepared) -> Result<(), Refusal> {
    if parts.method == Method::GET && prepared.kind() == OperationKind::Mutation {
        return Err(Refusal::method("POST", "GET only reads; send mutations with POST."));
    }
    Ok(())
}

fn require_stream(accepted: Accepted) -> Result<(), Refusal> {
    if accepted.stream {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::NOT_ACCEPTABLE,
        Code::BadRequest,
        "A subscription needs a transport that streams: server-sent events (send `Accept: text/event-stream`) or a \
         websocket with the subprotocol graphql-transport-ws, both at this address.",
    ))
}
