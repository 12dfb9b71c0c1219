//! The REST service that MyBRC's Slurm plugins call (2019 to 2021): whether a job may be submitted, what runs, and what it
//! cost. Its jobs are recorded jobs with a key of the batch system's; users and accounts are those that MyBRC lists.

mod ask;
mod auth;
mod envelope;
mod fields;
mod handlers;
mod path;
mod wire;

use super::dialect::Dialect;
use super::parameter::Parameter;
use super::route::Route;
use crate::graphql::Origin;
use handlers::{find, jobs, list, submit, token};

/// The service behind MyBRC's Slurm plugins.
pub(super) static DIALECT: Dialect = Dialect {
    name: "mybrc_rest",
    title: "MyBRC's Slurm plugins",
    origin: Origin::Mybrc,
    mount: |config| config.mybrc_rest.at.clone(),
    root: "",
    beside: Some("mybrc"),
    routes,
    authenticate: auth::authenticate,
    own_site_only: true,
    refuse: envelope::refuse,
    not_found: envelope::not_found,
    wrong_method: envelope::wrong_method,
    options: None,
    head: None,
    around: path::around,
};

fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::post(auth::LOG_IN, "Gives a token for a name and a password.", token::give).runs([&token::LOG_IN]),
        Route::get(
            "/can_submit_job/{cost}/{uid}/{account}/",
            "Whether an account would pay for a job of a user.",
            submit::may,
        )
        .runs([&find::USER, &find::ACCOUNT, &submit::AFFORDS, &submit::RESERVE])
        .because("Where every job is let in (`allow_all_jobs`), nobody asks the account."),
        Route::get("/jobs/", "The jobs that were reported.", jobs::list)
            .runs([&find::USER, &find::ACCOUNT, &jobs::LIST])
            .query([PAGE, USER, ACCOUNT, FROM, BEFORE, Parameter::may("jobslurmid", "Only those with this id.")]),
        Route::post("/jobs/", "Reports a job that begins, and holds what it may cost.", jobs::create).runs([
            &find::USER,
            &find::ACCOUNT,
            &jobs::REPORT,
        ]),
        Route::put("/jobs/{id}/", "Reports what became of a job, and settles what it cost.", jobs::replace).runs([
            &find::USER,
            &find::ACCOUNT,
            &jobs::REPORT,
        ]),
        Route::patch("/jobs/{id}/", "Says that it does nothing.", jobs::change)
            .because("The old service did nothing here, and said so with the status 200."),
        Route::get("/partitions/", "The cluster's partitions.", list::partitions)
            .query([PAGE])
            .because("They stand in the configuration."),
    ];
    routes.extend(lists());
    routes
}

const PAGE: Parameter = Parameter::may("page", "Which page of 100, from 1, or `last`.");
const USER: Parameter =
    Parameter::may("user", "Only those of the user with this number in the directory, or this name.");
const ACCOUNT: Parameter = Parameter::may("account", "Only those of the account of this name.");
const FROM: Parameter = Parameter::may("start_time", "Only from this moment on, in seconds since 1970.");
const BEFORE: Parameter = Parameter::may("end_time", "Only before this moment, in seconds since 1970.");

fn lists() -> [Route; 7] {
    [
        Route::get("/users/", "The users.", list::users).runs([&list::USERS]).query([
            PAGE,
            Parameter::may("username", "Only those of this name."),
            Parameter::may("userid", "Only the one with this number in the directory."),
        ]),
        Route::get("/accounts/", "The accounts, and what they were granted.", list::accounts)
            .runs([&list::ACCOUNTS])
            .query([PAGE, FROM, BEFORE, Parameter::may("name", "Only the one of this name.")]),
        Route::get("/user_accounts/", "Who may charge which account.", list::user_accounts)
            .runs([&find::USER, &find::ACCOUNT, &list::MEMBERS])
            .query([PAGE, USER, ACCOUNT, FROM, BEFORE]),
        Route::get("/account_usages/", "What accounts hold and have spent.", list::account_usages)
            .runs([&find::ACCOUNT, &list::ACCOUNTS])
            .query([PAGE, ACCOUNT, FROM, BEFORE]),
        Route::get("/user_account_usages/", "What members of accounts hold and have spent.", list::member_usages)
            .runs([&find::USER, &find::ACCOUNT, &list::MEMBERS])
            .query([PAGE, USER, ACCOUNT, FROM, BEFORE]),
        Route::get("/account_transactions/", "Since when accounts have what they have.", list::account_transactions)
            .runs([&find::ACCOUNT, &list::ACCOUNTS])
            .query([PAGE, ACCOUNT, FROM, BEFORE]),
        Route::get(
            "/user_account_transactions/",
            "Since when members of accounts may spend what they may.",
            list::member_transactions,
        )
        .runs([&find::USER, &find::ACCOUNT, &list::MEMBERS])
        .query([PAGE, USER, ACCOUNT, FROM, BEFORE]),
    ]
}
