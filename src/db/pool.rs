//! Connections that are kept open, and lent for one statement or one transaction at a time.
//!
//! The driver's own pool asks the database whether it is there each time that a connection comes back: one more turn to
//! SQLite's thread or PostgreSQL's process for each statement, which was a tenth of a small query. Here only a connection
//! that was left in the middle of something, or whose last statement failed, is asked.
//!
//! Between this server and a database elsewhere stand things that forget a connection on which nothing was said for long,
//! and tell neither end. So such connections have [`Terms`].

use std::{
    io::ErrorKind,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, error::SqlxError};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{driver::Driver, postgres::Pulse};

/// Opens one connection.
pub(super) type Open = Box<dyn Fn() -> BoxFuture<'static, Result<Box<dyn Driver>, SqlxError>> + Send + Sync>;

/// See the module. Clones share it.
#[derive(Clone)]
pub(super) struct Pool(Arc<Inner>);

struct Inner {
    open: Open,
    /// As many permits as there may be connections.
    free: Arc<Semaphore>,
    size: u32,
    /// How long one may wait for a connection.
    patience: Duration,
    /// Those that nobody has. The one that came back last goes out first, so that few are in use when there is little to
    /// do.
    idle: Mutex<Vec<Kept>>,
    /// Knows which connections are not to be trusted any more.
    pulse: Option<Pulse>,
    terms: Option<Terms>,
}

/// For how long what concerns a connection over a network may take; a file needs no such bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// From its opening to its end. It also bounds what a process of the server gathers, such as prepared statements that
    /// nobody closed because the client had gone.
    pub life: Duration,
    /// Without use.
    pub idle: Duration,
    /// The answer to a statement.
    pub answer: Duration,
    /// The answer to a commit. One that stores a whole import takes its time.
    pub commit: Duration,
    /// The answer to what brings a connection back, or ends it.
    pub settle: Duration,
}

struct Kept {
    connection: Box<dyn Driver>,
    opened: Instant,
    /// When it came back last.
    back: Instant,
}

impl Kept {
    fn new(connection: Box<dyn Driver>) -> Self {
        let now = Instant::now();
        Self { connection, opened: now, back: now }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("size", &self.0.size).finish_non_exhaustive()
    }
}

impl Pool {
    /// A pool of at most `size` connections, none of which is open yet.
    pub(super) fn new(open: Open, size: u32, patience: Duration) -> Self {
        Self::make(open, size, patience, None, None)
    }

    /// The same for a database elsewhere.
    pub(super) fn over_network(open: Open, size: u32, patience: Duration, terms: Terms, pulse: Pulse) -> Self {
        Self::make(open, size, patience, Some(terms), Some(pulse))
    }

    fn make(open: Open, size: u32, patience: Duration, terms: Option<Terms>, pulse: Option<Pulse>) -> Self {
        let size = size.max(1);
        let free = Arc::new(Semaphore::new(size as usize));
        Self(Arc::new(Inner { open, free, size, patience, idle: Mutex::default(), pulse, terms }))
    }

