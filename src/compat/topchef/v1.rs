//! Version 1 of TopChef's API (July 2017 and before), under `/v1`: what the Python client speaks, which was never ported.
//!
//! It is version 2 with other bodies in five places: a new service and a new job are told in full, a job has `result`
//! in place of `results`, jobs are changed with PUT, an empty queue is an empty list, and errors are one text or, where
//! something breaks a schema, an object.

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::envelope;
use super::handlers::{
    CHECK_IN, CREATE_SERVICE, LIST_JOBS, LIST_SERVICE_JOBS, LIST_SERVICES, OVERRIDE_JOB, SHOW_JOB, SHOW_QUEUE,
    SHOW_REGISTRATION_SCHEMA, SHOW_SERVICE, SUBMIT_JOB, UPDATE_SERVICE, VALIDATE, check_in, describe_validator, job,
    jobs, jobs_of_service, located, service, services, show_service, validator,
};
use super::json::reply;
use super::request::{JobId, ServiceId};
use super::wire;
use crate::compat::{Call, Route};

/// A refusal in the words of this version.
pub(super) struct Refusal(envelope::Refusal);

impl From<envelope::Refusal> for Refusal {
    fn from(refusal: envelope::Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.0.into_first()
    }
}

type Answer = Result<Response, Refusal>;

/// The lines of the table that are this version's.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1", "What this server is.", super::handlers::about).because("It tells settings of the server."),
        Route::get("/v1/services", "Every service.", list).runs([&LIST_SERVICES]),
        Route::post("/v1/services", "Makes a service.", make).runs([&CREATE_SERVICE, &SHOW_SERVICE]),
        Route::get("/v1/services/{id}", "A service with its jobs.", detail).runs([&SHOW_SERVICE, &LIST_JOBS]),
        Route::patch("/v1/services/{id}", "Checks a service in, and changes it.", seen).runs([
            &CHECK_IN,
            &UPDATE_SERVICE,
            &SHOW_SERVICE,
            &LIST_JOBS,
        ]),
        Route::get("/v1/services/{id}/queue", "The jobs that wait at a service.", queue).runs([&SHOW_QUEUE]),
        Route::get("/v1/services/{id}/jobs", "The jobs of a service.", of_service)
            .runs([&SHOW_REGISTRATION_SCHEMA, &LIST_SERVICE_JOBS]),
        Route::post("/v1/services/{id}/jobs", "Submits a job.", submit).runs([&SUBMIT_JOB]),
        Route::put("/v1/services/{id}/jobs/{job}", "Sets a job's state and result.", set)
            .runs([&SHOW_JOB, &OVERRIDE_JOB]),
        Route::get("/v1/jobs", "Every job.", all).runs([&LIST_JOBS]),
        Route::get("/v1/jobs/{id}", "A job in full.", show).runs([&SHOW_JOB]),
        Route::put("/v1/jobs/{id}", "Sets a job's state and result.", set).runs([&SHOW_JOB, &OVERRIDE_JOB]),
        Route::get("/v1/validator", "How to ask the validator.", describe_validator)
            .because("It tells a schema that never changes."),
        Route::post("/v1/validator", "Checks a value against a schema.", validate).runs([&VALIDATE]),
    ]
}

async fn list(call: Call) -> Answer {
    Ok(services(call).await?)
}

async fn detail(call: Call, id: ServiceId, headers: HeaderMap) -> Answer {
    Ok(show_service(call, id, headers).await?)
}

async fn seen(call: Call, id: ServiceId, request: Request) -> Answer {
    Ok(check_in(call, id, request).await?)
}

async fn of_service(call: Call, id: ServiceId, headers: HeaderMap) -> Answer {
    Ok(jobs_of_service(call, id, headers).await?)
}

async fn all(call: Call, headers: HeaderMap) -> Answer {
    Ok(jobs(call, headers).await?)
}

async fn make(call: Call, request: Request) -> Answer {
    let uuid = service::make(&call, request).await?;
    let details = service::details(&call, uuid).await?;
    let body = json!({ "data": { "message": "service successfully created", "service_details": details } });
    Ok(located(body, &call.link(&format!("/v1/services/{uuid}"))))
}

async fn queue(call: Call, ServiceId(uuid): ServiceId) -> Answer {
    let jobs = job::queued(&call, uuid, job::QUEUE).await?;
    let data: Vec<Value> = jobs.into_iter().map(wire::Job::into_first_json).collect();
    Ok(reply(json!({ "data": data })))
}

async fn submit(call: Call, ServiceId(uuid): ServiceId, request: Request) -> Answer {
    let made = job::created(&call, uuid, request).await?;
    let id = made.uuid();
    let message = format!("Job {id} successfully created");
    let body = json!({ "data": { "job_details": made.into_first_json(), "message": message } });
    Ok(located(body, &call.link(&format!("/v1/jobs/{id}"))))
}

async fn show(call: Call, JobId(uuid): JobId) -> Answer {
    Ok(reply(json!({ "data": job::found(&call, uuid).await?.into_first_json() })))
}

/// Clients send the whole job back, whose `result` is `{}` as long as it has none.
async fn set(call: Call, JobId(uuid): JobId, request: Request) -> Answer {
    let mut body = job::json_body(&call, request).await?;
    if let Some(members) = body.as_object_mut() {
        members.retain(|name, value| name != "result" || *value != json!({}));
    }
    let set = job::changed(&call, uuid, &body, "result").await?;
    Ok(reply(json!({ "data": set.into_first_json() })))
}

async fn validate(call: Call, request: Request) -> Answer {
    validator::judged(&call, request).await?;
    Ok(reply(json!({ "data": { "message": "Validation was successful" } })))
}
