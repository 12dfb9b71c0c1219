//! Filling a database from a backup.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use sea_orm::{
    ConnectionTrait, DbBackend, Statement, Value,
    sea_query::{Expr, Query},
};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::{
    FORMAT, Head, Summary, TableHead, Tail,
    table::{self, Table},
};
use crate::{
    db::{Db, EVENTS_LEFT_OUT, Tx, raw},
    error::{Error, Result},
};

/// Values of one statement at most; PostgreSQL takes 65,535 and SQLite 32,766.
const VALUES: usize = 4_000;
/// Bytes of the rows of one statement at most, as they stand in the file; a single row may be longer.
const BYTES: usize = 4 << 20;
/// So many places of the log of events are left out after the last one restored: a reader whose place lies among them has
/// read what happened after the backup, which is lost, and must be told.
const LEFT_OUT: i64 = 1 << 32;

impl Db {
    /// Fills this database, whose tables must be there and empty, from a backup; all of it or nothing.
    ///
    /// Fails with [`Error::InvalidState`] when the database is not empty or has another schema than the backup, and with
    /// [`Error::BadRequest`] when the file is no backup or not a whole one.
    pub async fn restore(&self, path: &Path) -> Result<Summary> {
        let migrations: Vec<String> = self.schema().steps().await?.into_iter().map(|step| step.name).collect();
        self.write((path.to_owned(), migrations), |tx, (path, migrations)| Box::pin(fill(tx, path, migrations))).await
    }
}

/// The lines of the file.
struct Lines {
    path: PathBuf,
    reader: BufReader<MultiGzDecoder<File>>,
    line: Vec<u8>,
    number: u64,
}

impl Lines {
    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)
            .map_err(|error| Error::BadRequest(format!("{} cannot be read: {error}", path.display())))?;
        let reader = BufReader::new(MultiGzDecoder::new(file));
        Ok(Self { path: path.to_owned(), reader, line: Vec::new(), number: 0 })
    }

    fn wrong(&self, what: impl std::fmt::Display) -> Error {
        Error::BadRequest(format!("{}, line {}: {what}", self.path.display(), self.number))
    }

    /// Moves to the next line.
    fn next(&mut self) -> Result<&[u8]> {
        self.number += 1;
        self.line.clear();
        let read = self.reader.read_until(b'\n', &mut self.line);
        match read {
            Ok(0) => Err(self.wrong("the file ends too early: it is not a whole backup.")),
            Ok(_) => Ok(&self.line),
            Err(error) => Err(self.wrong(format!("this is not a whole backup: {error}."))),
        }
    }

    /// Whether that was all, with the sum of it that gzip keeps at the end.
    fn end(&mut self) -> Result<()> {
        self.number += 1;
        match self.reader.read_until(b'\n', &mut self.line) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.wrong("something follows the end.")),
            Err(error) => Err(self.wrong(format!("this is not a whole backup: {error}."))),
        }
    }

    /// Reads the line as what is expected there.
    fn parsed<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.line).map_err(|error| self.wrong(format!("{error}.")))
    }
}

async fn fill(tx: &Tx, path: &Path, migrations: &[String]) -> Result<Summary> {
    if tx.db.get_database_backend() == DbBackend::Postgres {
        // The bounds of a request's transaction are none for a restore: a large table, or one row of the file that
        // comes slowly, takes longer. Nobody waits for this log yet.
        let unbounded = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
        tx.db.execute_unprepared(unbounded).await?;
    }
    let mut lines = Lines::open(path)?;
    lines.next()?;
    let head: Head = lines.parsed().map_err(|_| lines.wrong("this is no backup of docket."))?;
    if head.docket_backup != FORMAT || head.migrations != migrations {
        return Err(Error::InvalidState(
            "The backup is of another version of docket. Restore it with that version, and migrate afterwards.".into(),
        ));
    }
    let tables = table::all()?;
    for table in &tables {
        let any =
            Statement::from_string(tx.db.get_database_backend(), format!("SELECT 1 FROM \"{}\" LIMIT 1", table.name));
        if tx.db.query_one_raw(any).await?.is_some() {
            let message = format!("The database is not empty: it has rows in {}. Restore into a new one.", table.name);
            return Err(Error::InvalidState(message));
        }
    }
    let (mut rows, mut left_out) = (0, None);
    lines.next()?;
    for table in &tables {
        let head: TableHead = lines.parsed()?;
        if head.table != table.name || head.columns != table.column_names() {
            return Err(lines.wrong(format!("the table {} is not as this version of docket has it.", table.name)));
        }
        rows += fill_table(tx, table, &mut lines).await?;
        match head.last {
            // What was drawn after the rows were read, or while they were, is lost like the rest.
            Some(last) if table.name == "event" => left_out = Some((newest_event(tx).await?, last + LEFT_OUT)),
            Some(last) => draw_after(tx, table.name, last).await?,
            None => {}
        }
    }
    if let Some((from, to)) = left_out {
        draw_after(tx, "event", to).await?;
        note_left_out(tx, from, to).await?;
    }
    let tail: Tail = lines.parsed()?;
    if tail.rows != rows {
        return Err(lines.wrong(format!("{} rows should have come, and {rows} came.", tail.rows)));
    }
    lines.end()?;
    Ok(Summary { tables: tables.len(), rows })
}

