//! Operations that the server's own routes run through the door: what they may do, and what it costs, is the same as for
//! whoever writes such a document by hand.

use async_graphql::{Response as GraphqlResponse, Variables};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::Params;
use super::client::RequestInfo;
use super::metrics::Transport;
use super::negotiate::Media;
use super::operation;
use super::reply::{self, Refusal};
use super::state::Shared;
use crate::error::Code;
use crate::viewer::Viewer;

/// What came of an operation.
pub(super) enum Answer {
    /// Its data.
    Data(Value),
    /// Why there is none.
    Refused(Errors),
}

/// The errors of an operation that did nothing.
pub(super) struct Errors(GraphqlResponse);

impl Errors {
    /// The stable code of the first one.
    pub fn code(&self) -> Option<Code> {
        let word = self.0.errors.first().and_then(reply::code_of);
        Code::ALL.into_iter().find(|code| Some(code.as_str()) == word)
    }

    /// What is wrong, for people: the message of each field, or else of the first error.
    pub fn messages(&self) -> Vec<String> {
        let Some(error) = self.0.errors.first() else { return Vec::new() };
        let fields = error.extensions.as_ref().and_then(|extensions| extensions.get("fields"));
        let fields = fields.and_then(|fields| fields.clone().into_json().ok());
        let messages: Vec<String> = fields
            .as_ref()
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|field| field["message"].as_str().map(str::to_owned))
            .collect();
        if messages.is_empty() { vec![error.message.clone()] } else { messages }
    }

    /// Whether the first error is about this field.
    pub fn concerns(&self, path: &str) -> bool {
        let fields = self.0.errors.first().and_then(|error| error.extensions.as_ref()?.get("fields"));
        let fields = fields.and_then(|fields| fields.clone().into_json().ok());
        fields.as_ref().and_then(Value::as_array).into_iter().flatten().any(|field| field["path"] == path)
    }

    /// How long to wait before the next try, in seconds.
    pub fn retry_after(&self) -> Option<u64> {
        let extensions = self.0.errors.first()?.extensions.as_ref()?;
        extensions.get("retryAfter")?.clone().into_json().ok()?.as_u64()
    }

    /// The HTTP status that says the same.
    pub fn status(&self) -> StatusCode {
        let status = self.code().map_or(400, Code::http_status);
        StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST)
    }

    /// As a plain answer in JSON.
    pub fn respond(&self) -> Response {
        let mut only = GraphqlResponse::from_errors(self.0.errors.clone());
        only.errors.iter_mut().for_each(|error| error.path.clear());
        let mut response = reply::json(self.status(), Media::Json, reply::text(&only));
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(axum::http::header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Runs a document of the server's own.
///
/// # Errors
/// 503 when it takes longer than one may.
pub(super) async fn run(
    state: &Shared,
    info: &RequestInfo,
    viewer: Viewer,
    document: &str,
    variables: Value,
) -> Result<Answer, Refusal> {
    let variables = Variables::from_json(variables);
    let params = Params { query: document.to_owned(), operation_name: None, variables };
    let response = match operation::prepare(state, info, params, Transport::Http) {
        Ok(prepared) => {
            let caller = operation::caller(info, viewer, None);
            operation::execute(state, caller, prepared, Transport::Http).await?
        }
        Err(response) => *response,
    };
    if response.errors.is_empty() {
        return Ok(Answer::Data(response.data.into_json().unwrap_or_default()));
    }
    Ok(Answer::Refused(Errors(response)))
}
