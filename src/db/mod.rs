//! The data layer: a pool of readers, one writer, and nothing else that opens a connection.
//!
//! Every change goes through [`Db::write`]: a closure that is given a transaction and inputs that are only lent to it,
//! so that it can be run again. On SQLite the single writer runs it as a savepoint of a commit that it shares with
//! whatever else waits (see `writer`). PostgreSQL will run it as a transaction of its own: nothing above changes.

mod lock;
mod migrate;
mod sqlite;
mod writer;

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use entity::Time;
use futures_util::future::BoxFuture;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction};
use tokio::sync::watch;

pub use lock::ServeLock;
pub use migrate::Schema;

use crate::{error::Result, infra::clock::Clock};

/// A handle to the database; clones share it.
#[derive(Clone, Debug)]
pub struct Db {
    readers: DatabaseConnection,
    writer: writer::Writer,
    path: PathBuf,
}

/// One transaction, as a closure of [`Db::write`] sees it.
#[derive(Debug)]
pub struct Tx {
    /// Where statements are run.
    pub db: DatabaseTransaction,
    /// The database's clock, read once per transaction: every row that it writes carries the same moment.
    pub now: Time,
    told: AtomicBool,
}

impl Tx {
    fn new(db: DatabaseTransaction, now: Time) -> Self {
        Self { db, now, told: AtomicBool::new(false) }
    }

    /// Says that the log of events grew: after the commit its readers are told to look.
    pub fn tell(&self) {
        self.told.store(true, Ordering::Relaxed);
    }
}

impl Db {
    /// Opens (and creates, unless told otherwise) the database at `url`, with `readers` reading connections.
    ///
    /// Fails with [`crate::error::Error::Invalid`] when the URL is not a `sqlite:` file and with
    /// [`crate::error::Error::Unavailable`] when the file cannot be opened. It does not migrate.
    pub async fn open(url: &str, readers: u32, clock: Clock) -> Result<Self> {
        let path = sqlite::path(url)?;
        let writer = sqlite::connect(&path, sqlite::Role::Writer).await?;
        let readers = sqlite::connect(&path, sqlite::Role::Reader { connections: readers }).await?;
        Ok(Self { readers, writer: writer::Writer::start(writer, clock), path })
    }

    /// The file behind the database.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Where queries run. A reading connection refuses to write.
    #[must_use]
    pub fn read(&self) -> &DatabaseConnection {
        &self.readers
    }

    /// Runs `work` in a transaction and answers when it is on disk.
    ///
    /// When `work` fails, nothing of it remains. It may be run more than once, with only the last run counting, so it
    /// must have no effect but its statements. Fails with [`crate::error::Error::Unavailable`] when the writer has too
    /// much to do, or when the commit itself fails.
    pub async fn write<I, T, W>(&self, input: I, work: W) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a Tx, &'a I) -> BoxFuture<'a, Result<T>> + Send + 'static,
    {
        self.writer.run(input, work).await
    }

    /// Changes after every commit of this process that added events: a hint to look again, never the news itself.
    #[must_use]
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.writer.commits()
    }

    /// What migrations the database has had and still needs.
    #[must_use]
    pub fn schema(&self) -> Schema<'_> {
        Schema::new(self)
    }

    /// Answers when the database does.
    pub async fn ping(&self) -> Result<()> {
        self.readers.execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// Waits for the writes under way and closes every connection, so that the file is whole and its journal empty.
    pub async fn close(&self) {
        // The readers first: the last connection to close writes the journal back, and they may not write.
        let _ = self.readers.clone().close().await;
        self.writer.stop().await;
    }
}
