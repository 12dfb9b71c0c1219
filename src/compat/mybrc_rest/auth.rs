//! Who asks: `Authorization: Token <token>`, as the plugins send it, or as everywhere else.

use axum::http::Method;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::compat::auth::any;
use crate::compat::failure::Failure;
use crate::compat::surface::Surface;
use crate::viewer::{Credential, Viewer, log_in_first};

/// Where a token is given for a name and a password: the path as the table has it.
pub(super) const LOG_IN: &str = "/api_token_auth/";

/// Reading was open: there the user may stand in whom the operator names. What writes, and the question whether a job may
/// be submitted, took a token, and still does.
pub(super) fn authenticate<'a>(surface: &'a Surface, parts: &'a Parts) -> BoxFuture<'a, Result<Viewer, Failure>> {
    async move {
        if let Some(token) = token(parts) {
            return Ok((surface.http.authenticate)(Some(token)).await?);
        }
        let viewer = any(surface, parts).await?;
        let path = parts.uri.path();
        let is_stand_in = matches!(&viewer, Viewer::User(user) if matches!(user.credential, Credential::StandIn));
        let reads = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let is_open = reads && !path.starts_with("/can_submit_job/");
        match viewer {
            // It is how one gets a token.
            viewer if parts.method == Method::POST && path == LOG_IN => Ok(viewer),
            Viewer::Anonymous => Err(log_in_first().into()),
            _ if is_stand_in && !is_open => Err(log_in_first().into()),
            viewer => Ok(viewer),
        }
    }
    .boxed()
}

/// The token behind the plugins' word for it.
fn token(parts: &Parts) -> Option<String> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("token").then(|| token.trim().to_owned())
}
