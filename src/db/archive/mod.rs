//! Backups: the whole database in one file, made while servers run, and filled into an empty database of either kind.
//!
//! The file is gzip over lines of JSON: what made it, then for each table a line with its columns and the last number that
//! it has drawn, and a line for each row, and at the end how many rows there are, so that a file that was cut short is
//! known as such. Bytes of files are not in it: they lie in the file store, whose folder or bucket is copied beside it.

mod dump;
mod load;
mod table;
mod value;

use serde::{Deserialize, Serialize};

/// The setting that names places of the log of events that no event will ever have: `from-to` pairs, each `from` exclusive
/// and `to` inclusive. A restore leaves them out: events that were there after the backup had some of them.
pub const EVENTS_LEFT_OUT: &str = "events_left_out";

/// Version of the file's format.
const FORMAT: u32 = 1;

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Tables.
    pub tables: usize,
    /// Rows of all tables.
    pub rows: u64,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    docket_backup: u32,
    /// Those of the database, in their order: a backup goes into a database with the same.
    migrations: Vec<String>,
}

/// The line before a table's rows.
#[derive(Debug, Serialize, Deserialize)]
struct TableHead {
    table: String,
    columns: Vec<String>,
    /// The last number drawn for a row: numbers are never used again, whether their rows are there or not.
    last: Option<i64>,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
struct Tail {
    rows: u64,
}