/// The rows of one table, up to the first line that is none.
async fn fill_table(tx: &Tx, table: &Table, lines: &mut Lines) -> Result<u64> {
    let most = (VALUES / table.columns.len().max(1)).max(1);
    let (mut batch, mut bytes, mut rows) = (Vec::new(), 0, 0);
    loop {
        let line = lines.next()?;
        let is_row = line.first() == Some(&b'[');
        bytes += line.len();
        if is_row {
            batch.push(row(table, lines)?);
            rows += 1;
        }
        if !batch.is_empty() && (!is_row || batch.len() == most || bytes > BYTES) {
            insert(tx, table, std::mem::take(&mut batch)).await?;
            bytes = 0;
        }
        if !is_row {
            return Ok(rows);
        }
    }
}

fn row(table: &Table, lines: &Lines) -> Result<Vec<Value>> {
    let values: Vec<Json> = lines.parsed()?;
    if values.len() != table.columns.len() {
        return Err(lines.wrong(format!("a row of {} has {} values.", table.name, table.columns.len())));
    }
    let values = values.into_iter().zip(&table.columns).map(|(json, (name, kind))| {
        kind.value(json).ok_or_else(|| lines.wrong(format!("this is no value of {name} of {}.", table.name)))
    });
    values.collect()
}

async fn insert(tx: &Tx, table: &Table, rows: Vec<Vec<Value>>) -> Result<()> {
    let mut statement = Query::insert();
    statement.into_table(table.name).columns(table.columns.iter().map(|(name, _)| *name));
    for row in rows {
        statement.values(row.into_iter().map(Expr::val)).map_err(Error::internal)?;
    }
    tx.db.execute(&statement).await?;
    Ok(())
}

/// Makes the numbers of new rows begin after `last`.
async fn draw_after(tx: &Tx, table: &str, last: i64) -> Result<()> {
    let backend = tx.db.get_database_backend();
    if backend == DbBackend::Postgres {
        let sql = "SELECT setval(pg_get_serial_sequence(?, 'id'), ?)";
        tx.db.query_one_raw(raw(backend, sql, [format!("\"{table}\"").into(), last.into()])).await?;
        return Ok(());
    }
    let forget = raw(backend, "DELETE FROM sqlite_sequence WHERE name = ?", [table.into()]);
    tx.db.execute_raw(forget).await?;
    let begin = raw(backend, "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [table.into(), last.into()]);
    tx.db.execute_raw(begin).await?;
    Ok(())
}

/// The last place of the log that was restored; 0 when its events were pruned, or there were none.
async fn newest_event(tx: &Tx) -> Result<i64> {
    let newest = Statement::from_string(tx.db.get_database_backend(), "SELECT COALESCE(MAX(id), 0) FROM event");
    Ok(tx.db.query_one_raw(newest).await?.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

/// Remembers which places the log of events will never have, beside those of earlier restores.
async fn note_left_out(tx: &Tx, from: i64, to: i64) -> Result<()> {
    let sql = "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE \
               SET value = setting.value || ' ' || excluded.value";
    let values = [EVENTS_LEFT_OUT.into(), format!("{from}-{to}").into()];
    tx.db.execute_raw(raw(tx.db.get_database_backend(), sql, values)).await?;
    Ok(())
}
