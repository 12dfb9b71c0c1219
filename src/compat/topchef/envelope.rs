//! Errors in TopChef's shape.

use axum::body::Body;
use axum::http::header::{ALLOW, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::json::reply_with;
use crate::compat::Failure;
use crate::compat::answer::answer;
use crate::error::Code;

/// One entry of `errors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) detail: String,
}

/// What is wrong with a request; never empty.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    entries: Vec<Entry>,
    retry_after: Option<u64>,
}

impl Refusal {
    pub(super) fn one(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { entries: vec![Entry { status, title, detail: detail.into() }], retry_after: None }
    }

    /// The status that all entries have; of unequal ones 400 when all blame the client, else 500.
    fn status(&self) -> StatusCode {
        let mut statuses = self.entries.iter().map(|entry| entry.status);
        let first = statuses.next().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if statuses.all(|status| status == first) {
            return first;
        }
        if self.entries.iter().all(|entry| entry.status.is_client_error()) {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let title = title(failure.code, failure.status);
        let wait = failure.retry_after.map(|wait| wait.as_secs().max(1));
        Self { retry_after: wait, ..Self::one(failure.status, title, failure.message) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let entry = |entry: &Entry| json!({ "detail": entry.detail, "status_code": entry.status.as_u16(), "title": entry.title });
        let errors: Vec<_> = self.entries.iter().map(entry).collect();
        let mut response = reply_with(self.status(), json!({ "errors": errors }));
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

/// The title of what the old server had no title for.
fn title(code: Code, status: StatusCode) -> &'static str {
    match code {
        Code::Unauthenticated => "Unauthorized",
        Code::Forbidden => "Forbidden",
        Code::NotFound => "Not Found",
        Code::AlreadyExists
        | Code::InvalidState
        | Code::InsufficientFunds
        | Code::IdempotencyMismatch
        | Code::LeaseLost => "Conflict",
        Code::Invalid | Code::BadRequest | Code::CostExceeded => match status {
            StatusCode::PAYLOAD_TOO_LARGE => "Request Entity Too Large",
            StatusCode::REQUEST_TIMEOUT => "Request Timeout",
            _ => "Bad Request",
        },
        Code::RateLimited => "Too Many Requests",
        Code::Unavailable => "Service Unavailable",
        Code::Internal => "Internal Server Error",
    }
}

pub(super) fn refuse(failure: Failure) -> Response {
    Refusal::from(failure).into_response()
}

pub(super) fn not_found(_: &Uri) -> Response {
    let text = "The requested URL was not found on the server.  If you entered the URL manually please check your \
                spelling and try again.";
    page(StatusCode::NOT_FOUND, "Not Found", text)
}

pub(super) fn wrong_method(_: &Method, methods: &[Method]) -> Response {
    let text = "The method is not allowed for the requested URL.";
    let mut response = page(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed", text);
    allow(&mut response, methods);
    response
}

pub(super) fn options(methods: &[Method]) -> Response {
    let mut response = answer(StatusCode::OK, "text/html; charset=utf-8", Body::empty());
    allow(&mut response, methods);
    response
}

/// The old server had no HEAD, and said so in the shape of its errors.
pub(super) fn head() -> Response {
    let refusal = Refusal::one(StatusCode::METHOD_NOT_ALLOWED, "Method Not Implemented", "There is no HEAD here.");
    refusal.into_response()
}

/// It named HEAD among the methods all the same.
fn allow(response: &mut Response, methods: &[Method]) {
    let named = methods.iter().map(Method::as_str).chain(["HEAD", "OPTIONS"]).collect::<Vec<_>>().join(", ");
    if let Ok(named) = HeaderValue::from_str(&named) {
        response.headers_mut().insert(ALLOW, named);
    }
}

fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let html = format!(
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<title>{} {title}</title>\n<h1>{title}</h1>\n\
         <p>{text}</p>\n",
        status.as_u16()
    );
    answer(status, "text/html", html)
}
