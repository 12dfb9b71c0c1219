//! What is done to a request before its route is looked for, and to the words of a refusal after.
//!
//! Slashes are strict here: `/-/login/` is nothing. What comes after `/reset/` and `/email/` is one token, which may be
//! empty or have slashes in it; a file stands at its id with a `~` behind it, whatever the method.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{OriginalUri, Request};
use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tower::Layer;

use super::envelope::{allow, not_found};
use crate::compat::place::put_at;
use crate::config::Config;

/// In front of every path of the old server. Where the dialect has an address of its own, clients say it, too.
const PREFIX: &str = "/-";

/// Paths of one part that are no content's.
const OWN: [&str; 7] = ["", "signup", "login", "logout", "password", "userprofile", "openapi.json"];

/// What no token is: it stands where there is none, or one that cannot be.
const NO_TOKEN: &str = "-";

pub(super) fn around(routes: Router) -> Router {
    Router::new().fallback_service(from_fn(dress).layer(routes))
}

async fn dress(request: Request, next: Next) -> Response {
    let page = wants_page(request.headers());
    let request = placed(request);
    let methods = of_token(request.uri().path());
    // A path of a type that nobody declared has no methods either.
    let mut response = if is_there(&request) { next.run(request).await } else { not_found(request.uri()) };
    if let Some(methods) = methods
        && response.status() == StatusCode::METHOD_NOT_ALLOWED
    {
        allow(&mut response, methods);
    }
    if page.suits(&response) { as_page(response) } else { response }
}

/// The same request at the path under which the table has it.
fn placed(mut request: Request) -> Request {
    // `/-` is not `/-/`; but to what is mounted there, both are `/`.
    let original = request.extensions().get::<OriginalUri>().map(|uri| uri.0.path().to_owned());
    let bare = original.as_ref().is_some_and(|path| !path.ends_with('/') || path.ends_with("//"));
    let path = request.uri().path();
    // Below a mount it is gone already; at the root of an address of its own it is still there.
    let is_mounted = original.is_some_and(|original| original != path);
    let inside = path.strip_prefix(PREFIX).filter(|path| path.starts_with('/') && !is_mounted).unwrap_or(path);
    let (path, method) = match inside {
        "/" if bare => ("/-".to_owned(), None),
        path => place(path, request.method()),
    };
    put_at(&mut request, &path);
    if let Some(method) = method {
        *request.method_mut() = method;
        *request.body_mut() = Body::empty();
    }
    request
}

/// The methods of a path whose rest is a token: to the old server it was one route, with a token or without.
fn of_token(path: &str) -> Option<&'static [Method]> {
    const RESET: &[Method] = &[Method::GET, Method::POST, Method::PUT];
    const EMAIL: &[Method] = &[Method::GET, Method::PUT];
    match path.split('/').nth(1)? {
        "reset" => Some(RESET),
        "email" => Some(EMAIL),
        _ => None,
    }
}

/// Whether there is a route or a declared type at a path of the table.
fn is_there(request: &Request) -> bool {
    let declared = |name: &str| {
        let config = request.extensions().get::<Arc<Config>>();
        config.is_some_and(|config| config.backrest.content.iter().any(|of| of.collection() == name))
    };
    let mut parts = request.uri().path().trim_start_matches('/').split('/');
    match (parts.next().unwrap_or_default(), parts.next(), parts.next()) {
        (name, None, None) => OWN.contains(&name) || declared(name),
        (name, Some(_), None) => matches!(name, "reset" | "email" | "~") || declared(name),
        (_, _, _) => false,
    }
}

/// The path of the table, and the method where that is another one.
fn place(path: &str, method: &Method) -> (String, Option<Method>) {
    for (base, asks) in [("/reset/", Method::POST), ("/email/", Method::PUT)] {
        let Some(token) = path.strip_prefix(base) else { continue };
        if *method == asks {
            return (base.to_owned(), None);
        }
        let proper = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        let token = if token.is_empty() || !proper { NO_TOKEN } else { token };
        return (format!("{base}{token}"), None);
    }
    match path.strip_suffix('~').and_then(|path| path.strip_prefix('/')) {
        Some(file) if !file.is_empty() && !file.contains('/') => {
            let read = if *method == Method::HEAD { Method::HEAD } else { Method::GET };
            (format!("/~/{file}"), Some(read))
        }
        _ => (path.to_owned(), None),
    }
}

/// Who gets the few words of a refusal as a page.
#[derive(Clone, Copy)]
enum Page {
    /// Takes nothing else.
    Only,
    /// A browser.
    Also,
    Not,
}

impl Page {
    fn suits(self, response: &Response) -> bool {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let status = response.status();
        let worded = matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
        // The old server's "Forbidden" is for everybody but those who take pages only.
        let asked = match self {
            Self::Only => true,
            Self::Also => status != StatusCode::FORBIDDEN,
            Self::Not => false,
        };
        worded && asked && kind.starts_with("text/")
    }
}

fn wants_page(headers: &HeaderMap) -> Page {
    let accept = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(",");
    if !accept.contains("html") {
        return Page::Not;
    }
    let other = ["*/*", "text/*", "text/plain", "json"].iter().any(|kind| accept.contains(kind));
    if other { Page::Also } else { Page::Only }
}

const fn explanation(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN => "Access was denied to this resource.",
        StatusCode::METHOD_NOT_ALLOWED => "The method is not allowed for this resource.",
        _ => "The resource could not be found.",
    }
}

/// A status with what it means, as plain text.
pub(super) fn in_words(status: StatusCode) -> String {
    format!("{status}\n\n{}\n\n\n\n", explanation(status))
}

fn as_page(mut response: Response) -> Response {
    let status = response.status();
    let explanation = explanation(status);
    let page = format!(
        "<html>\n <head>\n  <title>{status}</title>\n </head>\n <body>\n  <h1>{status}</h1>\n  {explanation}<br/><br/>\n\n\n\
         </body>\n</html>"
    );
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=UTF-8"));
    headers.remove(CONTENT_LENGTH);
    *response.body_mut() = Body::from(page);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_files_are_found_where_the_old_server_had_them() {
        let at = |method: Method, path: &str| place(path, &method).0;
        assert_eq!(at(Method::POST, "/reset/"), "/reset/");
        assert_eq!(at(Method::POST, "/reset/x/y"), "/reset/");
        assert_eq!(at(Method::GET, "/reset/"), "/reset/-");
        assert_eq!(at(Method::PUT, "/reset/dkl_a-b"), "/reset/dkl_a-b");
        assert_eq!(at(Method::PUT, "/email/anything"), "/email/");
        for odd in ["/email/a/b", "/email/%ff", "/email/", "/email/%2f"] {
            assert_eq!(at(Method::GET, odd), "/email/-", "{odd}");
        }
        for same in ["/reset", "/signup/", "/a/b~", "/~", "/documents/1"] {
            assert_eq!(at(Method::GET, same), same);
        }
        assert_eq!(place("/0a~", &Method::DELETE), ("/~/0a".to_owned(), Some(Method::GET)));
        assert_eq!(place("/0a~", &Method::HEAD), ("/~/0a".to_owned(), Some(Method::HEAD)));
    }
}
