//! What the database's schema is, and bringing it up to date.

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement};

use super::Db;
use crate::error::{Error, Result};

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
        let applied = self.applied().await?;
        let known: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        let unknown = applied.iter().filter(|name| !known.contains(name)).cloned();
        let steps = known.iter().map(|name| Step { name: name.clone(), applied: applied.contains(name) });
        Ok(steps.chain(unknown.map(|name| Step { name, applied: true })).collect())
    }

    /// Applies what is missing and says how many that were.
    ///
    /// Fails with [`Error::InvalidState`] when a newer docket has been here: going on would corrupt its data.
    pub async fn migrate(&self) -> Result<usize> {
        let known: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        let steps = self.steps().await?;
        if let Some(newer) = steps.iter().find(|step| !known.contains(&step.name)) {
            return Err(Error::InvalidState(format!(
                "The database was migrated by a newer docket ({} is unknown to this one). Use that version or newer.",
                newer.name
            )));
        }
        let missing = steps.iter().filter(|step| !step.applied).count();
        if missing > 0 {
            self.db
                .write((), |tx, ()| Box::pin(async move { Migrator::up(&tx.db, None).await.map_err(Error::from) }))
                .await?;
        }
        Ok(missing)
    }

    /// Fails with [`Error::InvalidState`] unless every migration of this binary, and no other, was applied.
    pub async fn require_current(&self) -> Result<()> {
        if self.steps().await?.iter().all(|step| step.applied) {
            return Ok(());
        }
        Err(Error::InvalidState(
            "The database is not migrated. Run `docket db migrate` or start `docket serve`.".into(),
        ))
    }

    /// SQLite's own check of the file and of every reference between tables; the faults found, none when all is well.
    pub async fn faults(&self) -> Result<Vec<String>> {
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

    async fn applied(&self) -> Result<Vec<String>> {
        let table = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'";
        if self.db.read().query_one_raw(self.statement(table)).await?.is_none() {
            return Ok(Vec::new());
        }
        let rows = self
            .db
            .read()
            .query_all_raw(self.statement("SELECT version FROM seaql_migrations ORDER BY version"))
            .await?;
        rows.iter().map(|row| row.try_get("", "version").map_err(Error::from)).collect()
    }

    fn statement(&self, sql: &str) -> Statement {
        Statement::from_string(self.db.read().get_database_backend(), sql)
    }
}
