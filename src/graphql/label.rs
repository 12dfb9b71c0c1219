//! Labels: short texts by name.

use async_graphql::{InputObject, SimpleObject};
use entity::Labels;

/// A short text by name.
#[derive(Clone, Debug, SimpleObject)]
pub struct Label {
    /// Its name; 1 to 64 letters, digits, `_`, `.`, `-` or `/`.
    key: String,
    /// Its text; at most 256 characters, on one line.
    value: String,
}

/// A short text by name.
#[derive(Clone, Debug, InputObject)]
pub struct LabelInput {
    /// Its name; 1 to 64 letters, digits, `_`, `.`, `-` or `/`, once in a list.
    key: String,
    /// Its text; at most 256 characters, on one line.
    value: String,
}

/// As clients see them, in the order of their keys.
pub fn shown(labels: &Labels) -> Vec<Label> {
    labels.0.iter().map(|(key, value)| Label { key: key.clone(), value: value.clone() }).collect()
}

/// As the domain takes them.
pub fn pairs(labels: Vec<LabelInput>) -> Vec<(String, String)> {
    labels.into_iter().map(|label| (label.key, label.value)).collect()
}
