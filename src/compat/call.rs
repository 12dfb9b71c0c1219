//! One request of an old API, as its handler is given it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;

use super::answer::read_body;
use super::failure::Failure;
use super::link::Base;
use super::route::Route;
use super::surface::Surface;
use crate::app::App;
use crate::graphql::Caller;
use crate::http::Shared;
use crate::http::kit::RequestInfo;
use crate::origin::Via;
use crate::viewer::Viewer;

/// Who asks, by which route, on which surface. Handlers take it as their first argument; clones are the same call.
#[derive(Clone, Debug)]
pub struct Call(Arc<Asked>);

#[derive(Debug)]
pub(super) struct Asked {
    pub(super) surface: Arc<Surface>,
    pub(super) route: Arc<Route>,
    pub(super) info: RequestInfo,
    pub(super) viewer: Viewer,
    pub(super) base: Base,
}

impl Call {
    pub(super) fn new(asked: Asked) -> Self {
        Self(Arc::new(asked))
    }

    /// Who asks.
    #[must_use]
    pub fn viewer(&self) -> &Viewer {
        &self.0.viewer
    }

    /// The line of the table that it came by.
    #[must_use]
    pub fn route(&self) -> &Route {
        &self.0.route
    }

    /// The running server, for what no operation does; each such route says why in the table.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.0.surface.app
    }

    /// The id of this request, as the log and every answer name it.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.0.info.id
    }

    /// An absolute link to a path of this dialect (`/jobs/1`, or nothing for the dialect itself).
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        self.0.base.link(path)
    }

    /// Reads a body of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// Status 413 when it is larger, 408 when it takes too long, 400 when it breaks off.
    pub async fn body(&self, request: axum::extract::Request, limit: usize) -> Result<axum::body::Bytes, Failure> {
        read_body(self.http(), request, limit).await
    }

    /// The same call, made by whoever this token belongs to: what a log-in, which is nobody's, goes on with.
    ///
    /// # Errors
    ///
    /// When the token opens nothing, or the server cannot tell now.
    pub async fn becoming(&self, token: String) -> Result<Self, Failure> {
        let viewer = (self.http().authenticate)(Some(token)).await?;
        let Asked { surface, route, info, viewer: _, base } = &*self.0;
        let (surface, route) = (Arc::clone(surface), Arc::clone(route));
        Ok(Self::new(Asked { surface, route, info: info.clone(), viewer, base: base.clone() }))
    }

    /// How it came in, for what no operation does.
    #[must_use]
    pub fn via(&self) -> Via {
        Via { origin: self.0.surface.dialect.origin, client: self.0.info.client.clone() }
    }

    pub(super) fn http(&self) -> &Shared {
        &self.0.surface.http
    }

    pub(super) fn caller(&self) -> Caller {
        let RequestInfo { id, client, .. } = self.0.info.clone();
        let origin = self.0.surface.dialect.origin;
        Caller { viewer: Viewer::Anonymous, origin, request_id: id, client, resume: None }
    }
}

/// What the entrance has put into the request. A handler that is not reached through it has no call.
impl<S: Send + Sync> FromRequestParts<S> for Call {
    type Rejection = axum::http::StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Call {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}
