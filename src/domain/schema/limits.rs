//! The outer bounds of a schema, checked before anything else reads it.

use std::io;

use serde_json::Value;

use crate::error::FieldError;

/// Bytes of a schema as compact JSON.
pub(super) const MAX_BYTES: usize = 65_536;

/// Levels of arrays and objects, in a schema and in what it validates. Bounds the stack of everything that recurses.
pub(super) const MAX_DEPTH: usize = 64;

/// Violations that make it useless to look further; empty when the schema may be read.
pub(super) fn violations(schema: &Value, field: &str) -> Vec<FieldError> {
    let refuse = |message: String| vec![FieldError { path: field.to_owned(), message }];
    if !matches!(schema, Value::Object(_) | Value::Bool(_)) {
        return refuse("must be a JSON Schema: an object or a boolean.".to_owned());
    }
    if is_deeper(schema, MAX_DEPTH) {
        return refuse(format!("is nested more than {MAX_DEPTH} levels deep."));
    }
    let mut counter = Counter(0);
    if serde_json::to_writer(&mut counter, schema).is_err() {
        return refuse(format!("is longer than {MAX_BYTES} bytes."));
    }
    Vec::new()
}

/// Whether arrays and objects are nested more than `levels` deep. Never looks deeper than that.
pub(super) fn is_deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(_) | Value::Object(_) if levels == 0 => true,
        Value::Array(items) => items.iter().any(|item| is_deeper(item, levels - 1)),
        Value::Object(members) => members.values().any(|member| is_deeper(member, levels - 1)),
        _ => false,
    }
}

/// Counts what is written to it and fails beyond [`MAX_BYTES`].
struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        if self.0 > MAX_BYTES { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn depth_counts_containers() {
        assert!(!is_deeper(&json!(1), 0));
        assert!(is_deeper(&json!([]), 0));
        assert!(!is_deeper(&json!({ "a": [1] }), 2));
        assert!(is_deeper(&json!({ "a": [1] }), 1));
    }

    #[test]
    fn the_size_limit_is_exact() {
        let schema = |length: usize| json!({ "title": "x".repeat(length - r#"{"title":""}"#.len()) });
        assert_eq!(violations(&schema(MAX_BYTES), "schema"), []);
        assert_eq!(violations(&schema(MAX_BYTES + 1), "schema")[0].message, "is longer than 65536 bytes.");
    }
}
