//! JSON as the old server wrote it: keys sorted, no blanks, ASCII only, numbers as Python shows them, and a newline at the
//! end.

use std::convert::Infallible;
use std::fmt::Write as _;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream;
use serde_json::{Number, Value};

use crate::compat::answer::answer;

/// An answer with status 200.
pub(super) fn reply(value: &Value) -> Response {
    reply_with(StatusCode::OK, value)
}

/// Bytes of a list that are written at once.
const PIECE: usize = 262_144;

/// The same with a list that may be long, under a name that comes before `msg`: item by item, and piece by piece as the
/// client takes it, since the same item may stand in it many times.
pub(super) fn reply_list<F>(name: &str, count: usize, item: F, msg: &str) -> Response
where
    F: Fn(usize) -> Option<Value> + Send + 'static,
{
    let mut end = "],\"msg\":".to_owned();
    write_text(&mut end, msg);
    end.push_str("}\n");
    let mut pieces = Pieces { next: 0, count, item, end: Some(end), start: format!("{{\"{name}\":[") };
    let first = pieces.piece();
    // Most are short, and go with their length.
    if pieces.end.is_none() {
        return answer(StatusCode::OK, "application/json", first);
    }
    let rest = stream::iter(std::iter::once(first).chain(pieces).map(Ok::<_, Infallible>));
    answer(StatusCode::OK, "application/json", Body::from_stream(rest))
}

/// A list that is being written.
struct Pieces<F> {
    next: usize,
    count: usize,
    item: F,
    start: String,
    /// What is still to come after the last item.
    end: Option<String>,
}

impl<F: Fn(usize) -> Option<Value>> Pieces<F> {
    fn piece(&mut self) -> String {
        let mut text = std::mem::take(&mut self.start);
        while self.next < self.count && text.len() < PIECE {
            if self.next > 0 {
                text.push(',');
            }
            write(&mut text, &(self.item)(self.next).unwrap_or_default());
            self.next += 1;
        }
        if self.next == self.count {
            text.push_str(&self.end.take().unwrap_or_default());
        }
        text
    }
}

impl<F: Fn(usize) -> Option<Value>> Iterator for Pieces<F> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        self.end.is_some().then(|| self.piece())
    }
}

/// An answer with another status.
pub(super) fn reply_with(status: StatusCode, value: &Value) -> Response {
    let mut text = String::new();
    write(&mut text, value);
    text.push('\n');
    answer(status, "application/json", text)
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_text(out, key);
                out.push(':');
                write(out, value);
            }
            out.push('}');
        }
    }
}

/// Both languages write the shortest digits that mean the number. They differ in when they take an exponent, and in how
/// it looks: Python does below 0.0001, with a sign and two digits at least.
fn write_number(out: &mut String, number: &Number) {
    let float = number.as_f64().filter(|_| number.is_f64());
    let Some(small) = float.filter(|float| *float != 0.0 && float.abs() < 1e-4) else {
        // Writing to a string does not fail.
        let _ = write!(out, "{number}");
        return;
    };
    let text = format!("{small:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let _ = write!(out, "{digits}e-{:0>2}", exponent.trim_start_matches('-'));
}

pub(super) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a string does not fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(value: &Value) -> String {
        let mut text = String::new();
        write(&mut text, value);
        text
    }

    #[test]
    fn it_looks_like_pythons() {
        let value = json!({ "msg": "ü \u{1f600} \"\\\n\u{7f}", "a": [1, null, true], "B": {} });
        let text = "{\"B\":{},\"a\":[1,null,true],\"msg\":\"\\u00fc \\ud83d\\ude00 \\\"\\\\\\n\\u007f\"}";
        assert_eq!(written(&value), text);
        for (float, text) in [(0.0, "0.0"), (0.25, "0.25"), (1.0, "1.0"), (0.0001, "0.0001"), (0.000_012, "1.2e-05")] {
            assert_eq!(written(&json!(float)), text);
        }
    }
}
