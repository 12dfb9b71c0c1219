//! The cookie of those old APIs whose clients log in by a page: it carries a session's token, under the name that their
//! clients know.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use axum_extra::extract::cookie::{Cookie, SameSite};

use super::call::Call;
use super::failure::Failure;
use crate::error::Code;

/// Pyramid's, with which backrest and Mobyle2 were written.
pub(super) const NAME: &str = "auth_tkt";

/// The token in the cookie of a request.
pub(super) fn token(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = cookies.flat_map(Cookie::split_parse).filter_map(Result::ok);
    cookies.find(|cookie| cookie.name() == NAME && !cookie.value().is_empty()).map(|cookie| cookie.value().to_owned())
}

impl Call {
    /// The same call, made by whoever the cookie belongs to, whatever its dialect thinks of that caller; none where it
    /// opens nothing.
    ///
    /// # Errors
    ///
    /// When the server cannot tell now.
    pub async fn by_cookie(&self, headers: &HeaderMap) -> Result<Option<Self>, Failure> {
        let Some(token) = token(headers) else { return Ok(None) };
        match self.becoming(token).await {
            Err(failure) if failure.code == Code::Unauthenticated => Ok(None),
            inside => inside.map(Some),
        }
    }

    /// Gives a browser a session's token, to keep until it is closed: the session ends by itself.
    pub fn give_cookie(&self, response: &mut Response, token: &str) {
        give(response.headers_mut(), token, self.is_secure());
    }

    /// Takes it back.
    pub fn take_cookie_back(&self, response: &mut Response) {
        take_back(response.headers_mut(), self.is_secure());
    }

    /// Whether clients reach this over TLS: then nobody else is to read the cookie on its way.
    fn is_secure(&self) -> bool {
        self.link("").starts_with("https:")
    }
}

fn give(headers: &mut HeaderMap, token: &str, secure: bool) {
    set(headers, Cookie::new(NAME, token.to_owned()), secure);
}

fn take_back(headers: &mut HeaderMap, secure: bool) {
    let mut cookie = Cookie::new(NAME, "");
    cookie.make_removal();
    set(headers, cookie, secure);
}

fn set(headers: &mut HeaderMap, mut cookie: Cookie<'static>, secure: bool) {
    cookie.set_path("/");
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_secure(secure);
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        headers.append(SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, text.parse().expect("a header value"));
            token(&headers)
        };
        assert_eq!(read("a=b; auth_tkt=dks_x; c=d"), Some("dks_x".to_owned()));
        assert_eq!(read("auth_tkt=; xauth_tkt=y; auth_tkt_=z; ;=;"), None);
        assert_eq!(token(&HeaderMap::new()), None);
    }

    #[test]
    fn scripts_and_other_sites_do_not_get_it() {
        let mut headers = HeaderMap::new();
        give(&mut headers, "dks_x", true);
        assert_eq!(headers[SET_COOKIE], "auth_tkt=dks_x; HttpOnly; SameSite=Lax; Secure; Path=/");
        let mut headers = HeaderMap::new();
        take_back(&mut headers, false);
        let cookie = headers[SET_COOKIE].to_str().expect("text");
        assert!(cookie.starts_with("auth_tkt=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0; Expires="), "{cookie}");
    }
}
