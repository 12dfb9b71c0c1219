//! Logging in and out, as the code that followed the document did it: every outcome is a 200, and `status` says which.

use axum::extract::Request;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::envelope::{Refusal, told};
use super::users::{Own, SHOW_SELF};
use super::{Answer, id};
use crate::compat::{Call, Failure, Operation};
use crate::error::Code;
use crate::viewer::{Permission, Viewer};

/// Bytes of a form with a name and a password.
const FORM: usize = 16_384;

/// What to log in with.
#[derive(Debug, Serialize)]
pub(in super::super) struct LogIn {
    input: Form,
}

#[derive(Serialize)]
struct Form {
    login: String,
    password: String,
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Form").field("login", &self.login).finish_non_exhaustive()
    }
}

/// Nothing to say.
#[derive(Debug, Serialize)]
pub(in super::super) struct Nothing {}

/// See its document.
pub(in super::super) static LOG_IN: Operation<LogIn, Created> =
    Operation::new("Mobyle2_LogIn", include_str!("../operations/log_in.graphql"));

/// See its document.
pub(in super::super) static LOG_OUT: Operation<Nothing, Value> =
    Operation::new("Mobyle2_LogOut", include_str!("../operations/log_out.graphql"));

/// A new log-in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Created {
    session_create: Token,
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

/// Who is logged in already gets its own record, whatever it sends.
pub(in super::super) async fn log_in(call: Call, request: Request) -> Answer {
    if matches!(call.viewer(), Viewer::User(_)) {
        return Ok(told(&record(&call).await?));
    }
    let body = call.body(request, FORM).await?;
    let mut input = Form { login: String::new(), password: String::new() };
    for (key, value) in form_urlencoded::parse(&body).filter(|(key, _)| call.route().reads_form(key)) {
        match key.as_ref() {
            "username" => input.login = value.into_owned(),
            "password" => input.password = value.into_owned(),
            _ => {}
        }
    }
    let token = match LOG_IN.run(&call, LogIn { input }).await {
        Ok(created) => created.session_create.token,
        Err(failure) => return refused(failure),
    };
    let mut response = told(&record(&call.becoming(token.clone()).await?).await?);
    call.give_cookie(&mut response, &token);
    Ok(response)
}

/// What is wrong with a name or a password, nobody is told.
fn refused(failure: Failure) -> Answer {
    if !failure.refuses_log_in() {
        return Err(failure.into());
    }
    let body = json!({ "user": null, "status": 1, "msg": "Wrong username or password", "admin": false,
        "default_project": false });
    Ok(told(&body))
}

async fn record(call: &Call) -> Result<Value, Refusal> {
    // A token may be no good for projects; its user is told the rest all the same.
    let with_project = matches!(call.viewer(), Viewer::User(user) if user.holds(Permission::ProjectsRead));
    let own = SHOW_SELF.run(call, Own { with_project }).await?.viewer.user;
    let own = own.ok_or_else(|| Refusal::forbidden("Only a user logs in."))?;
    let project = own.personal_project.map_or(Value::Bool(false), |project| id(project.number()).into());
    let admin = own.user.is_admin();
    Ok(json!({ "user": own.user.email, "status": 0, "msg": "", "admin": admin, "default_project": project }))
}

/// Who is not logged in is logged out, too.
pub(in super::super) async fn log_out(call: Call) -> Answer {
    let body = json!({ "user": null, "status": 0, "msg": "" });
    match LOG_OUT.run(&call, Nothing {}).await {
        Ok(_) => Ok(without_cookie(&call, &body)),
        Err(failure) => match failure.code {
            // A token of a program is no log-in, and goes on.
            Code::Unauthenticated | Code::Forbidden | Code::NotFound | Code::InvalidState => {
                Ok(without_cookie(&call, &body))
            }
            Code::AlreadyExists
            | Code::InsufficientFunds
            | Code::IdempotencyMismatch
            | Code::LeaseLost
            | Code::Invalid
            | Code::BadRequest
            | Code::CostExceeded
            | Code::RateLimited
            | Code::Unavailable
            | Code::Internal => Err(failure.into()),
        },
    }
}

fn without_cookie(call: &Call, body: &Value) -> Response {
    let mut response = told(body);
    call.take_cookie_back(&mut response);
    response
}
