//! The root.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use crate::compat::Call;
use crate::compat::mybrc::metadata;
use crate::compat::mybrc::render::unwritten;

pub(in crate::compat::mybrc) async fn show(call: Call, _: Request) -> Response {
    let body = json!({
        "users": call.link("/users/"),
        "jobs": call.link("/jobs/"),
        "accounts": call.link("/accounts/"),
    });
    unwritten(StatusCode::OK, body)
}

pub(in crate::compat::mybrc) async fn describe(_: Call, _: Request) -> Response {
    metadata::answer("Api Root", "The default basic root view for DefaultRouter", None)
}
