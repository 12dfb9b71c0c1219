//! MyBRC (2018): what a cluster's batch system charged to whom. Jobs are recorded here, users and accounts are those that
//! have a number in it.
//!
//! There are two profiles. `documented` does what the API's document says or lists as to be done; `as-built` answers as the
//! program behind it did.

mod ask;
mod auth;
mod envelope;
mod fields;
mod filter;
mod handlers;
mod metadata;
mod paging;
mod render;
mod wire;

use axum::http::Method;

use super::dialect::Dialect;
use super::parameter::Parameter;
use super::route::Route;
use crate::graphql::Origin;
use envelope::Noun;
use fields::{ACCOUNT as ACCOUNT_FIELDS, JOB as JOB_FIELDS, USER as USER_FIELDS};
use handlers::{account, job, root, user};

/// MyBRC.
pub(super) static DIALECT: Dialect = Dialect {
    name: "mybrc",
    title: "MyBRC",
    origin: Origin::Mybrc,
    mount: |config| config.mybrc.at.clone(),
    root: "",
    beside: None,
    routes,
    authenticate: auth::authenticate,
    own_site_only: true,
    refuse: envelope::refuse,
    not_found: envelope::not_found,
    wrong_method: envelope::wrong_method,
    options: None,
    head: None,
    around: render::around,
};

/// Paths end in a slash; without one they are the same, but for GET in the profile `as-built`, which redirects.
const JOBS: [&str; 2] = ["/jobs/", "/jobs"];
const JOB: [&str; 2] = ["/jobs/{id}/", "/jobs/{id}"];
const USERS: [&str; 2] = ["/users/", "/users"];
const USER: [&str; 2] = ["/users/{id}/", "/users/{id}"];
const ACCOUNTS: [&str; 2] = ["/accounts/", "/accounts"];
const ACCOUNT: [&str; 2] = ["/accounts/{id}/", "/accounts/{id}"];
/// What every route reads of the query.
const FORMAT: Parameter = Parameter::may("format", "`json` or `api` (a page for people), whatever `Accept` says.");
const PAGE: Parameter = Parameter::may("page", "A number from 1, or `last`.");
/// Why OPTIONS runs nothing.
const DESCRIBES: &str = "It tells what the route takes.";

fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/", "Where the lists are.", root::show).because("It tells its own addresses."),
        Route::new(Method::OPTIONS, "/", "What the root is.", root::describe).because(DESCRIBES),
    ];
    routes.extend(JOBS.into_iter().flat_map(jobs));
    routes.extend(JOB.into_iter().flat_map(one_job));
    routes.extend(USERS.into_iter().flat_map(users));
    routes.extend(USER.into_iter().flat_map(one_user));
    routes.extend(ACCOUNTS.into_iter().flat_map(accounts));
    routes.extend(ACCOUNT.into_iter().flat_map(one_account));
    let with_format = |route: Route| {
        let query: Vec<_> = route.query.iter().copied().chain([FORMAT]).collect();
        route.query(query)
    };
    routes.into_iter().map(with_format).collect()
}

/// What a list reads of the query.
fn of_list(noun: Noun) -> impl Iterator<Item = Parameter> {
    [PAGE].into_iter().chain(filter::parameters(noun))
}

fn jobs(path: &'static str) -> [Route; 3] {
    [
        Route::get(path, "The numbers of recorded jobs.", job::list).runs([&job::LIST]).query(of_list(Noun::Job)),
        Route::post(path, "Records a job.", job::create)
            .runs([&job::FIND_USER, &job::FIND_ACCOUNT, &job::RECORD])
            .takes_or_form(|| metadata::schema(JOB_FIELDS, false)),
        Route::new(Method::OPTIONS, path, "What a job is made of.", job::describe_list).because(DESCRIBES),
    ]
}

