//! Who asks. The old server had no log-in: whoever brings no credential acts as the user that the operator lets stand in,
//! or is refused.

use axum::http::StatusCode;
use axum::http::request::Parts;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::compat::auth::somebody;
use crate::compat::failure::Failure;
use crate::compat::surface::Surface;
use crate::config::MybrcProfile;
use crate::error::Code;
use crate::viewer::Viewer;

/// As everywhere; a refusal's status says which profile's it is (401 in `documented`, 403 in `as-built`).
pub(super) fn authenticate<'a>(surface: &'a Surface, parts: &'a Parts) -> BoxFuture<'a, Result<Viewer, Failure>> {
    async move {
        somebody(surface, parts).await.map_err(|failure| {
            let as_built = surface.app.config.mybrc.profile == MybrcProfile::AsBuilt;
            if as_built && failure.code == Code::Unauthenticated {
                return Failure { status: StatusCode::FORBIDDEN, ..failure };
            }
            failure
        })
    }
    .boxed()
}
