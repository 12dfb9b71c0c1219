//! Pages about the old APIs: `/compat`, and one for each dialect. Plain HTML from this server alone; every text that
//! comes from elsewhere is escaped, and the policy keeps anything else from running or loading.

use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;

use super::catalogue::{Line, Listed, listed};
use crate::config::Config;

const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "\
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; }
code, pre { font-family: ui-monospace, monospace; font-size: .875rem; }
pre { background: #f4f5f7; padding: .75rem; overflow-x: auto; border-radius: .25rem; }
h2 code { font-size: 1.1rem; }
table { border-collapse: collapse; }
td, th { text-align: left; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid #d8dce1; vertical-align: top; }
@media (prefers-color-scheme: dark) {
  body { background: #15181c; color: #e4e7eb; } pre { background: #22272e; } a { color: #7ab7ff; }
}
";

/// The pages, to stand under `/compat`.
pub(super) fn router(config: &Arc<Config>) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/style.css", get(style))
        .route("/{dialect}", get(dialect))
        .fallback(async || page(StatusCode::NOT_FOUND, "Not found", "<p>There is no such page.</p>"))
        .with_state(Arc::clone(config))
}

async fn style() -> Response {
    sealed(StatusCode::OK, "text/css; charset=utf-8", STYLE.to_owned())
}

async fn index(State(config): State<Arc<Config>>) -> Response {
    let mut rows = String::new();
    for Listed { dialect, title, enabled, mount, routes, .. } in listed(&config) {
        let place = if enabled { format!("<code>{}</code>", escaped(&mount)) } else { "switched off".to_owned() };
        let (title, count) = (escaped(title), routes.len());
        // A text takes everything.
        let _written = writeln!(
            rows,
            "<tr><td><a href=\"/compat/{dialect}\">{title}</a></td><td>{place}</td><td>{count} routes</td></tr>"
        );
    }
    let text = format!(
        "<p>docket stands in for these older servers. Each of their routes runs GraphQL operations; the pages show which, \
         so that a script can move from one to the other.</p><table>{rows}</table>"
    );
    page(StatusCode::OK, "Old APIs", &text)
}

async fn dialect(State(config): State<Arc<Config>>, Path(name): Path<String>) -> Response {
    let Some(found) = listed(&config).into_iter().find(|listed| listed.dialect == name) else {
        return page(StatusCode::NOT_FOUND, "Not found", "<p>There is no such API.</p>");
    };
    let mut text = String::from("<p><a href=\"/compat\">All old APIs</a>. ");
    if found.enabled {
        let mount = escaped(&found.mount);
        let _written = write!(text, "As <a href=\"{mount}/openapi.json\">OpenAPI</a>.");
    } else {
        text.push_str("It is switched off.");
    }
    text.push_str("</p>");
    found.routes.iter().for_each(|line| route(&mut text, line));
    text.push_str("<h2>Errors</h2><table><tr><th>GraphQL</th><th>here</th></tr>");
    for error in &found.errors {
        let _written = write!(text, "<tr><td><code>{}</code></td><td>{}</td></tr>", error.code, error.status);
    }
    text.push_str("</table>");
    page(StatusCode::OK, found.title, &text)
}

fn route(text: &mut String, line: &Line) {
    let (method, path, summary) = (escaped(&line.method), escaped(&line.path), escaped(line.summary));
    let _written = write!(text, "<h2><code>{method} {path}</code></h2><p>{summary}");
    if let Some(reason) = line.reason {
        let word = if line.operations.is_empty() { "No operation" } else { "Beside" };
        let _written = write!(text, " {word}: {}", escaped(reason));
    }
    text.push_str("</p>");
    if let Some(parameters) = line.described["parameters"].as_array() {
        text.push_str("<table><tr><th>Parameter</th><th>in</th><th></th></tr>");
        for parameter in parameters {
            described(text, parameter);
        }
        text.push_str("</table>");
    }
    for (kind, body) in contents(&line.described["requestBody"]) {
        schema(text, &format!("Takes {kind}"), body);
    }
    let answers = line.described["responses"].as_object().into_iter().flatten();
    for (status, answer) in answers {
        for (_, body) in contents(answer) {
            schema(text, &format!("Answers {status}"), body);
        }
    }
    for run in &line.operations {
        let _written = write!(text, "<pre>{}</pre>", escaped(run.document.trim_end()));
    }
}

/// A row for a parameter of the description.
fn described(text: &mut String, parameter: &Value) {
    let word = |name: &str| escaped(parameter[name].as_str().unwrap_or_default());
    let needed = if parameter["required"] == true { ", needed" } else { "" };
    let (name, place, about) = (word("name"), word("in"), word("description"));
    let _written = writeln!(text, "<tr><td><code>{name}</code></td><td>{place}{needed}</td><td>{about}</td></tr>");
}

/// The schemas of a body of the description, with the types of content that each is for.
fn contents(body: &Value) -> Vec<(String, &Value)> {
    let mut found: Vec<(String, &Value)> = Vec::new();
    for (kind, content) in body["content"].as_object().into_iter().flatten() {
        match found.iter_mut().find(|(_, schema)| **schema == content["schema"]) {
            Some((kinds, _)) => *kinds = format!("{kinds} or {kind}"),
            None => found.push((kind.clone(), &content["schema"])),
        }
    }
    found
}

fn schema(text: &mut String, title: &str, schema: &Value) {
    let _written = write!(
        text,
        "<details><summary>{}</summary><pre>{}</pre></details>",
        escaped(title),
        escaped(&format!("{schema:#}"))
    );
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let title = escaped(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} - docket</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"/compat/style.css\">\
         </head><body><h1>{title}</h1>{body}</body></html>\n"
    );
    sealed(status, "text/html; charset=utf-8", html)
}

fn sealed(status: StatusCode, kind: &'static str, body: String) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-cache"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
