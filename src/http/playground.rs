//! The playground: files that `build.rs` made of `ui/`, which are part of the program. Nothing in them asks another
//! host for anything, and the policy sent with each would keep it from doing so.

use std::io::Read;

use axum::body::Body;
use axum::extract::{Extension, OriginalUri, Path};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    LOCATION, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::read::GzDecoder;
use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

use super::client::RequestInfo;
use super::pages;

/// Compressed, with `.gz` at the end of their names; only the page of a build without npm is not.
static FILES: Dir<'static> = include_dir!("$OUT_DIR/ui");

/// Only what this server sends. Two things less strict than one would like: the editor styles its lines with `style`
/// elements and attributes of its own making, and the fonts lie inside the style sheet. No script is ever inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; \
     style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The address of an asset holds a hash of its content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// The page is asked for each time, and mostly answered with "still the same".
const ASK_FIRST: &str = "no-cache";

/// The page.
pub(super) async fn page(headers: HeaderMap) -> Response {
    let Some(mut response) = file("index.html", &headers) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tag = tag();
    if headers.get(IF_NONE_MATCH).is_some_and(|known| names(known, &tag)) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(CONTENT_ENCODING);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(ASK_FIRST));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// The same with a slash at the end, from where its assets would be sought in the wrong place.
pub(super) async fn slash() -> Response {
    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, "../graphiql")]).into_response()
}

/// What the page needs.
pub(super) async fn asset(
    Path(name): Path<String>,
    info: Extension<RequestInfo>,
    uri: OriginalUri,
    headers: HeaderMap,
) -> Response {
    let Some(mut response) = file(&format!("assets/{name}"), &headers) else {
        return pages::not_found(info, uri).await;
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(FOR_EVER));
    response
}

fn file(name: &str, request: &HeaderMap) -> Option<Response> {
    let mut response = match FILES.get_file(format!("{name}.gz")) {
        Some(packed) => unpack(packed.contents(), request)?,
        None => Response::new(FILES.get_file(name)?.contents().into()),
    };
    for (name, value) in [
        (CONTENT_TYPE, content_type(name)),
        (VARY, "accept-encoding"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Some(response)
}

fn unpack(packed: &'static [u8], request: &HeaderMap) -> Option<Response> {
    if takes_gzip(request) {
        let mut response = Response::new(Body::from(packed));
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        return Some(response);
    }
    let mut unpacked = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut unpacked).ok()?;
    Some(Response::new(unpacked.into()))
}

/// Of the page. Weak, since the same tag stands for the compressed form and the other.
fn tag() -> String {
    let page = FILES.files().next().map_or(&[][..], include_dir::File::contents);
    format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(page)[..12]))
}

fn names(known: &HeaderValue, tag: &str) -> bool {
    known.to_str().is_ok_and(|known| known.split(',').any(|one| one.trim() == tag || one.trim() == "*"))
}

fn takes_gzip(request: &HeaderMap) -> bool {
    let values = request.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|entry| {
        let (coding, quality) = entry.split_once(';').unwrap_or((entry, ""));
        let refused = quality.trim().strip_prefix("q=").is_some_and(|q| q.trim().parse() == Ok(0.0));
        matches!(coding.trim(), "gzip" | "*") && !refused
    })
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "ttf" => "font/ttf",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_files_go_to_those_who_take_them() {
        let takes = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            takes_gzip(&headers)
        };
        assert!(takes("gzip, deflate, br") && takes("br;q=1.0, gzip;q=0.5") && takes("*"));
        assert!(!takes("br") && !takes("gzip;q=0") && !takes("gzip; q=0.0") && !takes(""));
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn a_known_tag_is_recognised_among_others() {
        let known = HeaderValue::from_static("\"a\", W/\"b\"");
        assert!(names(&known, "W/\"b\"") && !names(&known, "W/\"a\""));
        assert!(names(&HeaderValue::from_static("*"), "W/\"a\""));
    }
}
