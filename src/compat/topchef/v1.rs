//! Version 1 of TopChef's API (July 2017 and before), under `/v1`: what the Python client speaks, which was never ported.
//!
//! It is version 2 with other bodies in five places: a new service and a new job are told in full, a job has `result`
//! in place of `results`, jobs are changed with PUT, an empty queue is an empty list, and errors are one text or, where
//! something breaks a schema, an object. Links stay within it.

use axum::extract::Request;
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::handlers::{
    Answer, CHECK_IN, CREATE_SERVICE, FIND_SERVICE, LIST_JOBS, LIST_SERVICE_JOBS, LIST_SERVICES, OVERRIDE_JOB,
    SHOW_JOB, SHOW_JOB_OF_SERVICE, SHOW_QUEUE, SHOW_REGISTRATION_SCHEMA, SHOW_SERVICE, SUBMIT_JOB, UPDATE_SERVICE,
    VALIDATE, check_in, describe_validator, job, jobs, jobs_of_service, located, service, services, show_service,
    validator,
};
use super::json::reply;
use super::request::{JobId, ServiceId, Within};
use super::version::{Version, link};
use super::{change, data, list, meta, question, said};
use crate::compat::{Call, Route};

/// The lines of the table that are this version's.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1", "What this server is.", super::handlers::about)
            .because("It tells settings of the server.")
            .gives(200, || data(meta::of("about")["schema"].take())),
        Route::get("/v1/services", "Every service.", services)
            .runs([&LIST_SERVICES])
            .gives(200, || list(meta::of("services")["service_schema"].take())),
        Route::post("/v1/services", "Makes a service.", make)
            .runs([&CREATE_SERVICE, &SHOW_SERVICE])
            .takes(|| meta::of("services")["new_service_schema"].take())
            .gives(201, || told("service_details", meta::of("service")["service_schema"].take())),
        Route::get("/v1/services/{id}", "A service with its jobs.", show_service)
            .runs([&SHOW_SERVICE, &LIST_JOBS])
            .gives(200, || data(meta::of("service")["service_schema"].take())),
        Route::patch("/v1/services/{id}", "Checks a service in, and changes it.", check_in)
            .runs([&FIND_SERVICE, &CHECK_IN, &UPDATE_SERVICE, &SHOW_SERVICE, &LIST_JOBS])
            .takes(change)
            .gives(200, || data(meta::of("service")["service_schema"].take())),
        Route::get("/v1/services/{id}/queue", "The jobs that wait at a service.", queue)
            .runs([&SHOW_QUEUE])
            .gives(200, || list(job_schema())),
    ]
    .into_iter()
    .chain(of_jobs())
    .collect()
}

fn of_jobs() -> Vec<Route> {
    vec![
        Route::get("/v1/services/{id}/jobs", "The jobs of a service.", jobs_of_service)
            .runs([&SHOW_REGISTRATION_SCHEMA, &LIST_SERVICE_JOBS])
            .gives(200, || list(job_schema())),
        Route::post("/v1/services/{id}/jobs", "Submits a job.", submit)
            .runs([&FIND_SERVICE, &SUBMIT_JOB])
            .takes(|| meta::of("service_jobs")["new_job_schema"].take())
            .gives(201, || told("job_details", job_schema())),
        Route::put("/v1/services/{id}/jobs/{job}", "Sets a job's state and result.", set)
            .runs([&SHOW_JOB_OF_SERVICE, &OVERRIDE_JOB])
            .takes(job_change)
            .gives(200, || data(job_schema())),
        Route::get("/v1/jobs", "Every job.", jobs)
            .runs([&LIST_JOBS])
            .gives(200, || data(meta::of("jobs")["data_schema"].take())),
        Route::get("/v1/jobs/{id}", "A job in full.", show).runs([&SHOW_JOB]).gives(200, || data(job_schema())),
        Route::put("/v1/jobs/{id}", "Sets a job's state and result.", set)
            .runs([&SHOW_JOB, &OVERRIDE_JOB])
            .takes(job_change)
            .gives(200, || data(job_schema())),
        Route::get("/v1/validator", "How to ask the validator.", describe_validator)
            .because("It tells a schema that never changes."),
        Route::post("/v1/validator", "Checks a value against a schema.", validate)
            .runs([&VALIDATE])
            .takes(question)
            .gives(200, || said("message")),
    ]
}

fn job_schema() -> Value {
    Version::First.schema_of_job(meta::of("job")["job_info_schema"].take())
}

fn job_change() -> Value {
    Version::First.schema_of_job(meta::of("job")["patch_request_schema"].take())
}

/// What was made, under this name, and a text.
fn told(member: &str, schema: Value) -> Value {
    let mut answer = said("message");
    answer["properties"]["data"]["properties"][member] = schema;
    answer
}

async fn make(call: Call, request: Request) -> Answer {
    let uuid = service::make(&call, request).await?;
    let details = service::details(&call, uuid).await?;
    let body = json!({ "data": { "message": "service successfully created", "service_details": details } });
    Ok(located(body, &link(&call, &format!("/services/{uuid}"))))
}

async fn queue(call: Call, ServiceId(uuid): ServiceId, headers: HeaderMap) -> Answer {
    let first = job::queued(&call, uuid, job::QUEUE, None).await?;
    Ok(job::told(call, uuid, &headers, first, |data| json!({ "data": data })))
}

async fn submit(call: Call, ServiceId(uuid): ServiceId, request: Request) -> Answer {
    let made = job::created(&call, uuid, request).await?;
    let id = made.uuid();
    let message = format!("Job {id} successfully created");
    let body = json!({ "data": { "job_details": made.into_first_json(), "message": message } });
    Ok(located(body, &link(&call, &format!("/jobs/{id}"))))
}

async fn show(call: Call, JobId(uuid): JobId) -> Answer {
    Ok(reply(json!({ "data": job::found(&call, uuid, None).await?.into_first_json() })))
}

/// Clients send the whole job back, whose `result` is `{}` as long as it has none.
async fn set(call: Call, JobId(uuid): JobId, Within(service): Within, request: Request) -> Answer {
    let mut body = job::json_body(&call, request).await?;
    if let Some(members) = body.as_object_mut() {
        members.retain(|name, value| name != "result" || *value != json!({}));
    }
    let set = job::changed(&call, uuid, service, &body, "result").await?;
    Ok(reply(json!({ "data": set.into_first_json() })))
}

async fn validate(call: Call, request: Request) -> Answer {
    validator::judged(&call, request).await?;
    Ok(reply(json!({ "data": { "message": "Validation was successful" } })))
}
