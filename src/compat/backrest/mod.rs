//! backrest (rest-seed, 2015): accounts of people under `/-/`, and content of the types that a deployment declares.
//!
//! Its clients are web pages at the same address, which know nobody but by the cookie. What an old server did that nobody
//! should copy (deleting all accounts at once, links that work for ever) is listed in `docs/backrest.md`.

mod around;
mod auth;
mod content;
mod envelope;
mod file;
mod form;
mod handlers;
mod negotiate;
mod schemas;
mod wire;

use super::credential::Credential;
use super::dialect::Dialect;
use super::parameter::Parameter;
use super::route::Route;
use crate::graphql::Origin;
use handlers::{content as contents, download, email, link, password, profile, session, sign_up};

/// backrest.
pub(super) static DIALECT: Dialect = Dialect {
    name: "backrest",
    title: "backrest",
    origin: Origin::Backrest,
    mount: |config| config.backrest.at.clone(),
    root: "/",
    beside: None,
    routes,
    authenticate: auth::authenticate,
    own_site_only: true,
    refuse: envelope::refuse,
    not_found: envelope::not_found,
    wrong_method: envelope::wrong_method,
    options: None,
    head: None,
    around: around::around,
};

/// What everybody may ask; who is logged in may be told more.
const OPEN: &[Credential] =
    &[Credential::Nobody, Credential::Token, Credential::Basic, Credential::Session, Credential::Ticket];
/// What is for somebody.
const SOMEBODY: &[Credential] = &[Credential::Token, Credential::Basic, Credential::Session, Credential::Ticket];

fn routes() -> Vec<Route> {
    let open = of_log_ins().into_iter().map(|route| route.lets_in(OPEN));
    open.chain(of_users().into_iter().chain(of_content()).map(|route| route.lets_in(SOMEBODY))).collect()
}

const TOLD_AT_ONCE: &str =
    "It looks at the password and the address also when something else is wrong, and tells everything at once.";

fn of_log_ins() -> Vec<Route> {
    vec![
        Route::get("/", "What this server is, and who asks.", session::about).runs([&session::SHOW_SELF]),
        Route::post("/signup", "Makes an account, and mails a link that confirms it.", sign_up::sign_up)
            .runs([&sign_up::SIGN_UP])
            .because(TOLD_AT_ONCE)
            .takes(schemas::sign_up)
            .gives(200, schemas::done),
        Route::get("/signup", "Confirms an account by a mailed link, and logs in.", sign_up::confirm)
            .runs([&link::SHOW_LINK, &sign_up::ACTIVATE])
            .query([Parameter::must("token", "What the mailed link carries.")]),
        Route::get("/login", "Who is logged in.", session::show).runs([&session::SHOW_SELF]).gives(200, schemas::user),
        Route::put("/login", "Logs in, and sets a cookie.", session::log_in)
            .runs([&session::LOG_IN, &session::SHOW_SELF, &session::LOG_OUT])
            .takes(schemas::log_in)
            .gives(200, schemas::logged_in),
        Route::put("/logout", "Logs out, and takes the cookie back.", session::log_out)
            .runs([&session::LOG_OUT])
            .gives(200, schemas::done),
        Route::post("/reset/", "Mails a link to set a new password.", password::request_reset)
            .runs([&password::REQUEST_RESET])
            .takes(schemas::address)
            .gives(200, schemas::done),
        Route::get("/reset/{token}", "Leads from the mail to the page that asks for it.", password::show_reset)
            .runs([&link::SHOW_LINK]),
        Route::put("/reset/{token}", "Sets a new password by a mailed link.", password::reset)
            .runs([&link::SHOW_LINK, &password::RESET])
            .takes(schemas::password)
            .gives(200, schemas::done),
    ]
}

fn of_users() -> Vec<Route> {
    vec![
        Route::put("/password", "Sets a new password.", password::change)
            .runs([&password::CHANGE])
            .because(TOLD_AT_ONCE)
            .takes(schemas::passwords)
            .gives(200, schemas::done),
        Route::put("/email/", "Mails a link to a new address.", email::change)
            .runs([&email::CHANGE])
            .because(TOLD_AT_ONCE)
            .takes(schemas::new_address)
            .gives(200, schemas::done),
        Route::get("/email/{token}", "Confirms a new address by a mailed link.", email::confirm)
            .runs([&link::SHOW_LINK, &email::CONFIRM]),
        Route::get("/userprofile", "The caller, or for an admin anybody.", profile::show)
            .runs([&session::SHOW_SELF, &profile::SHOW_USER])
            .query([Parameter::may("email", "Whose, for an admin; nothing for others.")])
            .gives(200, schemas::user),
        Route::put("/userprofile", "Changes what the caller is called.", profile::update)
            .runs([&profile::UPDATE])
            .takes(schemas::names)
            .gives(200, schemas::done),
        Route::post("/userprofile", "Deletes the caller's account.", profile::delete)
            .runs([&profile::DELETE])
            .takes(schemas::password)
            .gives(200, schemas::goodbye),
    ]
}

const FILE_INSIDE: &str =
    "The file that comes inside the body is stored first, and becomes the content's with the operation.";

fn of_content() -> Vec<Route> {
    vec![
        Route::get("/{collection}", "All content of a declared type.", contents::list)
            .runs([&contents::LIST])
            .gives(200, schemas::contents),
        Route::post("/{collection}", "Makes content.", contents::create)
            .runs([&contents::SHOW_OWN_PROJECT, &contents::CREATE])
            .because(FILE_INSIDE)
            .takes(schemas::content)
            .gives(200, schemas::content),
        Route::get("/{collection}/{id}", "Some content.", contents::show)
            .runs([&contents::SHOW])
            .gives(200, schemas::content),
        Route::put("/{collection}/{id}", "Changes one's own content.", contents::update)
            .runs([&contents::SHOW, &contents::UPDATE])
            .because(FILE_INSIDE)
            .takes(schemas::content)
            .gives(200, schemas::content),
        Route::delete("/{collection}/{id}", "Removes one's own content.", contents::delete)
            .runs([&contents::SHOW, &contents::DELETE]),
        Route::get("/~/{file}", "A file's bytes. Clients ask for `/{file}~`, which is the same.", download::download)
            .because("Bytes are no part of an operation's answer."),
    ]
}
