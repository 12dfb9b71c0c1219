//! Paths as the old clients write them: the script of the log-in nodes doubles a slash and leaves the last one out.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use tower::Layer;

use crate::compat::place::put_at;

pub(super) fn around(routes: Router) -> Router {
    let next = from_fn(async |request: Request, next: Next| next.run(straight(request)).await);
    Router::new().fallback_service(next.layer(routes))
}

fn straight(mut request: Request) -> Request {
    let path = straightened(request.uri().path());
    put_at(&mut request, &path);
    request
}

/// One slash for several, and one at the end. The description for tools is a file, which has none.
fn straightened(path: &str) -> String {
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] => "/".to_owned(),
        ["openapi.json"] => "/openapi.json".to_owned(),
        parts => format!("/{}/", parts.join("/")),
    }
}

#[cfg(test)]
mod tests {
    use super::straightened;

    #[test]
    fn slashes_are_put_right() {
        for (path, right) in [
            ("/", "/"),
            ("//", "/"),
            ("//jobs", "/jobs/"),
            ("/jobs/", "/jobs/"),
            ("///jobs//1.5", "/jobs/1.5/"),
            ("//openapi.json", "/openapi.json"),
        ] {
            assert_eq!(straightened(path), right);
        }
    }
}
