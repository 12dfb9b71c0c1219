//! Writing a backup.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};
use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement, StreamTrait, TransactionTrait};
use serde::Serialize;
use serde_json::Value as Json;

use super::{
    FORMAT, Head, Summary, TableHead, Tail,
    table::{self, Table},
};
use crate::{
    db::{Db, Engine, raw, sqlite},
    error::{Error, Result},
};

/// The file while it is written.
type Sink = GzEncoder<BufWriter<File>>;

impl Db {
    /// Writes everything that is in the database at one moment into a new file, while others go on writing.
    ///
    /// The file gets its name when it is whole. Fails with [`Error::InvalidState`] when there is such a file already or
    /// the database's schema is not this program's, and with [`Error::Unavailable`] when it cannot be written.
    pub async fn backup(&self, path: &Path) -> Result<Summary> {
        self.schema().require_current().await?;
        if path.exists() {
            return Err(Error::InvalidState(format!("{} exists already, and is not replaced.", path.display())));
        }
        let migrations = self.schema().steps().await?.into_iter().map(|step| step.name).collect();
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let part = Path::new(&name);
        let failed =
            |error: std::io::Error| Error::unavailable(format!("{} cannot be written: {error}", path.display()));
        let file = File::create(part).map_err(failed)?;
        let mut sink = GzEncoder::new(BufWriter::new(file), Compression::default());
        line(&mut sink, &Head { docket_backup: FORMAT, migrations }).map_err(failed)?;
        let written = match &self.engine {
            Engine::Sqlite(writer) => {
                let alone = sqlite::alone(writer.file()).await?;
                let written = self.write_tables(&alone.begin().await?, &mut sink, failed).await;
                let _ = alone.close().await;
                written
            }
            Engine::Postgres(postgres) => {
                let alone = postgres.alone().await?;
                let snapshot = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
                alone.transaction.execute_unprepared(snapshot).await?;
                let written = self.write_tables(&alone.transaction, &mut sink, failed).await;
                alone.commit().await?;
                written
            }
        };
        let whole = || {
            let file = sink.finish()?.into_inner()?;
            file.sync_all()?;
            std::fs::rename(part, path)
        };
        let written = match written {
            Ok(summary) => whole().map_err(failed).map(|()| summary),
            Err(error) => Err(error),
        };
        if written.is_err() {
            // What is left of it is of no use; that it could not be written is said already.
            let _ = std::fs::remove_file(part);
        }
        written
    }

    async fn write_tables(
        &self,
        picture: &DatabaseTransaction,
        sink: &mut Sink,
        failed: impl Fn(std::io::Error) -> Error + Copy,
    ) -> Result<Summary> {
        let tables = table::all()?;
        let mut rows = 0;
        for table in &tables {
            let last = if table.is_numbered() { last_number(picture, table.name).await? } else { None };
            let head = TableHead { table: table.name.to_owned(), columns: table.column_names(), last };
            line(sink, &head).map_err(failed)?;
            let mut stream = picture.stream_raw(select(ConnectionTrait::get_database_backend(picture), table)).await?;
            while let Some(row) = stream.try_next().await? {
                let values = table.columns.iter().map(|(name, kind)| kind.read(&row, name));
                line(sink, &values.collect::<Result<Vec<Json>>>()?).map_err(failed)?;
                rows += 1;
            }
        }
        line(sink, &Tail { rows }).map_err(failed)?;
        Ok(Summary { tables: tables.len(), rows })
    }
}

fn line(sink: &mut Sink, value: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *sink, value)?;
    sink.write_all(b"\n")
}

fn select(backend: DbBackend, table: &Table) -> Statement {
    let quoted =
        |names: &mut dyn Iterator<Item = &str>| names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let columns = quoted(&mut table.columns.iter().map(|(name, _)| *name));
    let key = quoted(&mut table.key.iter().copied());
    Statement::from_string(backend, format!("SELECT {columns} FROM \"{}\" ORDER BY {key}", table.name))
}

/// The last number that the database has drawn for this table.
async fn last_number(picture: &DatabaseTransaction, table: &str) -> Result<Option<i64>> {
    let backend = ConnectionTrait::get_database_backend(picture);
    let statement = match backend {
        DbBackend::Postgres => {
            let sequence = raw(backend, "SELECT pg_get_serial_sequence(?, 'id')", [format!("\"{table}\"").into()]);
            let row = picture.query_one_raw(sequence).await?;
            let Some(sequence) = row.map(|row| row.try_get_by_index::<Option<String>>(0)).transpose()?.flatten() else {
                return Ok(None);
            };
            // The name comes from the database itself, quoted where it must be.
            let sql = format!("SELECT last_value FROM {sequence} WHERE is_called");
            Statement::from_string(backend, sql)
        }
        _ => raw(backend, "SELECT seq FROM sqlite_sequence WHERE name = ?", [table.into()]),
    };
    let row = picture.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}
