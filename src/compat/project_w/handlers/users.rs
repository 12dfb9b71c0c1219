//! Signing up, logging in, and what mailed links lead to.

use axum::extract::Request;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, msg};
use crate::compat::project_w::auth::Person;
use crate::compat::project_w::envelope::{ErrorType, Refusal};
use crate::compat::project_w::form::{Query, form};
use crate::compat::project_w::json::reply;
use crate::compat::{Call, Failure};
use crate::domain::user::address_of_link;
use crate::error::Code;

const PASSWORD_RULE: &str = "Password invalid. The password needs to have at least one lowercase letter, uppercase \
                             letter, number, special character and at least 12 characters in total";

/// Data that is not looked at.
pub(in crate::compat::project_w) type Done = serde_json::Value;

macro_rules! operation {
    ($name:ident, $word:literal, $file:literal) => {
        operation!($name, $word, $file, $crate::compat::project_w::handlers::users::Done);
    };
    ($name:ident, $word:literal, $file:literal, $Data:ty) => {
        /// See its document.
        pub(in crate::compat::project_w) static $name: $crate::compat::Operation<serde_json::Value, $Data> =
            $crate::compat::Operation::new($word, include_str!(concat!("../operations/", $file, ".graphql")));
    };
}
pub(super) use operation;

operation!(SIGN_UP, "ProjectW_SignUp", "sign_up");
operation!(ACTIVATE, "ProjectW_Activate", "activate");
operation!(LOGIN, "ProjectW_Login", "login", LoggedIn);
operation!(REQUEST_RESET, "ProjectW_RequestPasswordReset", "request_password_reset");
operation!(RESET_PASSWORD, "ProjectW_ResetPassword", "reset_password");
operation!(RESEND_ACTIVATION, "ProjectW_ResendActivationEmail", "resend_activation_email");
operation!(OWN_INFO, "ProjectW_OwnInfo", "own_info", OwnInfo);
operation!(USER_INFO, "ProjectW_UserInfo", "user_info", UserInfo);
operation!(INVALIDATE_TOKENS, "ProjectW_InvalidateAllTokens", "invalidate_all_tokens");

/// A user, as these routes need one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::project_w) struct User {
    pub id: String,
    pub email: Option<String>,
    pub is_admin: Option<bool>,
    pub email_verified_at: Option<String>,
}

/// See [`LOGIN`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::project_w) struct LoggedIn {
    session_create: Token,
}

#[derive(Debug, Deserialize)]
struct Token {
    token: String,
}

/// See [`OWN_INFO`].
#[derive(Debug, Deserialize)]
pub(in crate::compat::project_w) struct OwnInfo {
    viewer: Own,
}

#[derive(Debug, Deserialize)]
struct Own {
    user: Option<User>,
}

/// See [`USER_INFO`].
#[derive(Debug, Deserialize)]
pub(in crate::compat::project_w) struct UserInfo {
    pub user: Option<User>,
}

/// Whether an operation found this field of its input wrong.
pub(super) fn blames(failure: &Failure, path: &str) -> bool {
    matches!(failure.code, Code::Invalid | Code::AlreadyExists) && failure.fields.iter().any(|field| field.path == path)
}

/// What is said of a new address that is none, or of a domain that is not let in; of one that is taken; and of a new
/// password. In this order, whatever else is wrong.
pub(super) fn refused(call: &Call, failure: Failure, email: &str) -> Refusal {
    if blames(&failure, "email") && failure.code == Code::AlreadyExists {
        return Refusal::new(ErrorType::Email, "E-Mail is already used by another account");
    }
    if blames(&failure, "email") {
        let domains = call.app().config.project_w.email_domains.clone();
        return Refusal::new(ErrorType::Email, format!("'{email}' is not a valid email address")).with_domains(domains);
    }
    if blames(&failure, "password") || blames(&failure, "newPassword") {
        return Refusal::new(ErrorType::Password, PASSWORD_RULE);
    }
    failure.into()
}

/// The mail that an operation waits for was not sent.
pub(super) fn undelivered(failure: &Failure) -> bool {
    failure.code == Code::InvalidState
}

pub(in crate::compat::project_w) async fn sign_up(call: Call, request: Request) -> Answer {
    if !call.app().config.project_w.sign_up {
        return Err(Refusal::new(ErrorType::ServerConfig, "Signup of new accounts is disabled on this server"));
    }
    let form = form(&call, request).await?;
    let (email, password) = (form.required("email")?, form.required("password")?);
    let signed_up = SIGN_UP.run(&call, json!({ "input": { "email": email, "password": password } })).await;
    match signed_up {
        Ok(_) => Ok(msg(format!(
            "Successful signup for {email}. Please activate your account be clicking on the link provided in the email \
             we just sent you"
        ))),
        Err(failure) if undelivered(&failure) => Err(unreachable(email)),
        Err(failure) => Err(refused(&call, failure, email)),
    }
}

pub(super) fn unreachable(email: &str) -> Refusal {
    let msg = format!("Failed to send activation email to {email}. Email address may not exist");
    Refusal::new(ErrorType::Email, msg)
}

