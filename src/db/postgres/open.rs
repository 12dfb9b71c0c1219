//! How docket connects to PostgreSQL.

use std::{sync::atomic::AtomicUsize, time::Duration};

use futures_util::FutureExt;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqlxPostgresConnector, TransactionTrait,
    sqlx::{self, ConnectOptions as _, postgres::PgConnectOptions},
};
use tokio::sync::{Semaphore, watch};
use tokio_util::task::TaskTracker;

use super::{Postgres, Pulse};
use crate::{
    db::{
        driver::Driver,
        meter::Meter,
        pool::{Pool, Terms},
    },
    error::{Error, Result},
    infra::clock::Clock,
};

/// Oldest server that works: it must have `pg_current_xact_id()`.
const OLDEST: i32 = 130_000;
/// How long a statement waits for a connection of a pool.
const ACQUIRE: Duration = Duration::from_secs(2);
/// How long a new connection may take at the start.
const REACH: Duration = Duration::from_secs(5);
/// A statement, and a transaction between two of them, may take this long: an open transaction holds back the log of
/// events for everybody.
const MOST: &str = "5s";
/// What is behind a firewall or a balancer is forgotten after four minutes by the strictest of the common ones; and of a
/// statement that the database ends by itself after [`MOST`] something must have been heard by then.
const TERMS: Terms = Terms {
    life: Duration::from_mins(30),
    idle: Duration::from_mins(3),
    answer: Duration::from_secs(8),
    commit: Duration::from_mins(1),
    settle: Duration::from_secs(5),
};
/// Prepared statements kept by each connection.
const STATEMENTS: usize = 256;

/// Where the database is and how its connections are set up.
#[derive(Clone, Debug)]
pub(super) struct Options(PgConnectOptions);

impl Options {
    fn parse(url: &str) -> Result<Self> {
        let options: PgConnectOptions = url.parse().map_err(|error| {
            Error::invalid("database.url", format!("{error}. Write postgres://user@host/database, for example."))
        })?;
        let options = options
            .application_name("docket")
            .statement_cache_capacity(STATEMENTS)
            .options([("default_transaction_isolation", "read committed"), ("jit", "off")])
            .disable_statement_logging();
        Ok(Self(options))
    }

    /// For what requests do: nothing of it may take long.
    fn bounded(&self) -> PgConnectOptions {
        self.0.clone().options([("statement_timeout", MOST), ("idle_in_transaction_session_timeout", MOST)])
    }

    /// For what may take long: a server-wide default does not bind it either.
    fn unbounded(&self) -> PgConnectOptions {
        self.0.clone().options([("statement_timeout", "0"), ("idle_in_transaction_session_timeout", "0")])
    }

    /// For a connection that waits for news.
    pub(super) fn lasting(&self) -> PgConnectOptions {
        self.0.clone()
    }

    pub(super) async fn alone(&self) -> Result<Alone> {
        let pool = single(self.unbounded()).await?;
        let transaction = pool.begin().await?;
        Ok(Alone { transaction, pool })
    }
}

/// A transaction on a connection of its own, without time limits.
#[derive(Debug)]
pub(in crate::db) struct Alone {
    pub(in crate::db) transaction: DatabaseTransaction,
    pool: DatabaseConnection,
}

impl Alone {
    /// Makes it last, and closes the connection.
    pub(in crate::db) async fn commit(self) -> Result<()> {
        let committed = self.transaction.commit().await;
        let _ = self.pool.close().await;
        Ok(committed?)
    }
}

/// Connects: what reads, and what writes.
pub(in crate::db) async fn open(url: &str, readers: u32, writers: u32, clock: Clock) -> Result<(Pool, Postgres)> {
    let options = Options::parse(url)?;
    let watched = options.bounded();
    let unreachable = |error: &dyn std::fmt::Display| {
        Error::unavailable(format!("The database {} cannot be reached: {error}", name(&watched)))
    };
    let mut first = match tokio::time::timeout(REACH, watched.connect()).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return Err(unreachable(&error)),
        Err(elapsed) => return Err(unreachable(&elapsed)),
    };
    check(&mut first).await?;
    let pulse = Pulse::start(watched.clone(), first, clock.clone()).await;
    let reading = watched.clone().options([("default_transaction_read_only", "on")]);
    let readers = lending(reading, readers, &pulse);
    let writing = lending(watched, writers, &pulse);
    let engine = Postgres {
        writers: writing,
        meter: Meter::of("write"),
        free: Semaphore::new(writers.max(1) as usize).into(),
        waiting: AtomicUsize::new(0),
        running: TaskTracker::new(),
        commits: watch::Sender::new(0),
        hints: watch::Sender::new(0),
        pulse,
        clock,
        open: options,
    };
    Ok((readers, engine))
}

/// The database without its password.
fn name(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or(options.get_username());
    format!("{database} at {}:{}", options.get_host(), options.get_port())
}

async fn check(connection: &mut sqlx::PgConnection) -> Result<()> {
    let failed = |error: sqlx::Error| Error::unavailable(format!("The database does not answer: {error}"));
    let (version, encoding): (String, String) =
        sqlx::query_as("SELECT current_setting('server_version_num'), current_setting('server_encoding')")
            .fetch_one(connection)
            .await
            .map_err(failed)?;
    if version.parse::<i32>().is_ok_and(|version| version < OLDEST) {
        return Err(Error::invalid("database.url", "PostgreSQL 13 or newer is needed."));
    }
    if encoding != "UTF8" {
        return Err(Error::invalid("database.url", format!("The database's encoding is {encoding}; UTF8 is needed.")));
    }
    Ok(())
}

/// Connections that are opened when they are wanted.
fn lending(options: PgConnectOptions, connections: u32, pulse: &Pulse) -> Pool {
    let open = move || {
        let options = options.clone();
        async move { Ok(Box::new(options.connect().await?) as Box<dyn Driver>) }.boxed()
    };
    Pool::over_network(Box::new(open), connections, ACQUIRE, TERMS, pulse.clone())
}

/// One connection in sea-orm's hands.
async fn single(options: PgConnectOptions) -> Result<DatabaseConnection> {
    // What the URL says stands in `options` already.
    let mut pool = sea_orm::ConnectOptions::new("postgres://");
    pool.max_connections(1)
        .min_connections(0)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_postgres_opts(move |_| options.clone());
    Ok(SqlxPostgresConnector::connect(pool).await?)
}