fn one_job(path: &'static str) -> [Route; 5] {
    let changes = || -> [&'static dyn crate::compat::Document; 5] {
        [&job::LIST, &job::SHOW, &job::FIND_USER, &job::FIND_ACCOUNT, &job::UPDATE]
    };
    [
        Route::get(path, "A recorded job.", job::show).runs([&job::SHOW]),
        Route::put(path, "Replaces what is recorded of a job.", job::replace)
            .runs(changes())
            .query(filter::parameters(Noun::Job))
            .takes_or_form(|| metadata::schema(JOB_FIELDS, false)),
        Route::patch(path, "Changes what is recorded of a job.", job::change)
            .runs(changes())
            .query(filter::parameters(Noun::Job))
            .takes_or_form(|| metadata::schema(JOB_FIELDS, true)),
        Route::delete(path, "Removes a recorded job.", job::remove)
            .runs([&job::LIST, &job::SHOW, &job::DELETE])
            .query(filter::parameters(Noun::Job)),
        Route::new(Method::OPTIONS, path, "What a job is made of.", job::describe).runs([&job::SHOW]),
    ]
}

fn users(path: &'static str) -> [Route; 3] {
    [
        Route::get(path, "The numbers of users.", user::list).runs([&user::LIST]).query(of_list(Noun::User)),
        Route::post(path, "Makes a user who never logs in.", user::create)
            .runs([&user::RECORD])
            .takes_or_form(|| metadata::schema(USER_FIELDS, false)),
        Route::new(Method::OPTIONS, path, "What a user is made of.", user::describe_list).because(DESCRIBES),
    ]
}

fn one_user(path: &'static str) -> [Route; 5] {
    [
        Route::get(path, "A user.", user::show).runs([&user::SHOW, &user::MORE]),
        Route::put(path, "Replaces what is known of a user.", user::replace)
            .runs([&user::LIST, &user::SHOW, &user::UPDATE, &user::MORE])
            .query(filter::parameters(Noun::User))
            .takes_or_form(|| metadata::schema(USER_FIELDS, false)),
        Route::patch(path, "Changes what is known of a user.", user::change)
            .runs([&user::LIST, &user::SHOW, &user::UPDATE, &user::MORE])
            .query(filter::parameters(Noun::User))
            .takes_or_form(|| metadata::schema(USER_FIELDS, true)),
        Route::delete(path, "Removes a user.", user::remove)
            .runs([&user::LIST, &user::SHOW, &user::DELETE])
            .query(filter::parameters(Noun::User)),
        Route::new(Method::OPTIONS, path, "What a user is made of.", user::describe).runs([&user::SHOW]),
    ]
}

fn accounts(path: &'static str) -> [Route; 3] {
    [
        Route::get(path, "The numbers of accounts.", account::list)
            .runs([&account::LIST])
            .query(of_list(Noun::Account)),
        Route::post(path, "Makes an account.", account::create)
            .runs([&account::RECORD])
            .takes_or_form(|| metadata::schema(ACCOUNT_FIELDS, false)),
        Route::new(Method::OPTIONS, path, "What an account is made of.", account::describe_list).because(DESCRIBES),
    ]
}

fn one_account(path: &'static str) -> [Route; 5] {
    [
        Route::get(path, "An account.", account::show).runs([&account::SHOW, &account::MORE]),
        Route::put(path, "Replaces what is known of an account.", account::replace)
            .runs([&account::LIST, &account::SHOW, &account::UPDATE, &account::MORE])
            .query(filter::parameters(Noun::Account))
            .takes_or_form(|| metadata::schema(ACCOUNT_FIELDS, false)),
        Route::patch(path, "Changes an account; its sums are corrected by entries.", account::change)
            .runs([&account::LIST, &account::SHOW, &account::UPDATE, &account::MORE])
            .query(filter::parameters(Noun::Account))
            .takes_or_form(|| metadata::schema(ACCOUNT_FIELDS, true)),
        Route::delete(path, "Removes an account.", account::remove)
            .runs([&account::LIST, &account::SHOW, &account::DELETE])
            .query(filter::parameters(Noun::Account)),
        Route::new(Method::OPTIONS, path, "What an account is made of.", account::describe).runs([&account::SHOW]),
    ]
}
