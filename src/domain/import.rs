//! Taking over what older systems have kept.
//!
//! An import is one transaction: all of it is there afterwards, or nothing. Rows that cannot be taken are passed over and
//! told of. What is there already, from an earlier run, is left as it is, so that an import may be repeated.

mod backrest;
mod mybrc;
mod number;
mod project_w;
mod table;

pub use backrest::backrest;
pub use mybrc::mybrc;
pub use project_w::project_w;

use std::{fmt, path::Path, sync::Arc};

use sea_orm::{ConnectionTrait, DbBackend};

use crate::{
    db::Tx,
    error::{Error, Result},
    viewer::Viewer,
};

/// Refused rows that are told of one by one; more are only counted.
const TOLD: usize = 1_000;

/// What came of one kind of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Taken over.
    pub added: u64,
    /// There already.
    pub known: u64,
    /// Passed over.
    pub refused: u64,
}

/// A row that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The file or table.
    pub place: String,
    /// The line of the file, or the key of the row.
    pub row: String,
    /// Why.
    pub reason: String,
}

/// What came of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// By kind of rows, in the order in which they were read.
    pub counts: Vec<(String, Counts)>,
    /// The first of those that were passed over.
    pub refused: Vec<Refused>,
    /// How many more were passed over, which are only counted.
    pub refused_more: u64,
    /// What else somebody should look at.
    pub notes: Vec<String>,
}

impl Report {
    fn of(&mut self, place: &str) -> &mut Counts {
        let index = self.counts.iter().position(|(name, _)| name == place).unwrap_or_else(|| {
            self.counts.push((place.to_owned(), Counts::default()));
            self.counts.len() - 1
        });
        &mut self.counts[index].1
    }

    fn added(&mut self, place: &str, rows: u64) {
        self.of(place).added += rows;
    }

    fn known(&mut self, place: &str) {
        self.of(place).known += 1;
    }

    fn refuse(&mut self, place: &str, row: impl fmt::Display, reason: impl Into<String>) {
        self.of(place).refused += 1;
        if self.refused.len() < TOLD {
            self.refused.push(Refused { place: place.to_owned(), row: row.to_string(), reason: reason.into() });
        } else {
            self.refused_more += 1;
        }
    }

    /// Whether everything was taken over, or there already.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.counts.iter().all(|(_, counts)| counts.refused == 0)
    }
}

/// Is told how far an import is: the file or table, and which part of it was read, 0 to 1.
#[derive(Clone)]
pub struct Progress(Arc<Tell>);

type Tell = dyn Fn(&str, f64) + Send + Sync;

impl Progress {
    /// One that calls `tell`.
    pub fn new(tell: impl Fn(&str, f64) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    fn tell(&self, place: &str, part: f64) {
        (self.0)(place, part);
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

/// Only the operator imports, at the command line.
fn require_operator(viewer: &Viewer) -> Result<()> {
    match viewer {
        Viewer::Operator => Ok(()),
        Viewer::Anonymous | Viewer::User(_) | Viewer::Runner(_) => {
            Err(Error::Forbidden("Only the operator imports, at the server's own command line.".into()))
        }
    }
}

/// Takes the time limits of PostgreSQL away from this transaction: it may take long, and happens once.
async fn take_time(tx: &Tx) -> Result<()> {
    if tx.db.get_database_backend() == DbBackend::Postgres {
        let sql = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; \
                   SET LOCAL lock_timeout = 0";
        tx.db.execute_unprepared(sql).await?;
    }
    Ok(())
}

/// The input of an import's transaction.
#[derive(Clone, Debug)]
struct Source {
    path: Arc<Path>,
    progress: Progress,
}

impl Source {
    fn new(path: &Path, progress: Progress) -> Self {
        Self { path: path.into(), progress }
    }
}
