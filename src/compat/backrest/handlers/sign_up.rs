//! Signing up, and following the link that confirms it.

use axum::extract::Request;
use axum::http::{Method, Uri};
use serde::Deserialize;
use serde_json::json;

use super::link::{Purpose, is_good_for, target};
use super::{Answer, TAKEN, about_address, blame_taken, blames, is_taken, operation};
use crate::compat::backrest::envelope::{Refusal, done, redirect};
use crate::compat::backrest::form::Form;
use crate::compat::backrest::negotiate::Talking;
use crate::compat::{Call, Failure};
use crate::error::Code;

operation!(SIGN_UP, "Backrest_SignUp", "sign_up");
operation!(ACTIVATE, "Backrest_Activate", "activate", Activated);

/// An account that was confirmed, with the session that comes of that.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::backrest) struct Activated {
    user_activate: Token,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
}

impl std::fmt::Debug for Activated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Activated").finish_non_exhaustive()
    }
}

pub(in crate::compat::backrest) async fn sign_up(Talking(call): Talking, request: Request) -> Answer {
    let mut form = Form::read(&call, request).await?;
    let (email, password) = (form.address("email"), form.required("password"));
    let (first_name, last_name) = (form.optional("firstname"), form.optional("lastname"));
    blame_taken(&call, &mut form, &email).await?;
    form.finish()?;
    let input = json!({ "email": email, "password": password, "firstName": first_name, "lastName": last_name });
    match SIGN_UP.run(&call, json!({ "input": input })).await {
        Ok(_) => Ok(done()),
        Err(failure) if failure.code == Code::Invalid && is_taken(&call, &email).await? => {
            Err(about_address(failure).preceded_by("email", TAKEN))
        }
        Err(failure) => Err(about_address(failure)),
    }
}

/// A browser opens it. HEAD, which scanners of mail send, tells where it would lead and does nothing.
pub(in crate::compat::backrest) async fn confirm(call: Call, method: Method, uri: Uri) -> Answer {
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let token = query.into_iter().find(|(name, _)| name == "token").map(|(_, token)| token.into_owned());
    let token = token.unwrap_or_default();
    if !is_good_for(&call, &token, Purpose::Activation).await.map_err(unconfirmed)? {
        return Err(Refusal::not_found());
    }
    let mut response = redirect(&target(&call, &call.app().config.backrest.redirect_signup))?;
    if method != Method::HEAD {
        let activated = ACTIVATE.run(&call, json!({ "input": { "token": token } })).await.map_err(unconfirmed)?;
        if let Some(token) = activated.user_activate.token {
            call.give_cookie(&mut response, &token);
        }
    }
    Ok(response)
}

/// Who has confirmed already is told so.
fn unconfirmed(failure: Failure) -> Refusal {
    match failure.code {
        Code::InvalidState => Refusal::forbidden(),
        _ if blames(&failure, "token") => Refusal::not_found(),
        _ => failure.into(),
    }
}
