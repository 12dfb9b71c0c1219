//! Errors in TopChef's shape.

use axum::body::Body;
use axum::http::header::{ALLOW, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::compat::Failure;
use crate::compat::answer::answer;
use crate::error::{Code, FieldError};

/// One entry of `errors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) detail: String,
}

impl Entry {
    /// What is wrong with the members of a body, as the old server put it (with its spelling).
    pub(super) fn key(key: &str, messages: &[&str]) -> Self {
        let listed = messages.iter().map(|message| quoted(message)).collect::<Vec<_>>().join(", ");
        let detail = format!("Valdation of key '{key}' threw error '[{listed}]'.");
        Self { status: StatusCode::BAD_REQUEST, title: "Deserialization Error From Client Data", detail }
    }

    /// What breaks a JSON Schema.
    pub(super) fn violation(message: &str) -> Self {
        let detail = format!("Validation of schema [] threw error {message}");
        Self { status: StatusCode::BAD_REQUEST, title: "JSONSchema Validation Error", detail }
    }
}

/// A text as Python shows it.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\n', "\\n");
    if escaped.contains('\'') && !escaped.contains('"') {
        return format!("\"{escaped}\"");
    }
    format!("'{}'", escaped.replace('\'', "\\'"))
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

impl Refusal {
    pub(super) fn not_json() -> Self {
        let detail = "Could not undertand input. Either it is not JSON, or the type was not specified using the \
                      Content-Type header";
        Self::one(StatusCode::BAD_REQUEST, "Request Not JSON", detail)
    }

    pub(super) fn not_uuid(text: &str) -> Self {
        let detail = format!("The string {text} could not be converted to a UUID");
        Self::one(StatusCode::NOT_FOUND, "Not UUID Error", detail)
    }

    pub(super) fn no_service(uuid: Uuid) -> Self {
        Self::one(StatusCode::NOT_FOUND, "Service Not Found", format!("A service with UUID {uuid} does not exist"))
    }

    pub(super) fn no_job(uuid: Uuid) -> Self {
        Self::one(StatusCode::NOT_FOUND, "Job Not Found", format!("A job with id {uuid} was not found"))
    }

    /// A failure of an operation on a service.
    pub(super) fn about_service(failure: Failure, uuid: Uuid) -> Self {
        match failure.code {
            Code::NotFound => Self::no_service(uuid),
            _ => Self::from(failure),
        }
    }

    /// A failure of an operation on a job.
    pub(super) fn about_job(failure: Failure, uuid: Uuid) -> Self {
        match failure.code {
            Code::NotFound => Self::no_job(uuid),
            _ => Self::from(failure),
        }
    }

    /// What version 2 of the API tells under `errors`: a list.
    pub(super) fn errors(&self) -> Value {
        let entry = |entry: &Entry| json!({ "detail": entry.detail, "status_code": entry.status.as_u16(), "title": entry.title });
        self.entries.iter().map(entry).collect()
    }

    /// What version 1 told: one text, or for what breaks a schema its parts.
    pub(super) fn first_errors(&self) -> Value {
        let details = self.entries.iter().map(|entry| entry.detail.as_str()).collect::<Vec<_>>().join("\n");
        match self.entries.first() {
            Some(entry) if entry.title == "JSONSchema Validation Error" => json!({ "context": [], "message": details }),
            _ => json!(details),
        }
    }
}

/// Never empty.
impl From<Vec<Entry>> for Refusal {
    fn from(entries: Vec<Entry>) -> Self {
        Self { entries, retry_after: None }
    }
}

/// The old key for a field of an operation's input.
fn key_of(path: &str) -> &str {
    // What is wrong with the type of a value is told with the name of the variable.
    match path.strip_prefix("input/").unwrap_or(path).split('/').next().unwrap_or_default() {
        "title" => "name",
        "parametersSchema" => "job_registration_schema",
        "resultsSchema" => "job_result_schema",
        "limits" | "timeoutSeconds" => "timeout",
        other => other,
    }
}

/// What the domain found wrong with an input: values that break a schema one by one, all else by its key.
fn invalid(fields: &[FieldError]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut keys: Vec<(&str, Vec<&str>)> = Vec::new();
    for field in fields {
        let key = key_of(&field.path);
        if matches!(key, "parameters" | "results") {
            entries.push(Entry::violation(&field.message));
        } else if let Some((_, messages)) = keys.iter_mut().find(|(known, _)| *known == key) {
            messages.push(&field.message);
        } else {
            keys.push((key, vec![&field.message]));
        }
    }
    entries.extend(keys.iter().map(|(key, messages)| Entry::key(key, messages)));
    entries
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        if failure.code == Code::Invalid && !failure.fields.is_empty() {
            return Self::from(invalid(&failure.fields));
        }
        let title = title(failure.code, failure.status);
        let wait = failure.retry_after.map(|wait| wait.as_secs().max(1));
        Self { retry_after: wait, ..Self::one(failure.status, title, failure.message) }
    }
}

/// The refusal that an answer is. It is worded when the answer leaves, by who knows which version was spoken; so it does
/// not matter whether a handler refused, or what came before it.
#[derive(Clone, Debug)]
pub(super) struct Refused(pub(super) Refusal);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
        }
        response.extensions_mut().insert(Refused(self));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_old_server_had_no_title_for_has_one() {
        for (code, expected) in [
            (Code::Unauthenticated, "Unauthorized"),
            (Code::InvalidState, "Conflict"),
            (Code::AlreadyExists, "Conflict"),
            (Code::RateLimited, "Too Many Requests"),
            (Code::BadRequest, "Bad Request"),
        ] {
            let refusal = Refusal::from(Failure::new(code, String::new()));
            assert_eq!(refusal.entries[0].title, expected);
            assert_eq!(refusal.errors()[0]["title"], expected);
        }
        assert_eq!(title(Code::BadRequest, StatusCode::PAYLOAD_TOO_LARGE), "Request Entity Too Large");
    }
}
