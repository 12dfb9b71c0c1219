//! What a request shows to prove who sends it: a bearer token, or the cookie of a browser that has logged in.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

use super::client::{RequestInfo, bearer};
use super::operation;
use super::reply::Refusal;
use super::state::Shared;
use crate::error::Code;
use crate::infra::secret::{Secret, SecretKind};

/// The cookie's name.
pub const NAME: &str = "docket_session";

/// The token that a request is sent with. Of a cookie only one that opens something: a browser sends it along without
/// being asked, also when its session is long over, and cannot take it back by itself.
///
/// # Errors
/// 401 for an `Authorization` header that cannot be read; 503 when a cookie cannot be looked up.
pub(super) async fn credential(state: &Shared, headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    if let Some(token) = bearer(headers)? {
        return Ok(Some(token));
    }
    let Some(token) = cookie(headers) else { return Ok(None) };
    match operation::authenticate(state, Some(token.clone())).await {
        Ok(_) => Ok(Some(token)),
        Err(refusal) if refusal.code() == Code::Unauthenticated => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// The token in the cookie, if it is a session's.
#[must_use]
pub fn cookie(headers: &HeaderMap) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    let token = jar.get(NAME)?.value();
    Secret::parse(token).filter(|secret| secret.kind() == SecretKind::Session).map(|_| token.to_owned())
}

/// Gives a browser a session's token to keep, for so many seconds: no script sees it, and no other site's page makes the
/// browser send it with anything that writes.
pub(super) fn keep(response: &mut Response, state: &Shared, info: &RequestInfo, token: String, seconds: i64) {
    set(response, Cookie::new(NAME, token), state, info, seconds);
}

/// Makes a browser forget it.
pub(super) fn forget(response: &mut Response, state: &Shared, info: &RequestInfo) {
    set(response, Cookie::new(NAME, ""), state, info, 0);
}

fn set(response: &mut Response, mut cookie: Cookie<'static>, state: &Shared, info: &RequestInfo, seconds: i64) {
    cookie.set_path("/");
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_secure(info.secure || state.config.public_url.starts_with("https:"));
    let text = format!("{cookie}; Max-Age={seconds}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}
