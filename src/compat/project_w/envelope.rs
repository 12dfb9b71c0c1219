//! Errors in Project-W's shapes.
//!
//! Routes for people's programs answer `{"errorType": .., "msg": ..}`: the document of the old API says that of every
//! refusal, and here it is true of those, too, that the old framework made by itself as HTML. Routes for runners answer
//! `{"error": ..}` with status 400, whatever it was.

use axum::http::header::{ALLOW, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::json::reply_with;
use crate::compat::Failure;
use crate::error::Code;

/// The words of `errorType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorType {
    ServerConfig,
    Email,
    Password,
    InvalidRequest,
    Permission,
    Auth,
    NotInDatabase,
    Operation,
}

impl ErrorType {
    const fn word(self) -> &'static str {
        match self {
            Self::ServerConfig => "serverConfig",
            Self::Email => "email",
            Self::Password => "password",
            Self::InvalidRequest => "invalidRequest",
            Self::Permission => "permission",
            Self::Auth => "auth",
            Self::NotInDatabase => "notInDatabase",
            Self::Operation => "operation",
        }
    }
}

/// Why a request of somebody's program was refused.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error_type: ErrorType,
    msg: String,
    /// Seconds to wait.
    retry_after: Option<u64>,
    /// The domains whose addresses are let in.
    allowed_email_domains: Option<Vec<String>>,
}

impl Refusal {
    /// The usual status of a refusal is 400.
    pub(super) fn new(error_type: ErrorType, msg: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error_type,
            msg: msg.into(),
            retry_after: None,
            allowed_email_domains: None,
        }
    }

    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    pub(super) fn with_domains(self, domains: Vec<String>) -> Self {
        Self { allowed_email_domains: Some(domains), ..self }
    }

    /// Status 403: who asks may not.
    pub(super) fn forbidden(msg: impl Into<String>) -> Self {
        Self::new(ErrorType::Permission, msg).with_status(StatusCode::FORBIDDEN)
    }

    /// A field of the form or the query that must be there.
    pub(super) fn missing(name: &str) -> Self {
        Self::new(ErrorType::InvalidRequest, format!("The required parameter `{name}` is missing"))
    }

    fn body(&self) -> Value {
        let mut body = json!({ "errorType": self.error_type.word(), "msg": self.msg });
        if let Some(domains) = &self.allowed_email_domains {
            body["allowedEmailDomains"] = json!(domains);
        }
        body
    }
}

impl From<Failure> for Refusal {
    /// What no route has words of its own for.
    fn from(failure: Failure) -> Self {
        let (error_type, status) = match failure.code {
            Code::Unauthenticated => (ErrorType::Auth, StatusCode::UNAUTHORIZED),
            Code::Forbidden => (ErrorType::Permission, StatusCode::FORBIDDEN),
            Code::NotFound => (ErrorType::NotInDatabase, StatusCode::NOT_FOUND),
            Code::AlreadyExists
            | Code::InvalidState
            | Code::InsufficientFunds
            | Code::IdempotencyMismatch
            | Code::LeaseLost => (ErrorType::Operation, StatusCode::BAD_REQUEST),
            // The status may be more exact: 413 of a body that is too large, 408 of one that takes too long.
            Code::Invalid | Code::BadRequest | Code::CostExceeded => (ErrorType::InvalidRequest, failure.status),
            Code::RateLimited => (ErrorType::Operation, StatusCode::TOO_MANY_REQUESTS),
            Code::Unavailable => (ErrorType::Operation, StatusCode::SERVICE_UNAVAILABLE),
            Code::Internal => (ErrorType::Operation, StatusCode::INTERNAL_SERVER_ERROR),
        };
        let retry_after = failure.retry_after.map(|wait| wait.as_secs().max(1));
        Self { retry_after, ..Self::new(error_type, failure.message).with_status(status) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = reply_with(self.status, &self.body());
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

/// Why a request of a runner was refused.
#[derive(Clone, Debug)]
pub(super) struct WorkerRefusal(String);

impl WorkerRefusal {
    pub(super) fn new(error: impl Into<String>) -> Self {
        Self(error.into())
    }
}

impl From<Failure> for WorkerRefusal {
    fn from(failure: Failure) -> Self {
        Self(failure.message)
    }
}

impl IntoResponse for WorkerRefusal {
    fn into_response(self) -> Response {
        reply_with(StatusCode::BAD_REQUEST, &json!({ "error": self.0 }))
    }
}

/// What keeps a request from its handler may meet either kind of client.
pub(super) fn refuse(failure: Failure) -> Response {
    let refusal = Refusal::from(failure);
    let mut body = refusal.body();
    body["error"] = body["msg"].clone();
    let mut response = reply_with(refusal.status, &body);
    if let Some(wait) = refusal.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
    }
    response
}

pub(super) fn not_found(_: &Uri) -> Response {
    let msg = "The requested URL was not found on the server. If you entered the URL manually please check your \
               spelling and try again.";
    Refusal::new(ErrorType::InvalidRequest, msg).with_status(StatusCode::NOT_FOUND).into_response()
}

pub(super) fn wrong_method(_: &Method, methods: &[Method]) -> Response {
    let refusal = Refusal::new(ErrorType::InvalidRequest, "The method is not allowed for the requested URL.");
    let mut response = refusal.with_status(StatusCode::METHOD_NOT_ALLOWED).into_response();
    allow(&mut response, methods);
    response
}

/// The old framework answered OPTIONS everywhere, and HEAD where it answered GET.
pub(super) fn options(methods: &[Method]) -> Response {
    let mut response = crate::compat::answer::answer(StatusCode::OK, "text/html; charset=utf-8", "");
    allow(&mut response, methods);
    response
}

fn allow(response: &mut Response, methods: &[Method]) {
    let head = methods.contains(&Method::GET).then_some("HEAD");
    let named = methods.iter().map(Method::as_str).chain(head).chain(["OPTIONS"]).collect::<Vec<_>>().join(", ");
    if let Ok(named) = HeaderValue::from_str(&named) {
        response.headers_mut().insert(ALLOW, named);
    }
}
