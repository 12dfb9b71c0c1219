//! Getting a token.

use axum::extract::Request;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::compat::form::Fields;
use crate::compat::mybrc_rest::ask::Answer;
use crate::compat::mybrc_rest::envelope::{Refusal, reply};
use crate::compat::{Call, Operation};
use crate::error::Code;

/// See its document.
pub(in crate::compat::mybrc_rest) static LOG_IN: Operation<Input, LoggedIn> =
    Operation::new("MybrcRest_LogIn", include_str!("../operations/log_in.graphql"));

/// Who, and the proof of it.
#[derive(Serialize)]
pub(in crate::compat::mybrc_rest) struct Input {
    input: Credentials,
}

#[derive(Serialize)]
struct Credentials {
    login: String,
    password: String,
}

/// A log-in.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc_rest) struct LoggedIn {
    session_create: Token,
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

pub(in crate::compat::mybrc_rest) async fn give(call: Call, request: Request) -> Answer {
    let body = super::jobs::body(&call, request).await?;
    let mut wrong = Vec::new();
    let mut field = |name: &'static str| {
        let text = text(&body, name).unwrap_or_default();
        if text.is_empty() {
            wrong.push((name, "This field is required.".to_owned()));
        }
        text
    };
    let (login, password) = (field("username"), field("password"));
    if !wrong.is_empty() {
        return Err(Refusal::fields(&wrong));
    }
    match LOG_IN.run(&call, Input { input: Credentials { login, password } }).await {
        Ok(made) => Ok(reply(StatusCode::OK, &json!({ "token": made.session_create.token }))),
        // The old service answered so, and clients look for the word.
        Err(failure) if failure.code == Code::Unauthenticated => {
            Ok(reply(StatusCode::OK, &json!({ "error": "Unable to log in with provided credentials." })))
        }
        Err(failure) => Err(failure.into()),
    }
}

fn text(body: &Fields, name: &str) -> Option<String> {
    let found = body.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value)?;
    match found {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}
