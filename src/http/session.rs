//! Log-in and log-out for browsers: `POST /session`, `DELETE /session`. They run the same operations as the API, and do the
//! one thing that an operation cannot: set a cookie.

use axum::extract::{Extension, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::client::RequestInfo;
use super::credential::{credential, forget, keep};
use super::negotiate::{Media, require_json};
use super::own::{self, Answer};
use super::reply::{self, Refusal};
use super::state::Shared;
use super::{body, operation, site};
use crate::viewer::Viewer;

const LOG_IN: &str = "mutation Http_LogIn($input: SessionCreateInput!) { \
     sessionCreate(input: $input) { token session { id createdAt expiresAt } user { id username } } }";
const LOG_OUT: &str = "mutation Http_LogOut { sessionDelete { deleted } }";

/// What to log in with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogIn {
    login: String,
    password: String,
}

/// Logs a browser in.
pub(super) async fn create(
    State(state): State<Shared>,
    Extension(info): Extension<RequestInfo>,
    request: Request,
) -> Response {
    log_in(&state, &info, request).await.unwrap_or_else(|refusal| refusal.respond(&info.id, Media::Json))
}

async fn log_in(state: &Shared, info: &RequestInfo, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    site::require_own(&parts, &state.config)?;
    require_json(&parts.headers)?;
    let body = body::read(&parts.headers, body, &state.config).await?;
    let LogIn { login, password } = serde_json::from_slice(&body)
        .map_err(|_| Refusal::bad_request("The body must be a JSON object with `login` and `password`, both texts."))?;
    let variables = json!({ "input": { "login": login, "password": password } });
    let data = match own::run(state, info, Viewer::Anonymous, LOG_IN, variables).await? {
        Answer::Data(data) => data,
        Answer::Refused(errors) => return Ok(errors.respond()),
    };
    let made = &data["sessionCreate"];
    let shown = json!({ "user": made["user"], "session": made["session"] });
    let mut response = reply::json(StatusCode::CREATED, Media::Json, shown.to_string());
    let token = made["token"].as_str().unwrap_or_default().to_owned();
    let moment =
        |name: &str| made["session"][name].as_str().and_then(|text| text.parse::<chrono::DateTime<chrono::Utc>>().ok());
    let seconds = match (moment("createdAt"), moment("expiresAt")) {
        (Some(from), Some(to)) => (to - from).num_seconds(),
        _ => 0,
    };
    keep(&mut response, state, info, token, seconds);
    Ok(response)
}

/// Logs a browser out: the session ends, and the cookie goes. Without a session there is only the cookie to take back.
pub(super) async fn delete(
    State(state): State<Shared>,
    Extension(info): Extension<RequestInfo>,
    request: Request,
) -> Response {
    log_out(&state, &info, request).await.unwrap_or_else(|refusal| refusal.respond(&info.id, Media::Json))
}

async fn log_out(state: &Shared, info: &RequestInfo, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    site::require_own(&parts, &state.config)?;
    let viewer = operation::authenticate(state, credential(state, &parts.headers).await?).await?;
    if viewer.session_id().is_some()
        && let Answer::Refused(errors) = own::run(state, info, viewer, LOG_OUT, json!({})).await?
    {
        return Ok(errors.respond());
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    forget(&mut response, state, info);
    Ok(response)
}

/// Neither POST nor DELETE.
pub(super) async fn method_not_allowed(Extension(info): Extension<RequestInfo>, method: Method) -> Response {
    let message = format!("{method} is not possible here: POST logs in, DELETE logs out.");
    Refusal::method("POST, DELETE", message).closing().respond(&info.id, Media::Json)
}
