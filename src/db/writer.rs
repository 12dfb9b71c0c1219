//! Group commit: one task owns the writing connection and lets concurrent requests share a commit.
//!
//! A commit with `synchronous=FULL` waits for the disk. While it waits, requests queue up; the next round takes all of
//! them (up to [`ROUND`]), runs them in one transaction, commits once, and only then answers.
//!
//! One request's failure undoes itself and nothing else. Nearly all that fail do so before they have written anything, and
//! then there is nothing to undo. So a round is run without savepoints, each of which takes two turns to SQLite's thread;
//! only when one fails behind a write, or a statement goes wrong, everything is undone and run again, with a savepoint
//! for each.

use std::{panic::AssertUnwindSafe, path::Path, sync::Arc};

use entity::Time;
use futures_util::{FutureExt, future::BoxFuture};
use sea_orm::{DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{Tx, connection::Worked, transaction::Transaction};
use crate::{
    error::{Error, Result},
    infra::clock::Clock,
};

/// Requests that share one commit at most.
const ROUND: usize = 64;
/// Requests that may wait; more are refused at once, so that overload answers early.
const QUEUE: usize = 2_048;

#[derive(Clone, Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Task>>,
    stopping: CancellationToken,
    commits: watch::Receiver<u64>,
    file: Arc<Path>,
}

/// A request with its type forgotten.
trait Task: Send {
    /// Runs the work inside `tx` and keeps what it returned; `true` when its statements are to stay.
    fn run<'a>(&'a mut self, tx: &'a Tx) -> BoxFuture<'a, bool>;
    /// Tells the caller, once the round's commit has come to an end.
    fn answer(self: Box<Self>, committed: Result<(), &Error>);
    /// Replaces the outcome by a failure.
    fn fail(&mut self, error: Error);
}

struct Request<I, T, W> {
    input: I,
    work: W,
    outcome: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<I, T, W> Task for Request<I, T, W>
where
    I: Send + Sync,
    T: Send,
    W: for<'a> Fn(&'a Tx, &'a I) -> BoxFuture<'a, Result<T>> + Send,
{
    fn run<'a>(&'a mut self, tx: &'a Tx) -> BoxFuture<'a, bool> {
        let Self { input, work, outcome, .. } = self;
        let future = work(tx, input);
        async move {
            // A panic in one request must not take the writer, and with it every later request, down.
            let done = AssertUnwindSafe(tx.whole(future)).catch_unwind().await;
            let result = done.unwrap_or_else(|_| Err(Error::internal("a write panicked; see the panic message above")));
            let keep = result.is_ok();
            *outcome = Some(result);
            keep
        }
        .boxed()
    }

    fn answer(self: Box<Self>, committed: Result<(), &Error>) {
        let answer = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(Error::internal("a write was never run")),
            // What failed by itself would have failed anyway: its own reason says more than the commit's.
            (Err(_), Some(Err(own))) => Err(own),
            (Err(error), Some(Ok(_)) | None) => Err(commit_failure(error)),
        };
        // A caller that went away does not undo what is committed.
        let _ = self.reply.send(answer);
    }

    fn fail(&mut self, error: Error) {
        self.outcome = Some(Err(error));
    }
}

impl Writer {
    pub(super) fn start(connection: DatabaseConnection, file: &Path, clock: Clock) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE);
        let (committed, commits) = watch::channel(0);
        let stopping = CancellationToken::new();
        tokio::spawn(serve(connection, clock, requests, committed, stopping.clone()));
        Self { queue, stopping, commits, file: file.into() }
    }

    /// Where the database is.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.clone()
    }

    pub(super) async fn run<I, T, W>(&self, input: I, work: W) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a Tx, &'a I) -> BoxFuture<'a, Result<T>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let request = Request { input, work, outcome: None, reply };
        self.queue.try_send(Box::new(request)).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => {
                Error::unavailable("The server has too many writes waiting. Try again.")
            }
            mpsc::error::TrySendError::Closed(_) => Error::unavailable("The server is stopping."),
        })?;
        answer.await.unwrap_or_else(|_| Err(Error::unavailable("The server is stopping.")))
    }

    /// Waits until everything queued so far is answered and the connection is closed. Later writes are refused.
    pub(super) async fn stop(&self) {
        self.stopping.cancel();
        self.queue.closed().await;
    }
}

