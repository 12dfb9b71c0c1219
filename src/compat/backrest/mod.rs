//! backrest (rest-seed, 2015): accounts of people under `/-/`, and content of the types that a deployment declares.
//!
//! Its clients are web pages at the same address, which know nobody but by the cookie. What an old server did that nobody
//! should copy (deleting all accounts at once, links that work for ever) is listed in `docs/backrest.md`.

mod around;
mod auth;
mod envelope;
mod form;
mod handlers;
mod negotiate;
mod wire;

use super::dialect::Dialect;
use super::route::Route;
use crate::graphql::Origin;
use handlers::{email, link, password, profile, session, sign_up};

/// backrest.
pub(super) static DIALECT: Dialect = Dialect {
    name: "backrest",
    title: "backrest",
    origin: Origin::Backrest,
    mount: |config| config.backrest.at.clone(),
    routes: of_accounts,
    authenticate: auth::authenticate,
    own_site_only: true,
    refuse: envelope::refuse,
    not_found: envelope::not_found,
    wrong_method: envelope::wrong_method,
    options: None,
    head: None,
    around: around::around,
};

fn of_accounts() -> Vec<Route> {
    vec![
        Route::get("/", "What this server is, and who asks.", session::about).runs([&session::SHOW_SELF]),
        Route::post("/signup", "Makes an account, and mails a link that confirms it.", sign_up::sign_up)
            .runs([&sign_up::SIGN_UP]),
        Route::get("/signup", "Confirms an account by a mailed link, and logs in.", sign_up::confirm)
            .runs([&link::SHOW_LINK, &sign_up::ACTIVATE]),
        Route::get("/login", "Who is logged in.", session::show).runs([&session::SHOW_SELF]),
        Route::put("/login", "Logs in, and sets a cookie.", session::log_in).runs([
            &session::LOG_IN,
            &session::SHOW_SELF,
            &session::LOG_OUT,
        ]),
        Route::put("/logout", "Logs out, and takes the cookie back.", session::log_out).runs([&session::LOG_OUT]),
        Route::post("/reset/", "Mails a link to set a new password.", password::request_reset)
            .runs([&password::REQUEST_RESET]),
        Route::get("/reset/{token}", "Leads from the mail to the page that asks for it.", password::show_reset)
            .runs([&link::SHOW_LINK]),
        Route::put("/reset/{token}", "Sets a new password by a mailed link.", password::reset)
            .runs([&link::SHOW_LINK, &password::RESET]),
        Route::put("/password", "Sets a new password.", password::change).runs([&password::CHANGE]),
        Route::put("/email/", "Mails a link to a new address.", email::change)
            .runs([&email::CHANGE])
            .because("It looks at the password also when the address is none, and tells both at once."),
        Route::get("/email/{token}", "Confirms a new address by a mailed link.", email::confirm)
            .runs([&link::SHOW_LINK, &email::CONFIRM]),
        Route::get("/userprofile", "The caller, or for an admin anybody.", profile::show)
            .runs([&session::SHOW_SELF, &profile::SHOW_USER]),
        Route::put("/userprofile", "Changes what the caller is called.", profile::update).runs([&profile::UPDATE]),
        Route::post("/userprofile", "Deletes the caller's account.", profile::delete).runs([&profile::DELETE]),
    ]
}
