//! Which web sites' pages may call the server.
//!
//! A browser sends the `Origin` of the page with every cross-site write and every websocket. Programs send none and
//! pass: they do not act for a user who is logged in somewhere else.

use axum::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, ETAG, HOST, HeaderName, IF_RANGE,
    LOCATION, ORIGIN, RANGE, RETRY_AFTER,
};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use std::time::Duration;
use tower_http::cors::CorsLayer;

use super::HttpConfig;
use super::reply::Refusal;
use crate::error::Code;

/// # Errors
/// 403: a browser says that another site's page makes this request.
pub fn require_own(parts: &Parts, config: &HttpConfig) -> Result<(), Refusal> {
    let own = match parts.headers.get(ORIGIN) {
        Some(origin) => origin.to_str().is_ok_and(|origin| is_own(origin, parts, config)),
        None => parts.headers.get("sec-fetch-site").is_none_or(|site| site != "cross-site"),
    };
    if own {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        Code::Forbidden,
        "This request comes from a page of another site. The setting cors_origins names the sites that may call.",
    )
    .closing())
}

fn is_own(origin: &str, parts: &Parts, config: &HttpConfig) -> bool {
    let listed = config.cors_origins.iter().any(|allowed| allowed.trim_end_matches('/') == origin);
    if listed {
        return true;
    }
    let (Some(authority), public) = (authority_of(origin), authority_of(&config.public_url)) else {
        return false;
    };
    // HTTP/2 carries the host in the request target, HTTP/1 in a header.
    let host = match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => parts.headers.get(HOST).and_then(|host| host.to_str().ok()),
    };
    Some(authority) == public || host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
}

/// `host:port` of `scheme://host:port/path`.
fn authority_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split('/').next().filter(|authority| !authority.is_empty())
}

/// What browsers are told about the other sites that may call; nothing when there are none.
pub(super) fn cors(config: &HttpConfig) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> =
        config.cors_origins.iter().filter_map(|origin| origin.trim_end_matches('/').parse().ok()).collect();
    if origins.is_empty() {
        return None;
    }
    let request_id = HeaderName::from_static("x-request-id");
    let lease = HeaderName::from_static("docket-lease");
    let last_event_id = HeaderName::from_static("last-event-id");
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT])
        .allow_headers([ACCEPT, AUTHORIZATION, CONTENT_TYPE, RANGE, IF_RANGE, last_event_id, lease, request_id.clone()])
        .expose_headers([request_id, RETRY_AFTER, ETAG, CONTENT_RANGE, CONTENT_DISPOSITION, LOCATION])
        .max_age(Duration::from_hours(1));
    Some(layer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn passes(headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().uri("/graphql").header("host", "docket.test:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let config = HttpConfig {
            public_url: "https://jobs.example/docket".to_owned(),
            cors_origins: vec!["https://lab.example/".to_owned()],
            ..HttpConfig::default()
        };
        require_own(&parts, &config).is_ok()
    }

    #[test]
    fn foreign_pages_are_refused() {
        assert!(passes(&[]));
        assert!(passes(&[("origin", "http://docket.test:8080")]));
        assert!(passes(&[("origin", "https://jobs.example")]));
        assert!(passes(&[("origin", "https://lab.example"), ("sec-fetch-site", "cross-site")]));
        assert!(passes(&[("sec-fetch-site", "same-origin")]));
        assert!(!passes(&[("origin", "https://evil.example")]));
        assert!(!passes(&[("origin", "http://docket.test")]), "another port is another site");
        assert!(!passes(&[("origin", "https://lab.example.evil.example")]));
        assert!(!passes(&[("origin", "null")]));
        assert!(!passes(&[("sec-fetch-site", "cross-site")]));
    }
}
