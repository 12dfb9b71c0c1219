//! Why a request of an old API was not carried out, before its dialect has put it into its own shape.

use std::time::Duration;

use async_graphql::{Response, ServerError, Value};
use axum::http::StatusCode;

use crate::error::{Code, Error, FieldError};
use crate::http::kit::Refusal;

/// What went wrong. Dialects turn [`Failure::code`] into a status and a body with an exhaustive match.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The stable code.
    pub code: Code,
    /// The text for people, safe to show.
    pub message: String,
    /// The fields that are wrong, by the names that the GraphQL operation gives them.
    pub fields: Vec<FieldError>,
    /// When to try again, for the codes that say so.
    pub retry_after: Option<Duration>,
    /// What plain HTTP would answer: the code's status, or one that is more exact (413, 408).
    pub status: StatusCode,
}

impl Failure {
    /// Whether a log-in came to it because of the name or the password: nobody is told which.
    pub(super) fn refuses_log_in(&self) -> bool {
        match self.code {
            Code::Unauthenticated | Code::Forbidden | Code::NotFound | Code::Invalid => true,
            Code::AlreadyExists
            | Code::InvalidState
            | Code::InsufficientFunds
            | Code::IdempotencyMismatch
            | Code::LeaseLost
            | Code::BadRequest
            | Code::CostExceeded
            | Code::RateLimited
            | Code::Unavailable
            | Code::Internal => false,
        }
    }

    /// A failure with the code's own status.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { code, message: message.into(), fields: Vec::new(), retry_after: None, status }
    }

    /// The first error of an answer; none when it has none. An operation that failed in part has failed.
    pub(super) fn of(response: &Response) -> Option<Self> {
        response.errors.first().map(Self::from)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Error::Internal(cause) = &error {
            tracing::error!(cause, "a request failed");
        }
        let (fields, retry_after) = (error.fields().to_vec(), error.retry_after());
        Self { fields, retry_after, ..Self::new(error.code(), error.to_string()) }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let (status, code, message, retry_after) = refusal.into_parts();
        Self { code, message, fields: Vec::new(), retry_after, status }
    }
}

impl From<&ServerError> for Failure {
    fn from(error: &ServerError) -> Self {
        let extension = |name: &str| error.extensions.as_ref().and_then(|extensions| extensions.get(name));
        let text = |value: &Value| if let Value::String(text) = value { text.clone() } else { String::new() };
        let word = extension("code").map(text).unwrap_or_default();
        let code = Code::ALL.into_iter().find(|code| code.as_str() == word).unwrap_or(Code::Internal);
        let field = |value: &Value| match value {
            Value::Object(field) => Some(FieldError {
                path: field.get("path").map(text).unwrap_or_default(),
                message: field.get("message").map(text).unwrap_or_default(),
            }),
            _ => None,
        };
        let fields = match extension("fields") {
            Some(Value::List(fields)) => fields.iter().filter_map(field).collect(),
            _ => Vec::new(),
        };
        let seconds = match extension("retryAfter") {
            Some(Value::Number(seconds)) => seconds.as_u64(),
            _ => None,
        };
        Self { fields, retry_after: seconds.map(Duration::from_secs), ..Self::new(code, error.message.clone()) }
    }
}
