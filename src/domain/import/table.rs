//! Reading tables of comma-separated values, a row at a time.

use std::{fs::File, path::Path};

use chrono::TimeDelta;
use csv::{ReaderBuilder, StringRecord};
use entity::{Amount, Time};

use super::Progress;
use crate::error::{Error, Result};

/// Rows between two words on the progress.
const OFTEN: u64 = 1_000;
/// Characters of a date before its time.
const DATE: usize = 10;

/// A file with a line of names, in any order.
pub(super) struct Table {
    name: String,
    reader: csv::Reader<File>,
    /// Where each wanted column stands.
    columns: Vec<usize>,
    bytes: u64,
    rows: u64,
    progress: Progress,
}

/// One row: its line, and the values of the wanted columns.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) line: u64,
    values: Vec<String>,
}

impl Table {
    /// Opens a file of a folder.
    ///
    /// Fails with [`Error::BadRequest`] when it cannot be read or lacks a column.
    pub(super) fn open(folder: &Path, name: &str, wanted: &[&str], progress: &Progress) -> Result<Self> {
        let path = folder.join(name);
        let wrong = |why: String| Error::BadRequest(format!("{}: {why}", path.display()));
        let file = File::open(&path).map_err(|error| wrong(error.to_string()))?;
        let bytes = file.metadata().map_err(|error| wrong(error.to_string()))?.len();
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(file);
        let header = reader.headers().map_err(|error| wrong(error.to_string()))?;
        let columns = wanted.iter().map(|column| {
            let found = header.iter().position(|name| name.trim_start_matches('\u{feff}').trim() == *column);
            found.ok_or_else(|| wrong(format!("the first line names no column {column}.")))
        });
        let columns = columns.collect::<Result<_>>()?;
        Ok(Self { name: name.to_owned(), reader, columns, bytes, rows: 0, progress: progress.clone() })
    }

    /// The next row; none at the end. A row that is no text, or too short, is an error that names its line, and the next
    /// one can be read after it.
    pub(super) fn next(&mut self) -> Option<Result<Row, (u64, String)>> {
        let mut record = StringRecord::new();
        let line = self.reader.position().line();
        self.rows += 1;
        if self.rows.is_multiple_of(OFTEN) {
            self.tell();
        }
        match self.reader.read_record(&mut record) {
            Ok(false) => {
                self.progress.tell(&self.name, 1.0);
                None
            }
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                let values = self.columns.iter().map(|column| record.get(*column).map(str::to_owned));
                let values: Option<Vec<String>> = values.collect();
                let Some(values) = values else { return Some(Err((line, "It has too few values.".to_owned()))) };
                if values.iter().any(|value| value.contains('\0')) {
                    return Some(Err((line, "It holds a NUL character, which not every database keeps.".to_owned())));
                }
                Some(Ok(Row { line, values }))
            }
            Err(error) => Some(Err((line, format!("It cannot be read: {error}.")))),
        }
    }

    fn tell(&self) {
        // Files far beyond what a float holds exactly are told of well enough.
        #[expect(clippy::cast_precision_loss, reason = "a part of a file is told to a person")]
        let part = self.reader.position().byte() as f64 / self.bytes.max(1) as f64;
        self.progress.tell(&self.name, part);
    }
}

impl Row {
    /// A value as it stands there; what a database writes for nothing is none.
    pub(super) fn text(&self, column: usize) -> Option<&str> {
        let text = self.values[column].as_str();
        (!matches!(text, "" | "\\N" | "NULL")).then_some(text)
    }

    /// A whole number.
    pub(super) fn number(&self, column: usize, name: &str, least: i64, most: i64) -> Result<i64, String> {
        let text = self.text(column).ok_or_else(|| format!("{name} is missing."))?;
        let number: i64 = text.trim().parse().map_err(|_| format!("{name} is no whole number: {text:?}."))?;
        if (least..=most).contains(&number) {
            return Ok(number);
        }
        Err(format!("{name} is out of range: {number} is not from {least} to {most}."))
    }

