//! TopChef (2017): services that register themselves, and jobs that workers poll for. Version 2 of its API, and version 1
//! under `/v1`.

mod envelope;
mod fields;
mod handlers;
mod json;
mod meta;
mod request;
mod stream;
mod v1;
mod wire;

use super::auth;
use super::dialect::Dialect;
use super::route::Route;
use crate::config::Mount;
use crate::graphql::Origin;

/// TopChef.
pub(super) static DIALECT: Dialect = Dialect {
    name: "topchef",
    title: "TopChef",
    origin: Origin::TopChef,
    mount: |config| Mount::from(&config.topchef),
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

fn routes() -> Vec<Route> {
    use handlers::{
        CHECK_IN, CREATE_SERVICE, LIST_JOBS, LIST_SERVICE_JOBS, LIST_SERVICES, OVERRIDE_JOB, SHOW_JOB, SHOW_QUEUE,
        SHOW_REGISTRATION_SCHEMA, SHOW_SERVICE, SUBMIT_JOB, UPDATE_SERVICE, VALIDATE,
    };
    let mut routes = vec![
        Route::get("/", "What this server is.", handlers::about).because("It tells settings of the server."),
        Route::get("/services", "Every service.", handlers::services).runs([&LIST_SERVICES]),
        Route::post("/services", "Makes a service.", handlers::service::post).runs([&CREATE_SERVICE]),
        Route::get("/services/{id}", "A service with its jobs.", handlers::show_service)
            .runs([&SHOW_SERVICE, &LIST_JOBS]),
        Route::patch("/services/{id}", "Checks a service in, and changes it.", handlers::check_in).runs([
            &CHECK_IN,
            &UPDATE_SERVICE,
            &SHOW_SERVICE,
            &LIST_JOBS,
        ]),
        Route::get("/services/{id}/queue", "The first ten jobs that wait.", handlers::job::queue).runs([&SHOW_QUEUE]),
        Route::get("/services/{id}/jobs", "The jobs of a service in full.", handlers::jobs_of_service)
            .runs([&SHOW_REGISTRATION_SCHEMA, &LIST_SERVICE_JOBS]),
        Route::post("/services/{id}/jobs", "Submits a job.", handlers::job::post).runs([&SUBMIT_JOB]),
        Route::get("/services/{id}/jobs/next", "The first job that waits.", handlers::job::next).runs([&SHOW_QUEUE]),
        Route::get("/jobs", "Every job.", handlers::jobs).runs([&LIST_JOBS]),
        Route::get("/jobs/{id}", "A job in full.", handlers::job::show).runs([&SHOW_JOB]),
        Route::patch("/jobs/{id}", "Sets a job's state and results.", handlers::job::patch)
            .runs([&SHOW_JOB, &OVERRIDE_JOB]),
        Route::get("/validator", "How to ask the validator.", handlers::describe_validator)
            .because("It tells a schema that never changes."),
        Route::post("/validator", "Checks a value against a schema.", handlers::validator::validate).runs([&VALIDATE]),
    ];
    routes.extend(v1::routes());
    routes
}
