//! What the database's schema is, and bringing it up to date.

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};

use super::{Db, Engine, postgres::Postgres};
use crate::error::{Error, Result};

/// Held while PostgreSQL is migrated, so that of servers that start together one does it: `docket` in ASCII.
const LOCK: i64 = 0x646f_636b_6574;

/// The schema of one database; see [`Db::schema`].
#[derive(Debug)]
pub struct Schema<'a> {
    db: &'a Db,
}

/// One migration and whether the database has had it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Whether it was applied.
    pub applied: bool,
}

impl<'a> Schema<'a> {
    pub(super) fn new(db: &'a Db) -> Self {
        Self { db }
    }

    /// Every migration, oldest first, those unknown to this binary last.
    pub async fn steps(&self) -> Result<Vec<Step>> {
        steps(self.db.read()).await
    }

    /// Applies what is missing and says how many that were. Servers that start together wait for the first.
    ///
    /// Fails with [`Error::InvalidState`] when a newer docket has been here: going on would corrupt its data.
    pub async fn migrate(&self) -> Result<usize> {
        let missing = missing(self.db.read()).await?;
        match &self.db.engine {
            _ if missing == 0 => Ok(0),
            Engine::Sqlite(_) => {
                let up = self.db.write((), |tx, ()| {
                    Box::pin(async move {
                        let transaction = tx.db.shared().ok_or_else(|| Error::internal("not SQLite's writer"))?;
                        Migrator::up(transaction, None).await.map_err(Error::from)
                    })
                });
                up.await?;
                Ok(missing)
            }
            Engine::Postgres(postgres) => migrate_alone(postgres).await,
        }
    }

    /// Fails with [`Error::InvalidState`] when a newer docket has been here.
    pub async fn require_known(&self) -> Result<()> {
        missing(self.db.read()).await.map(drop)
    }

    /// Fails with [`Error::InvalidState`] unless every migration of this binary, and no other, was applied.
    pub async fn require_current(&self) -> Result<()> {
        if missing(self.db.read()).await? == 0 {
            return Ok(());
        }
        Err(Error::InvalidState(
            "The database is not migrated. Run `docket db migrate` or start `docket serve`.".into(),
        ))
    }

    /// The database's own check of itself; the faults found, none when all is well. SQLite reads the whole file and
    /// every reference between tables. PostgreSQL keeps references by itself; `pg_amcheck` reads its files.
    pub async fn faults(&self) -> Result<Vec<String>> {
        match self.db.engine {
            Engine::Sqlite(_) => self.faults_of_sqlite().await,
            Engine::Postgres(_) => self.faults_of_postgres().await,
        }
    }

    async fn faults_of_sqlite(&self) -> Result<Vec<String>> {
        #[derive(FromQueryResult)]
        struct Integrity {
            integrity_check: String,
        }
        let integrity =
            Integrity::find_by_statement(self.statement("PRAGMA integrity_check")).all(self.db.read()).await?;
        let mut faults: Vec<String> =
            integrity.into_iter().map(|row| row.integrity_check).filter(|fault| fault != "ok").collect();
        let dangling = self.db.read().query_all_raw(self.statement("PRAGMA foreign_key_check")).await?;
        for row in dangling {
            let (table, parent): (String, String) = (row.try_get("", "table")?, row.try_get("", "parent")?);
            faults.push(format!("a row of {table} points at a missing row of {parent}"));
        }
        Ok(faults)
    }

    /// What is left of an index or a constraint whose making was broken off.
    async fn faults_of_postgres(&self) -> Result<Vec<String>> {
        let sql = "SELECT 'the index ' || indexrelid::regclass || ' is not valid: REINDEX it' AS fault \
                   FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid \
                   WHERE relnamespace = current_schema()::regnamespace AND NOT (indisvalid AND indisready) \
                   UNION ALL SELECT 'the constraint ' || conname || ' of ' || conrelid::regclass || ' was not checked' \
                   FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND NOT convalidated";
        let rows = self.db.read().query_all_raw(self.statement(sql)).await?;
        rows.iter().map(|row| row.try_get("", "fault").map_err(Error::from)).collect()
    }

    fn statement(&self, sql: &str) -> Statement {
        Statement::from_string(self.db.read().get_database_backend(), sql)
    }
}

/// Under the lock, and all of it or nothing.
async fn migrate_alone(postgres: &Postgres) -> Result<usize> {
    let alone = postgres.alone().await?;
    let lock = format!("SELECT pg_advisory_xact_lock({LOCK})");
    alone.transaction.execute_unprepared(&lock).await?;
    // Another server may have done it while this one waited.
    let missing = missing(&alone.transaction).await?;
    if missing > 0 {
        Migrator::up(&alone.transaction, None).await?;
        migration::settle(&alone.transaction).await?;
    }
    alone.commit().await?;
    Ok(missing)
}

/// How many migrations are missing. Fails when there is one that this binary does not know.
async fn missing<C: ConnectionTrait>(db: &C) -> Result<usize> {
    let known = known();
    let steps = steps(db).await?;
    match steps.iter().find(|step| !known.contains(&step.name)) {
        Some(newer) => Err(Error::InvalidState(format!(
            "The database was migrated by a newer docket ({} is unknown to this one). Use that version or newer.",
            newer.name
        ))),
        None => Ok(steps.iter().filter(|step| !step.applied).count()),
    }
}

fn known() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

async fn steps<C: ConnectionTrait>(db: &C) -> Result<Vec<Step>> {
    let (known, applied) = (known(), applied(db).await?);
    let unknown = applied.iter().filter(|name| !known.contains(name)).cloned();
    let steps = known.iter().map(|name| Step { name: name.clone(), applied: applied.contains(name) });
    Ok(steps.chain(unknown.map(|name| Step { name, applied: true })).collect())
}

async fn applied<C: ConnectionTrait>(db: &C) -> Result<Vec<String>> {
    let backend = db.get_database_backend();
    let table = match backend {
        DbBackend::Postgres => "SELECT 1 FROM pg_class WHERE oid = to_regclass('seaql_migrations')",
        _ => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'",
    };
    if db.query_one_raw(Statement::from_string(backend, table)).await?.is_none() {
        return Ok(Vec::new());
    }
    let versions = Statement::from_string(backend, "SELECT version FROM seaql_migrations ORDER BY version");
    let rows = db.query_all_raw(versions).await?;
    rows.iter().map(|row| row.try_get("", "version").map_err(Error::from)).collect()
}
