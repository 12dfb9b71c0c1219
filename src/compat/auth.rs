//! From a credential to a viewer, as most dialects do it.

use axum::http::request::Parts;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::cookie;
use super::failure::Failure;
use super::surface::Surface;
use crate::domain::session;
use crate::error::Code;
use crate::http::kit::{credentials, require_known_host, session_cookie};
use crate::viewer::Viewer;

/// Whoever the credential belongs to (`Bearer`, `Basic` with the token as the password, or a session's cookie); without
/// one, the user that the operator lets stand in, else nobody: the operations then refuse what takes somebody.
pub(super) fn any<'a>(surface: &'a Surface, parts: &'a Parts) -> BoxFuture<'a, Result<Viewer, Failure>> {
    async move {
        if let Some(token) = credentials(&parts.headers)? {
            return Ok((surface.http.authenticate)(Some(token)).await?);
        }
        if let Some(viewer) = of_cookie(surface, session_cookie(&parts.headers)).await? {
            return Ok(viewer);
        }
        match &surface.mount.anonymous_as {
            Some(name) => {
                let own = surface.mount.public_url.as_deref();
                let public_urls: Vec<&str> = own.into_iter().chain([surface.app.config.public_url.as_str()]).collect();
                require_known_host(parts, &public_urls)?;
                Ok(session::stand_in(&surface.app, name).await?)
            }
            None => Ok(Viewer::Anonymous),
        }
    }
    .boxed()
}

/// Whoever a cookie belongs to. A browser sends it unasked, also when its session is over: then it says nothing.
async fn of_cookie(surface: &Surface, token: Option<String>) -> Result<Option<Viewer>, Failure> {
    let Some(token) = token else { return Ok(None) };
    match (surface.http.authenticate)(Some(token)).await.map_err(Failure::from) {
        Err(failure) if failure.code == Code::Unauthenticated => Ok(None),
        known => known.map(Some),
    }
}

/// The same, with the cookie of a log-in at an old API's own page. It goes before the cookie of docket's own pages,
/// which the same browser may send: who logged in here is meant, and logs out. A header, which no browser sends by
/// itself, goes before both.
pub(super) fn any_or_cookie<'a>(surface: &'a Surface, parts: &'a Parts) -> BoxFuture<'a, Result<Viewer, Failure>> {
    async move {
        if credentials(&parts.headers)?.is_none()
            && let Some(viewer) = of_cookie(surface, cookie::token(&parts.headers)).await?
        {
            return Ok(viewer);
        }
        any(surface, parts).await
    }
    .boxed()
}

/// The same for dialects that know no log-in and had everything open: there a caller without a credential, and without
/// anybody to stand in, is refused at every route.
pub(super) fn somebody<'a>(surface: &'a Surface, parts: &'a Parts) -> BoxFuture<'a, Result<Viewer, Failure>> {
    async move {
        match any(surface, parts).await? {
            Viewer::Anonymous => Err(crate::viewer::log_in_first().into()),
            viewer => Ok(viewer),
        }
    }
    .boxed()
}
