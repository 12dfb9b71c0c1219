//! Reading bodies: JSON, forms, and forms in parts.

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::envelope::{Noun, Refusal};
use crate::compat::Call;
use crate::config::MybrcProfile;

/// Bytes of a body at most.
const LIMIT: usize = 1 << 20;

/// The fields of a body, in their order; names may repeat.
pub(super) async fn read(
    call: &Call,
    profile: MybrcProfile,
    noun: Noun,
    request: Request,
) -> Result<Vec<(String, Value)>, Refusal> {
    let headers = request.headers().clone();
    let bytes = call.body(request, LIMIT).await.map_err(|failure| Refusal::failed(profile, noun, failure))?;
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    match kind.as_str() {
        "application/json" => object(profile, &bytes),
        "application/x-www-form-urlencoded" => {
            let fields = form_urlencoded::parse(&bytes).into_owned();
            Ok(fields.map(|(name, value)| (name, Value::String(value))).collect())
        }
        "multipart/form-data" => parts(profile, &headers, bytes).await,
        _ => {
            let detail = format!("Unsupported media type \"{content_type}\" in request.");
            Err(Refusal::detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
        }
    }
}

fn object(profile: MybrcProfile, bytes: &Bytes) -> Result<Vec<(String, Value)>, Refusal> {
    let value = serde_json::from_slice(bytes)
        .map_err(|error| Refusal::syntax(profile, format!("JSON parse error - {error}")))?;
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
    let message = format!("Invalid data. Expected a dictionary, but got {word}.");
    let fields = json!({ "non_field_errors": [message] });
    Err(Refusal::new(
        StatusCode::BAD_REQUEST,
        match profile {
            MybrcProfile::AsBuilt => fields,
            MybrcProfile::Documented => json!({ "success": false, "error": message, "fields": fields }),
        },
    ))
}

async fn parts(profile: MybrcProfile, headers: &HeaderMap, bytes: Bytes) -> Result<Vec<(String, Value)>, Refusal> {
    let wrong =
        |error: &dyn std::fmt::Display| Refusal::syntax(profile, format!("Multipart form parse error - {error}"));
    let mut request = Request::new(bytes.into());
    *request.headers_mut() = headers.clone();
    let mut parts = Multipart::from_request(request, &()).await.map_err(|error| wrong(&error))?;
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|error| wrong(&error))? {
        // Files are no fields here.
        let name = part.name().map(str::to_owned).filter(|_| part.file_name().is_none());
        let text = part.bytes().await.map_err(|error| wrong(&error))?;
        if let Some(name) = name {
            fields.push((name, Value::String(String::from_utf8_lossy(&text).into_owned())));
        }
    }
    Ok(fields)
}
