//! Who asks: a token in the header, or the cookie of a log-in. Here only people in full use of their account are somebody:
//! the old server knew no others.

use axum::http::request::Parts;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::envelope::Refusal;
use crate::compat::surface::Surface;
use crate::compat::{Call, Failure, auth};
use crate::viewer::{UserViewer, Viewer};

/// The user of the header or the cookie. An account that waits, was stopped or has an address that nobody confirmed,
/// and a runner, are nobody here.
pub(super) fn authenticate<'a>(surface: &'a Surface, parts: &'a Parts) -> BoxFuture<'a, Result<Viewer, Failure>> {
    async move {
        let viewer = auth::any_or_cookie(surface, parts).await?;
        Ok(if is_active(&viewer) { viewer } else { Viewer::Anonymous })
    }
    .boxed()
}

/// Whether somebody is what the old server called active. It confirmed an address before it let anybody in; other APIs
/// here may not, and their cookies and tokens come here, too.
pub(super) fn is_active(viewer: &Viewer) -> bool {
    viewer.is_active_user() && matches!(viewer, Viewer::User(user) if !user.user.is_unverified())
}

/// The user who asks. Anybody else is refused: this API never says 401.
pub(super) fn user(call: &Call) -> Result<&UserViewer, Refusal> {
    match call.viewer() {
        Viewer::User(user) => Ok(user),
        Viewer::Anonymous | Viewer::Runner(_) | Viewer::Operator => Err(Refusal::forbidden()),
    }
}
