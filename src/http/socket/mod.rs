//! GraphQL over websockets: the protocol `graphql-transport-ws` of today, and the older `graphql-ws`.
//!
//! [`session`] is one socket: what the client says, in order, and one message at a time back. [`operation`] is one
//! operation on it, a task of its own, so that a client that does not read stops nothing but itself. [`protocol`] is how
//! the two protocols say the same things.

mod operation;
mod protocol;
mod session;

use std::sync::Arc;

use async_graphql::http::{ALL_WEBSOCKET_PROTOCOLS, WebSocketProtocols};
use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use tracing::{Instrument, Span};

use self::session::Session;
use super::client::RequestInfo;
use super::credential::credential;
use super::reply::Refusal;
use super::site;
use super::state::Shared;
use crate::error::Code;

/// Read and write buffers of a socket, in bytes. The library's 128 KiB each would be most of what an idle socket costs.
const BUFFER_BYTES: usize = 4 * 1024;

/// Turns a request into a socket.
///
/// # Errors
/// 403 for a page of another site (browsers let any page open a socket), 401 for a malformed credential, 400 when the
/// request is no websocket handshake, 503 when the server is stopping.
pub(super) async fn upgrade(state: Shared, info: RequestInfo, mut parts: Parts) -> Result<Response, Refusal> {
    site::require_own(&parts, &state.config)?;
    let bearer = credential(&state, &parts.headers).await?;
    if state.shutdown.is_cancelled() {
        return Err(Refusal::unavailable("The server is stopping.").closing());
    }
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &state)
        .await
        .map_err(|rejection| Refusal::new(StatusCode::BAD_REQUEST, Code::BadRequest, rejection.body_text()))?
        .protocols(ALL_WEBSOCKET_PROTOCOLS)
        .max_message_size(state.config.body_bytes)
        .max_frame_size(state.config.body_bytes)
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES);
    let protocol: Option<WebSocketProtocols> =
        upgrade.selected_protocol().and_then(|name| name.to_str().ok()?.parse().ok());
    // Taken now and not when the socket is there: a stop in between would not wait for it.
    let task = state.tasks.token();
    let span = Span::current();
    Ok(upgrade.on_upgrade(move |socket| async move {
        let cut = state.cut.clone();
        let session = async {
            match protocol {
                Some(protocol) => Session::new(Arc::clone(&state), info, protocol, bearer, socket).run().await,
                None => session::refuse(socket, &protocol::Close::NO_PROTOCOL).await,
            }
        };
        tokio::select! {
            () = session.instrument(span) => {}
            () = cut.cancelled() => {}
        }
        drop(task);
    }))
}
