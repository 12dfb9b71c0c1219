//! Requests to operations, and back.

pub(super) mod accounts;
pub(super) mod jobs;
pub(super) mod runners;
pub(super) mod submit;
pub(super) mod transcripts;
pub(super) mod users;

use axum::response::Response;
use serde_json::json;

use super::envelope::{Refusal, WorkerRefusal};
use super::json::reply;
use crate::compat::Call;

/// What a handler for people's programs comes to.
type Answer = Result<Response, Refusal>;

/// What a handler for runners comes to.
type Told = Result<Response, WorkerRefusal>;

/// Most success says no more than this.
fn msg(text: impl Into<String>) -> Response {
    reply(&json!({ "msg": text.into() }))
}

pub(super) async fn about(call: Call) -> Response {
    reply(&json!({
        "msg": "A self-hostable platform on which users can create transcripts of their audio files (speech-to-text) \
                using Whisper AI",
        "sourceCode": "https://github.com/JulianFP/project-W",
        "version": call.app().config.project_w.version,
    }))
}