pub(in crate::compat::project_w) async fn activate(call: Call, request: Request) -> Answer {
    let form = form(&call, request).await?;
    let Some(token) = form.filled("token") else {
        return Err(Refusal::new(ErrorType::Auth, "You need a token to activate a users email"));
    };
    let activated = ACTIVATE.run(&call, json!({ "input": { "token": token } })).await;
    let email = async || -> Result<String, Refusal> {
        Ok(address_of_link(call.app(), token).await.map_err(Failure::from)?.unwrap_or_default())
    };
    match activated {
        Ok(_) => Ok(msg(format!("Account {} activated", email().await?))),
        Err(failure) if blames(&failure, "token") => {
            Err(Refusal::new(ErrorType::Auth, "Invalid or expired activation link"))
        }
        Err(failure) if failure.code == Code::InvalidState => {
            let msg = format!("Account for {} is already activated", email().await?);
            Err(Refusal::new(ErrorType::Operation, msg))
        }
        Err(failure) => Err(refused(&call, failure, "")),
    }
}

pub(in crate::compat::project_w) async fn login(call: Call, request: Request) -> Answer {
    let form = form(&call, request).await?;
    let (email, password) = (form.required("email")?, form.required("password")?);
    // An address is meant, never a user name: names have no @, and so none is found.
    let login = if email.contains('@') { email.to_owned() } else { format!("{email}@") };
    let logged_in = LOGIN.run(&call, json!({ "input": { "login": login, "password": password } })).await;
    match logged_in {
        Ok(done) => {
            let token = done.session_create.token;
            Ok(reply(&json!({ "accessToken": token, "msg": "Login successful" })))
        }
        Err(failure) if matches!(failure.code, Code::Unauthenticated | Code::Invalid) => {
            Err(Refusal::new(ErrorType::Auth, "Incorrect credentials provided"))
        }
        Err(failure) => Err(failure.into()),
    }
}

pub(in crate::compat::project_w) async fn request_reset(call: Call, query: Query) -> Answer {
    let email = query.fields.required("email")?;
    let sent = format!(
        "If an account with the address {email} exists, then we sent a password reset email to this address. Please \
         check your emails"
    );
    if query.only_head {
        return Ok(msg(sent));
    }
    let requested = REQUEST_RESET.run(&call, json!({ "input": { "email": email } })).await;
    match requested {
        Ok(_) => Ok(msg(sent)),
        Err(failure) if undelivered(&failure) => Err(no_mail(email)),
        // What is no address has no account.
        Err(failure) if blames(&failure, "email") => Ok(msg(sent)),
        Err(failure) => Err(failure.into()),
    }
}

fn no_mail(email: &str) -> Refusal {
    Refusal::new(ErrorType::Email, format!("Failed to send password reset email to {email}."))
}

pub(in crate::compat::project_w) async fn reset_password(call: Call, request: Request) -> Answer {
    let form = form(&call, request).await?;
    let password = form.required("newPassword")?;
    let token = form.get("token").unwrap_or_default();
    let reset = RESET_PASSWORD.run(&call, json!({ "input": { "token": token, "newPassword": password } })).await;
    match reset {
        Ok(_) => Ok(msg("password changed successfully")),
        Err(failure) if blames(&failure, "newPassword") => Err(refused(&call, failure, "")),
        Err(_) if token.is_empty() => Err(Refusal::new(ErrorType::Auth, "You need a token to reset a users password")),
        Err(failure) if blames(&failure, "token") || failure.code == Code::InvalidState => {
            Err(Refusal::new(ErrorType::Auth, "Invalid or expired password reset link"))
        }
        Err(failure) => Err(failure.into()),
    }
}

pub(in crate::compat::project_w) async fn resend_activation(person: Person, query: Query) -> Answer {
    let email = person.email();
    if person.user().is_some_and(|user| !user.user.is_unverified()) {
        return Err(Refusal::new(ErrorType::Operation, "This user is already activated"));
    }
    if !query.only_head {
        let resent = RESEND_ACTIVATION.run(&person.0, json!({ "input": {} })).await;
        match resent {
            Ok(_) => {}
            Err(failure) if undelivered(&failure) => return Err(no_mail(&email)),
            Err(failure) => return Err(failure.into()),
        }
    }
    Ok(msg(format!("We have sent a new password reset email to {email}. Please check your emails")))
}

fn user_info(user: User) -> Response {
    reply(&json!({
        "activated": user.email_verified_at.is_some() || user.email.is_none(),
        "email": user.email.unwrap_or_default(),
        "isAdmin": user.is_admin.unwrap_or_default(),
        "msg": "Returning user info",
    }))
}

pub(in crate::compat::project_w) async fn info(person: Person, query: Query) -> Answer {
    let Some(email) = query.fields.filled("email") else {
        let own = OWN_INFO.run(&person.0, json!({})).await?.viewer.user;
        return own.map(user_info).ok_or_else(nobody);
    };
    if !person.is_admin() {
        return Err(Refusal::forbidden("You don't have permission to view other accounts' user info"));
    }
    with_email(&person, email).await.map(user_info)
}

fn nobody() -> Refusal {
    Refusal::new(ErrorType::NotInDatabase, "No user exists with that email")
}

/// The user with exactly this address, for an admin.
pub(super) async fn with_email(person: &Person, email: &str) -> Result<User, Refusal> {
    let found = USER_INFO.run(&person.0, json!({ "email": email })).await;
    match found {
        Ok(found) => found.user.filter(|user| user.email.as_deref() == Some(email)).ok_or_else(nobody),
        Err(failure) if failure.code == Code::NotFound => Err(nobody()),
        Err(failure) => Err(failure.into()),
    }
}

pub(in crate::compat::project_w) async fn invalidate_all_tokens(person: Person) -> Answer {
    INVALIDATE_TOKENS.run(&person.0, json!({ "input": {} })).await?;
    Ok(msg("You have successfully been logged out accross all your devices"))
}
