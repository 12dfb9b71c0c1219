//! How failures look to a client: `extensions.code` on every error, with `fields`, `retryAfter` and `requestId`.
//!
//! A resolver returns [`crate::error::Error`] with `?`; the library keeps it as the error's source, and [`sign`]
//! reads the extensions off it when the response leaves. Nothing else needs to know the mapping.

use std::sync::Arc;

use async_graphql::{Name, Response, ServerError, Value, indexmap::IndexMap};

use super::guard::Refusal;
use crate::error::{Code, Error, FieldError};

/// A request error holds at most this many errors; a client that makes more mistakes sees the first ones.
const ERRORS: usize = 20;

/// Completes a response for the client of request `request_id`: every error gets its code and the id; what must not
/// be shown is logged under the id and replaced by a safe text.
pub fn sign(response: &mut Response, request_id: &str) {
    for error in &mut response.errors {
        complete(error, request_id);
        set(error, "requestId", request_id.into());
    }
}

/// A response that only says why the request was not run.
pub(super) fn refused(mut errors: Vec<ServerError>) -> Box<Response> {
    errors.truncate(ERRORS);
    for error in &mut errors {
        if code_of(error).is_none() {
            set(error, "code", Code::BadRequest.as_str().into());
        }
    }
    Box::new(Response::from_errors(errors))
}

/// The code that an error already carries.
fn code_of(error: &ServerError) -> Option<&Value> {
    error.extensions.as_ref().and_then(|extensions| extensions.get("code"))
}

fn set(error: &mut ServerError, key: &str, value: Value) {
    error.extensions.get_or_insert_default().set(key, value);
}

fn complete(error: &mut ServerError, request_id: &str) {
    if code_of(error).is_some() {
        return;
    }
    let Some(source) = error.source.clone() else {
        // Of docket's own code every error has a source: this is the library, about an argument.
        return set(error, "code", Code::BadRequest.as_str().into());
    };
    if let Some(domain) = source.downcast_ref::<Error>() {
        describe(error, domain, request_id);
    } else if let Some(domain) = source.downcast_ref::<Arc<Error>>() {
        describe(error, domain, request_id);
    } else {
        let unexpected = Error::internal(&error.message);
        describe(error, &unexpected, request_id);
    }
}

fn describe(error: &mut ServerError, domain: &Error, request_id: &str) {
    if let Error::Internal(cause) = domain {
        tracing::error!(request_id, cause, path = ?error.path, "a request failed");
    }
    error.message = domain.to_string();
    set(error, "code", domain.code().as_str().into());
    if !domain.fields().is_empty() {
        set(error, "fields", Value::List(domain.fields().iter().map(field_value).collect()));
    }
    if let Some(wait) = domain.retry_after() {
        // A fraction of a second rounds up: 0 would invite to come back at once.
        set(error, "retryAfter", wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX).into());
    }
}

fn field_value(field: &FieldError) -> Value {
    Value::Object(IndexMap::from_iter([
        (Name::new("path"), field.path.as_str().into()),
        (Name::new("message"), field.message.as_str().into()),
    ]))
}

/// For errors that arise outside a resolver.
pub(super) fn server_error(error: &Error) -> ServerError {
    let mut shown = ServerError::new(String::new(), None);
    describe(&mut shown, error, "");
    shown
}

impl From<Refusal> for ServerError {
    fn from(refusal: Refusal) -> Self {
        let mut error = Self::new(refusal.message, refusal.at);
        set(&mut error, "code", refusal.code.as_str().into());
        error
    }
}
