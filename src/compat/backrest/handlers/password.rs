//! Forgotten passwords, and new ones.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use serde_json::{Value, json};

use super::link::{Purpose, is_good_for, target};
use super::{Answer, OTHER_PASSWORD, blames, is_own_password, operation};
use crate::compat::backrest::auth::user;
use crate::compat::backrest::envelope::{Fault, Refusal, done, redirect};
use crate::compat::backrest::form::{Form, is_nothing};
use crate::compat::backrest::negotiate::Talking;
use crate::compat::{Call, Failure};
use crate::error::Code;

operation!(REQUEST_RESET, "Backrest_RequestReset", "request_reset");
operation!(RESET, "Backrest_ResetPassword", "reset_password");
operation!(CHANGE, "Backrest_ChangePassword", "change_password");

/// The token in a path, unless it is no text.
pub(super) type Token = Result<Path<String>, PathRejection>;

pub(super) fn token(path: Token) -> Result<String, Refusal> {
    path.map(|Path(token)| token).map_err(|_| Refusal::not_found())
}

pub(in crate::compat::backrest) async fn request_reset(Talking(call): Talking, request: Request) -> Answer {
    let mut form = Form::read(&call, request).await?;
    let email = form.required("email");
    form.finish()?;
    let requested = REQUEST_RESET.run(&call, json!({ "input": { "email": email } })).await;
    match requested {
        Ok(_) => Ok(done()),
        Err(failure) if failure.code == Code::NotFound || blames(&failure, "email") => {
            Err(Refusal::fault("email", "Email does not exist"))
        }
        Err(failure) => Err(failure.into()),
    }
}

/// A browser opens it. The link is good for its use after that.
pub(in crate::compat::backrest) async fn show_reset(call: Call, path: Token) -> Answer {
    let token = token(path)?;
    require_good(&call, &token).await?;
    redirect(&target(&call, &call.app().config.backrest.redirect_reset.replace("%s", &token)))
}

async fn require_good(call: &Call, token: &str) -> Result<(), Refusal> {
    let good = is_good_for(call, token, Purpose::PasswordReset).await.map_err(not_good)?;
    if good { Ok(()) } else { Err(Refusal::not_found()) }
}

fn not_good(failure: Failure) -> Refusal {
    if failure.code == Code::InvalidState || blames(&failure, "token") {
        return Refusal::not_found();
    }
    failure.into()
}

pub(in crate::compat::backrest) async fn reset(Talking(call): Talking, path: Token, request: Request) -> Answer {
    let token = token(path)?;
    require_good(&call, &token).await?;
    let mut form = Form::read_json(&call, request).await?;
    let password = form.required("password");
    form.finish()?;
    let input = json!({ "token": token, "newPassword": password });
    RESET.run(&call, json!({ "input": input })).await.map_err(not_good)?;
    Ok(done())
}

/// Who asks comes first. Where the new password is wrong, the present one is looked at only if it is there; an account
/// without any may leave it out.
pub(in crate::compat::backrest) async fn change(Talking(call): Talking, request: Request) -> Answer {
    user(&call)?;
    let mut form = Form::read(&call, request).await?;
    let password = form.required("password");
    let missing = form.get("current").is_none();
    let given = form.get("current").filter(|value| !is_nothing(value));
    let current = given.and_then(Value::as_str).map(str::to_owned);
    if form.is_wrong() && given.is_some() && !is_own_password(&call, current.as_deref().unwrap_or_default()).await? {
        form.blame_first("current", OTHER_PASSWORD);
    }
    form.finish()?;
    let input = json!({ "confirmPassword": current, "newPassword": password });
    match CHANGE.run(&call, json!({ "input": input })).await {
        Ok(_) => Ok(done()),
        Err(failure) if blames(&failure, "confirmPassword") => {
            let text = if missing { "current is missing" } else { OTHER_PASSWORD };
            let new = failure.fields.iter().filter(|field| field.path == "newPassword");
            let new = new.map(|field| Fault::of("password", field.message.clone()));
            Err(Refusal::faults(new.collect()).preceded_by("current", text))
        }
        Err(failure) => Err(failure.into()),
    }
}