async fn serve(
    connection: DatabaseConnection,
    clock: Clock,
    mut requests: mpsc::Receiver<Box<dyn Task>>,
    committed: watch::Sender<u64>,
    stopping: CancellationToken,
) {
    let mut round = Vec::with_capacity(ROUND);
    loop {
        let received = tokio::select! {
            biased;
            received = requests.recv_many(&mut round, ROUND) => received,
            // What is queued is still taken, since receiving comes first; what comes later is refused.
            () = stopping.cancelled() => 0,
        };
        if received == 0 {
            break;
        }
        metrics::histogram!("docket_write_round_requests").record(f64::from(u32::try_from(round.len()).unwrap_or(0)));
        let result = commit_round(&connection, &clock, &mut round).await;
        if result.is_err() {
            discard(&connection).await;
        }
        if matches!(result, Ok(true)) {
            committed.send_modify(|count| *count += 1);
        }
        for task in round.drain(..) {
            task.answer(match &result {
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            });
        }
    }
    // Closing the last connection writes the journal back into the file; only then is `stop` told.
    let _ = connection.close().await;
    drop(requests);
}

/// Runs a round and commits it; says whether the log of events grew.
async fn commit_round(connection: &DatabaseConnection, clock: &Clock, round: &mut [Box<dyn Task>]) -> Result<bool> {
    // Plain `begin` is deferred on SQLite: a read followed by a write then fails at once, whatever the busy timeout.
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let now = Time(clock.now_micros());
    let transaction = connection.begin_with_options(options).await?;
    if let [only] = round {
        let ran = run(only, Transaction::Shared(transaction), now, clock).await;
        let transaction = ran.worked.transaction;
        if ran.keep {
            transaction.commit().await?;
        } else {
            transaction.rollback().await?;
        }
        return Ok(ran.told);
    }
    if let Some(told) = together(transaction, now, clock, round).await? {
        return Ok(told);
    }
    let transaction = connection.begin_with_options(options).await?;
    let told = apart(&transaction, now, clock, round).await?;
    transaction.commit().await?;
    Ok(told)
}

/// How a request ended that was run.
struct Ran {
    /// Whether its statements are to stay.
    keep: bool,
    /// Whether it added to the log of events, and that stays.
    told: bool,
    worked: Worked,
}

async fn run(task: &mut Box<dyn Task>, transaction: Transaction, now: Time, clock: &Clock) -> Ran {
    let tx = Tx::new(transaction, now, clock.clone());
    let keep = task.run(&tx).await;
    Ran { keep, told: keep && tx.told.into_inner(), worked: tx.db.into_worked() }
}

/// Runs a round in one transaction and commits it; none when everything was undone, because something would have to be
/// undone alone. After a statement that went wrong SQLite may have ended the transaction by itself, and what followed
/// would be stored at once: only a savepoint tells.
async fn together(
    transaction: DatabaseTransaction,
    now: Time,
    clock: &Clock,
    round: &mut [Box<dyn Task>],
) -> Result<Option<bool>> {
    let (mut transaction, mut told) = (Transaction::Shared(transaction), false);
    for task in round {
        let ran = run(task, transaction, now, clock).await;
        let Worked { transaction: same, fault, wrote } = ran.worked;
        transaction = same;
        if fault.is_some() || (!ran.keep && wrote) {
            transaction.rollback().await?;
            return Ok(None);
        }
        told |= ran.told;
    }
    transaction.commit().await?;
    Ok(Some(told))
}

/// Runs a round with a savepoint for each request.
async fn apart(
    transaction: &DatabaseTransaction,
    now: Time,
    clock: &Clock,
    round: &mut [Box<dyn Task>],
) -> Result<bool> {
    let mut told = false;
    for task in round {
        let ran = run(task, Transaction::Shared(transaction.begin().await?), now, clock).await;
        told |= ran.told;
        let savepoint = ran.worked.transaction;
        let ended = if ran.keep { savepoint.commit().await } else { savepoint.rollback().await };
        if let Err(error) = ended {
            task.fail(Error::from(error.clone()));
            return Err(error.into());
        }
    }
    Ok(told)
}

/// Closes the connection that a round has failed on; the next round gets a new one.
///
/// After a failed commit, on a full disk above all, nobody knows what SQLite has undone by itself and whether its
/// transaction is still open, and the driver counts otherwise than SQLite. Were the connection used again, the next
/// writes could be savepoints within that transaction: acknowledged, and undone with it later. Closing undoes whatever
/// is open.
async fn discard(connection: &DatabaseConnection) {
    match connection.get_sqlite_connection_pool().acquire().await {
        Ok(broken) => {
            if let Err(error) = broken.close().await {
                tracing::warn!(%error, "the writing connection did not close well");
            }
        }
        Err(error) => tracing::warn!(%error, "there is no writing connection just now"),
    }
}

/// What a caller hears when its own work was fine and the shared commit was not.
fn commit_failure(error: &Error) -> Error {
    tracing::error!(?error, "a commit failed");
    if let Error::Unavailable { message, .. } = error {
        // Such as a full disk, which often shows only here.
        return Error::unavailable(message.clone());
    }
    Error::unavailable("The change could not be stored and was undone. Try again.")
}

#[cfg(test)]
mod tests;
