//! How docket opens SQLite.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use crate::error::{Error, Result};

/// What a connection is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    /// The one connection that writes; it creates the file.
    Writer,
    /// Connections that only read.
    Reader {
        /// How many.
        connections: u32,
    },
}

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

/// Connections for `role`.
///
/// - WAL, so that readers and the writer do not wait for each other;
/// - `synchronous=FULL`: what was acknowledged survives a power cut;
/// - one connection to begin with, more as they are wanted: each keeps the schema and its statements in memory;
/// - `query_only` for readers, so that a statement in the wrong place fails in the first test that meets it;
/// - a busy timeout for the writer, because the command line writes beside a running server.
pub(super) async fn connect(path: &Path, role: Role) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(format!("sqlite://{}", path.display()));
    let connections = match role {
        Role::Writer => 1,
        Role::Reader { connections } => connections.max(1),
    };
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    let file = path.to_owned();
    options.map_sqlx_sqlite_opts(move |options| {
        let options = options
            .filename(&file)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .pragma("cache_size", "-8000")
            .statement_cache_capacity(256)
            // A page of 100 rows fits, so that the thread that reads it does not wait for who takes the rows.
            .row_buffer_size(128);
        match role {
            Role::Writer => options.create_if_missing(true),
            Role::Reader { .. } => options.create_if_missing(false).pragma("query_only", "ON"),
        }
    });
    options.map_sqlx_sqlite_pool_opts(|pool| pool.idle_timeout(None).max_lifetime(None));
    Database::connect(options).await.map_err(|error| {
        tracing::error!(%error, path = %path.display(), "cannot open the database");
        Error::unavailable(format!("The database {} cannot be opened: {error}", path.display()))
    })
}
