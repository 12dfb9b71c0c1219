//! The words of the two protocols.

use std::borrow::Cow;
use std::collections::HashMap;

use async_graphql::http::{ClientMessage, WebSocketProtocols};
use async_graphql::{Response, ServerError};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::http::reply;

/// Why a socket is closed: a code that clients act on, and a reason for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Close {
    pub code: u16,
    pub reason: Cow<'static, str>,
}

impl Close {
    pub const NORMAL: Self = Self::new(1000, "Bye");
    pub const TOO_LARGE: Self = Self::new(1009, "Message too large");
    /// Clients reconnect after this one.
    pub const RESTART: Self = Self::new(1012, "Service restart");
    pub const UNACKNOWLEDGED: Self = Self::new(4401, "Unauthorized: connection_init comes first");
    pub const NO_PROTOCOL: Self = Self::new(4406, "Subprotocol not acceptable: graphql-transport-ws or graphql-ws");
    pub const INIT_TIMEOUT: Self = Self::new(4408, "Connection initialisation timeout");
    pub const TOO_MANY_INITS: Self = Self::new(4429, "Too many initialisation requests");
    pub const SILENT: Self = Self::new(4499, "No answer to pings");

    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason) }
    }

    pub fn bad_message(reason: impl std::fmt::Display) -> Self {
        Self { code: 4400, reason: format!("Invalid message: {reason}").into() }
    }

    pub fn forbidden(reason: impl std::fmt::Display) -> Self {
        Self { code: 4403, reason: format!("Forbidden: {reason}").into() }
    }

    /// Clients come back after this one, and give up after [`Close::internal`].
    pub fn later(reason: impl std::fmt::Display) -> Self {
        Self { code: 1013, reason: reason.to_string().into() }
    }

    pub fn internal(reason: impl std::fmt::Display) -> Self {
        Self { code: 4500, reason: reason.to_string().into() }
    }

    pub fn duplicate(id: &str) -> Self {
        Self { code: 4409, reason: format!("Subscriber for {id} already exists").into() }
    }

    /// The reason, cut to the 123 bytes that a close frame holds.
    pub fn short_reason(&self) -> &str {
        let mut end = self.reason.len().min(123);
        while !self.reason.is_char_boundary(end) {
            end -= 1;
        }
        &self.reason[..end]
    }
}

/// What of a message the library does not look at: it takes the words of both protocols, any payload beside an
/// operation, and an operation without a document.
#[derive(Deserialize)]
#[expect(clippy::zero_sized_map_values, reason = "only the keys matter, and no set is read from an object")]
struct Shape<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    payload: Option<HashMap<Cow<'a, str>, IgnoredAny>>,
}

/// Reads what a client says. The newer protocol wants its words and their payloads checked; the older one has no such
/// rule, and its clients take their liberties.
///
/// # Errors
/// What is wrong with it, to be told to the client.
pub(super) fn read(protocol: WebSocketProtocols, text: &str) -> Result<ClientMessage, String> {
    if protocol == WebSocketProtocols::GraphQLWS {
        let Shape { kind, payload } = serde_json::from_str(text).map_err(|error| error.to_string())?;
        match kind.as_ref() {
            "connection_init" | "ping" | "pong" | "complete" => {}
            "subscribe" if payload.is_some_and(|payload| payload.contains_key("query")) => {}
            "subscribe" => return Err("`query` is missing from the payload".to_owned()),
            _ => return Err(format!("`{kind}` is not a message of this protocol")),
        }
    }
    ClientMessage::from_bytes(text).map_err(|error| error.to_string())
}

pub(super) fn ack() -> String {
    json!({ "type": "connection_ack" }).to_string()
}

pub(super) fn pong(payload: Option<Value>) -> String {
    let mut message = json!({ "type": "pong" });
    if let Some(payload) = payload {
        message["payload"] = payload;
    }
    message.to_string()
}

/// The sign of life of the older protocol; the newer one uses the frames of the websocket itself.
pub(super) fn alive() -> String {
    json!({ "type": "ka" }).to_string()
}

/// A refused `connection_init`, in the older protocol; the newer one only closes.
pub(super) fn connection_error(reason: &str) -> String {
    json!({ "type": "connection_error", "payload": { "message": reason } }).to_string()
}

pub(super) fn next(protocol: WebSocketProtocols, id: &str, response: &Response) -> String {
    let kind = match protocol {
        WebSocketProtocols::GraphQLWS => "next",
        WebSocketProtocols::SubscriptionsTransportWS => "data",
    };
    // The response is written once, straight to text, and not through a tree of values.
    format!(r#"{{"type":"{kind}","id":{},"payload":{}}}"#, Value::from(id), reply::text(response))
}

/// An operation that cannot be executed. The newer protocol takes all errors, the older one takes one.
pub(super) fn error(protocol: WebSocketProtocols, id: &str, errors: &[ServerError]) -> String {
    let payload = match protocol {
        WebSocketProtocols::GraphQLWS => json!(errors),
        WebSocketProtocols::SubscriptionsTransportWS => json!(errors.first()),
    };
    json!({ "type": "error", "id": id, "payload": payload }).to_string()
}

pub(super) fn complete(id: &str) -> String {
    json!({ "type": "complete", "id": id }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_cut_between_characters() {
        let close = Close::bad_message("ä".repeat(200));
        assert!(close.short_reason().len() <= 123);
        assert!(close.short_reason().ends_with('ä'));
        assert_eq!(Close::NORMAL.short_reason(), "Bye");
    }

    #[test]
    fn ids_are_quoted() {
        let text = next(WebSocketProtocols::GraphQLWS, "a\"b", &Response::new(1));
        let message: Value = serde_json::from_str(&text).expect("valid JSON");
        assert_eq!(message["id"], "a\"b");
        assert_eq!(message["payload"]["data"], 1);
    }
}
