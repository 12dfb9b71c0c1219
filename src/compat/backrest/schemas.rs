//! JSON Schemas of bodies, for the description of this API.

use serde_json::{Value, json};

fn texts(required: &[&str], optional: &[&str]) -> Value {
    let fields = required.iter().chain(optional).map(|name| ((*name).to_owned(), json!({ "type": "string" })));
    json!({ "type": "object", "required": required, "properties": fields.collect::<serde_json::Map<_, _>>() })
}

pub(super) fn sign_up() -> Value {
    texts(&["email", "password"], &["firstname", "lastname"])
}

pub(super) fn log_in() -> Value {
    texts(&["login", "password"], &[])
}

pub(super) fn address() -> Value {
    texts(&["email"], &[])
}

pub(super) fn password() -> Value {
    texts(&["password"], &[])
}

pub(super) fn passwords() -> Value {
    texts(&["password"], &["current"])
}

pub(super) fn new_address() -> Value {
    texts(&["email", "password"], &[])
}

pub(super) fn names() -> Value {
    texts(&[], &["firstname", "lastname"])
}

pub(super) fn user() -> Value {
    let mut user = texts(&["id", "short_id"], &[]);
    for name in ["email", "firstname", "lastname"] {
        user["properties"][name] = json!({ "type": ["string", "null"] });
    }
    user["properties"]["roles"] = json!({ "type": "array", "items": { "type": "string" } });
    user
}

pub(super) fn logged_in() -> Value {
    json!({ "type": "object", "properties": { "status": { "const": "success" }, "user": user() } })
}

pub(super) fn done() -> Value {
    json!({ "type": "object", "properties": { "status": { "const": "success" } } })
}

pub(super) fn goodbye() -> Value {
    json!({ "type": "object", "properties": { "message": { "const": "goodbye" } } })
}

/// What all content has; its type adds fields.
pub(super) fn content() -> Value {
    let mut content = texts(&["title"], &["description", "creation_date", "modification_date"]);
    content["properties"]["id"] = json!({ "type": "integer", "readOnly": true });
    content["properties"]["categories"] = json!({ "type": "array", "items": { "type": "string" } });
    content
}

pub(super) fn contents() -> Value {
    json!({ "type": "array", "items": content() })
}
