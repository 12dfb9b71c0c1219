//! Answers and refusals: JSON, and what the document is silent about as it was settled here.

use axum::body::Body;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, ETAG, IF_NONE_MATCH, RETRY_AFTER, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::compat::Failure;
use crate::compat::answer::answer;
use crate::error::{Code, Error};

/// What an answer depends on beside its address: it tells what its very caller may do.
const CALLER: &str = "Authorization, Cookie";

/// Why a request was not carried out.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    word: &'static str,
    message: String,
    retry_after: Option<u64>,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let retry_after = failure.retry_after.map(|wait| wait.as_secs().max(1));
        // The document is silent about errors: they have the statuses that they have everywhere here.
        Self { status: failure.status, word: failure.code.as_str(), message: failure.message, retry_after }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Failure::from(error).into()
    }
}

impl Refusal {
    pub(super) fn not_found(message: &str) -> Self {
        Failure::new(Code::NotFound, message).into()
    }

    pub(super) fn forbidden(message: &str) -> Self {
        Failure::new(Code::Forbidden, message).into()
    }

    pub(super) const fn is_not_found(&self) -> bool {
        matches!(self.status, StatusCode::NOT_FOUND)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json_with(self.status, &json!({ "error": self.word, "message": self.message }));
        let headers = response.headers_mut();
        keep_private(headers, "private, no-store");
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Mobyle2\""));
        }
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

pub(super) fn refuse(failure: Failure) -> Response {
    Refusal::from(failure).into_response()
}

pub(super) fn not_found(_: &Uri) -> Response {
    Refusal::not_found("There is nothing at this address.").into_response()
}

pub(super) fn wrong_method(method: &Method, methods: &[Method]) -> Response {
    let message = format!("{method} is not allowed here.");
    let body = json!({ "error": "METHOD_NOT_ALLOWED", "message": message });
    let mut response = json_with(StatusCode::METHOD_NOT_ALLOWED, &body);
    allow(response.headers_mut(), methods);
    response
}

pub(super) fn options(methods: &[Method]) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    allow(response.headers_mut(), methods);
    response
}

/// HEAD goes where GET goes.
fn allow(headers: &mut HeaderMap, methods: &[Method]) {
    let mut named: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if methods.contains(&Method::GET) {
        named.push("HEAD");
    }
    named.push("OPTIONS");
    if let Ok(named) = HeaderValue::from_str(&named.join(", ")) {
        headers.insert(ALLOW, named);
    }
}

/// What everybody may read, each in the caller's own words: it may be kept, and must be asked for again.
pub(super) fn shown(request: &HeaderMap, body: &Value) -> Response {
    tagged(request, body, "private, no-cache")
}

/// What only some may read: it must not be kept.
pub(super) fn confided(request: &HeaderMap, body: &Value) -> Response {
    tagged(request, body, "private, no-store")
}

fn tagged(request: &HeaderMap, body: &Value, cache: &'static str) -> Response {
    let text = body.to_string();
    let tag =
        Sha256::digest(&text).iter().take(16).fold(String::from("\""), |tag, byte| format!("{tag}{byte:02x}")) + "\"";
    let known =
        request.get_all(IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok()).flat_map(|tags| tags.split(','));
    let unchanged = known.map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag);
    let mut response = if unchanged {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        answer(StatusCode::OK, "application/json", text)
    };
    let headers = response.headers_mut();
    keep_private(headers, cache);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response
}

/// An answer that is written while it is found out; it has no tag.
pub(super) fn streamed(body: Body) -> Response {
    let mut response = answer(StatusCode::OK, "application/json", body);
    keep_private(response.headers_mut(), "private, no-store");
    response
}

/// What a log-in or log-out is answered with, whatever came of it.
pub(super) fn told(body: &Value) -> Response {
    let mut response = json_with(StatusCode::OK, body);
    keep_private(response.headers_mut(), "private, no-store");
    response
}

fn keep_private(headers: &mut HeaderMap, cache: &'static str) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.append(VARY, HeaderValue::from_static(CALLER));
}

fn json_with(status: StatusCode, body: &Value) -> Response {
    answer(status, "application/json", body.to_string())
}
