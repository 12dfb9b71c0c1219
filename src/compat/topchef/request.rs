//! What the old server did to every request before it looked at its path.

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tower::Layer;
use uuid::Uuid;

use super::envelope::Refusal;
use super::json::{Style, finish};
use super::version::Version;
use super::wire;
use crate::compat::place::put_at;

/// The Java client cannot send PATCH, and asks for it with POST and this header.
const OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// Methods that a POST may stand for. The old server took the header with every method; here a GET stays one, since
/// links and pictures of other sites can send it.
const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::DELETE, Method::PUT, Method::PATCH, Method::OPTIONS];

pub(super) fn around(routes: Router) -> Router {
    Router::new().fallback_service(from_fn(dress).layer(routes))
}

async fn dress(request: Request, next: Next) -> Response {
    let request = one_slash(overridden(request));
    let (style, version) = (style(request.headers()), Version::of(request.uri().path()));
    finish(version.word(next.run(request).await), style)
}

/// How the JSON of the answer is to be written.
pub(super) fn style(headers: &HeaderMap) -> Style {
    match headers.get("x-requested-with") {
        Some(asked) if asked.as_bytes().eq_ignore_ascii_case(b"xmlhttprequest") => Style::Compact,
        _ => Style::Pretty,
    }
}

fn overridden(mut request: Request) -> Request {
    if request.method() != Method::POST {
        return request;
    }
    let asked = request.headers().get(&OVERRIDE).and_then(|asked| asked.to_str().ok()).unwrap_or_default();
    let Some(method) = METHODS.into_iter().find(|method| asked.eq_ignore_ascii_case(method.as_str())) else {
        return request;
    };
    if matches!(method, Method::GET | Method::HEAD | Method::OPTIONS | Method::DELETE) {
        *request.body_mut() = Body::empty();
        request.headers_mut().remove(CONTENT_TYPE);
    }
    *request.method_mut() = method;
    request
}

/// `//services` is `/services`.
fn one_slash(mut request: Request) -> Request {
    let path = request.uri().path();
    if path.starts_with("//") {
        let path = format!("/{}", path.trim_start_matches('/'));
        put_at(&mut request, &path);
    }
    request
}

/// A service's UUID in the path.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServiceId(pub(super) Uuid);

/// A job's UUID in the path.
#[derive(Clone, Copy, Debug)]
pub(super) struct JobId(pub(super) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for ServiceId {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        id(parts, state).await.map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for JobId {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        id(parts, state).await.map(Self)
    }
}

/// The service's UUID in the path of a job, if it stands there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Within(pub(super) Option<Uuid>);

impl<S: Send + Sync> FromRequestParts<S> for Within {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let [service, _] = &named(parts, state).await[..] else { return Ok(Self(None)) };
        wire::uuid(service).map(Some).map(Self).ok_or_else(|| Refusal::not_uuid(service))
    }
}

/// The last id of the path: version 1 had paths with two.
async fn id<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Uuid, Refusal> {
    let text = named(parts, state).await.pop().unwrap_or_default();
    wire::uuid(&text).ok_or_else(|| Refusal::not_uuid(&text))
}

async fn named<S: Send + Sync>(parts: &mut Parts, state: &S) -> Vec<String> {
    let named = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
    named.map(|Path(named)| named.into_iter().map(|(_, text)| text).collect()).unwrap_or_default()
}
