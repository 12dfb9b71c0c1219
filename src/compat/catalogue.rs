//! The table of all routes, for people and programs that want to know what an old API runs.

use serde::Serialize;
use serde_json::{Value, json};

use super::dialect::Dialect;
use super::failure::Failure;
use super::route::Route;
use super::{DIALECTS, Document};
use crate::config::Config;
use crate::error::Code;

/// A dialect with its routes.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// Its word.
    pub dialect: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Whether it is switched on.
    pub enabled: bool,
    /// The path under which it stands.
    pub mount: String,
    /// What each failure of an operation becomes.
    pub errors: Vec<Mapped>,
    /// Its routes, in the order of its table.
    pub routes: Vec<Line>,
}

/// A failure and its status.
#[derive(Debug, Serialize)]
pub struct Mapped {
    /// The code, as GraphQL shows it.
    pub code: &'static str,
    /// The HTTP status that the dialect answers with, unless a route says otherwise.
    pub status: u16,
}

/// A route.
#[derive(Debug, Serialize)]
pub struct Line {
    /// The method.
    pub method: String,
    /// The path with its mount.
    pub path: String,
    /// What it does.
    pub summary: &'static str,
    /// What it runs.
    pub operations: Vec<Run>,
    /// Why it runs nothing, or what it does beside it.
    pub reason: Option<&'static str>,
}

/// An operation.
#[derive(Debug, Serialize)]
pub struct Run {
    /// Its name.
    pub name: &'static str,
    /// Its document.
    pub document: &'static str,
}

/// All dialects, as this configuration places them.
#[must_use]
pub fn listed(config: &Config) -> Vec<Listed> {
    DIALECTS.iter().map(|dialect| of(dialect, config)).collect()
}

pub(super) fn of(dialect: &Dialect, config: &Config) -> Listed {
    let mount = (dialect.mount)(config);
    let errors = Code::ALL.into_iter().map(|code| Mapped {
        code: code.as_str(),
        status: (dialect.refuse)(Failure::new(code, String::new())).status().as_u16(),
    });
    let routes = (dialect.routes)();
    Listed {
        dialect: dialect.name,
        title: dialect.title,
        enabled: mount.enabled,
        errors: errors.collect(),
        routes: routes.iter().map(|route| line(route, &mount.path)).collect(),
        mount: mount.path,
    }
}

fn line(route: &Route, mount: &str) -> Line {
    let run = |operation: &&'static dyn Document| Run { name: operation.name(), document: operation.text() };
    Line {
        method: route.method.to_string(),
        path: if route.path == "/" { mount.to_owned() } else { format!("{mount}{}", route.path) },
        summary: route.summary,
        operations: route.operations.iter().map(run).collect(),
        reason: route.reason,
    }
}

/// The description of a dialect in the terms of `OpenAPI` 3.1, with paths below `base`.
#[must_use]
pub fn openapi(dialect: &Dialect, base: &str) -> Value {
    let mut paths = serde_json::Map::new();
    for route in (dialect.routes)() {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = described(dialect, &route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": dialect.title,
            "version": env!("CARGO_PKG_VERSION"),
            "description": "An old API that docket stands in for. Each operation names the GraphQL operation that it runs.",
        },
        "servers": [{ "url": if base.is_empty() { "/" } else { base } }],
        "paths": paths,
        "components": { "securitySchemes": {
            "bearer": { "type": "http", "scheme": "bearer" },
            "basic": { "type": "http", "scheme": "basic" },
        } },
        "security": [{ "bearer": [] }, { "basic": [] }, {}],
    })
}

fn described(dialect: &Dialect, route: &Route) -> Value {
    let parameters: Vec<_> = route
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    let names: Vec<_> = route.operations.iter().map(|operation| operation.name()).collect();
    let mut operation = json!({
        "operationId": format!("{}_{}_{}", dialect.name, route.method.as_str().to_ascii_lowercase(), slug(route.path)),
        "summary": route.summary,
        "x-graphql-operations": names,
        "responses": responses(route),
    });
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = route.takes {
        operation["requestBody"] = json!({ "content": { "application/json": { "schema": body() } } });
    }
    if let Some(reason) = route.reason {
        operation["description"] = reason.into();
    }
    operation
}

fn responses(route: &Route) -> Value {
    let (status, schema) = route.gives.map_or((200, None), |(status, schema)| (status, Some(schema())));
    let mut responses = json!({ "default": { "description": "It was not done; the body says why." } });
    let mut done = json!({ "description": "It was done." });
    if let Some(schema) = schema {
        done["content"] = json!({ "application/json": { "schema": schema } });
    }
    responses[status.to_string()] = done;
    responses
}

fn slug(path: &str) -> String {
    let words: Vec<_> =
        path.split('/').map(|part| part.trim_matches(['{', '}'])).filter(|part| !part.is_empty()).collect();
    // Two routes may differ in the final slash alone.
    let end = if path.len() > 1 && path.ends_with('/') { "_" } else { "" };
    if words.is_empty() { "root".to_owned() } else { words.join("_") + end }
}
