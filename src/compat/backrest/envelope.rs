//! Answers and refusals. Success and what is wrong with a request are JSON; "no" and "not here" are a few words of text, as
//! the framework of the old server had them.

use axum::body::Body;
use axum::http::header::{ALLOW, CACHE_CONTROL, LOCATION, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::around::in_words;
use crate::compat::Failure;
use crate::compat::answer::answer;
use crate::error::{Code, Error, FieldError};

const JSON: &str = "application/json; charset=UTF-8";
const HTML: &str = "text/html; charset=UTF-8";
const TEXT: &str = "text/plain; charset=UTF-8";

/// One entry of `errors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where it stands: `body` or `header`.
    pub(super) location: &'static str,
    /// The field; none for the body as a whole.
    pub(super) name: Option<String>,
    pub(super) description: String,
}

impl Fault {
    /// A field of the body.
    pub(super) fn of(name: &str, description: impl Into<String>) -> Self {
        Self { location: "body", name: Some(name.to_owned()), description: description.into() }
    }

    /// The body as a whole.
    pub(super) fn body(description: impl Into<String>) -> Self {
        Self { location: "body", name: None, description: description.into() }
    }
}

/// Why a request was not carried out.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    /// None are told where the status is all.
    faults: Vec<Fault>,
    retry_after: Option<u64>,
}

impl Refusal {
    /// What is wrong with fields of the request.
    pub(super) fn faults(faults: Vec<Fault>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, faults, retry_after: None }
    }

    /// One thing that is wrong with a field of the body.
    pub(super) fn fault(name: &str, description: impl Into<String>) -> Self {
        Self::faults(vec![Fault::of(name, description)])
    }

    /// The same with one thing more that is wrong, before the others.
    pub(super) fn preceded_by(mut self, name: &str, description: impl Into<String>) -> Self {
        self.faults.insert(0, Fault::of(name, description));
        self
    }

    pub(super) const fn forbidden() -> Self {
        Self { status: StatusCode::FORBIDDEN, faults: Vec::new(), retry_after: None }
    }

    pub(super) const fn not_found() -> Self {
        Self { status: StatusCode::NOT_FOUND, faults: Vec::new(), retry_after: None }
    }

    /// The caller takes no JSON.
    pub(super) fn not_acceptable() -> Self {
        let description = "Accept header should be one of ['application/json']".to_owned();
        let fault = Fault { location: "header", name: Some("Accept".to_owned()), description };
        Self { status: StatusCode::NOT_ACCEPTABLE, ..Self::faults(vec![fault]) }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let status = match failure.code {
            Code::Unauthenticated | Code::Forbidden => return Self::forbidden(),
            Code::NotFound => return Self::not_found(),
            Code::AlreadyExists
            | Code::InvalidState
            | Code::InsufficientFunds
            | Code::IdempotencyMismatch
            | Code::LeaseLost
            | Code::Invalid
            | Code::BadRequest
            | Code::CostExceeded
            | Code::RateLimited
            | Code::Unavailable
            | Code::Internal => failure.status,
        };
        let mut faults: Vec<_> = failure.fields.iter().map(fault).collect();
        if faults.is_empty() {
            faults.push(Fault::body(failure.message));
        }
        Self { status, faults, retry_after: failure.retry_after.map(|wait| wait.as_secs().max(1)) }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Failure::from(error).into()
    }
}

/// What an operation finds wrong with its input, under the name that the field has here.
fn fault(field: &FieldError) -> Fault {
    let path = field.path.trim_start_matches("value/");
    let name = match path.split('/').next().unwrap_or_default() {
        // All own fields of some content together.
        "value" => return Fault::body(field.message.clone()),
        "firstName" => "firstname",
        "lastName" => "lastname",
        "newPassword" | "confirmPassword" => "password",
        other => other,
    };
    Fault::of(name, field.message.clone())
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if self.faults.is_empty() {
            return private(match self.status {
                StatusCode::FORBIDDEN => answer(self.status, HTML, "Forbidden"),
                status => answer(status, TEXT, in_words(status)),
            });
        }
        let entry =
            |fault: &Fault| json!({ "location": fault.location, "name": fault.name, "description": fault.description });
        let errors: Vec<_> = self.faults.iter().map(entry).collect();
        let mut response = told(self.status, &json!({ "status": "error", "errors": errors }));
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

pub(super) fn wrong_method(_: &Method, methods: &[Method]) -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let mut response = private(answer(status, TEXT, in_words(status)));
    allow(&mut response, methods);
    response
}

/// Says which methods there are. HEAD goes where GET goes; the names stand in the order of the alphabet.
pub(super) fn allow(response: &mut Response, methods: &[Method]) {
    let mut named: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if methods.contains(&Method::GET) {
        named.push("HEAD");
    }
    named.sort_unstable();
    if let Ok(named) = HeaderValue::from_str(&named.join(", ")) {
        response.headers_mut().insert(ALLOW, named);
    }
}

/// What there is to tell.
pub(super) fn shown(body: &Value) -> Response {
    told(StatusCode::OK, body)
}

/// It was done.
pub(super) fn done() -> Response {
    shown(&json!({ "status": "success" }))
}

/// A list that is written while it is read.
pub(super) fn streamed(body: Body) -> Response {
    private(answer(StatusCode::OK, JSON, body))
}

/// A browser that followed a link is sent to the page that tells what came of it.
pub(super) fn redirect(target: &str) -> Result<Response, Refusal> {
    let location = HeaderValue::from_str(target).map_err(|_| Refusal::not_found())?;
    let mut response = private(answer(StatusCode::FOUND, HTML, Body::empty()));
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

fn told(status: StatusCode, body: &Value) -> Response {
    private(answer(status, JSON, body.to_string()))
}

/// Everything here is for its very caller.
fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}
