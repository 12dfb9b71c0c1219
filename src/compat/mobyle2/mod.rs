//! Mobyle2 (design document of 1 August 2012): servers, services, users and projects, all of them read; and the log-in
//! of its later code.
//!
//! The document's slashes are uneven, so each path is answered with and without one at its end, and never redirected:
//! clients of that time may drop their credentials on the way.

mod envelope;
mod handlers;
mod wire;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use tower::Layer;

use super::auth;
use super::credential::Credential;
use super::dialect::Dialect;
use super::parameter::Parameter;
use super::place::put_at;
use super::route::Route;
use crate::graphql::Origin;
use handlers::{projects, servers, services, session, users};

/// Mobyle2.
pub(super) static DIALECT: Dialect = Dialect {
    name: "mobyle2",
    title: "Mobyle2",
    origin: Origin::Mobyle2,
    mount: |config| config.mobyle2.at.clone(),
    root: "",
    beside: None,
    routes,
    authenticate: auth::any_or_cookie,
    own_site_only: true,
    refuse: envelope::refuse,
    not_found: envelope::not_found,
    wrong_method: envelope::wrong_method,
    options: Some(envelope::options),
    head: None,
    around,
};

/// What everybody may read; who is logged in sees more of it.
const OPEN: &[Credential] =
    &[Credential::Nobody, Credential::Token, Credential::Basic, Credential::Session, Credential::Ticket];
/// What is for somebody.
const SOMEBODY: &[Credential] = &[Credential::Token, Credential::Basic, Credential::Session, Credential::Ticket];

fn routes() -> Vec<Route> {
    open().into_iter().map(|route| route.lets_in(OPEN)).chain(of_somebody()).collect()
}

fn open() -> Vec<Route> {
    vec![
        Route::get("/servers", "This server and those that it knows, by name.", servers::list)
            .runs([&servers::LIST, &servers::SHOW]),
        Route::get("/servers/{name}", "One server.", servers::show).runs([&servers::SHOW]),
        Route::get("/services", "All services that the caller may see, by full name.", services::list)
            .runs([&services::LIST]),
        Route::get("/services/{full_name}", "One service, by its full name.", services::show).runs([&services::SHOW]),
        Route::post("/auth/login/native", "Logs in, and sets a cookie.", session::log_in)
            .runs([&session::LOG_IN, &users::SHOW_SELF])
            .form([Parameter::may("username", "A user name."), Parameter::may("password", "Its password.")]),
        Route::post("/auth/logout", "Logs out, and takes the cookie back.", session::log_out).runs([&session::LOG_OUT]),
    ]
}

fn of_somebody() -> impl Iterator<Item = Route> {
    let routes = [
        Route::get("/users", "All users, by id, for admins.", users::list).runs([&users::LIST, &users::SHOW]),
        Route::get("/users/{id}", "One user, for itself and admins.", users::show)
            .runs([&users::SHOW, &users::SHOW_SELF]),
        Route::get("/projects", "All projects, by id, for admins.", projects::list)
            .runs([&projects::LIST, &projects::SHOW]),
        Route::get("/projects/{id}", "One project, for its members and admins.", projects::show)
            .runs([&projects::SHOW]),
    ];
    routes.into_iter().map(|route| route.lets_in(SOMEBODY))
}

fn around(routes: Router) -> Router {
    Router::new()
        .fallback_service(from_fn(async |request: Request, next: Next| next.run(plain(request)).await).layer(routes))
}

/// `/servers/` is `/servers`.
fn plain(mut request: Request) -> Request {
    let path = request.uri().path();
    let trimmed = path.strip_suffix('/').filter(|trimmed| !trimmed.is_empty()).map(str::to_owned);
    if let Some(trimmed) = trimmed {
        put_at(&mut request, &trimmed);
    }
    request
}
