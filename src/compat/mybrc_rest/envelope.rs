//! What is answered, and what when something is wrong: the words of Django REST framework.

use axum::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::fields::Wrong;
use crate::compat::Failure;
use crate::compat::answer::answer;
use crate::error::Code;

/// An answer with this body.
pub(super) fn reply(status: StatusCode, body: &Value) -> Response {
    answer(status, "application/json", body.to_string())
}

/// A refusal: a status and a body.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    body: Value,
    retry_after: Option<u64>,
}

impl Refusal {
    const fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body, retry_after: None }
    }

    pub(super) fn detail(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::new(status, json!({ "detail": detail.into() }))
    }

    pub(super) fn not_found() -> Self {
        Self::detail(StatusCode::NOT_FOUND, "Not found.")
    }

    /// Fields that are wrong.
    pub(super) fn fields(wrong: &Wrong) -> Self {
        let mut fields = Map::new();
        for (name, message) in wrong {
            if let Value::Array(messages) = fields.entry(*name).or_insert_with(|| json!([])) {
                messages.push(json!(message));
            }
        }
        Self::new(StatusCode::BAD_REQUEST, Value::Object(fields))
    }

    /// One field that is wrong.
    pub(super) fn field(name: &'static str, message: impl Into<String>) -> Self {
        Self::fields(&vec![(name, message.into())])
    }

    /// The shape of the question whether a job may be submitted, which is refused in it, too.
    pub(super) fn unsubmittable(status: StatusCode, message: impl Into<String>) -> Self {
        Self::new(status, json!({ "success": false, "message": message.into() }))
    }

    /// The same refusal in that shape, where it is about the question or the server, and not about who asks.
    pub(super) fn into_unsubmittable(self) -> Self {
        if self.status != StatusCode::BAD_REQUEST && !self.status.is_server_error() {
            return self;
        }
        let message = match &self.body {
            Value::Object(fields) => fields.values().find_map(|value| match value {
                Value::Array(messages) => messages.first().and_then(Value::as_str),
                other => other.as_str(),
            }),
            _ => None,
        };
        let told = Self::unsubmittable(self.status, message.unwrap_or("Invalid request."));
        Self { retry_after: self.retry_after, ..told }
    }
}

/// The old name of a field, by the path that the operation gives it.
fn field(path: &str) -> &'static str {
    match path {
        "slurmKey" => "jobslurmid",
        "ownerId" => "userid",
        "accountId" => "accountid",
        "submittedAt" => "submitdate",
        "startedAt" => "startdate",
        "finishedAt" => "enddate",
        "amount" => "amount",
        "slurm/stateName" => "jobstatus",
        "slurm/partitionName" => "partition",
        "slurm/qosName" => "qos",
        "slurm/cpus" => "num_cpus",
        "slurm/nodesRequested" => "num_req_nodes",
        "slurm/nodesAllocated" => "num_alloc_nodes",
        "slurm/rawHours" => "raw_time",
        "slurm/cpuHours" => "cpu_time",
        nodes if nodes.starts_with("slurm/nodes") => "nodes",
        _ => "non_field_errors",
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let retry_after = failure.retry_after.map(|wait| wait.as_secs().max(1));
        let refusal = match failure.code {
            Code::NotFound => Self::not_found(),
            Code::Invalid | Code::InsufficientFunds if !failure.fields.is_empty() => {
                Self::fields(&failure.fields.iter().map(|wrong| (field(&wrong.path), wrong.message.clone())).collect())
            }
            Code::IdempotencyMismatch => Self::field("jobslurmid", "job with this jobslurmid already exists."),
            Code::Unauthenticated if failure.message == crate::viewer::log_in_first().to_string() => {
                Self::detail(StatusCode::UNAUTHORIZED, "Authentication credentials were not provided.")
            }
            Code::Unauthenticated => Self::detail(StatusCode::UNAUTHORIZED, "Invalid token."),
            Code::AlreadyExists | Code::InvalidState | Code::InsufficientFunds | Code::LeaseLost => {
                Self::detail(StatusCode::BAD_REQUEST, failure.message)
            }
            Code::Invalid
            | Code::BadRequest
            | Code::CostExceeded
            | Code::Forbidden
            | Code::RateLimited
            | Code::Unavailable
            | Code::Internal => Self::detail(failure.status, failure.message),
        };
        Self { retry_after, ..refusal }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = reply(self.status, &self.body);
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Token"));
        }
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

pub(super) fn refuse(failure: Failure) -> Response {
    Refusal::from(failure).into_response()
}

pub(super) fn not_found(_: &Uri) -> Response {
    Refusal::not_found().into_response()
}

pub(super) fn wrong_method(method: &Method, methods: &[Method]) -> Response {
    let detail = format!("Method \"{method}\" not allowed.");
    let mut response = Refusal::detail(StatusCode::METHOD_NOT_ALLOWED, detail).into_response();
    let allow = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    if let Ok(allow) = HeaderValue::from_str(&allow) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_about_a_job_keeps_its_shape_when_the_server_fails() {
        let unavailable = Failure::new(Code::Unavailable, "Try again.".to_owned());
        let told = Refusal::from(unavailable).into_unsubmittable();
        assert!(told.status.is_server_error());
        assert_eq!(told.body, json!({ "success": false, "message": "Try again." }));
    }
}
