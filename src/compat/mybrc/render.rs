//! How answers are written: compact JSON, JSON with an indent, or a page for people.
//!
//! A handler gives a value; it is written when the answer leaves, by who knows what was asked for.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT, ALLOW, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use tower::Layer;

/// How one answer is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// JSON without blanks, or with this many for each level.
    Json(usize),
    /// A page.
    Page,
}

/// Why there is no style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unwritable {
    /// `Accept` names nothing that is here.
    NotAcceptable,
    /// `format` in the address names nothing that is here.
    NoSuchFormat,
}

/// The value that an answer is to have as its body.
#[derive(Clone, Debug)]
struct Unwritten(Value);

/// An answer whose body is written when it leaves.
pub(super) fn unwritten(status: StatusCode, value: Value) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.extensions_mut().insert(Unwritten(value));
    response
}

pub(super) fn around(routes: Router) -> Router {
    Router::new().fallback_service(from_fn(dress).layer(routes))
}

async fn dress(request: Request, next: Next) -> Response {
    let style = style(request.headers(), request.uri());
    let allow = allow(request.uri().path());
    let mut response = match style {
        Ok(_) => next.run(request).await,
        Err(Unwritable::NotAcceptable) => {
            unwritten(StatusCode::NOT_ACCEPTABLE, json!({ "detail": "Could not satisfy the request Accept header." }))
        }
        Err(Unwritable::NoSuchFormat) => unwritten(StatusCode::NOT_FOUND, json!({ "detail": "Not found." })),
    };
    // The redirect came from in front of what knew the methods.
    let allow = allow.filter(|_| !response.status().is_redirection());
    let headers = response.headers_mut();
    if let Some(allow) = allow {
        headers.insert(ALLOW, HeaderValue::from_static(allow));
    }
    let vary = if style == Err(Unwritable::NotAcceptable) { "Accept" } else { "Accept, Cookie" };
    headers.insert(VARY, HeaderValue::from_static(vary));
    headers.insert(HeaderName::from_static("x-frame-options"), HeaderValue::from_static("SAMEORIGIN"));
    if let Some(Unwritten(value)) = response.extensions_mut().remove::<Unwritten>() {
        write(&mut response, &value, style.unwrap_or(Style::Json(0)));
    }
    response
}

/// The methods of a path, which every answer named, refusals too.
fn allow(path: &str) -> Option<&'static str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut parts = path.split('/');
    match (parts.next().unwrap_or_default(), parts.next(), parts.next()) {
        ("", None, _) => Some("GET, HEAD, OPTIONS"),
        ("jobs" | "users" | "accounts", None, _) => Some("GET, POST, HEAD, OPTIONS"),
        ("jobs" | "users" | "accounts", Some(id), None) if !id.is_empty() => {
            Some("GET, PUT, PATCH, DELETE, HEAD, OPTIONS")
        }
        _ => None,
    }
}

fn write(response: &mut Response, value: &Value, style: Style) {
    let (content_type, body) = match style {
        Style::Json(indent) => ("application/json", text(value, indent)),
        Style::Page => ("text/html; charset=utf-8", page(&text(value, 4))),
    };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if matches!(style, Style::Page) {
        // What stands in it was written by anybody. It is escaped; and should that ever fail, nothing of it runs.
        let closed = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, closed);
        response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    // The router below has counted the body that was not written yet.
    response.headers_mut().remove(CONTENT_LENGTH);
    *response.body_mut() = body.into();
}

/// JSON; these two line ends of Unicode are escaped, since they end a line of JavaScript.
fn text(value: &Value, indent: usize) -> String {
    let blanks = vec![b' '; indent];
    let mut bytes = Vec::new();
    let written = if indent == 0 {
        serde_json::to_writer(&mut bytes, value)
    } else {
        let formatter = serde_json::ser::PrettyFormatter::with_indent(&blanks);
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter))
    };
    written.expect("a value of JSON can be written to memory");
    String::from_utf8(bytes).expect("JSON is UTF-8").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// A plain page: nothing in it is loaded or run.
fn page(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<!DOCTYPE html>\n<html><head><title>MyBRC</title></head><body><pre>{escaped}</pre></body></html>\n")
}

