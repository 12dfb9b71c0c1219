//! Whether the database answers, and what time it has there: one connection that nobody else uses finds out.
//!
//! While the database is away every statement is refused at once instead of waiting for a connection, and when it comes
//! back this notices within [`AGAIN`]. Between, it follows the database's clock, so that a transaction need not ask for
//! the time: the moment of a reading lies between the question and the answer, and the quickest of a few is believed.

use std::time::{Duration, Instant};

use sea_orm::sqlx::{self, ConnectOptions, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

use crate::infra::clock::{Clock, Reading};

/// Between two beats when nobody asks for one.
const BEAT: Duration = Duration::from_secs(2);
/// Between two tries to reach a database that is away.
const AGAIN: Duration = Duration::from_millis(250);
/// A database that needs longer for nothing is away.
const PATIENCE: Duration = Duration::from_secs(2);
/// Readings of the clock in one beat.
const READINGS: usize = 3;

/// What is known. Clones share it.
#[derive(Clone, Debug)]
pub(in crate::db) struct Pulse {
    state: watch::Receiver<State>,
    questions: mpsc::Sender<oneshot::Sender<bool>>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    up: bool,
    /// When it was last reached anew: connections from before are not to be trusted.
    reached: Instant,
}

impl Pulse {
    /// Starts to watch the database behind `options` over `connection`, which it keeps.
    pub(super) async fn start(options: PgConnectOptions, connection: PgConnection, clock: Clock) -> Self {
        let (states, state) = watch::channel(State { up: true, reached: Instant::now() });
        let (questions, asked) = mpsc::channel(64);
        let mut keeper = Keeper { options, connection, clock, states, asked };
        // Whoever opens the database reads the clock next.
        keeper.beat().await;
        tokio::spawn(keeper.keep());
        Self { state, questions }
    }

    pub(in crate::db) fn is_up(&self) -> bool {
        self.state.borrow().up
    }

    /// Whether a connection of this age was made since the database was last reached anew.
    pub(in crate::db) fn trusts(&self, age: Duration) -> bool {
        age <= self.state.borrow().reached.elapsed()
    }

    /// Comes to its end when the database is away.
    pub(in crate::db) async fn lost(&self) {
        let mut state = self.state.clone();
        if state.wait_for(|state| !state.up).await.is_err() {
            // Nobody watches any more: the database is being closed.
            std::future::pending::<()>().await;
        }
    }

    /// Looks now, for whoever lost a connection, and says whether the database is there.
    pub(in crate::db) async fn check(&self) -> bool {
        let (answer, answered) = oneshot::channel();
        if !self.is_up() || self.questions.try_send(answer).is_err() {
            return self.is_up();
        }
        answered.await.unwrap_or(false)
    }
}

struct Keeper {
    options: PgConnectOptions,
    connection: PgConnection,
    clock: Clock,
    states: watch::Sender<State>,
    asked: mpsc::Receiver<oneshot::Sender<bool>>,
}

impl Keeper {
    /// Until nobody holds a [`Pulse`] any more.
    async fn keep(mut self) {
        loop {
            let mut question = match timeout(BEAT, self.asked.recv()).await {
                Ok(None) => return,
                Ok(question) => question,
                Err(_) => None,
            };
            if !self.beat().await && !self.reach(&mut question).await {
                return;
            }
            if let Some(question) = question {
                // Who asks has lost a connection, and the pools' others may be gone with it.
                self.states.send_modify(|state| state.reached = Instant::now());
                let _ = question.send(true);
            }
        }
    }

    /// Reads the clock a few times; `false` when the database does not answer.
    async fn beat(&mut self) -> bool {
        let mut best: Option<Reading> = None;
        for _ in 0..READINGS {
            let asked = self.clock.ticks();
            let read = sqlx::query_scalar("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
                .fetch_one(&mut self.connection);
            let Ok(Ok(micros)) = timeout(PATIENCE, read).await else { return false };
            let reading = Reading { micros, asked, answered: self.clock.ticks() };
            if best.is_none_or(|best| reading.doubt() < best.doubt()) {
                best = Some(reading);
            }
        }
        if let Some(best) = best {
            self.clock.follow(best);
        }
        true
    }

    /// Connects anew, however long it takes; `false` when nobody waits for it any more. Whoever asks meanwhile, or has
    /// asked before, hears that the database is away.
    async fn reach(&mut self, question: &mut Option<oneshot::Sender<bool>>) -> bool {
        loop {
            match timeout(PATIENCE, self.options.connect()).await {
                Ok(Ok(connection)) => {
                    self.connection = connection;
                    if self.beat().await {
                        if !self.states.borrow().up {
                            tracing::info!("the database is back");
                        }
                        self.states.send_replace(State { up: true, reached: Instant::now() });
                        return true;
                    }
                }
                Ok(Err(error)) => self.away(&error),
                Err(elapsed) => self.away(&elapsed),
            }
            if let Some(question) = question.take() {
                let _ = question.send(false);
            }
            let pause = tokio::time::sleep(AGAIN);
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    () = &mut pause => break,
                    question = self.asked.recv() => match question {
                        Some(question) => drop(question.send(false)),
                        None => return false,
                    }
                }
            }
        }
    }

    fn away(&self, error: &dyn std::error::Error) {
        self.states.send_if_modified(|state| {
            if state.up {
                tracing::error!(%error, "the database is away");
            }
            std::mem::replace(&mut state.up, false)
        });
    }
}
