//! The data layer: a pool of readers, what writes, and nothing else that opens a connection.
//!
//! Every change goes through [`Db::write`]: a closure that is given a transaction and inputs that are only lent to it,
//! so that it can be run again. On SQLite the single writer runs it as a savepoint of a commit that it shares with
//! whatever else waits (see `writer`); on PostgreSQL it is a transaction of its own beside others (see `postgres`).

mod archive;
mod connection;
mod driver;
mod insertion;
mod lock;
mod meter;
mod migrate;
mod pool;
mod postgres;
mod raw;
mod sqlite;
mod transaction;
mod vitals;
mod waiting;
mod writer;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use entity::Time;
use futures_util::future::BoxFuture;
use sea_orm::{ConnectionTrait, DbBackend};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use archive::{EVENTS_LEFT_OUT, Summary};
pub use connection::{Reader, Statements};
pub use insertion::Insertion;
pub use lock::ServeLock;
pub use meter::describe;
pub use migrate::Schema;
pub use raw::raw;
pub use vitals::{Blocker, Vitals};

use meter::Meter;
use transaction::Transaction;

use crate::{
    config::Database,
    error::{Error, Result},
    infra::clock::Clock,
};

/// A handle to the database; clones share it.
#[derive(Clone, Debug)]
pub struct Db {
    reader: Reader,
    engine: Engine,
}

/// What writes.
#[derive(Clone, Debug)]
enum Engine {
    Sqlite(writer::Writer),
    Postgres(Arc<postgres::Postgres>),
}

/// One transaction, as a closure of [`Db::write`] sees it.
#[derive(Debug)]
pub struct Tx {
    /// Where statements are run.
    pub db: Statements,
    /// The database's clock, read once per transaction: every row that it writes carries the same moment.
    pub now: Time,
    clock: Clock,
    told: AtomicBool,
}

impl Tx {
    fn new(transaction: Transaction, now: Time, clock: Clock) -> Self {
        Self { db: Statements::new(transaction), now, clock, told: AtomicBool::new(false) }
    }

    /// The work with what it left to be run at its end.
    async fn whole<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let value = work.await?;
        self.db.catch_up().await?;
        Ok(value)
    }

    /// The moment of this call, for who has waited for a lock: on PostgreSQL other transactions, begun later than this
    /// one, may have committed meanwhile, and what they wrote is younger than [`Tx::now`].
    pub fn later(&self) -> Time {
        Time(self.clock.now_micros().max(self.now.0))
    }

    /// Says that the log of events grew: after the commit its readers are told to look.
    pub fn tell(&self) {
        self.told.store(true, Ordering::Relaxed);
    }

    /// Says that another transaction has taken what this one had chosen, and makes the error with which to end it: it
    /// is run again and chooses anew.
    pub fn overtaken(&self) -> Error {
        self.db.overtaken();
        Error::unavailable("Somebody else is changing the same thing. Try again.")
    }
}

impl Db {
    /// Opens the database that `settings` name; a SQLite file is created when it is not there. It does not migrate.
    ///
    /// Fails with [`Error::Invalid`] when the URL names no database that docket can use, and with
    /// [`Error::Unavailable`] when it cannot be opened or reached.
    pub async fn open(settings: &Database, clock: Clock) -> Result<Self> {
        if settings.is_postgres() {
            let opened = postgres::open(&settings.url, settings.readers, settings.writers, clock).await?;
            let (readers, engine) = opened;
            let reader = Reader::new(DbBackend::Postgres, readers, Some(engine.pulse().clone()));
            return Ok(Self { reader, engine: Engine::Postgres(Arc::new(engine)) });
        }
        let path = sqlite::path(&settings.url)?;
        let mut writer = sqlite::writer(&path).await?;
        writer.set_metric_callback(Meter::of("write").callback());
        let readers = sqlite::readers(&path, settings.readers);
        let engine = Engine::Sqlite(writer::Writer::start(writer, &path, clock));
        Ok(Self { reader: Reader::new(DbBackend::Sqlite, readers, None), engine })
    }

    /// Where queries run. A reading connection refuses to write.
    #[must_use]
    pub fn read(&self) -> &Reader {
        &self.reader
    }

    /// Runs `work` in a transaction and answers when it is on disk.
    ///
    /// When `work` fails, nothing of it remains. It may be run more than once, with only the last run counting, so it
    /// must have no effect but its statements. On PostgreSQL it runs beside others: a row that it reads in order to
    /// change it must be locked (`lock_exclusive`, which says nothing to SQLite). Fails with [`Error::Unavailable`] when
    /// there is too much to write, when the database is away, or when the commit itself fails.
    pub async fn write<I, T, W>(&self, input: I, work: W) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a Tx, &'a I) -> BoxFuture<'a, Result<T>> + Send + 'static,
    {
        match &self.engine {
            Engine::Sqlite(writer) => writer.run(input, work).await,
            Engine::Postgres(postgres) => postgres.run(input, work).await,
        }
    }

    /// Changes after every commit of this process that added events, and at a word of another server of the same
    /// database: a hint to look again, never the news itself.
    #[must_use]
    pub fn hints(&self) -> watch::Receiver<u64> {
        match &self.engine {
            Engine::Sqlite(writer) => writer.commits(),
            Engine::Postgres(postgres) => postgres.hints(),
        }
    }

    /// Whether the numbers of rows rise in the order in which they become visible. On SQLite, with its one writer, they
    /// do; on PostgreSQL a transaction may draw a number and commit after one that drew a later one.
    #[must_use]
    pub const fn commits_in_order(&self) -> bool {
        matches!(self.engine, Engine::Sqlite(_))
    }

    /// Tells the other servers of the same database of this one's commits, and hears theirs, until `stop`. A file has one
    /// server, and nothing to do here.
    #[must_use]
    pub fn keep_in_touch(&self, stop: CancellationToken) -> BoxFuture<'static, ()> {
        match &self.engine {
            Engine::Sqlite(_) => Box::pin(std::future::ready(())),
            Engine::Postgres(postgres) => Box::pin(Arc::clone(postgres).keep_in_touch(stop)),
        }
    }

    /// What migrations the database has had and still needs.
    #[must_use]
    pub fn schema(&self) -> Schema<'_> {
        Schema::new(self)
    }

    /// Answers when the database does.
    pub async fn ping(&self) -> Result<()> {
        self.reader.execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// Waits for the writes under way and closes every connection, so that the file is whole and its journal empty.
    pub async fn close(&self) {
        // The readers first: the last connection to close writes the journal back, and they may not write.
        self.reader.close().await;
        match &self.engine {
            Engine::Sqlite(writer) => writer.stop().await,
            Engine::Postgres(postgres) => postgres.stop().await,
        }
    }
}
