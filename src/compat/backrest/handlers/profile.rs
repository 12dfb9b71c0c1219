//! What a user is called, and the end of an account.

use axum::extract::Request;
use axum::http::Uri;
use serde::Deserialize;
use serde_json::{Map, json};

use super::session::own;
use super::{Answer, OTHER_PASSWORD, blames, operation};
use crate::compat::backrest::auth::user;
use crate::compat::backrest::envelope::{Refusal, done, shown};
use crate::compat::backrest::form::Form;
use crate::compat::backrest::negotiate::Talking;
use crate::compat::backrest::wire::User;

operation!(SHOW_USER, "Backrest_ShowUser", "show_user", Found);
operation!(UPDATE, "Backrest_UpdateProfile", "update_profile");
operation!(DELETE, "Backrest_DeleteSelf", "delete_self");

/// A user whom an admin asks for.
#[derive(Debug, Deserialize)]
pub(in crate::compat::backrest) struct Found {
    user: Option<User>,
}

/// The caller; for an admin anybody, by the address in the query, which is not looked at for others.
pub(in crate::compat::backrest) async fn show(Talking(call): Talking, uri: Uri) -> Answer {
    user(&call)?;
    let mut query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let email = query.find(|(name, value)| name == "email" && !value.is_empty()).map(|(_, email)| email.into_owned());
    let found = match email.filter(|_| call.viewer().is_admin()) {
        Some(email) => {
            let found = SHOW_USER.run(&call, json!({ "email": email })).await;
            // What cannot be an address is nobody's.
            found.map_err(|failure| if blames(&failure, "email") { Refusal::not_found() } else { failure.into() })?.user
        }
        None => own(&call).await?,
    };
    Ok(shown(&found.ok_or_else(Refusal::not_found)?.into_json()))
}

/// What is absent, null or empty stays: a name cannot be taken away here.
pub(in crate::compat::backrest) async fn update(Talking(call): Talking, request: Request) -> Answer {
    let mut form = Form::read(&call, request).await?;
    let names = [("firstName", form.optional("firstname")), ("lastName", form.optional("lastname"))];
    form.finish()?;
    user(&call)?;
    let given: Map<_, _> =
        names.into_iter().filter_map(|(field, name)| Some((field.to_owned(), name?.into()))).collect();
    if !given.is_empty() {
        UPDATE.run(&call, json!({ "input": given })).await?;
    }
    Ok(done())
}

/// Deletes the caller, and nobody else.
pub(in crate::compat::backrest) async fn delete(Talking(call): Talking, request: Request) -> Answer {
    let mut form = Form::read(&call, request).await?;
    let password = form.required("password");
    form.finish()?;
    user(&call)?;
    match DELETE.run(&call, json!({ "input": { "confirmPassword": password } })).await {
        Ok(_) => {
            let mut response = shown(&json!({ "message": "goodbye" }));
            call.take_cookie_back(&mut response);
            Ok(response)
        }
        Err(failure) if blames(&failure, "confirmPassword") => Err(Refusal::fault("password", OTHER_PASSWORD)),
        Err(failure) => Err(failure.into()),
    }
}
