//! What the old server did to every request and answer: its rules for pages of other sites, and its path.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tower::Layer;

use crate::compat::place::put_at;

/// In front of every path of the old server. Where the dialect has an address of its own, clients say it, too.
const PREFIX: &str = "/api";
const METHODS: HeaderValue = HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");
const ANY: HeaderValue = HeaderValue::from_static("*");

pub(super) fn around(routes: Router) -> Router {
    Router::new().fallback_service(from_fn(dress).layer(routes))
}

async fn dress(request: Request, next: Next) -> Response {
    let asked = request.headers().clone();
    let preflight = request.method() == Method::OPTIONS && asked.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = next.run(without_prefix(request)).await;
    share(response.headers_mut(), &asked, preflight);
    response
}

/// Every page may read every answer: what lets a caller in is a header that no page sends by itself.
fn share(headers: &mut HeaderMap, asked: &HeaderMap, preflight: bool) {
    match asked.get(ORIGIN) {
        None => headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY),
        Some(origin) => {
            headers.insert(VARY, HeaderValue::from_static("Origin"));
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone())
        }
    };
    if !preflight {
        return;
    }
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    let wanted = asked.get(ACCESS_CONTROL_REQUEST_HEADERS).and_then(|wanted| wanted.to_str().ok()).unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if let Ok(wanted) = HeaderValue::from_str(&wanted.join(", "))
        && !wanted.is_empty()
    {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted);
    }
}

fn without_prefix(mut request: Request) -> Request {
    let inside = request.uri().path().strip_prefix(PREFIX).filter(|path| path.starts_with('/'));
    if let Some(path) = inside.map(str::to_owned) {
        put_at(&mut request, &path);
    }
    request
}
