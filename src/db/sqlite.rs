//! How docket opens SQLite.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::FutureExt;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection,
    sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions},
};

use super::{driver::Driver, pool::Pool};
use crate::error::{Error, Result};

/// How long one waits for a connection, or for another process that writes.
const PATIENCE: Duration = Duration::from_secs(10);

/// The file that a `sqlite:` URL names.
pub(super) fn path(url: &str) -> Result<PathBuf> {
    let refuse =
        |why: &str| Err(Error::invalid("database.url", format!("{why} Write sqlite://docket.db, for example.")));
    let Some(rest) = url.strip_prefix("sqlite:") else {
        return refuse("It names neither a SQLite file nor a PostgreSQL database.");
    };
    let file = rest.strip_prefix("//").unwrap_or(rest);
    if file.is_empty() || file.contains(":memory:") || file.contains('?') {
        return refuse("A file is needed: readers and the writer are separate connections.");
    }
    Ok(PathBuf::from(file))
}

/// How every connection is set up.
///
/// - WAL, so that readers and the writer do not wait for each other;
/// - `synchronous=FULL`: what was acknowledged survives a power cut;
/// - a busy timeout for the writer, because the command line writes beside a running server.
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .pragma("journal_mode", "WAL")
        .pragma("synchronous", "FULL")
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .pragma("cache_size", "-8000")
        .statement_cache_capacity(256)
        // A page of 100 rows fits, so that the thread that reads it does not wait for who takes the rows.
        .row_buffer_size(128)
        .disable_statement_logging()
}

/// The one connection that writes; it creates the file.
pub(super) async fn writer(path: &Path) -> Result<DatabaseConnection> {
    single(path, options(path).create_if_missing(true)).await
}

/// One connection that reads and is nobody else's. A transaction on it sees what was there when it first looked.
pub(super) async fn alone(path: &Path) -> Result<DatabaseConnection> {
    single(path, reading(path)).await
}

async fn single(path: &Path, options: SqliteConnectOptions) -> Result<DatabaseConnection> {
    let mut pool = ConnectOptions::new(format!("sqlite://{}", path.display()));
    pool.max_connections(1)
        .min_connections(1)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(move |_| options.clone())
        .map_sqlx_sqlite_pool_opts(|pool| pool.idle_timeout(None).max_lifetime(None));
    Database::connect(pool).await.map_err(|error| {
        tracing::error!(%error, path = %path.display(), "cannot open the database");
        Error::unavailable(format!("The database {} cannot be opened: {error}", path.display()))
    })
}

/// For what only reads: `query_only`, so that a statement in the wrong place fails in the first test that meets it.
fn reading(path: &Path) -> SqliteConnectOptions {
    options(path).create_if_missing(false).pragma("query_only", "ON")
}

/// Connections that only read, opened as they are wanted: each keeps the schema and its statements in memory.
pub(super) fn readers(path: &Path, connections: u32) -> Pool {
    let options = reading(path);
    let open = move || {
        let options = options.clone();
        async move { Ok(Box::new(options.connect().await?) as Box<dyn Driver>) }.boxed()
    };
    Pool::new(Box::new(open), connections, PATIENCE)
}
