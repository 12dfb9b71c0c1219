//! Answers: GraphQL responses and refusals, in the one shape that clients read.

use std::time::Duration;

use async_graphql::{ErrorExtensionValues, Response as GraphqlResponse, ServerError, Value};
use axum::body::Body;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::negotiate::Media;
use crate::error::{Code, Error};

/// A request that is not carried out, and why.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    code: Code,
    message: String,
    retry_after: Option<Duration>,
    allow: Option<&'static str>,
    close: bool,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None, allow: None, close: false }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::BadRequest, message)
    }

    /// The server cannot answer now.
    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self { retry_after: Some(Duration::from_secs(1)), ..Self::from(Error::unavailable(message)) }
    }

    /// The method is not one of `allow`.
    pub(super) fn method(allow: &'static str, message: impl Into<String>) -> Self {
        let refusal = Self::new(StatusCode::METHOD_NOT_ALLOWED, Code::BadRequest, message);
        Self { allow: Some(allow), ..refusal }
    }

    /// The same, and the connection ends: part of the request was not read.
    pub(super) fn closing(self) -> Self {
        Self { close: true, ..self }
    }

    /// The code that clients see.
    pub(super) fn code(&self) -> Code {
        self.code
    }

    /// What it says, for a surface that answers in a shape of its own: status, code, text and the time to wait.
    #[must_use]
    pub fn into_parts(self) -> (StatusCode, Code, String, Option<Duration>) {
        (self.status, self.code, self.message, self.retry_after)
    }

    /// As an entry of a GraphQL response's `errors`.
    pub(super) fn to_error(&self, request_id: &str) -> ServerError {
        let mut error = ServerError::new(self.message.clone(), None);
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", self.code.as_str());
        extensions.set("requestId", request_id);
        if let Some(wait) = self.retry_after {
            extensions.set("retryAfter", wait.as_secs().max(1));
        }
        error.extensions = Some(extensions);
        error
    }

    /// As an HTTP answer.
    pub(super) fn respond(self, request_id: &str, media: Media) -> Response {
        let body = request_error_text(&GraphqlResponse::from_errors(vec![self.to_error(request_id)]));
        let mut response = json(self.status, media, body);
        let headers = response.headers_mut();
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        if let Error::Internal(cause) = &error {
            tracing::error!(cause, "a request failed");
        }
        let status = StatusCode::from_u16(error.code().http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let refusal = Self::new(status, error.code(), error.to_string());
        Self { retry_after: error.retry_after(), ..refusal }
    }
}

/// A JSON answer that no cache may keep.
pub(super) fn json(status: StatusCode, media: Media, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("accept"));
    response
}

/// The answer to an operation that was executed.
pub(super) fn executed(response: &GraphqlResponse, media: Media) -> Response {
    if is_request_error(response) {
        request_error(response, media)
    } else {
        json(StatusCode::OK, media, text(response))
    }
}

/// The answer to a request that could not be executed. `application/json` is the older convention: what could be read
/// as a GraphQL request gets 200, since intermediaries there may send JSON of their own with other statuses.
pub(super) fn request_error(response: &GraphqlResponse, media: Media) -> Response {
    let code = response.errors.first().and_then(code_of);
    let status = Code::ALL.into_iter().find(|known| Some(known.as_str()) == code).map_or(400, Code::http_status);
    let status = if status == 400 && media == Media::Json { 200 } else { status };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    json(status, media, request_error_text(response))
}

/// Whether a response says that nothing was executed: no data, and no error that points into any. A field's error
/// always has a path.
pub(super) fn is_request_error(response: &GraphqlResponse) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

/// The response as it goes over the wire.
pub(super) fn text(response: &GraphqlResponse) -> String {
    if is_request_error(response) {
        return request_error_text(response);
    }
    serialised(response)
}

/// The specification wants no `data` key here; the library's own serialisation always writes one.
fn request_error_text(response: &GraphqlResponse) -> String {
    #[derive(Serialize)]
    struct RequestError<'a> {
        errors: &'a [ServerError],
        #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
        extensions: &'a std::collections::BTreeMap<String, Value>,
    }
    serialised(&RequestError { errors: &response.errors, extensions: &response.extensions })
}

fn serialised(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| {
        tracing::error!(%error, "a response cannot be written as JSON");
        r#"{"errors":[{"message":"The server failed to answer.","extensions":{"code":"INTERNAL"}}]}"#.to_owned()
    })
}

/// The stable code of an error, if it has one.
pub(super) fn code_of(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}
