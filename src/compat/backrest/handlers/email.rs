//! Another address.

use axum::extract::Request;
use axum::http::Method;
use secrecy::SecretString;
use serde_json::json;

use super::link::{Purpose, is_good_for, target};
use super::password::{Token, token};
use super::{Answer, OTHER_PASSWORD, about_address, blames, operation};
use crate::compat::backrest::auth::user;
use crate::compat::backrest::envelope::{Refusal, done, redirect};
use crate::compat::backrest::form::Form;
use crate::compat::backrest::negotiate::Talking;
use crate::compat::{Call, Failure};
use crate::domain::user::is_password;
use crate::error::Code;

operation!(CHANGE, "Backrest_ChangeEmail", "change_email");
operation!(CONFIRM, "Backrest_ConfirmEmail", "confirm_email");

pub(in crate::compat::backrest) async fn change(Talking(call): Talking, request: Request) -> Answer {
    user(&call)?;
    let mut form = Form::read(&call, request).await?;
    let (email, password) = (form.address("email"), form.required("password"));
    if form.is_wrong() && !password.is_empty() {
        // The old server told both at once; the operation looks at one after the other.
        let right = is_password(call.app(), call.viewer(), SecretString::from(password.clone())).await;
        if !right.map_err(Failure::from)? {
            form.blame("password", OTHER_PASSWORD);
        }
    }
    form.finish()?;
    match CHANGE.run(&call, json!({ "input": { "email": email, "confirmPassword": password } })).await {
        Ok(_) => Ok(done()),
        Err(failure) if blames(&failure, "confirmPassword") => Err(Refusal::fault("password", OTHER_PASSWORD)),
        Err(failure) => Err(about_address(failure)),
    }
}

/// A browser opens it, as the user who asked for it. HEAD tells where it would lead and does nothing.
pub(in crate::compat::backrest) async fn confirm(call: Call, method: Method, path: Token) -> Answer {
    user(&call)?;
    let token = token(path)?;
    if !is_good_for(&call, &token, Purpose::EmailChange).await.map_err(not_good)? {
        return Err(Refusal::not_found());
    }
    if method != Method::HEAD {
        CONFIRM.run(&call, json!({ "input": { "token": token } })).await.map_err(not_good)?;
    }
    redirect(&target(&call, &call.app().config.backrest.redirect_email))
}

fn not_good(failure: Failure) -> Refusal {
    if failure.code == Code::InvalidState || blames(&failure, "token") {
        return Refusal::not_found();
    }
    failure.into()
}
