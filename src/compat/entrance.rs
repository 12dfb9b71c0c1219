//! What every request of an old API passes on its way to its handler, and the router that is made of a dialect's table.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodFilter, get, on};
use axum::{Extension, Router};

use super::answer::answer;
use super::call::{Asked, Call};
use super::failure::Failure;
use super::link::Base;
use super::openapi::openapi;
use super::route::Route;
use super::surface::{Place, Surface};
use crate::http::kit::{RequestInfo, count_mounted, require_own};

#[derive(Clone)]
struct Entrance {
    surface: Arc<Surface>,
    route: Arc<Route>,
}

/// The router of a dialect at its place.
pub(super) fn router(surface: &Arc<Surface>) -> Router {
    let dialect = surface.dialect;
    let mut router = Router::new();
    let mut methods: BTreeMap<&'static str, Vec<Method>> = BTreeMap::new();
    for route in (dialect.routes)() {
        methods.entry(route.path).or_default().push(route.method.clone());
        let (path, handler) = (route.path, route.handler.clone());
        let entrance = Entrance { surface: Arc::clone(surface), route: Arc::new(route) };
        router = router.route(path, handler.layer(from_fn_with_state(entrance, enter)));
    }
    for (path, methods) in methods {
        router = other_methods(router, surface, path, methods);
    }
    let router = router.route("/openapi.json", get(description(surface)));
    let not_found = dialect.not_found;
    let router = router.fallback(async move |uri: Uri| not_found(&uri));
    // What is done around a dialect may depend on how it is set up.
    (dialect.around)(router).layer(Extension(Arc::clone(&surface.app.config)))
}

/// The dialect in the terms of `OpenAPI`. Few ask for it: it is made for each who does.
fn description(surface: &Arc<Surface>) -> impl Fn() -> std::future::Ready<Response> + Clone + Send + Sync + 'static {
    let surface = Arc::clone(surface);
    move || {
        let base = match surface.place {
            Place::Mounted | Place::Beside => surface.mount.path.as_str(),
            Place::Alone => "",
        };
        let text = openapi(surface.dialect, base, &surface.mount).to_string();
        std::future::ready(answer(StatusCode::OK, "application/json", text))
    }
}

/// Answers to the methods that the table does not name at a path.
fn other_methods(mut router: Router, surface: &Surface, path: &'static str, methods: Vec<Method>) -> Router {
    let dialect = surface.dialect;
    if let Some(options) = dialect.options
        && !methods.contains(&Method::OPTIONS)
    {
        let methods = methods.clone();
        router = router.route(path, on(MethodFilter::OPTIONS, async move || options(&methods)));
    }
    if let Some(head) = dialect.head
        && !methods.contains(&Method::HEAD)
    {
        router = router.route(path, on(MethodFilter::HEAD, async move || head()));
    }
    let wrong_method = dialect.wrong_method;
    let wrong = async move |method: Method| wrong_method(&method, &methods);
    router.route(path, axum::routing::MethodRouter::new().fallback(wrong))
}

/// Checks where a request comes from and who sends it, lets its handler answer, and counts.
async fn enter(State(entrance): State<Entrance>, request: Request, next: Next) -> Response {
    let Entrance { surface, route } = entrance;
    let (mut parts, body) = request.into_parts();
    let method = method_word(&route.method);
    let announcement = surface.announcement(&parts);
    let mut response = match admit(&surface, &route, &parts).await {
        Ok(call) => {
            surface.note(method, route.path, Some(call.viewer()));
            parts.extensions.insert(call);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(failure) => {
            surface.note(method, route.path, None);
            (surface.dialect.refuse)(failure)
        }
    };
    for (name, value) in announcement {
        response.headers_mut().append(name, value);
    }
    count_mounted(surface.dialect.name, route.path, method, response.status().as_u16());
    response
}

async fn admit(surface: &Arc<Surface>, route: &Arc<Route>, parts: &Parts) -> Result<Call, Failure> {
    let reads = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if surface.dialect.own_site_only && !reads {
        require_own(parts, &surface.http.config)?;
    }
    let viewer = (surface.dialect.authenticate)(surface, parts).await?;
    let info = parts.extensions.get::<RequestInfo>().cloned().unwrap_or_default();
    // Passwords that a route asks for are counted by where they come from, too.
    let viewer = viewer.at(&info.client);
    let base = Base::of(surface, parts);
    Ok(Call::new(Asked { surface: Arc::clone(surface), route: Arc::clone(route), info, viewer, base }))
}

/// The word of a route's method, for figures.
fn method_word(method: &Method) -> &'static str {
    const WORDS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    WORDS.into_iter().find(|word| method.as_str() == *word).unwrap_or("other")
}
