//! Results on stdout: tables for people, JSON for scripts. Nothing here panics when the reader has gone.

use std::io::{self, Write};

use chrono::SecondsFormat;
use entity::Time;
use serde_json::{Map, Value as Json};

use crate::infra::csv;

/// One thing to show: its fields in the order of their importance, named as in the GraphQL schema.
pub(super) type Record = Map<String, Json>;

/// Makes a [`Record`]; an absent optional value becomes `null`.
macro_rules! record {
    ($($name:literal: $value:expr),* $(,)?) => {
        $crate::cli::output::Record::from_iter([$( ($name.to_owned(), serde_json::json!($value)) ),*])
    };
}
pub(super) use record;

/// How a command wants its result shown.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Format {
    /// Print JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

/// A moment as GraphQL shows it: RFC 3339, UTC, microseconds.
pub(super) fn time(moment: Time) -> String {
    moment.to_chrono().to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Where results go.
pub(super) struct Output<W = io::Stdout> {
    writer: W,
}

impl Output {
    pub fn stdout() -> Self {
        Self { writer: io::stdout() }
    }
}

impl<W: Write> Output<W> {
    /// One line.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.writer, "{text}")?;
        self.writer.flush()
    }

    /// Text that has its own line ends.
    pub fn raw(&mut self, text: &str) -> io::Result<()> {
        self.writer.write_all(text.as_bytes())
    }

    /// Any JSON.
    pub fn json(&mut self, value: &Json) -> io::Result<()> {
        self.line(&format!("{value:#}"))
    }

    /// Many of a kind: a table of `columns`, or a JSON array of everything.
    pub fn list(&mut self, format: Format, records: Vec<Record>, columns: &[&str]) -> io::Result<()> {
        if format.json {
            return self.json(&records.into_iter().map(Json::Object).collect());
        }
        let header = columns.iter().map(|name| heading(name)).collect();
        let rows = records.iter().map(|record| columns.iter().map(|name| cell(record.get(*name))).collect());
        self.table(&std::iter::once(header).chain(rows).collect::<Vec<Vec<String>>>())
    }

    /// The same as CSV, for spreadsheets.
    pub fn csv(&mut self, records: &[Record], columns: &[&str]) -> io::Result<()> {
        self.raw(&csv::line(columns.iter().copied()))?;
        for record in records {
            let cells: Vec<String> = columns.iter().map(|name| plain(record.get(*name))).collect();
            self.raw(&csv::line(cells.iter().map(String::as_str)))?;
        }
        self.writer.flush()
    }

    /// One thing: a line a field, or a JSON object.
    pub fn one(&mut self, format: Format, record: Record) -> io::Result<()> {
        if format.json {
            return self.json(&Json::Object(record));
        }
        let rows: Vec<_> = record.iter().map(|(name, value)| vec![format!("{name}:"), cell(Some(value))]).collect();
        self.table(&rows)
    }

    /// Columns as wide as their widest cell, two spaces between them.
    fn table(&mut self, rows: &[Vec<String>]) -> io::Result<()> {
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in rows {
            let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            let line = padded.collect::<Vec<_>>().join("  ");
            writeln!(self.writer, "{}", line.trim_end())?;
        }
        self.writer.flush()
    }
}

/// `createdAt` as the head of a column: `CREATED_AT`.
fn heading(name: &str) -> String {
    let parts = name.chars().map(|letter| match letter {
        'A'..='Z' => format!("_{letter}"),
        _ => letter.to_uppercase().to_string(),
    });
    parts.collect()
}

/// A value as a cell. Control characters are escaped: names are chosen by users, and the terminal is an operator's.
fn cell(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => "-".to_owned(),
        Some(Json::Bool(true)) => "yes".to_owned(),
        Some(Json::Bool(false)) => "no".to_owned(),
        Some(Json::Array(items)) if items.is_empty() => "-".to_owned(),
        Some(Json::Array(items)) if items.iter().all(|item| item.is_string() || item.is_number()) => {
            items.iter().map(|item| cell(Some(item))).collect::<Vec<_>>().join(", ")
        }
        Some(Json::String(text)) => text.chars().map(visible).collect(),
        Some(other) => other.to_string(),
    }
}

/// A value as a spreadsheet reads it.
fn plain(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn visible(letter: char) -> String {
    if letter.is_control() { letter.escape_default().to_string() } else { letter.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(show: impl Fn(&mut Output<&mut Vec<u8>>) -> io::Result<()>) -> String {
        let mut bytes = Vec::new();
        show(&mut Output { writer: &mut bytes }).expect("memory takes everything");
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn a_table_is_aligned_and_shows_no_control_characters() {
        let records = vec![
            record! { "number": 1, "isAdmin": true, "name": "ada", "roles": ["a", "b"], "held": [1, 2] },
            record! { "number": 12, "isAdmin": false, "name": "b\u{1b}[31m\n", "roles": Vec::<String>::new() },
        ];
        let text =
            shown(|output| output.list(Format { json: false }, records.clone(), &["isAdmin", "name", "roles", "held"]));
        let expected = [
            "IS_ADMIN  NAME           ROLES  HELD",
            "yes       ada            a, b   1, 2",
            "no        b\\u{1b}[31m\\n  -      -",
            "",
        ];
        assert_eq!(text, expected.join("\n"));
    }

    #[test]
    fn one_thing_has_a_line_a_field() {
        let record = record! { "name": "ada", "email": None::<String>, "isAdmin": false };
        assert_eq!(
            shown(|output| output.one(Format { json: false }, record.clone())),
            "name:     ada\nemail:    -\nisAdmin:  no\n"
        );
    }

    #[test]
    fn scripts_get_everything_in_the_same_order() {
        let records = vec![record! { "name": "ada", "email": None::<String> }];
        let text = shown(|output| output.list(Format { json: true }, records.clone(), &["name"]));
        assert_eq!(text, "[\n  {\n    \"name\": \"ada\",\n    \"email\": null\n  }\n]\n");
    }
}
