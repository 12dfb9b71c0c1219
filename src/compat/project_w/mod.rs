//! Project-W (2023), the API of its versions 0.1 and 0.2: people bring recordings, runners write down what is said.
//!
//! Jobs are those of one service that assigns them, which is made when it is first needed. The ids of jobs, users and
//! runners are numbers of this API's own.

mod around;
mod auth;
mod envelope;
mod form;
mod handlers;
mod incoming;
mod json;
mod wire;

use super::credential::Credential;
use super::dialect::Dialect;
use super::parameter::Parameter;
use super::route::Route;
use crate::graphql::Origin;
use handlers::{self as to, accounts, jobs, runners, submit, transcripts, users};

/// Project-W.
pub(super) static DIALECT: Dialect = Dialect {
    name: "project_w",
    title: "Project-W",
    origin: Origin::ProjectW,
    mount: |config| config.project_w.at.clone(),
    root: "",
    beside: None,
    routes: || of_users().into_iter().chain(of_jobs()).chain(of_runners()).collect(),
    authenticate: auth::authenticate,
    own_site_only: false,
    refuse: envelope::refuse,
    not_found: envelope::not_found,
    wrong_method: envelope::wrong_method,
    options: Some(envelope::options),
    head: None,
    around: around::around,
};

/// Routes that ask nobody who it is.
const OPEN: &[Credential] = &[Credential::Nobody];
/// Those for people's programs.
const PEOPLE: &[Credential] = &[Credential::LogIn];
/// Those for runners.
const RUNNERS: &[Credential] = &[Credential::Runner];

const EMAIL: Parameter = Parameter::must("email", "An address.");
const PASSWORD: Parameter = Parameter::must("password", "The account's password.");
const OWN_PASSWORD: Parameter = Parameter::must("password", "The caller's own password.");
const NEW_PASSWORD: Parameter = Parameter::must("newPassword", "What the password is to be.");
const TOKEN: Parameter = Parameter::must("token", "The token of the mailed link.");
const OTHER: Parameter =
    Parameter::may("emailModify", "The address of whom it is about; without it, the caller. Admins only.");
const JOB_IDS: Parameter = Parameter::must("jobIds", "Numbers of jobs, with commas between them.");

const PASSWORD_HELD: &str = "It looks at the caller's password before anything else, as the old route did.";
const BYTES: &str = "The recording's bytes are no part of an operation's answer.";

fn of_users() -> Vec<Route> {
    let open = vec![
        Route::get("/about", "What this server is.", to::about).because("It tells settings of the server."),
        Route::post("/users/signup", "Makes an account.", users::sign_up)
            .runs([&users::SIGN_UP])
            .form([EMAIL, PASSWORD]),
        Route::post("/users/activate", "Confirms an address by a mailed token.", users::activate)
            .runs([&users::ACTIVATE])
            .form([TOKEN])
            .because("It names the account, which nobody but the holder of the link is to see."),
        Route::post("/users/login", "Logs in.", users::login).runs([&users::LOGIN]).form([EMAIL, PASSWORD]),
        Route::get("/users/requestPasswordReset", "Mails a link to set a new password.", users::request_reset)
            .runs([&users::REQUEST_RESET])
            .query([EMAIL]),
        Route::post("/users/resetPassword", "Sets a new password by a mailed token.", users::reset_password)
            .runs([&users::RESET_PASSWORD])
            .form([NEW_PASSWORD, TOKEN]),
    ];
    open.into_iter().map(|route| route.lets_in(OPEN)).chain(of_accounts()).collect()
}

fn of_accounts() -> impl Iterator<Item = Route> {
    let routes = [
        Route::get("/users/info", "The caller, or for an admin anybody.", users::info)
            .runs([&users::OWN_INFO, &users::USER_INFO])
            .query([Parameter::may("email", "Whose; without it, the caller's. Admins only.")]),
        Route::post("/users/delete", "Deletes the caller, or for an admin anybody.", accounts::delete)
            .runs([&accounts::DELETE_USER, &users::USER_INFO])
            .form([OWN_PASSWORD, OTHER])
            .because(PASSWORD_HELD),
        Route::post("/users/changePassword", "Sets a new password.", accounts::change_password)
            .runs([&accounts::CHANGE_PASSWORD, &accounts::SET_PASSWORD, &users::USER_INFO])
            .form([OWN_PASSWORD, OTHER, NEW_PASSWORD])
            .because(PASSWORD_HELD),
        Route::post("/users/changeEmail", "Mails a link to a new address.", accounts::change_email)
            .runs([&accounts::CHANGE_EMAIL, &users::USER_INFO])
            .form([OWN_PASSWORD, OTHER, Parameter::must("newEmail", "What the address is to be.")])
            .because(PASSWORD_HELD),
        Route::get(
            "/users/resendActivationEmail",
            "Mails the link to confirm an address again.",
            users::resend_activation,
        )
        .runs([&users::RESEND_ACTIVATION]),
        Route::post("/users/invalidateAllTokens", "Ends all log-ins of the caller.", users::invalidate_all_tokens)
            .runs([&users::INVALIDATE_TOKENS]),
    ];
    routes.into_iter().map(|route| route.lets_in(PEOPLE))
}