/// What is answered where nothing is.
pub(super) fn page_not_found() -> Response {
    let body = "<h1>Not Found</h1><p>The requested URL was not found on this server.</p>";
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

fn style(headers: &HeaderMap, uri: &Uri) -> Result<Style, Unwritable> {
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let format = query.filter(|(name, _)| name == "format").last().map(|(_, value)| value.into_owned());
    let formats = match format.as_deref() {
        None | Some("") => [true, true],
        Some("json") => [true, false],
        Some("api") => [false, true],
        Some(_) => return Err(Unwritable::NoSuchFormat),
    };
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or("*/*");
    let mut wanted: Vec<(u8, &str)> = accept.split(',').map(|range| (precedence(range), range)).collect();
    wanted.sort_by_key(|(precedence, _)| std::cmp::Reverse(*precedence));
    for (_, range) in wanted {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let json = matches!(kind, "application/json" | "application/*" | "*/*") && formats[0];
        if json {
            return Ok(Style::Json(if kind == "application/json" { indent(parts) } else { 0 }));
        }
        if matches!(kind, "text/html" | "text/*" | "*/*") && formats[1] {
            return Ok(Style::Page);
        }
    }
    // A format in the address is word enough.
    match formats {
        [true, false] => Ok(Style::Json(0)),
        [false, true] => Ok(Style::Page),
        _ => Err(Unwritable::NotAcceptable),
    }
}

/// The more exact a range is, the sooner it is looked at; the order in the header decides between equals.
fn precedence(range: &str) -> u8 {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let parameters = parts.any(|parameter| !parameter.starts_with("q="));
    match (kind, parameters) {
        ("*/*", _) => 0,
        (kind, _) if kind.ends_with("/*") => 1,
        (_, false) => 2,
        (_, true) => 3,
    }
}

/// `indent=4`: 0 to 8 blanks for each level.
fn indent<'a>(mut parameters: impl Iterator<Item = &'a str>) -> usize {
    let asked = parameters.find_map(|parameter| parameter.strip_prefix("indent="));
    asked.and_then(|asked| asked.trim().parse::<usize>().ok()).unwrap_or(0).min(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(accept: &str, uri: &str) -> Result<Style, Unwritable> {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert(ACCEPT, HeaderValue::from_str(accept).expect("a header"));
        }
        style(&headers, &uri.parse().expect("an address"))
    }

    #[test]
    fn what_is_accepted_is_written() {
        assert_eq!(of("", "/"), Ok(Style::Json(0)));
        assert_eq!(of("*/*", "/"), Ok(Style::Json(0)));
        assert_eq!(of("text/html,application/xhtml+xml,*/*;q=0.8", "/"), Ok(Style::Page));
        assert_eq!(of("application/json; indent=4", "/"), Ok(Style::Json(4)));
        assert_eq!(of("application/json; indent=99", "/"), Ok(Style::Json(8)));
        assert_eq!(of("application/json; indent=x", "/"), Ok(Style::Json(0)));
        assert_eq!(of("application/xml", "/"), Err(Unwritable::NotAcceptable));
        assert_eq!(of("application/xml", "/?format=json"), Ok(Style::Json(0)));
        assert_eq!(of("text/html", "/?format=xml"), Err(Unwritable::NoSuchFormat));
        assert_eq!(of("text/html", "/?format="), Ok(Style::Page));
    }

    #[test]
    fn paths_have_their_methods() {
        let list = Some("GET, POST, HEAD, OPTIONS");
        let item = Some("GET, PUT, PATCH, DELETE, HEAD, OPTIONS");
        for (path, methods) in [
            ("/", Some("GET, HEAD, OPTIONS")),
            ("/jobs", list),
            ("/users/", list),
            ("/accounts/x", item),
            ("/jobs/2/", item),
            ("/jobs//", None),
            ("/jobs/2/3/", None),
            ("/nodes/", None),
        ] {
            assert_eq!(allow(path), methods, "{path}");
        }
    }

    #[test]
    fn a_page_shows_text_as_text() {
        assert!(page("<img onerror=x>").contains("&lt;img onerror=x&gt;"));
    }
}
