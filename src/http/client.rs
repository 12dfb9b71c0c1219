//! Who is at the other end of a request.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, USER_AGENT};
use base64::{Engine, engine::general_purpose::STANDARD};
use ipnet::IpNet;

use super::Client;
use crate::error::{Error, Result};

/// The address at the other end of the connection, put into each request by the accept loop.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// What is known of a request before its route looks at it.
#[derive(Clone, Debug, Default)]
pub struct RequestInfo {
    /// The name of this request, in the log and in every error.
    pub id: String,
    /// From where it came.
    pub client: Client,
}

/// From where a request came. `X-Forwarded-For` counts only as far as trusted proxies wrote it: it is read from its
/// end, and the first address that is not a trusted proxy is the client.
pub(super) fn client_of(headers: &HeaderMap, peer: Option<Peer>, trusted: &[IpNet]) -> Client {
    let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let Some(mut address) = peer.map(|peer| peer.0.ip().to_canonical()) else {
        return Client { address: None, user_agent };
    };
    let hops: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    for hop in hops.into_iter().rev() {
        if !trusted.iter().any(|network| network.contains(&address)) {
            break;
        }
        match hop.parse::<IpAddr>() {
            Ok(next) => address = next.to_canonical(),
            Err(_) => break,
        }
    }
    Client { address: Some(address), user_agent }
}

/// The bearer token of a request, if it brings one.
///
/// # Errors
/// The header is there and is not `Bearer <token>`: taking it for no credential would hide the mistake.
pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    bearer_token(value.to_str().unwrap_or_default()).map(Some)
}

/// The token that a request brings in any of the ways that the old APIs take: `Bearer <token>`, or `Basic` with a user
/// name, which is not looked at, and the token as the password. None without a credential.
///
/// # Errors
/// The header is there and is neither.
pub fn credentials(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let value = value.to_str().unwrap_or_default().trim();
    match value.split_once(' ') {
        Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => {
            let pair = STANDARD.decode(pair.trim()).ok().and_then(|pair| String::from_utf8(pair).ok());
            let token = pair.as_deref().and_then(|pair| pair.split_once(':')).map(|(_, token)| token.to_owned());
            let refused = "The Authorization header must read `Bearer <token>`, or `Basic` with `<user>:<token>`.";
            token.filter(|token| !token.is_empty()).map(Some).ok_or_else(|| Error::Unauthenticated(refused.to_owned()))
        }
        _ => bearer_token(value).map(Some),
    }
}

/// The token in `Bearer <token>`.
pub(super) fn bearer_token(value: &str) -> Result<String> {
    match value.trim().split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => {
            Ok(token.trim().to_owned())
        }
        _ => Err(Error::Unauthenticated("The Authorization header must read `Bearer <token>`.".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().expect("a header value"));
        }
        let trusted = ["10.0.0.0/8", "192.0.2.1/32"].map(|network| network.parse().expect("a network"));
        let peer = Peer(SocketAddr::new(peer.parse().expect("an address"), 1));
        client_of(&headers, Some(peer), &trusted).address.expect("a peer").to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(address("203.0.113.9", &["198.51.100.1"]), "203.0.113.9", "a stranger says what it likes");
        assert_eq!(address("10.1.2.3", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(address("10.1.2.3", &["1.1.1.1, 198.51.100.1, 192.0.2.1"]), "198.51.100.1", "forged in front");
        assert_eq!(address("10.1.2.3", &["198.51.100.1", "10.9.9.9"]), "198.51.100.1", "two headers are one list");
        assert_eq!(address("10.1.2.3", &["nonsense"]), "10.1.2.3");
        assert_eq!(address("::ffff:10.1.2.3", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn a_credential_is_a_bearer_token_or_an_error() {
        assert_eq!(bearer_token("bearer  abc ").expect("a token"), "abc");
        for wrong in ["", "abc", "Basic abc", "Bearer ", "Bearer"] {
            bearer_token(wrong).expect_err(wrong);
        }
    }

    #[test]
    fn old_clients_may_send_the_token_as_a_password() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, value.parse().expect("a header value"));
            credentials(&headers)
        };
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        assert_eq!(read(&basic("ada:dkt_a:b")).expect("a token"), Some("dkt_a:b".to_owned()));
        assert_eq!(read("Bearer dkt_x").expect("a token"), Some("dkt_x".to_owned()));
        assert_eq!(credentials(&HeaderMap::new()).expect("none"), None);
        for wrong in [basic("ada"), basic("ada:"), "Basic ???".to_owned(), "Digest x".to_owned()] {
            read(&wrong).expect_err(&wrong);
        }
    }
}