fn of_jobs() -> impl Iterator<Item = Route> {
    let routes = [
        Route::post("/jobs/submit", "Brings a recording to be transcribed.", submit::submit)
            .form([
                Parameter::file("file", "The recording."),
                Parameter::may("model", "The model that is to transcribe it."),
                Parameter::may("language", "What is spoken; without it, the runner finds out."),
            ])
            .because(
                "The recording is stored as it comes, and becomes the job's file in the transaction that makes the job; \
                 without bytes it is `jobSubmit`.",
            ),
        Route::get("/jobs/list", "The numbers of jobs.", jobs::list)
            .runs([&jobs::LIST_JOBS, &jobs::LIST_ALL_JOBS, &jobs::LIST_USERS, &users::USER_INFO])
            .query([
                Parameter::may("email", "Whose; without it, the caller's. Admins only."),
                Parameter::may("all", "Anything but nothing: everybody's, by user. Admins only."),
            ]),
        Route::get("/jobs/info", "Some jobs.", jobs::info).runs([&jobs::SHOW_JOBS]).query([JOB_IDS]),
        Route::post("/jobs/abort", "Stops jobs, or asks their runners to.", jobs::abort)
            .runs([&jobs::FIND_JOBS, &jobs::ABORT_JOBS])
            .form([JOB_IDS]),
        Route::post("/jobs/delete", "Removes finished jobs.", jobs::delete)
            .runs([&jobs::FIND_JOBS, &jobs::DELETE_JOB])
            .form([JOB_IDS]),
        Route::get("/jobs/downloadTranscript", "What was said.", transcripts::download)
            .runs([&transcripts::SHOW_TRANSCRIPT, &transcripts::MARK_DOWNLOADED])
            .query([Parameter::must("jobId", "The number of a job.")])
            .because(
                "It tells a number that no job has from one of somebody else's job, as the old route did.",
            ),
    ];
    routes.into_iter().map(|route| route.lets_in(PEOPLE))
}

fn of_runners() -> Vec<Route> {
    let create = Route::get("/runners/create", "Makes a runner and its token, for admins.", runners::create)
        .runs([&runners::CREATE_RUNNER])
        .lets_in(PEOPLE)
        .because("It makes the service, if this is the first that is asked of it.");
    let routes = [
        Route::post("/runners/register", "A runner reports for work.", runners::register).runs([&runners::REGISTER]),
        Route::post("/runners/unregister", "A runner leaves.", runners::unregister).runs([&runners::UNREGISTER]),
        Route::post("/runners/heartbeat", "A runner is there.", runners::heartbeat)
            .runs([&runners::HEARTBEAT])
            .form([Parameter::may("progress", "How much of its job is done, between 0 and 1.")]),
        Route::post("/runners/retrieveJobInfo", "What is to be transcribed.", runners::retrieve_info)
            .runs([&runners::FETCH]),
        Route::get("/runners/retrieveJobAudio", "The recording.", transcripts::retrieve_audio)
            .runs([&runners::FETCH])
            .because(BYTES),
        Route::post("/runners/retrieveJob", "Both at once, as version 0.1 had it.", transcripts::retrieve_job)
            .runs([&runners::FETCH])
            .because(BYTES),
        Route::post("/runners/submitJobResult", "A transcript, or why there is none.", runners::submit_result)
            .runs([&runners::COMPLETE, &runners::FAIL])
            .form([
                Parameter::may("transcript", "What was said; it may be empty."),
                Parameter::may("error_msg", "Why there is no transcript. It counts more than one."),
            ]),
    ];
    [create].into_iter().chain(routes.into_iter().map(|route| route.lets_in(RUNNERS))).collect()
}
