//! Bodies: JSON objects and forms, and what is wrong with their fields, all of it at once.

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::envelope::{Fault, Refusal};
use crate::compat::Call;
use crate::domain::policy::EmailRule;

/// Bytes of a body that brings no file.
pub(super) const BYTES: usize = 65_536;

pub(super) const NO_ADDRESS: &str = "Invalid email address";

/// The fields of a body, and what is wrong with those that were looked at: in the order in which that was done.
#[derive(Debug, Default)]
pub(super) struct Form {
    fields: Map<String, Value>,
    faults: Vec<Fault>,
}

impl Form {
    /// A JSON object or a form, as the content type says; of another type it counts as empty.
    pub(super) async fn read(call: &Call, request: Request) -> Result<Self, Refusal> {
        Self::read_within(call, request, BYTES).await
    }

    /// The same with another bound, in bytes.
    pub(super) async fn read_within(call: &Call, request: Request, limit: usize) -> Result<Self, Refusal> {
        let kind = content_type(request.headers());
        let body = call.body(request, limit).await?;
        Ok(match kind.as_str() {
            "application/json" => Self::json(&body),
            "application/x-www-form-urlencoded" => Self::urlencoded(&body),
            _ => Self::default(),
        })
    }

    /// A JSON object, whatever the content type says.
    pub(super) async fn read_json(call: &Call, request: Request) -> Result<Self, Refusal> {
        Ok(Self::json(&call.body(request, BYTES).await?))
    }

    fn json(body: &[u8]) -> Self {
        if body.is_empty() {
            return Self::default();
        }
        let (fields, fault) = match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => (fields, None),
            Ok(other) => (Map::new(), Some(format!("Invalid JSON: Should be a JSON object, got {}", repr(&other)))),
            Err(error) => (Map::new(), Some(format!("Invalid JSON request body: {error}"))),
        };
        Self { fields, faults: fault.into_iter().map(Fault::body).collect() }
    }

    fn urlencoded(body: &[u8]) -> Self {
        let mut fields = Map::new();
        for (name, value) in form_urlencoded::parse(body) {
            fields.insert(name.into_owned(), value.into_owned().into());
        }
        Self { fields, faults: Vec::new() }
    }

    /// A field as it came.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// Takes a field out.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name)
    }

    /// Notes what is wrong with a field.
    pub(super) fn blame(&mut self, name: &str, description: impl Into<String>) {
        self.faults.push(Fault::of(name, description));
    }

    /// The same before all that is noted already, for the first field of a body.
    pub(super) fn blame_first(&mut self, name: &str, description: impl Into<String>) {
        self.faults.insert(0, Fault::of(name, description));
    }

    /// Notes what is wrong with the body as a whole.
    pub(super) fn blame_body(&mut self, description: impl Into<String>) {
        self.faults.push(Fault::body(description));
    }

    /// A text that must be there; an empty one stands for one that is wrong.
    pub(super) fn required(&mut self, name: &str) -> String {
        if !self.fields.contains_key(name) {
            self.blame(name, format!("{name} is missing"));
            return String::new();
        }
        let faults = self.faults.len();
        let text = self.optional(name);
        if text.is_none() && self.faults.len() == faults {
            self.blame(name, "Required");
        }
        text.unwrap_or_default()
    }

    /// A text that may be there. What is nothing to the old server is none: null, `""`, `0`, `false`, `[]`, `{}`.
    pub(super) fn optional(&mut self, name: &str) -> Option<String> {
        match self.fields.get(name)? {
            value if is_nothing(value) => None,
            Value::String(text) => Some(text.clone()),
            other => {
                let description = format!("{} is not a string: {{'{name}': ''}}", repr(other));
                self.blame(name, description);
                None
            }
        }
    }

    /// An address that must be there.
    pub(super) fn address(&mut self, name: &str) -> String {
        let email = self.required(name);
        if !email.is_empty() && !EmailRule::Backrest.takes(&email) {
            self.blame(name, NO_ADDRESS);
        }
        email
    }

    /// Fails with everything that is wrong.
    pub(super) fn finish(&mut self) -> Result<(), Refusal> {
        if self.faults.is_empty() { Ok(()) } else { Err(Refusal::faults(std::mem::take(&mut self.faults))) }
    }

    /// Whether something is wrong already.
    pub(super) const fn is_wrong(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Whether something is wrong with this field already.
    pub(super) fn is_wrong_in(&self, name: &str) -> bool {
        self.faults.iter().any(|fault| fault.name.as_deref() == Some(name))
    }
}

/// What Python takes for false.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// A value as Python shows it, more or less: people read it.
fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
