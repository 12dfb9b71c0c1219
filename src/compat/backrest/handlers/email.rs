//! Another address.

use axum::extract::Request;
use axum::http::Method;
use serde_json::json;

use super::link::{Purpose, find, target};
use super::password::{Token, token};
use super::{Answer, OTHER_PASSWORD, TAKEN, about_address, blame_taken, blames, is_own_password, is_taken, operation};
use crate::compat::backrest::auth::user;
use crate::compat::backrest::envelope::{Refusal, done, redirect};
use crate::compat::backrest::form::Form;
use crate::compat::backrest::negotiate::Talking;
use crate::compat::{Call, Failure};
use crate::error::Code;

operation!(CHANGE, "Backrest_ChangeEmail", "change_email");
operation!(CONFIRM, "Backrest_ConfirmEmail", "confirm_email");

pub(in crate::compat::backrest) async fn change(Talking(call): Talking, request: Request) -> Answer {
    user(&call)?;
    let mut form = Form::read(&call, request).await?;
    let (email, password) = (form.address("email"), form.required("password"));
    blame_taken(&call, &mut form, &email).await?;
    if form.is_wrong() && !password.is_empty() && !is_own_password(&call, &password).await? {
        form.blame("password", OTHER_PASSWORD);
    }
    form.finish()?;
    match CHANGE.run(&call, json!({ "input": { "email": email, "confirmPassword": password } })).await {
        Ok(_) => Ok(done()),
        Err(failure) if blames(&failure, "confirmPassword") => {
            let refusal = Refusal::fault("password", OTHER_PASSWORD);
            Err(if is_taken(&call, &email).await? { refusal.preceded_by("email", TAKEN) } else { refusal })
        }
        Err(failure) => Err(about_address(failure)),
    }
}

/// A browser opens it, as the user who asked for it. HEAD tells where it would lead and does nothing.
pub(in crate::compat::backrest) async fn confirm(call: Call, method: Method, path: Token) -> Answer {
    user(&call)?;
    let token = token(path)?;
    let link = find(&call, &token, Purpose::EmailChange).await.map_err(not_good)?.ok_or_else(Refusal::not_found)?;
    if !link.is_own {
        return Err(Refusal::forbidden());
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
