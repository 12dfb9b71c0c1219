//! The floor's connections, set up as docket sets up its own.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions, PgConnection, PgPool, SqliteConnection, SqlitePool};

use super::writer::Writer;
use crate::Result;

/// Connections that read, and those that write (SQLite has one): docket's defaults.
const READERS: u32 = 4;
const WRITERS: u32 = 8;

/// Connections that read.
#[derive(Clone)]
pub enum Readers {
    /// Of a file.
    Sqlite(SqlitePool),
    /// Of a cluster's database.
    Postgres(PgPool),
}

/// A transaction.
pub enum Tx<'a> {
    /// Or a savepoint in one.
    Sqlite(&'a mut SqliteConnection),
    /// One of its own.
    Postgres(&'a mut PgConnection),
}

/// Opens the database that a URL names. Without `group` every write has a commit of its own, which on PostgreSQL it has
/// in any case.
pub async fn open(url: &str, group: bool) -> Result<(Readers, Writer)> {
    let Some(file) = url.strip_prefix("sqlite://") else {
        let options: PgConnectOptions = url.parse()?;
        let options = options.statement_cache_capacity(256).disable_statement_logging();
        let readers = postgres(&options, READERS).await?;
        return Ok((Readers::Postgres(readers), Writer::Postgres(postgres(&options, WRITERS).await?)));
    };
    let pool = SqlitePoolOptions::new().min_connections(READERS).max_connections(READERS).test_before_acquire(false);
    let pool = pool.idle_timeout(None).max_lifetime(None);
    let readers = pool.connect_with(sqlite(file).pragma("query_only", "ON")).await?;
    Ok((Readers::Sqlite(readers), Writer::start(sqlite(file).connect().await?, group)))
}

fn sqlite(file: &str) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .pragma("journal_mode", "WAL")
        .pragma("synchronous", "FULL")
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .pragma("cache_size", "-8000")
        .statement_cache_capacity(256)
        .disable_statement_logging()
}

async fn postgres(options: &PgConnectOptions, connections: u32) -> Result<PgPool> {
    let pool = PgPoolOptions::new().max_connections(connections).test_before_acquire(false);
    Ok(pool.idle_timeout(None).max_lifetime(None).connect_with(options.clone()).await?)
}
