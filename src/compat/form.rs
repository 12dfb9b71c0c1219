//! Bodies as Django REST framework reads them: JSON, forms, and forms in parts.

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde_json::Value;

use super::call::Call;
use super::disposition::Disposition;
use super::failure::Failure;

/// Bytes of a body at most.
const LIMIT: usize = 1 << 20;

/// The fields of a body, in their order; names may repeat.
pub(super) type Fields = Vec<(String, Value)>;

/// Why a body was not read.
#[derive(Debug)]
pub(super) enum Unread {
    /// It did not come.
    Failed(Failure),
    /// Its type is none of the three; the framework's words.
    Unsupported(String),
    /// It breaks its type's rules; the framework's words.
    Broken(String),
    /// It is JSON and no object; the framework's words.
    NoObject(String),
}

/// Reads a body. One of no bytes has no fields, whatever its type.
pub(super) async fn read(call: &Call, request: Request) -> Result<Fields, Unread> {
    let headers = request.headers().clone();
    let bytes = call.body(request, LIMIT).await.map_err(Unread::Failed)?;
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    match kind.as_str() {
        "application/json" => object(&bytes),
        "application/x-www-form-urlencoded" => {
            let fields = form_urlencoded::parse(&bytes).into_owned();
            Ok(fields.map(|(name, value)| (name, Value::String(value))).collect())
        }
        "multipart/form-data" => parts(&headers, bytes).await,
        _ => Err(Unread::Unsupported(format!("Unsupported media type \"{content_type}\" in request."))),
    }
}

fn object(bytes: &Bytes) -> Result<Fields, Unread> {
    let value = serde_json::from_slice(bytes).map_err(|error| Unread::Broken(format!("JSON parse error - {error}")))?;
    let word = match value {
        Value::Object(fields) => return Ok(fields.into_iter().collect()),
        Value::Array(_) => "list",
        Value::String(_) => "str",
        Value::Number(number) => {
            if number.is_f64() {
                "float"
            } else {
                "int"
            }
        }
        Value::Bool(_) => "bool",
        Value::Null => "NoneType",
    };
    Err(Unread::NoObject(format!("Invalid data. Expected a dictionary, but got {word}.")))
}

async fn parts(headers: &HeaderMap, bytes: Bytes) -> Result<Fields, Unread> {
    let wrong = |error: &dyn std::fmt::Display| Unread::Broken(format!("Multipart form parse error - {error}"));
    let mut request = Request::new(bytes.into());
    *request.headers_mut() = headers.clone();
    let mut parts = Multipart::from_request(request, &()).await.map_err(|error| wrong(&error))?;
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|error| wrong(&error))? {
        // Files are no fields here.
        let Disposition { name, file_name } = Disposition::of(part.headers());
        let text = part.bytes().await.map_err(|error| wrong(&error))?;
        if let (Some(name), None) = (name, file_name) {
            fields.push((name, Value::String(String::from_utf8_lossy(&text).into_owned())));
        }
    }
    Ok(fields)
}
