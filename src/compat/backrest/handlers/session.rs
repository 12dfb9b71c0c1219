//! Logging in and out, and who is logged in.

use axum::extract::Request;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answer, operation};
use crate::compat::backrest::auth::is_active;
use crate::compat::backrest::envelope::{Refusal, done, shown};
use crate::compat::backrest::form::Form;
use crate::compat::backrest::negotiate::Talking;
use crate::compat::backrest::wire::User;
use crate::compat::{Call, Failure};
use crate::viewer::Viewer;

operation!(SHOW_SELF, "Backrest_ShowSelf", "show_self", Shown);
operation!(LOG_IN, "Backrest_LogIn", "log_in", LoggedIn);
operation!(LOG_OUT, "Backrest_LogOut", "log_out");

/// Who asks.
#[derive(Debug, Deserialize)]
pub(in crate::compat::backrest) struct Shown {
    viewer: Own,
}

#[derive(Debug, Deserialize)]
struct Own {
    user: Option<User>,
}

/// A new session.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::backrest) struct LoggedIn {
    session_create: Token,
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

impl std::fmt::Debug for LoggedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoggedIn").finish_non_exhaustive()
    }
}

/// The user who asks; none for nobody.
pub(super) async fn own(call: &Call) -> Result<Option<User>, Refusal> {
    match call.viewer() {
        Viewer::User(_) => Ok(SHOW_SELF.run(call, json!({})).await?.viewer.user),
        Viewer::Anonymous | Viewer::Runner(_) | Viewer::Operator => Ok(None),
    }
}

/// What the front end asks when it starts.
pub(in crate::compat::backrest) async fn about(Talking(call): Talking) -> Answer {
    let own = own(&call).await?;
    let mut body = json!({ "debug": false, "version": env!("CARGO_PKG_VERSION"), "authenticated": own.is_some() });
    if let Some(user) = own {
        body["user"] = user.into_json();
    }
    Ok(shown(&body))
}

/// Of nobody the one word is told, and nothing else: clients look at that.
pub(in crate::compat::backrest) async fn show(Talking(call): Talking) -> Answer {
    let own = own(&call).await?;
    let authenticated = own.is_some();
    let mut fields = own.map_or_else(Map::new, User::into_fields);
    fields.insert("authenticated".to_owned(), authenticated.into());
    Ok(shown(&Value::Object(fields)))
}

pub(in crate::compat::backrest) async fn log_in(Talking(call): Talking, request: Request) -> Answer {
    let mut form = Form::read_json(&call, request).await?;
    let (login, password) = (form.required("login"), form.required("password"));
    form.finish()?;
    // An address is meant, never a user name: names have no @, and so none is found.
    let login = if login.contains('@') { login } else { format!("{login}@") };
    let logged_in = LOG_IN.run(&call, json!({ "input": { "login": login, "password": password } })).await;
    let token = logged_in.map_err(refused)?.session_create.token;
    let inside = call.becoming(token.clone()).await?;
    if !is_active(inside.viewer()) {
        // An account that an admin has stopped: to the old server it was one that nobody logs in to.
        LOG_OUT.run(&inside, json!({})).await?;
        return Err(no_log_in());
    }
    let user = own(&inside).await?.ok_or_else(no_log_in)?;
    let mut response = shown(&json!({ "status": "success", "user": user.into_json() }));
    call.give_cookie(&mut response, &token);
    Ok(response)
}

/// Whatever is wrong with a name or a password: nobody is told what.
fn refused(failure: Failure) -> Refusal {
    if failure.refuses_log_in() { no_log_in() } else { failure.into() }
}

fn no_log_in() -> Refusal {
    Refusal::fault("login", "Login failed")
}

/// Who is not logged in is logged out, too. So is who has a session and may not use it here: it ends all the same.
pub(in crate::compat::backrest) async fn log_out(call: Call, headers: HeaderMap) -> Answer {
    let inside = match call.viewer() {
        Viewer::Anonymous => call.by_cookie(&headers).await?,
        Viewer::User(_) | Viewer::Runner(_) | Viewer::Operator => Some(call.clone()),
    };
    // A program's token is no log-in, and goes on.
    if let Some(inside) = inside.filter(|inside| inside.viewer().session_id().is_some()) {
        LOG_OUT.run(&inside, json!({})).await?;
    }
    let mut response = done();
    call.take_cookie_back(&mut response);
    Ok(response)
}
