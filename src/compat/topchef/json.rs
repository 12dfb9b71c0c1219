//! JSON as the old server wrote it: keys sorted, ASCII only, numbers as Python shows them, and two spaces of indent
//! with a blank after each comma, or no blanks at all for scripts of web pages (`X-Requested-With: XMLHttpRequest`).
//!
//! A handler gives the value; it is written when the answer leaves, by who knows how it was asked for.

use std::fmt::Write;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::Response;
use serde_json::{Map, Number, Value};

use super::meta;

/// How the JSON of one answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// For people, which is the usual.
    Pretty,
    /// Without blanks.
    Compact,
}

/// The value that an answer is to have as its body, and whose [`meta`] it has beside.
#[derive(Clone, Debug)]
struct Unwritten {
    value: Value,
    meta: Option<&'static str>,
}

/// An answer with status 200.
pub(super) fn reply(value: Value) -> Response {
    reply_with(StatusCode::OK, value)
}

/// An answer with another status.
pub(super) fn reply_with(status: StatusCode, value: Value) -> Response {
    unwritten(status, Unwritten { value, meta: None })
}

/// What most GETs answer: the data, the link to it, and the schemas of such answers.
pub(super) fn reply_about(meta: &'static str, link: String, data: Value) -> Response {
    let links = object([("self", Value::String(link))]);
    unwritten(StatusCode::OK, Unwritten { value: object([("data", data), ("links", links)]), meta: Some(meta) })
}

fn unwritten(status: StatusCode, body: Unwritten) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.extensions_mut().insert(body);
    response
}

/// An object of values that are there already: `json!` would copy each of them.
pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Writes the body that a handler has left to be written.
pub(super) fn finish(mut response: Response, style: Style) -> Response {
    if let Some(Unwritten { value, meta }) = response.extensions_mut().remove::<Unwritten>() {
        let mut text = String::new();
        match (&value, meta) {
            (Value::Object(members), Some(meta)) => {
                let beside = ("meta", Member::Written(meta::written(meta, style)));
                write_object(&mut text, values(members).chain([beside]).collect(), style, 0);
            }
            _ => write(&mut text, &value, style, 0),
        }
        text.push('\n');
        *response.body_mut() = text.into();
        // The router has counted the empty body that was there until now.
        response.headers_mut().remove(CONTENT_LENGTH);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

/// Writes a value that stands inside `level` others.
pub(super) fn write(out: &mut String, value: &Value, style: Style, level: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_text(out, text),
        Value::Array(items) if items.is_empty() => out.push_str("[]"),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(out, style, level + 1, index > 0);
                write(out, item, style, level + 1);
            }
            close(out, style, level, ']');
        }
        Value::Object(members) => write_object(out, values(members).collect(), style, level),
    }
}

/// A member of an object.
enum Member<'a> {
    Value(&'a Value),
    /// One whose text is there already.
    Written(&'a str),
}

fn values(members: &Map<String, Value>) -> impl Iterator<Item = (&str, Member<'_>)> {
    members.iter().map(|(name, value)| (name.as_str(), Member::Value(value)))
}

fn write_object(out: &mut String, mut members: Vec<(&str, Member<'_>)>, style: Style, level: usize) {
    if members.is_empty() {
        return out.push_str("{}");
    }
    members.sort_unstable_by_key(|(name, _)| *name);
    out.push('{');
    for (index, (name, member)) in members.into_iter().enumerate() {
        separate(out, style, level + 1, index > 0);
        write_text(out, name);
        out.push_str(if style == Style::Pretty { ": " } else { ":" });
        match member {
            Member::Value(value) => write(out, value, style, level + 1),
            Member::Written(text) => out.push_str(text),
        }
    }
    close(out, style, level, '}');
}

/// What stands before an item of a list or an object.
pub(super) fn separate(out: &mut String, style: Style, level: usize, follows: bool) {
    match (style, follows) {
        (Style::Pretty, true) => out.push_str(", "),
        (Style::Compact, true) => out.push(','),
        (_, false) => {}
    }
    indent(out, style, level);
}

/// The end of a list or an object that is not empty.
pub(super) fn close(out: &mut String, style: Style, level: usize, bracket: char) {
    indent(out, style, level);
    out.push(bracket);
}

fn indent(out: &mut String, style: Style, level: usize) {
    if style == Style::Pretty {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", level));
    }
}

/// Python gives an exponent a sign and two digits at least: `5e-07`, `1e+16`.
fn write_number(out: &mut String, number: &Number) {
    let text = number.to_string();
    match text.split_once(['e', 'E']) {
        Some((digits, exponent)) if number.is_f64() => {
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(exponent) => ('-', exponent),
                None => ('+', exponent.trim_start_matches('+')),
            };
            out.push_str(digits);
            out.push('e');
            out.push(sign);
            if exponent.len() < 2 {
                out.push('0');
            }
            out.push_str(exponent);
        }
        _ => out.push_str(&text),
    }
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    // Most text is plain, and goes over as it is.
    let mut rest = text;
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    while let Some(at) = rest.bytes().position(|byte| !is_plain(byte)) {
        let (plain, other) = rest.split_at(at);
        out.push_str(plain);
        let mut letters = other.chars();
        if let Some(letter) = letters.next() {
            write_letter(out, letter);
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn write_letter(out: &mut String, letter: char) {
    match letter {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        other => {
            for unit in other.encode_utf16(&mut [0; 2]) {
                // A text takes everything.
                let _written = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(value: &Value, style: Style) -> String {
        let mut text = String::new();
        write(&mut text, value, style, 0);
        text
    }

    #[test]
    fn it_is_written_as_python_does() {
        let value = json!({ "b": [1, 2.5, 5e-7, 1e16, true, null], "a": { "é\n\"😀": {} }, "c": [] });
        assert_eq!(
            written(&value, Style::Pretty),
            "{\n  \"a\": {\n    \"\\u00e9\\n\\\"\\ud83d\\ude00\": {}\n  }, \n  \"b\": [\n    1, \n    2.5, \n    5e-07, \n    \
             1e+16, \n    true, \n    null\n  ], \n  \"c\": []\n}"
        );
        assert_eq!(written(&json!("a\\b \u{7f}~"), Style::Compact), "\"a\\\\b \\u007f~\"");
        assert_eq!(
            written(&value, Style::Compact),
            "{\"a\":{\"\\u00e9\\n\\\"\\ud83d\\ude00\":{}},\"b\":[1,2.5,5e-07,1e+16,true,null],\"c\":[]}"
        );
    }
}
