//! From a credential to a viewer, as most dialects do it.

use axum::http::request::Parts;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::cookie;
use super::failure::Failure;
use super::surface::Surface;
use crate::domain::session;
use crate::error::Code;
use crate::http::kit::{credentials, session_cookie};
use crate::viewer::Viewer;

/// Whoever the credential belongs to (`Bearer`, `Basic` with the token as the password, or a session's cookie); without
/// one, the user that the operator lets stand in, else nobody: the operations then refuse what takes somebody.
pub(super) fn any<'a>(surface: &'a Surface, parts: &'a Parts) -> BoxFuture<'a, Result<Viewer, Failure>> {
    async move {
        if let Some(token) = credentials(&parts.headers)? {
            return Ok((surface.http.authenticate)(Some(token)).await?);
        }
        // A browser sends the cookie unasked, also when its session is over: then it says nothing.
        if let Some(token) = session_cookie(&parts.headers) {
            match (surface.http.authenticate)(Some(token)).await.map_err(Failure::from) {
                Err(failure) if failure.code == Code::Unauthenticated => {}
                known => return known,
            }
        }
        match &surface.mount.anonymous_as {
            Some(name) => Ok(session::stand_in(&surface.app, name).await?),
            None => Ok(Viewer::Anonymous),
        }
    }
    .boxed()
}

/// The same; else whoever has the cookie of a log-in at an old API's own page. An old cookie is none: who has one may log
/// in again, and reads what everybody reads.
pub(super) fn any_or_cookie<'a>(surface: &'a Surface, parts: &'a Parts) -> BoxFuture<'a, Result<Viewer, Failure>> {
    async move {
        let viewer = any(surface, parts).await?;
        let (Viewer::Anonymous, Some(token)) = (&viewer, cookie::token(&parts.headers)) else { return Ok(viewer) };
        match (surface.http.authenticate)(Some(token)).await.map_err(Failure::from) {
            Err(failure) if failure.code == Code::Unauthenticated => Ok(Viewer::Anonymous),
            known => known,
        }
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
