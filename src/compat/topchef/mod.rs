//! TopChef (2017): services that register themselves, and jobs that workers poll for. Version 2 of its API, and version 1
//! under `/v1`.

mod envelope;
mod fields;
mod handlers;
mod json;
mod longs;
mod meta;
mod request;
mod stream;
mod v1;
mod version;
mod wire;

use serde_json::{Value, json};

use super::auth;
use super::dialect::Dialect;
use super::route::Route;
use crate::graphql::Origin;

/// TopChef.
pub(super) static DIALECT: Dialect = Dialect {
    name: "topchef",
    title: "TopChef",
    origin: Origin::TopChef,
    mount: |config| config.topchef.at.clone(),
    root: "",
    beside: None,
    routes,
    authenticate: auth::somebody,
    own_site_only: true,
    refuse: envelope::refuse,
    not_found: envelope::not_found,
    wrong_method: envelope::wrong_method,
    options: Some(envelope::options),
    head: Some(envelope::head),
    around: request::around,
};

/// An answer with `data` of this schema.
fn data(schema: Value) -> Value {
    let mut answer = json!({ "type": "object", "properties": {} });
    answer["properties"]["data"] = schema;
    answer
}

/// The same for a list.
fn list(items: Value) -> Value {
    let mut list = json!({ "type": "array" });
    list["items"] = items;
    data(list)
}

/// What may be changed of a service.
fn change() -> Value {
    json!({ "type": "object", "properties": {
        "name": { "type": "string" },
        "description": { "type": "string" },
        "is_available": { "type": "boolean" },
        "timeout": { "type": "number", "description": "Seconds." },
    } })
}

/// What is checked by the validator.
fn question() -> Value {
    meta::of("validator")["validator_schema"].take()
}

/// That something was done.
fn said(member: &str) -> Value {
    let mut said = json!({ "type": "object", "properties": {} });
    said["properties"][member] = json!({ "type": "string" });
    data(said)
}

fn routes() -> Vec<Route> {
    use handlers::{
        CHECK_IN, CREATE_SERVICE, FIND_SERVICE, LIST_JOBS, LIST_SERVICE_JOBS, LIST_SERVICES, OVERRIDE_JOB, SHOW_JOB,
        SHOW_QUEUE, SHOW_REGISTRATION_SCHEMA, SHOW_SERVICE, SUBMIT_JOB, UPDATE_SERVICE, VALIDATE, check_in, job,
    };
    let mut routes = vec![
        Route::get("/", "What this server is.", handlers::about)
            .because("It tells settings of the server.")
            .gives(200, || data(meta::of("about")["schema"].take())),
        Route::get("/services", "Every service.", handlers::services)
            .runs([&LIST_SERVICES])
            .gives(200, || list(meta::of("services")["service_schema"].take())),
        Route::post("/services", "Makes a service.", handlers::service::post)
            .runs([&CREATE_SERVICE])
            .takes(|| meta::of("services")["new_service_schema"].take())
            .gives(201, || said("message")),
        Route::get("/services/{id}", "A service with its jobs.", handlers::show_service)
            .runs([&SHOW_SERVICE, &LIST_JOBS])
            .gives(200, || data(meta::of("service")["service_schema"].take())),
        Route::patch("/services/{id}", "Checks a service in, and changes it.", check_in)
            .runs([&FIND_SERVICE, &CHECK_IN, &UPDATE_SERVICE, &SHOW_SERVICE, &LIST_JOBS])
            .takes(change)
            .gives(200, || data(meta::of("service")["service_schema"].take())),
        Route::get("/services/{id}/queue", "The first ten jobs that wait.", job::queue)
            .runs([&SHOW_QUEUE])
            .gives(200, || data(meta::of("queue")["data_schema"].take())),
        Route::get("/services/{id}/jobs", "The jobs of a service in full.", handlers::jobs_of_service)
            .runs([&SHOW_REGISTRATION_SCHEMA, &LIST_SERVICE_JOBS])
            .gives(200, || data(meta::of("service_jobs")["data_schema"].take())),
        Route::post("/services/{id}/jobs", "Submits a job.", job::post)
            .runs([&FIND_SERVICE, &SUBMIT_JOB])
            .takes(|| meta::of("service_jobs")["new_job_schema"].take())
            .gives(201, || data(meta::of("job")["job_info_schema"].take())),
        Route::get("/services/{id}/jobs/next", "The first job that waits.", job::next)
            .runs([&SHOW_QUEUE])
            .gives(200, || data(meta::of("next")["job_schema"].take())),
        Route::get("/jobs", "Every job.", handlers::jobs)
            .runs([&LIST_JOBS])
            .gives(200, || data(meta::of("jobs")["data_schema"].take())),
        Route::get("/jobs/{id}", "A job in full.", job::show)
            .runs([&SHOW_JOB])
            .gives(200, || data(meta::of("job")["job_info_schema"].take())),
        Route::patch("/jobs/{id}", "Sets a job's state and results.", job::patch)
            .runs([&SHOW_JOB, &OVERRIDE_JOB])
            .takes(|| meta::of("job")["patch_request_schema"].take())
            .gives(200, || meta::of("job")["job_info_schema"].take()),
        Route::get("/validator", "How to ask the validator.", handlers::describe_validator)
            .because("It tells a schema that never changes."),
        Route::post("/validator", "Checks a value against a schema.", handlers::validator::validate)
            .runs([&VALIDATE])
            .takes(question)
            .gives(200, || said("status")),
    ];
    routes.extend(v1::routes());
    routes
}
