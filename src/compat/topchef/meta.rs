//! The schemas that every GET tells under `meta`. They describe the answers to people and programs; nothing is checked
//! against them here.

use std::sync::LazyLock;

use serde_json::Value;

static META: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("meta.json")).expect("the file beside this one is JSON"));

/// The `meta` of one kind of answer.
pub(super) fn of(answer: &str) -> Value {
    META[answer].clone()
}
