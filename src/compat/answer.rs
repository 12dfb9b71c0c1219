//! Reading what came, writing what goes.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::failure::Failure;
use crate::http::Shared;
use crate::http::kit::read_within;

/// The whole body of a request.
pub(super) async fn read_body(http: &Shared, request: Request, limit: usize) -> Result<Bytes, Failure> {
    let (parts, body) = request.into_parts();
    Ok(read_within(limit, &parts.headers, body, &http.config).await?)
}

/// An answer with a body of this type.
pub(super) fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
