//! The floor's connections, set up as docket sets up its own.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions, SqliteConnection, SqlitePool};

use crate::Result;

fn options(file: &Path) -> SqliteConnectOptions {
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

/// Four readers, docket's default.
pub async fn readers(file: &Path) -> Result<SqlitePool> {
    let pool = SqlitePoolOptions::new().min_connections(4).max_connections(4).test_before_acquire(false);
    let pool = pool.idle_timeout(None).max_lifetime(None);
    Ok(pool.connect_with(options(file).pragma("query_only", "ON")).await?)
}

/// The one connection that writes.
pub async fn writer(file: &Path) -> Result<SqliteConnection> {
    Ok(options(file).connect().await?)
}
