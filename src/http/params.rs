//! A GraphQL request as it is written in a body or a query string.

use async_graphql::Variables;
use serde_json::{Map, Value};

use super::Params;
use super::reply::Refusal;

/// Reads the JSON body of a POST. Keys it does not know are left alone, as the specification asks.
///
/// # Errors
/// 400, naming the key and what it should be.
pub(super) fn from_body(body: &[u8]) -> Result<Params, Refusal> {
    if body.is_empty() {
        return Err(Refusal::bad_request("The body is empty; a JSON object with the key `query` is expected."));
    }
    let value = serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("The body is not valid JSON: {error}.")))?;
    match value {
        Value::Object(object) => from_object(object),
        Value::Array(_) => Err(Refusal::bad_request("Batches are not supported; send one request at a time.")),
        other => Err(wrong_type("The body", "a JSON object", &other)),
    }
}

/// Reads the query string of a GET; `variables` and `extensions` are JSON texts there.
///
/// # Errors
/// 400, naming the parameter and what it should be.
pub(super) fn from_query_string(query: &str) -> Result<Params, Refusal> {
    let mut object = Map::new();
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = match key.as_ref() {
            "query" | "operationName" => Value::String(value.into_owned()),
            "variables" | "extensions" if value.is_empty() => Value::Null,
            "variables" | "extensions" => serde_json::from_str(&value)
                .map_err(|error| Refusal::bad_request(format!("`{key}` is not valid JSON: {error}.")))?,
            _ => continue,
        };
        if object.insert(key.to_string(), value).is_some() {
            return Err(Refusal::bad_request(format!("`{key}` is given twice.")));
        }
    }
    // An empty form field, as HTML sends it, names no operation.
    if object.get("operationName").is_some_and(|name| name == "") {
        object.remove("operationName");
    }
    from_object(object)
}

fn from_object(mut object: Map<String, Value>) -> Result<Params, Refusal> {
    let query = match object.remove("query") {
        Some(Value::String(query)) if !query.trim().is_empty() => query,
        None | Some(Value::Null | Value::String(_)) => {
            return Err(Refusal::bad_request("`query` is missing: the GraphQL document, as a string."));
        }
        Some(other) => return Err(wrong_type("`query`", "a string", &other)),
    };
    let operation_name = match object.remove("operationName") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name),
        Some(other) => return Err(wrong_type("`operationName`", "a string", &other)),
    };
    let variables = match object.remove("variables") {
        None | Some(Value::Null) => Variables::default(),
        Some(map @ Value::Object(_)) => Variables::from_json(map),
        Some(other) => return Err(wrong_type("`variables`", "an object", &other)),
    };
    match object.get("extensions") {
        None | Some(Value::Null | Value::Object(_)) => Ok(Params { query, operation_name, variables }),
        Some(other) => Err(wrong_type("`extensions`", "an object", other)),
    }
}

fn wrong_type(what: &str, expected: &str, found: &Value) -> Refusal {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Refusal::bad_request(format!("{what} must be {expected}, not {found}."))
}
