//! What is told about a violation: where it is, and what is wrong, in bounded length. Values may be as large as a
//! request may be, so they are named and not repeated.

use std::fmt::{self, Write};

use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::Value;

use crate::error::FieldError;

/// Violations that are listed at once.
pub(super) const MAX_ENTRIES: usize = 100;

/// Characters of a message, and of a path.
const MAX_TEXT: usize = 300;

/// Characters of a text that is still quoted in a message.
const MAX_QUOTED: usize = 60;

/// The violation, with the JSON pointer into what was validated appended to `field`.
pub(super) fn field_error(field: &str, error: &ValidationError<'_>) -> FieldError {
    FieldError { path: bounded(format_args!("{field}{}", error.instance_path())), message: message(error) }
}

fn message(error: &ValidationError<'_>) -> String {
    if let ValidationErrorKind::PropertyNames { error } = error.kind() {
        return bounded(format_args!("A name of the object is not allowed: {}", message(error)));
    }
    let name = match &**error.instance() {
        Value::String(text) if text.chars().nth(MAX_QUOTED).is_some() => "This text",
        Value::Array(_) => "This array",
        Value::Object(_) => "This object",
        _ => return bounded(format_args!("{error}")),
    };
    bounded(format_args!("{}", error.masked_with(name)))
}

/// Formats without ever holding more than the limit: what is cut off is not even produced.
fn bounded(arguments: fmt::Arguments<'_>) -> String {
    let mut text = Bounded { text: String::new(), left: MAX_TEXT };
    if text.write_fmt(arguments).is_err() {
        text.text.push('…');
    }
    text.text
}

struct Bounded {
    text: String,
    left: usize,
}

impl Write for Bounded {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let mut characters = piece.chars();
        self.text.extend(characters.by_ref().take(self.left).inspect(|_| self.left -= 1));
        if characters.next().is_some() { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_say_so() {
        assert_eq!(bounded(format_args!("{}", "é".repeat(300))), "é".repeat(300));
        assert_eq!(bounded(format_args!("{}{}", "é".repeat(300), 1)), "é".repeat(300) + "…");
    }
}
