//! The same request at another path of its dialect.

use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// Gives a request another path, with the query that it has. One that cannot be a path leaves it where it is.
///
/// Scheme and host stay: HTTP/2 tells the host there and nowhere else.
pub(super) fn put_at(request: &mut Request, path: &str) {
    let query = request.uri().query().map_or_else(String::new, |query| format!("?{query}"));
    let Ok(place) = format!("{path}{query}").parse::<PathAndQuery>() else { return };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(place);
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn host_and_query_stay() {
        for (from, to) in [
            ("https://example.org/-/login?a=b", "https://example.org/login?a=b"),
            ("/-/login", "/login"),
            ("http://example.org:8080/", "http://example.org:8080/login"),
        ] {
            let mut request = Request::builder().uri(from).body(Body::empty()).expect("a request");
            put_at(&mut request, "/login");
            assert_eq!(request.uri().to_string(), to);
        }
    }
}
