//! Who asks: a token in the header, or the cookie of a log-in.

use axum::http::request::Parts;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::compat::surface::Surface;
use crate::compat::{Failure, auth, cookie};
use crate::error::Code;
use crate::viewer::Viewer;

/// Whoever the header's credential belongs to; else whoever has the cookie. An old cookie is none: who has one may log
/// in again, and reads what everybody reads.
pub(super) fn authenticate<'a>(surface: &'a Surface, parts: &'a Parts) -> BoxFuture<'a, Result<Viewer, Failure>> {
    async move {
        let viewer = auth::any(surface, parts).await?;
        let (Viewer::Anonymous, Some(token)) = (&viewer, cookie::token(&parts.headers)) else { return Ok(viewer) };
        match (surface.http.authenticate)(Some(token)).await.map_err(Failure::from) {
            Err(failure) if failure.code == Code::Unauthenticated => Ok(Viewer::Anonymous),
            known => known,
        }
    }
    .boxed()
}
