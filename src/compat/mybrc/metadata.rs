//! What OPTIONS tells: what a route is called, what it writes and reads, and the fields of its objects; and the fields as
//! the description tells them.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::fields::{Field, Kind};
use super::render::unwritten;

/// The answer; `action` is the method that takes the fields, if any does.
pub(super) fn answer(name: &str, description: &str, action: Option<(&str, &[Field])>) -> Response {
    let mut body = Map::new();
    body.insert("name".to_owned(), json!(name));
    body.insert("description".to_owned(), json!(description));
    body.insert("renders".to_owned(), json!(["application/json", "text/html"]));
    let parses = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"];
    body.insert("parses".to_owned(), json!(parses));
    if let Some((method, fields)) = action {
        let described: Map<String, Value> =
            fields.iter().map(|field| (field.name.to_owned(), Value::Object(described(field)))).collect();
        body.insert("actions".to_owned(), json!({ method: described }));
    }
    unwritten(StatusCode::OK, Value::Object(body))
}

/// The JSON Schema of what a body brings; of a change of some fields, none is required.
pub(super) fn schema(fields: &[Field], partial: bool) -> Value {
    let written = || fields.iter().filter(|field| !matches!(field.kind, Kind::ReadOnly(_)));
    let property = |field: &Field| match field.kind {
        Kind::Integer(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Float => json!({ "type": "number" }),
        Kind::Moment => json!({ "type": "string", "format": "date-time" }),
        Kind::Text(0) | Kind::ReadOnly(_) => json!({ "type": "string" }),
        Kind::Text(most) => json!({ "type": "string", "maxLength": most }),
    };
    let properties: Map<_, _> = written().map(|field| (field.name.to_owned(), property(field))).collect();
    let required: Vec<_> = written().filter(|field| field.required && !partial).map(|field| field.name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn described(field: &Field) -> Map<String, Value> {
    let (ty, read_only) = match field.kind {
        Kind::Integer(..) => ("integer", false),
        Kind::Float => ("float", false),
        Kind::Moment => ("datetime", false),
        Kind::Text(_) => ("string", false),
        Kind::ReadOnly(ty) => (ty, true),
    };
    let mut told = Map::new();
    told.insert("type".to_owned(), json!(ty));
    told.insert("required".to_owned(), json!(field.required));
    told.insert("read_only".to_owned(), json!(read_only));
    told.insert("label".to_owned(), json!(label(field.name)));
    match field.kind {
        Kind::Integer(least, most) => {
            told.insert("min_value".to_owned(), json!(least));
            told.insert("max_value".to_owned(), json!(most));
        }
        Kind::Text(most) if most > 0 => {
            told.insert("max_length".to_owned(), json!(most));
        }
        Kind::Float | Kind::Moment | Kind::Text(_) | Kind::ReadOnly(_) => {}
    }
    told
}

/// The name with a capital.
fn label(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
