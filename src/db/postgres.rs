//! PostgreSQL: a pool that reads, a pool that writes, and a transaction of its own for every write.
//!
//! Writes run side by side, so that what one reads to change it must be locked (`lock_exclusive`). When two are in each
//! other's way, or a connection breaks before the commit, the work is run again from its start.

mod notice;
mod open;
mod pulse;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use entity::Time;
use futures_util::future::BoxFuture;
use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};
use tokio_util::task::TaskTracker;

use super::{Tx, connection::Worked, meter::Meter, pool::Pool, transaction::Transaction};
use crate::{
    error::{Error, Fault, Result},
    infra::{clock::Clock, rng},
};

pub(super) use open::{Alone, open};
pub(super) use pulse::Pulse;

/// Writes that may wait for a connection; more are refused at once, so that overload answers early.
const QUEUE: usize = 2_048;
/// How long one may wait.
const WAIT: Duration = Duration::from_secs(3);
/// How often work is run at most, and the longest pause in between, in microseconds.
const RUNS: u32 = 12;
const PAUSE: u64 = 200_000;

/// See the module.
#[derive(Debug)]
pub(super) struct Postgres {
    writers: Pool,
    meter: Meter,
    /// As many permits as there are connections: what waits does so in order, and can be counted.
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    running: TaskTracker,
    /// Changes with each commit of this process that added events.
    commits: watch::Sender<u64>,
    /// The same, and with each word of another server.
    hints: watch::Sender<u64>,
    pulse: Pulse,
    clock: Clock,
    open: open::Options,
}

/// How one run of a write ended.
enum Ended<T> {
    Done(T),
    Failed(Error),
    /// Nothing of it remains, and another run may do better.
    Again(Error),
}

impl Postgres {
    pub(super) fn hints(&self) -> watch::Receiver<u64> {
        self.hints.subscribe()
    }

    pub(super) async fn run<I, T, W>(self: &Arc<Self>, input: I, work: W) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a Tx, &'a I) -> BoxFuture<'a, Result<T>> + Send + 'static,
    {
        if !self.pulse.is_up() {
            return Err(Error::database_away());
        }
        let permit = {
            let waiting = Waiting::count(&self.waiting);
            if waiting.0 >= QUEUE {
                return Err(Error::unavailable("The server has too many writes waiting. Try again."));
            }
            match timeout(WAIT, Arc::clone(&self.free).acquire_owned()).await {
                Ok(Ok(permit)) => permit,
                Ok(Err(_)) => return Err(Error::unavailable("The server is stopping.")),
                Err(_) => return Err(Error::unavailable("The server has too many writes waiting. Try again.")),
            }
        };
        let engine = Arc::clone(self);
        // In a task of its own: a caller that goes away does not cut a write in the middle.
        let done = self.running.spawn(async move {
            let _permit = permit;
            engine.until_done(input, work).await
        });
        done.await.unwrap_or_else(|_| Err(Error::internal("a write panicked; see the panic message above")))
    }

    async fn until_done<I, T, W>(&self, input: I, work: W) -> Result<T>
    where
        I: Send + Sync,
        T: Send,
        W: for<'a> Fn(&'a Tx, &'a I) -> BoxFuture<'a, Result<T>> + Send,
    {
        let mut runs = 1;
        loop {
            let ended = match self.begin().await {
                Ok(tx) => {
                    let running = tx.whole(work(&tx, &input));
                    let result = tokio::select! {
                        biased;
                        () = self.pulse.lost() => None,
                        result = running => Some(result),
                    };
                    match result {
                        Some(result) => self.end(tx, result).await,
                        None => Ended::Failed(Error::database_away()),
                    }
                }
                Err(ended) => ended,
            };
            match ended {
                Ended::Done(value) => return Ok(value),
                Ended::Failed(error) => return Err(error),
                Ended::Again(error) if runs >= RUNS => return Err(error),
                Ended::Again(error) => tracing::debug!(?error, runs, "a write is run again"),
            }
            // Longer each time and never the same, so that two that met do not meet again.
            tokio::time::sleep(Duration::from_micros(u64::from(rng::draw_seed()) % PAUSE.min(2_000 << runs))).await;
            runs += 1;
        }
    }

    async fn begin<T>(&self) -> Result<Tx, Ended<T>> {
        let begun = tokio::select! {
            biased;
            () = self.pulse.lost() => return Err(Ended::Failed(Error::database_away())),
            begun = Transaction::begin(&self.writers, self.meter.clone()) => begun,
        };
        match begun {
            Ok(transaction) => Ok(Tx::new(transaction, Time(self.clock.now_micros()), self.clock.clone())),
            Err(error) if Fault::of(&error) == Fault::Lost && self.pulse.check().await => {
                Err(Ended::Again(error.into()))
            }
            Err(error) => Err(Ended::Failed(error.into())),
        }
    }

    async fn end<T>(&self, tx: Tx, result: Result<T>) -> Ended<T> {
        let told = tx.told.load(Ordering::Relaxed);
        let Worked { transaction, fault, wrote: _ } = tx.db.into_worked();
        let error = match (result, fault) {
            (Ok(value), None) => return self.commit(transaction, value, told).await,
            (Ok(_), Some(_)) => Error::internal("a write went on after a statement had failed"),
            (Err(error), _) => error,
        };
        match fault {
            Some(Fault::Lost) if self.pulse.check().await => return Ended::Again(Error::database_away()),
            Some(Fault::Lost) => return Ended::Failed(Error::database_away()),
            _ => {}
        }
        // What fails here is gone in any case.
        let _ = transaction.rollback().await;
        match fault {
            Some(Fault::Conflict) => Ended::Again(error),
            _ => Ended::Failed(error),
        }
    }

    async fn commit<T>(&self, transaction: Transaction, value: T, told: bool) -> Ended<T> {
        let Err(error) = transaction.commit().await else {
            if told {
                self.commits.send_modify(|count| *count += 1);
                self.hint();
            }
            return Ended::Done(value);
        };
        match Fault::of(&error) {
            Fault::Conflict => Ended::Again(error.into()),
            Fault::Lost => {
                tracing::error!(%error, "the database was lost during a commit");
                self.pulse.check().await;
                Ended::Failed(Error::unavailable(
                    "The database was lost while the change was being stored: it may have been stored, or not. Look \
                     before you try again.",
                ))
            }
            Fault::Busy(_) | Fault::Text | Fault::Other => Ended::Failed(error.into()),
        }
    }

    fn hint(&self) {
        self.hints.send_modify(|count| *count += 1);
    }

    pub(super) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// A connection outside the pools, without time limits: for what may take long and happens once.
    pub(super) async fn alone(&self) -> Result<Alone> {
        self.open.alone().await
    }

    /// Waits until everything begun so far has ended. Later writes are refused.
    pub(super) async fn stop(&self) {
        self.free.close();
        self.running.close();
        self.running.wait().await;
        self.writers.close().await;
    }
}

/// A write that waits for its turn.
struct Waiting<'a>(usize, &'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn count(counter: &'a AtomicUsize) -> Self {
        Self(counter.fetch_add(1, Ordering::Relaxed), counter)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::Relaxed);
    }
}
