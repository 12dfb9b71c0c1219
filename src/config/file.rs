//! The file, with the line of everything that is wrong in it.

use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::load::{DEFAULT_FILE, Draft, Origin};
use super::setting::Raw;
use super::{KEYS, SECTIONS, content, suggest};

/// A text and its name, to turn offsets into places.
pub(super) struct Source<'a> {
    name: Arc<str>,
    text: &'a str,
}

impl Source<'_> {
    pub(super) fn at(&self, span: &Range<usize>) -> Origin {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        Origin::File { name: Arc::clone(&self.name), line, column }
    }
}

/// Reads the file that was asked for, or the default one if there is one.
pub(super) fn read(draft: &mut Draft, asked: Option<&Path>) {
    let path = asked.unwrap_or(Path::new(DEFAULT_FILE));
    match std::fs::read(path) {
        Ok(bytes) => {
            let name = path.display().to_string();
            match String::from_utf8(bytes) {
                Ok(text) => parse(draft, &name, &text),
                Err(error) => {
                    draft.refuse(
                        Origin::Default,
                        format!("{name}: not UTF-8 at byte {}", error.utf8_error().valid_up_to()),
                    );
                }
            }
        }
        Err(error) if asked.is_none() && error.kind() == ErrorKind::NotFound => {}
        Err(error) => draft.refuse(Origin::Default, format!("{}: cannot be read: {error}", path.display())),
    }
}

/// Takes the values of a file's text. When it is not TOML, only that is reported: what a broken file means is a guess.
pub(super) fn parse(draft: &mut Draft, name: &str, text: &str) {
    let source = Source { name: Arc::from(name), text };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let origin = source.at(&error.span().unwrap_or_default());
        draft.refuse(origin, error.message());
    }
    if errors.is_empty() {
        take(draft, &source, "", root.get_ref());
        draft.problems.sort_by_key(|problem| match problem.origin {
            Origin::File { line, column, .. } => (line, column),
            _ => (0, 0),
        });
    }
}

/// Takes the keys of one table: the root (`""`) or a section, and those of the sections below it.
fn take(draft: &mut Draft, source: &Source<'_>, section: &str, table: &DeTable<'_>) {
    for (name, value) in table {
        let path =
            if section.is_empty() { name.get_ref().to_string() } else { format!("{section}.{}", name.get_ref()) };
        if path == content::PATH {
            content::take(draft, source, value);
        } else if let Some(key) = KEYS.iter().find(|key| key.path == path) {
            draft.set(key, &Raw::Toml(value.get_ref()), source.at(&value.span()));
        } else if is_section(&path) {
            take_section(draft, source, &path, value);
        } else {
            let what = if section.is_empty() && value.get_ref().is_table() { "section" } else { "key" };
            let instead = suggest::instead_of(section, name.get_ref());
            draft.refuse(source.at(&name.span()), format!("unknown {what} `{path}`; {instead}"));
        }
    }
}

/// A section, or what only holds sections (`compat`).
fn is_section(path: &str) -> bool {
    let holds =
        |section: &&str| section.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    SECTIONS.iter().any(holds)
}

fn take_section(draft: &mut Draft, source: &Source<'_>, section: &str, value: &Spanned<DeValue<'_>>) {
    match value.get_ref() {
        DeValue::Table(table) => take(draft, source, section, table),
        _ => draft.refuse(
            source.at(&value.span()),
            format!("`{section}` is a section; expected [{section}] with its keys below"),
        ),
    }
}
