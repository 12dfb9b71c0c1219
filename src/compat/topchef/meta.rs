//! The schemas that every GET tells under `meta`. They describe the answers to people and programs; nothing is checked
//! against them here.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::json::{Style, write};

static META: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("meta.json")).expect("the file beside this one is JSON"));

/// The same as it stands in an answer, for either style: the longest part of many an answer, and always the same.
static WRITTEN: LazyLock<HashMap<String, [String; 2]>> = LazyLock::new(|| {
    let written = |value: &Value, style| {
        let mut text = String::new();
        write(&mut text, value, style, 1);
        text
    };
    let both = |value| [written(value, Style::Pretty), written(value, Style::Compact)];
    META.as_object().into_iter().flatten().map(|(answer, value)| (answer.clone(), both(value))).collect()
});

/// The text of the `meta` of one kind of answer.
pub(super) fn written(answer: &str, style: Style) -> &'static str {
    let [pretty, compact] = &WRITTEN[answer];
    match style {
        Style::Pretty => pretty,
        Style::Compact => compact,
    }
}

/// The `meta` of one kind of answer.
pub(super) fn of(answer: &str) -> Value {
    META[answer].clone()
}
