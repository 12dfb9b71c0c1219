//! Reading a JSON object key by key, with the words of the old server for each thing that may be wrong with one.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::envelope::{Entry, Refusal};
use super::longs;

/// The members of a body, and what is wrong with them so far.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    members: &'a Map<String, Value>,
    faults: Vec<Entry>,
}

/// What a body is read as: JSON if its type says so and it is, but not `null`. A whole number that cannot be kept as it is
/// would come back as another one, and is refused.
pub(super) fn json(headers: &HeaderMap, body: &[u8]) -> Result<Option<Value>, Refusal> {
    if !is_json(headers) {
        return Ok(None);
    }
    let value = serde_json::from_slice(body).ok().filter(|value: &Value| !value.is_null());
    match longs::first_in(body).filter(|_| value.is_some()) {
        None => Ok(value),
        Some(key) => Err(Refusal::from(vec![Entry::key(&key, &["Integers of more than 64 bits cannot be stored."])])),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || kind.strip_prefix("application/").is_some_and(|kind| kind.ends_with("+json"))
}

impl<'a> Fields<'a> {
    /// Of a body that must be an object.
    pub(super) fn of(body: &'a Value) -> Result<Self, Refusal> {
        match body {
            Value::Object(members) => Ok(Self { members, faults: Vec::new() }),
            _ => Err(Refusal::from(vec![Entry::key("_schema", &["Invalid input type."])])),
        }
    }

    /// What was found, or all that is wrong.
    pub(super) fn finish<T>(self, found: T) -> Result<T, Refusal> {
        if self.faults.is_empty() { Ok(found) } else { Err(Refusal::from(self.faults)) }
    }

    fn fault(&mut self, key: &str, message: &str) {
        self.faults.push(Entry::key(key, &[message]));
    }

    /// A member that must be there. What is wrong is noted, and gives null.
    fn required(&mut self, key: &str) -> &'a Value {
        match self.members.get(key) {
            None => self.fault(key, "Missing data for required field."),
            Some(Value::Null) => self.fault(key, "Field may not be null."),
            Some(value) => return value,
        }
        &Value::Null
    }

    /// A member that may be absent, but not null.
    fn optional(&mut self, key: &str) -> Option<&'a Value> {
        let value = self.members.get(key)?;
        if value.is_null() {
            self.fault(key, "Field may not be null.");
        }
        Some(value).filter(|value| !value.is_null())
    }

    /// A text that must be there.
    pub(super) fn text(&mut self, key: &str) -> String {
        let value = self.required(key);
        self.as_text(key, value).unwrap_or_default()
    }

    /// A text that may be absent.
    pub(super) fn optional_text(&mut self, key: &str) -> Option<String> {
        let value = self.optional(key)?;
        self.as_text(key, value)
    }

    /// An object that must be there.
    pub(super) fn object(&mut self, key: &str) -> Value {
        let value = self.required(key);
        if !value.is_object() && !value.is_null() {
            self.fault(key, "Not a valid mapping type.");
        }
        value.clone()
    }

    /// An object, of which null means that nothing is said.
    pub(super) fn object_or_null(&mut self, key: &str) -> Option<Value> {
        let value = self.members.get(key).filter(|value| !value.is_null())?;
        if !value.is_object() {
            self.fault(key, "Not a valid mapping type.");
        }
        Some(value.clone())
    }

    /// A text, of which null means that nothing is said, and what it stands for.
    pub(super) fn word_or_null<T>(&mut self, key: &str, read: fn(&str) -> Option<T>, unknown: &str) -> Option<T> {
        let value = self.members.get(key).filter(|value| !value.is_null())?;
        let found = self.as_text(key, value).map(|text| read(&text));
        if let Some(None) = found {
            self.fault(key, unknown);
        }
        found.flatten()
    }

    /// True or false in one of the ways in which Python's marshmallow took them.
    pub(super) fn optional_flag(&mut self, key: &str) -> Option<bool> {
        let value = self.optional(key)?;
        let flag = match value {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
            Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
            Value::String(text) => match text.as_str() {
                "t" | "T" | "true" | "True" | "TRUE" | "1" => Some(true),
                "f" | "F" | "false" | "False" | "FALSE" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if flag.is_none() {
            self.fault(key, "Not a valid boolean.");
        }
        flag
    }

    /// Seconds: a number or a numeric text, cut to a whole one. The old server broke on 0.
    pub(super) fn optional_seconds(&mut self, key: &str) -> Option<i64> {
        let value = self.optional(key)?;
        let seconds = match value {
            Value::Bool(flag) => Some(i64::from(*flag)),
            Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        match seconds {
            Some(seconds) if seconds < 0 => self.fault(key, "Attempted to set a negative timeout duration"),
            None | Some(0) => self.fault(key, "Not a valid period of time."),
            Some(_) => {}
        }
        seconds
    }

    fn as_text(&mut self, key: &str, value: &Value) -> Option<String> {
        match value {
            Value::String(text) => return Some(text.clone()),
            Value::Null => {}
            _ => self.fault(key, "Not a valid string."),
        }
        None
    }
}

/// The whole part of a number, where it is one of seconds at all.
fn whole(number: f64) -> Option<i64> {
    const MOST: f64 = 9.0e15;
    #[expect(clippy::cast_possible_truncation, reason = "it is within what a float holds exactly")]
    (number.abs() < MOST).then_some(number.trunc() as i64)
}
