//! What an operator wants to know of the database itself: how it is set up, what time it has, and who holds it up.

use std::time::Duration;

use entity::Time;
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Statement};

use super::{Db, Engine};
use crate::{
    error::{Error, Result},
    infra::clock::Clock,
};

/// How long an empty transaction may take before something else is said to be in its way.
const PATIENCE: Duration = Duration::from_secs(3);

/// How a database is set up; see [`Db::vitals`].
#[derive(Clone, Debug)]
pub struct Vitals {
    /// Which program keeps it, such as `PostgreSQL 16.4`.
    pub version: String,
    /// Settings under which what was acknowledged may be lost, in sentences.
    pub unsafe_settings: Vec<String>,
    /// Microseconds by which its clock is ahead of this machine's; none where it is this machine's.
    pub clock_ahead: Option<i64>,
    /// Connections that are open and that there may be; none where there are no such bounds.
    pub connections: Option<(i64, i64)>,
}

/// A transaction that has begun to write to the log of events and has not ended: nothing that was written later is told
/// before it ends.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Blocker {
    /// The process of the database server that works for it; none for a prepared transaction.
    pub pid: Option<i32>,
    /// What its program calls itself.
    pub application: Option<String>,
    /// As whom it logged in.
    pub username: Option<String>,
    /// From where.
    pub address: Option<String>,
    /// What it does, in PostgreSQL's words; none where docket's own user may not know.
    pub state: Option<String>,
    /// When it began; none where docket's own user may not know.
    pub since: Option<Time>,
    /// The name of a prepared transaction.
    pub prepared: Option<String>,
}

/// Whoever holds the lock of an INSERT on the log's table. Only a superuser and members of `pg_read_all_stats` are told
/// what others do.
const BLOCKERS: &str = "SELECT writer.pid, activity.application_name AS application, \
    activity.usename::text AS username, host(activity.client_addr) AS address, activity.state, \
    (extract(epoch FROM COALESCE(activity.xact_start, prepared.prepared)) * 1000000)::bigint AS since, \
    prepared.gid AS prepared \
    FROM (SELECT DISTINCT pid, virtualtransaction FROM pg_locks WHERE locktype = 'relation' \
        AND mode = 'RowExclusiveLock' AND relation = 'event'::regclass \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS writer \
    LEFT JOIN pg_stat_activity AS activity ON activity.pid = writer.pid \
    LEFT JOIN pg_prepared_xacts AS prepared ON writer.virtualtransaction = '-1/' || prepared.transaction::text \
    ORDER BY since NULLS LAST, pid";

const SETUP: &str = "SELECT current_setting('server_version'), current_setting('fsync'), \
    current_setting('full_page_writes'), current_setting('synchronous_commit'), pg_is_in_recovery(), \
    (SELECT COUNT(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), \
    current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint";

impl Db {
    /// How the database is set up.
    pub async fn vitals(&self) -> Result<Vitals> {
        match &self.engine {
            Engine::Sqlite(_) => self.vitals_of_file().await,
            Engine::Postgres(_) => self.vitals_of_server().await,
        }
    }

    async fn vitals_of_file(&self) -> Result<Vitals> {
        let version: String = self.row("SELECT sqlite_version()").await?.try_get_by_index(0)?;
        let journal: String = self.row("PRAGMA journal_mode").await?.try_get_by_index(0)?;
        let mut unsafe_settings = Vec::new();
        if journal != "wal" {
            // SQLite says so where the file system has no shared memory, as many of a network have not.
            unsafe_settings.push(format!(
                "the journal mode is {journal} instead of wal: the file must lie on a local file system"
            ));
        }
        Ok(Vitals { version: format!("SQLite {version}"), unsafe_settings, clock_ahead: None, connections: None })
    }

    async fn vitals_of_server(&self) -> Result<Vitals> {
        let setup = self.row(SETUP).await?;
        let version: String = setup.try_get_by_index(0)?;
        let mut unsafe_settings = Vec::new();
        for (index, name) in [(1, "fsync"), (2, "full_page_writes"), (3, "synchronous_commit")] {
            if setup.try_get_by_index::<String>(index)? == "off" {
                unsafe_settings.push(format!("{name} is off: a crash may lose what was acknowledged, or more"));
            }
        }
        if setup.try_get_by_index(4)? {
            unsafe_settings.push("the server is a standby, which takes no writes".to_owned());
        }
        Ok(Vitals {
            version: format!("PostgreSQL {version}"),
            unsafe_settings,
            clock_ahead: Some(self.clock_ahead().await?),
            connections: Some((setup.try_get_by_index(5)?, setup.try_get_by_index(6)?)),
        })
    }

    async fn clock_ahead(&self) -> Result<i64> {
        // Not the one that follows the database's.
        let machine = Clock::new();
        let before = machine.now_micros();
        let read = self.row("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").await?;
        let there: i64 = read.try_get_by_index(0)?;
        Ok(there - i64::midpoint(before, machine.now_micros()))
    }

    /// Whether an empty transaction comes to its end: fails when the database takes no writes, or when something else
    /// keeps them waiting.
    pub async fn try_to_write(&self) -> Result<()> {
        let empty = self.write((), |_, ()| Box::pin(std::future::ready(Ok(()))));
        match tokio::time::timeout(PATIENCE, empty).await {
            Ok(written) => written,
            Err(_) => Err(Error::unavailable(format!(
                "Nothing can be written for {} s: another program is in the middle of a write.",
                PATIENCE.as_secs()
            ))),
        }
    }

    /// Who writes to the log of events just now, the longest first. On SQLite nobody is in anybody's way there.
    pub async fn blockers(&self) -> Result<Vec<Blocker>> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(Vec::new()),
            Engine::Postgres(_) => {
                let statement = Statement::from_string(self.read().get_database_backend(), BLOCKERS);
                Ok(Blocker::find_by_statement(statement).all(self.read()).await?)
            }
        }
    }

    async fn row(&self, sql: &str) -> Result<QueryResult> {
        let statement = Statement::from_string(self.read().get_database_backend(), sql);
        self.read().query_one_raw(statement).await?.ok_or_else(|| Error::internal(format!("no row: {sql}")))
    }
}