    /// A connection, opened if there is none.
    ///
    /// Fails with [`ConnAcquireErr::Timeout`] when none comes free in time, and as the driver does when none can be opened.
    pub(super) async fn lend(&self) -> Result<Lent, DbErr> {
        let waited = timeout(self.0.patience, Arc::clone(&self.0.free).acquire_owned());
        let permit = waited.await.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        let permit = permit.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))?;
        let kept = if let Some(kept) = self.idle() {
            kept
        } else {
            let opened = timeout(self.0.patience, self.open()).await;
            let opened = opened.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
            let connection = opened.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
            Kept::new(connection)
        };
        Ok(Lent { pool: self.clone(), kept: Some(kept), permit: Some(permit), state: State::Unsure })
    }

    /// Opens a connection; a database that is starting, or has as many clients as it takes, is asked again.
    async fn open(&self) -> Result<Box<dyn Driver>, SqlxError> {
        let mut pause = Duration::from_millis(10);
        loop {
            match (self.0.open)().await {
                Err(SqlxError::Database(error)) if error.is_transient_in_connect_phase() => {}
                Err(SqlxError::Io(error)) if error.kind() == ErrorKind::ConnectionRefused => {}
                opened => return opened,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    fn idle(&self) -> Option<Kept> {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(kept) = idle.pop() {
            if !self.0.pulse.as_ref().is_none_or(|pulse| pulse.trusts(kept.opened.elapsed())) {
                continue;
            }
            let now = Instant::now();
            let past = |terms: Terms| now - kept.opened > terms.life || now - kept.back > terms.idle;
            if !self.0.terms.is_some_and(past) {
                return Some(kept);
            }
            self.retire(kept);
        }
        None
    }

    fn keep(&self, mut kept: Kept) {
        kept.back = Instant::now();
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // The longest unused one: whatever is lent comes from the other end.
        let unused = |terms: Terms| idle.first().is_some_and(|first| kept.back - first.back > terms.idle);
        let retired = self.0.terms.is_some_and(unused).then(|| idle.remove(0));
        idle.push(kept);
        drop(idle);
        if let Some(retired) = retired {
            self.retire(retired);
        }
    }

    /// Ends a connection while nobody waits for that.
    fn retire(&self, kept: Kept) {
        let Ok(runtime) = Handle::try_current() else { return };
        let pool = self.clone();
        runtime.spawn(async move { pool.settled(kept.connection.end()).await });
    }

    /// What `statement` answers, if it does in time.
    ///
    /// Fails as when the connection is lost otherwise.
    pub(super) async fn answered<T>(&self, statement: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        within(self.0.terms.map(|terms| terms.answer), statement).await
    }

    /// The same for the end of a transaction.
    pub(super) async fn ended<T>(&self, end: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        within(self.0.terms.map(|terms| terms.commit), end).await
    }

    /// Whether the end of `work` came in time.
    async fn settled<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        match self.0.terms {
            None => Some(work.await),
            Some(Terms { settle, .. }) => timeout(settle, work).await.ok(),
        }
    }

    /// Waits for what was lent and ends every connection. Nothing is lent any more.
    pub(super) async fn close(&self) {
        let all = self.0.free.acquire_many(self.0.size).await;
        self.0.free.close();
        drop(all);
        let idle = mem::take(&mut *self.0.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for kept in idle {
            self.settled(kept.connection.end()).await;
        }
    }
}

async fn within<T>(bound: Option<Duration>, statement: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    let Some(bound) = bound else { return statement.await };
    let late = |_| Err(DbErr::Conn(RuntimeErr::Internal("the database does not answer".into())));
    timeout(bound, statement).await.unwrap_or_else(late)
}

/// What is known of a connection that was lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing is under way.
    Settled,
    /// Something may be.
    Unsure,
    /// A transaction was begun and did not end.
    Transaction,
}

/// A connection that goes back to its pool when this is dropped: at once when it is settled, and else when it answers
/// again, its transaction undone.
pub(super) struct Lent {
    pool: Pool,
    kept: Option<Kept>,
    permit: Option<OwnedSemaphorePermit>,
    state: State,
}

impl std::fmt::Debug for Lent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lent").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Lent {
    /// The connection.
    pub(super) fn connection(&mut self) -> Result<&mut dyn Driver, DbErr> {
        match &mut self.kept {
            Some(kept) => Ok(&mut *kept.connection),
            None => Err(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)),
        }
    }

    /// Where it comes from.
    pub(super) fn pool(&self) -> Pool {
        self.pool.clone()
    }

    /// Says where the connection is now.
    pub(super) const fn set(&mut self, state: State) {
        self.state = state;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let (Some(mut kept), permit) = (self.kept.take(), self.permit.take()) else { return };
        let pool = self.pool.clone();
        let in_transaction = match self.state {
            State::Settled => {
                pool.keep(kept);
                // Now, and not before, somebody else may look for it.
                drop(permit);
                return;
            }
            State::Unsure => false,
            State::Transaction => true,
        };
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            let connection = &mut kept.connection;
            let settled = pool.settled(async {
                let undone = if in_transaction { connection.unprepared("ROLLBACK").await.map(|_| ()) } else { Ok(()) };
                (undone, connection.ping().await)
            });
            match settled.await {
                Some((Ok(()), Ok(()))) => pool.keep(kept),
                given_up => tracing::debug!(?given_up, "a connection to the database is given up"),
            }
            drop(permit);
        });
    }
}

#[cfg(test)]
mod tests;