    /// A moment: `2018-06-05 13:27:35`, with a T in between and a fraction or not. UTC unless an offset stands behind it, as
    /// PostgreSQL writes one (`+00`, `-07`, `+0530`, `+05:30`), or a Z.
    pub(super) fn moment(&self, column: usize, name: &str) -> Result<Option<Time>, String> {
        let Some(text) = self.text(column) else { return Ok(None) };
        // What MySQL shows for no date at all.
        if text.starts_with("0000-00-00") {
            return Ok(None);
        }
        let wrong = || format!("{name} is no moment: {text:?}.");
        let (local, offset) = zoned(text.trim()).ok_or_else(wrong)?;
        let shape = local.replacen('T', " ", 1);
        let at = chrono::NaiveDateTime::parse_from_str(&shape, "%Y-%m-%d %H:%M:%S%.f").map_err(|_| wrong())?;
        at.checked_sub_signed(offset).map(|at| Some(at.and_utc().into())).ok_or_else(wrong)
    }

    /// An amount, rounded half to even to the millionth.
    pub(super) fn amount(&self, column: usize, name: &str) -> Result<Amount, String> {
        let text = self.text(column).ok_or_else(|| format!("{name} is missing."))?;
        let number: f64 = text.trim().parse().map_err(|_| format!("{name} is no number: {text:?}."))?;
        if !number.is_finite() || number.abs() > 9e12 {
            return Err(format!("{name} is out of range: {text}."));
        }
        Amount::parse(&format!("{number:.6}")).map_err(|why| format!("{name}: {why}"))
    }
}

/// A moment apart from its offset, which is nothing where none is written.
fn zoned(text: &str) -> Option<(&str, TimeDelta)> {
    if let Some(local) = text.strip_suffix('Z') {
        return Some((local.trim_end(), TimeDelta::zero()));
    }
    // A sign before this place is that of the date.
    let Some(place) = text.rfind(['+', '-']).filter(|place| *place > DATE) else {
        return Some((text, TimeDelta::zero()));
    };
    let (local, sign) = (text[..place].trim_end(), if text[place..].starts_with('-') { -1 } else { 1 });
    let digits = text[place + 1..].replace(':', "");
    if !matches!(digits.len(), 2 | 4 | 6) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |part| part.parse::<i64>().ok());
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4)?);
    let within = hours < 24 && minutes < 60 && seconds < 60;
    within.then(|| (local, TimeDelta::seconds(sign * (hours * 3_600 + minutes * 60 + seconds))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Result<Option<String>, String> {
        let row = Row { line: 1, values: vec![text.to_owned()] };
        let read = row.moment(0, "at")?;
        Ok(read.map(|at| chrono::DateTime::from_timestamp_micros(at.0).expect("a moment").to_rfc3339()))
    }

    #[test]
    fn moments_are_read_with_every_offset_that_databases_write() {
        for (text, expected) in [
            ("2015-01-02 03:04:05.678+00", "2015-01-02T03:04:05.678+00:00"),
            ("2015-01-02 03:04:05+0000", "2015-01-02T03:04:05+00:00"),
            ("2015-01-02T03:04:05+00:00", "2015-01-02T03:04:05+00:00"),
            ("2015-01-02 03:04:05-07", "2015-01-02T10:04:05+00:00"),
            ("2015-01-02 03:04:05.5 +05:30", "2015-01-01T21:34:05.500+00:00"),
            ("1890-01-02 03:04:05+00:53:28", "1890-01-02T02:10:37+00:00"),
            ("2015-01-02 03:04:05Z", "2015-01-02T03:04:05+00:00"),
            ("2015-01-02 03:04:05", "2015-01-02T03:04:05+00:00"),
        ] {
            assert_eq!(moment(text), Ok(Some(expected.to_owned())), "{text}");
        }
        for text in
            ["2015-01-02", "2015-01-02 03:04:05+0", "2015-01-02 03:04:05+24", "2015-01-02 03:04:05+aa", "infinity"]
        {
            assert!(moment(text).is_err(), "{text}");
        }
        for text in ["", "\\N", "NULL", "0000-00-00 00:00:00"] {
            assert_eq!(moment(text), Ok(None), "{text}");
        }
    }
}
