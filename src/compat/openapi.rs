//! The description of a dialect in the terms of `OpenAPI` 3.1, made of the table of its routes.

use serde_json::{Map, Value, json};

use super::credential::Credential;
use super::dialect::Dialect;
use super::parameter::{Parameter, schema_of_form};
use super::route::Route;
use crate::config::Mount;

/// The description, with paths below `base`. With a stand-in in this section of the configuration, callers without a
/// credential are let in where the dialect's own rules do not forbid it.
#[must_use]
pub fn openapi(dialect: &Dialect, base: &str, mount: &Mount) -> Value {
    let (mut paths, mut schemes) = (Map::new(), Map::new());
    for route in (dialect.routes)() {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = described(dialect, &route, mount);
        for (name, scheme) in route.credentials.iter().filter_map(|credential| credential.scheme()) {
            schemes.insert(name.to_owned(), scheme);
        }
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
        "components": { "securitySchemes": schemes },
    })
}

/// One operation of the description.
pub(super) fn described(dialect: &Dialect, route: &Route, mount: &Mount) -> Value {
    let in_path = route
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let parameters: Vec<_> = in_path.chain(route.query.iter().map(Parameter::in_query)).collect();
    let names: Vec<_> = route.operations.iter().map(|operation| operation.name()).collect();
    let mut operation = json!({
        "operationId": format!("{}_{}_{}", dialect.name, route.method.as_str().to_ascii_lowercase(), slug(route.path)),
        "summary": route.summary,
        "x-graphql-operations": names,
        "security": security(route, mount),
        "responses": responses(route),
    });
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = body(route) {
        operation["requestBody"] = body;
    }
    if let Some(reason) = route.reason {
        operation["description"] = reason.into();
    }
    operation
}

/// What lets a caller in: any one of these. An empty list is a route that asks nobody.
fn security(route: &Route, mount: &Mount) -> Value {
    if route.credentials == [Credential::Nobody] {
        return json!([]);
    }
    let stands_in = mount.anonymous_as.is_some() && route.credentials.contains(&Credential::Token);
    let nobody = (stands_in && !route.credentials.contains(&Credential::Nobody)).then_some(Credential::Nobody);
    let ways = route.credentials.iter().copied().chain(nobody);
    ways.map(|credential| match credential.scheme() {
        Some((name, _)) => Value::Object([(name.to_owned(), json!([]))].into_iter().collect()),
        None => json!({}),
    })
    .collect()
}

fn body(route: &Route) -> Option<Value> {
    const FORM: &str = "application/x-www-form-urlencoded";
    const PARTS: &str = "multipart/form-data";
    let (kinds, schema): (&[&str], _) = match route.takes {
        Some(schema) if route.takes_forms => (&["application/json", FORM, PARTS], schema()),
        Some(schema) => (&["application/json"], schema()),
        None if route.form.is_empty() => return None,
        None if route.form.iter().any(|field| field.is_file) => (&[PARTS], schema_of_form(&route.form)),
        None => (&[FORM, PARTS], schema_of_form(&route.form)),
    };
    let content: Map<_, _> = kinds.iter().map(|kind| ((*kind).to_owned(), json!({ "schema": schema }))).collect();
    Some(json!({ "content": content }))
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
