//! TopChef (2017), version 2 of its API: services that register themselves, and jobs that workers poll for.

mod envelope;
mod handlers;
mod json;
mod meta;
mod request;
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
    vec![
        Route::get("/", "What this server is.", handlers::about).because("It tells settings of the server."),
        Route::get("/services", "Every service.", handlers::services).runs([&handlers::LIST_SERVICES]),
    ]
}
