//! The databases of a run in a PostgreSQL cluster, beside the one that the harness was told of.

use std::process;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use super::Name;
use crate::Result;
use crate::cpu::{Postmaster, Worker};

/// A cluster, as seen from a database of which nothing is read and nothing is changed.
pub struct Cluster {
    options: PgConnectOptions,
    /// Where the cluster's processes are.
    pub worker: Worker,
}

impl Cluster {
    /// Connects once, to see whether it can be and where the cluster's processes are.
    pub async fn find(url: &str) -> Result<Self> {
        let options: PgConnectOptions =
            url.parse().map_err(|error| format!("--database: {error}; expected postgres://user@host/database"))?;
        let options = options.disable_statement_logging();
        let mut connection =
            options.connect().await.map_err(|error| format!("--database: cannot connect to the cluster: {error}"))?;
        let query = sqlx::query_as("SELECT pg_backend_pid(), current_database()::text");
        let (pid, database): (i32, String) = query.fetch_one(&mut connection).await?;
        let postmaster = u32::try_from(pid).ok().and_then(|pid| Postmaster::of_backend(pid, &database));
        connection.close().await?;
        if postmaster.is_none() {
            eprintln!(
                "bench: the cluster's processes are not among those of this machine: the processor time of the \
                 database, and the ratios that count it, are left out"
            );
        }
        Ok(Self { options, worker: postmaster.map_or(Worker::Elsewhere, Worker::Beside) })
    }

    pub(super) async fn create(&self) -> Result<()> {
        self.run(&[format!("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", database(Name::Docket))]).await
    }

    pub(super) fn url(&self, name: Name) -> String {
        self.options.clone().database(&database(name)).to_url_lossy().to_string()
    }

    /// One floor: a transaction for each request is all that it has here. The statistics are made first, so that they
    /// are copied with the rows and both sides plan with the same ones.
    pub(super) async fn copy(&self) -> Result<()> {
        let mut connection = self.open().await?;
        sqlx::raw_sql("VACUUM (ANALYZE)").execute(&mut connection).await?;
        connection.close().await?;
        let (floor, docket) = (database(Name::Floor), database(Name::Docket));
        self.run(&[format!("CREATE DATABASE {floor} TEMPLATE {docket}")]).await
    }

    pub(super) async fn open(&self) -> Result<PgConnection> {
        Ok(self.options.clone().database(&database(Name::Docket)).connect().await?)
    }

    /// Whoever is still connected loses the connection: after an interrupt the servers were killed a moment ago.
    pub(super) async fn remove(&self) -> Result<()> {
        let names = [Name::Docket, Name::Floor].map(database);
        self.run(&names.map(|name| format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))).await
    }

    async fn run(&self, statements: &[String]) -> Result<()> {
        let mut connection = self.options.connect().await?;
        for statement in statements {
            sqlx::raw_sql(AssertSqlSafe(statement.as_str())).execute(&mut connection).await?;
        }
        Ok(connection.close().await?)
    }
}

/// Two runs at the same time do not meet.
fn database(name: Name) -> String {
    format!("docket_bench_{}_{}", process::id(), name.word())
}
