//! Requests to operations, and back.

mod about;
pub(super) mod job;
mod list;
pub(super) mod service;
pub(super) mod validator;

use axum::response::Response;
use serde::Serialize;

pub(super) use about::about;
pub(super) use job::{OVERRIDE_JOB, SHOW_JOB, SHOW_JOB_OF_SERVICE, SHOW_QUEUE, SUBMIT_JOB};
pub(super) use list::{
    LIST_JOBS, LIST_SERVICE_JOBS, LIST_SERVICES, SHOW_REGISTRATION_SCHEMA, jobs, jobs_of_service, services,
};
pub(super) use service::{
    CHECK_IN, CREATE_SERVICE, FIND_SERVICE, SHOW_SERVICE, UPDATE_SERVICE, check_in, located, show_service,
};
pub(super) use validator::{VALIDATE, describe_validator};

use super::envelope::Refusal;

/// What a handler comes to.
pub(super) type Answer = Result<Response, Refusal>;

/// The variables of an operation that takes an id.
#[derive(Debug, Serialize)]
pub(super) struct Id {
    id: String,
}

/// The variables of a mutation.
#[derive(Debug, Serialize)]
pub(super) struct Input<T> {
    input: T,
}
