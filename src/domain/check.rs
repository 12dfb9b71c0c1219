//! Checks of input values: every fault of an input is collected before anything is refused.

use crate::error::{Error, FieldError, Result};

/// Longest title, name of a person, reason or other single line, in characters.
pub const LINE: usize = 200;
/// Longest description or other free text, in characters.
pub const TEXT: usize = 10_000;
/// Longest message of a worker, in characters. Events carry it, so that it bounds their size.
pub const MESSAGE: usize = 1_000;

/// The faults of one input so far.
#[derive(Debug, Default)]
pub struct Faults(Vec<FieldError>);

impl Faults {
    /// Notes a fault.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError { path: path.into(), message: message.into() });
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes over what another check found.
    pub fn extend(&mut self, result: Result<()>) -> Result<()> {
        match result {
            Ok(()) => Ok(()),
            Err(Error::Invalid(fields)) => {
                self.0.extend(fields);
                Ok(())
            }
            Err(other) => Err(other),
        }
    }

    /// One line without control characters, from `least` to `most` characters.
    pub fn line(&mut self, path: &str, text: &str, least: usize, most: usize) {
        self.length(path, text, least, most);
        if text.chars().any(char::is_control) {
            self.add(path, "Control characters are not allowed; this is a single line.");
        }
    }

    /// Free text: line breaks and tabs are fine, other control characters are not.
    pub fn text(&mut self, path: &str, text: &str, most: usize) {
        self.length(path, text, 0, most);
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.add(path, "Control characters other than line breaks and tabs are not allowed.");
        }
    }

    /// A name that stands in URLs and full names: `[A-Za-z0-9_.-]`, 1 to 64 characters.
    pub fn slug(&mut self, path: &str, text: &str) {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if text.is_empty() || text.len() > 64 || !text.chars().all(fits) {
            self.add(path, "1 to 64 letters, digits, `_`, `.` or `-` are needed.");
        }
    }

    /// A number within bounds.
    pub fn range(&mut self, path: &str, value: i64, least: i64, most: i64) {
        if !(least..=most).contains(&value) {
            self.add(path, format!("{value} is out of range; take {least} to {most}."));
        }
    }

    /// Fails with INVALID when anything was found.
    pub fn into_result(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }

    /// From `least` to `most` characters, whatever they are.
    pub fn length(&mut self, path: &str, text: &str, least: usize, most: usize) {
        let length = text.chars().count();
        if length < least {
            self.add(
                path,
                if least == 1 {
                    "It must not be empty.".into()
                } else {
                    format!("At least {least} characters are needed.")
                },
            );
        } else if length > most {
            self.add(path, format!("{length} characters are too many; at most {most} are kept."));
        }
    }
}
