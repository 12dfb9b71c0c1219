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
use std::net::IpAddr;
use std::time::Duration;
use tower_http::cors::CorsLayer;

use super::HttpConfig;
use super::client::Peer;
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

/// # Errors
/// 403: a request that came over the loopback interface names a host that may be anybody's, and no credential.
///
/// A page of another site can have its own name lead to 127.0.0.1 after it was loaded. To the browser it is then at home
/// here, and `Origin` and `Host` agree; but both name the other site. Where everybody who gets as far is let in, only names
/// count that nobody else can have: `localhost`, addresses, and the hosts of these URLs.
pub fn require_known_host(parts: &Parts, public_urls: &[&str]) -> Result<(), Refusal> {
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.0.ip().to_canonical());
    let asked = match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => parts.headers.get(HOST).map(|host| host.to_str().unwrap_or_default()),
    };
    // Every browser names a host.
    let Some(asked) = asked.filter(|_| peer.is_some_and(|peer| peer.is_loopback())) else { return Ok(()) };
    let asked = host_of(asked);
    let is_own = asked.eq_ignore_ascii_case("localhost")
        || asked.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
        || public_urls.iter().filter_map(|url| authority_of(url)).any(|own| host_of(own).eq_ignore_ascii_case(asked));
    if is_own {
        return Ok(());
    }
    let message = "This server lets callers in without a credential, and does not know the host that this request names. \
                   The setting public_url says what it is called.";
    Err(Refusal::new(StatusCode::FORBIDDEN, Code::Forbidden, message).closing())
}

/// `host` of `host:port`.
fn host_of(authority: &str) -> &str {
    let port = authority.rfind(':').filter(|colon| !authority[*colon..].contains(']'));
    &authority[..port.unwrap_or(authority.len())]
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

    #[test]
    fn over_loopback_only_names_count_that_nobody_else_can_have() {
        let knows = |host: &str, peer: &str| {
            let (mut parts, ()) = Request::builder().header("host", host).body(()).expect("a request").into_parts();
            parts.extensions.insert(Peer(peer.parse().expect("an address")));
            require_known_host(&parts, &["https://jobs.example/docket", "http://old.example:5000"]).is_ok()
        };
        let here = "127.0.0.1:1";
        for own in
            ["localhost:8080", "LOCALHOST", "127.0.0.1:8080", "[::1]:8080", "[::1]", "Jobs.example", "old.example:1"]
        {
            assert!(knows(own, here), "{own}");
        }
        for foreign in
            ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1"]
        {
            assert!(!knows(foreign, here) && !knows(foreign, "[::ffff:127.0.0.1]:1"), "{foreign}");
            assert!(knows(foreign, "192.0.2.1:1"), "who comes over the network has got as far by other means");
        }
    }
}
