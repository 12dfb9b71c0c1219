//! New events, read from the log once and handed to every follower of this process.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use entity::event;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::{Notify, broadcast, watch};

use super::seam::{Seam, Writers};
use crate::{
    app::App,
    db::raw,
    domain::meter,
    error::{Error, Result},
};

/// Rows read from the log at once.
const BATCH: usize = 500;
/// Between two looks at a hole in the log: first, and at most.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
const LOOK_SELDOM: Duration = Duration::from_millis(100);
/// How long one waits for a place to be final; longer than a transaction of docket can take.
const PATIENCE: Duration = Duration::from_secs(6);

/// The ring through which the one reader of the log feeds all followers.
///
/// Its size bounds the memory that slow followers can cost, whatever their number: who falls further behind is told so
/// and reads the log itself.
#[derive(Debug)]
pub struct Feed {
    events: broadcast::Sender<Arc<event::Model>>,
    /// The log is final up to here, and all of that was told or is being told.
    settled: watch::Sender<i64>,
    wanted: Notify,
}

impl Feed {
    /// A feed that holds the newest `capacity` events.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { events: broadcast::Sender::new(capacity), settled: watch::Sender::new(0), wanted: Notify::new() }
    }

    /// Every event committed from now on, as the tail of the log sees it.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<event::Model>> {
        self.events.subscribe()
    }

    /// The place up to which the log is final for this process.
    #[must_use]
    pub fn settled(&self) -> i64 {
        *self.settled.borrow()
    }

    /// Waits until the log is final up to `place`.
    ///
    /// Fails with [`Error::Unavailable`] after a few seconds: an unfinished transaction of some other program on the same
    /// PostgreSQL server can hold the log back.
    pub async fn reach(&self, place: i64) -> Result<()> {
        let mut settled = self.settled.subscribe();
        if *settled.borrow_and_update() >= place {
            return Ok(());
        }
        self.wanted.notify_one();
        match tokio::time::timeout(PATIENCE, settled.wait_for(|settled| *settled >= place)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Error::unavailable("The log of events is held back just now. Try again.")),
        }
    }

    /// Tells what has become final. The mark moves first: who subscribes in between finds in the log what it missed here.
    fn tell(&self, rows: Vec<event::Model>, settled: i64) {
        self.settled.send_if_modified(|place| std::mem::replace(place, settled) != settled);
        for row in rows {
            meter::told(&row);
            // Nobody listens: that is fine, the log has it.
            let _ = self.events.send(Arc::new(row));
        }
    }
}

/// Reads the log's tail until the server stops: after each commit of this process, at a word of another server of the
/// same database, and every `events.poll_millis` for what nobody told of.
///
/// It begins after the place `last`, the log's end from before anybody could follow: were it looked up here, an event
/// that is written meanwhile would be no news to a follower that has just read the log, nor to anybody.
pub async fn tail(app: App, last: i64) {
    let mut hints = app.db.hints();
    let poll = Duration::from_millis(u64::from(app.config.events.poll_millis));
    let mut tail = Tail { seam: Seam::new(last), start: Start::Unknown, held: None };
    loop {
        let pause = match tail.look(&app).await {
            Ok(()) => tail.held.as_ref().map_or(poll, |held| held.pause.min(poll)),
            Err(error) => {
                tracing::warn!(?error, "the event log cannot be read; trying again");
                poll
            }
        };
        meter::held_back(tail.held.as_ref().map(|held| held.since));
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            changed = hints.changed() => if changed.is_err() { return },
            () = app.events.wanted.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// The reader's place, and what it waits for.
struct Tail {
    seam: Seam,
    start: Start,
    held: Option<Held>,
}

/// Whether the log is final up to the tail's first place.
enum Start {
    /// Nobody has looked.
    Unknown,
    /// Once these have ended.
    After(Writers),
    /// It is.
    Passed,
}

/// A hole that is being watched.
struct Held {
    since: Instant,
    pause: Duration,
    warned: bool,
}

impl Tail {
    /// Tells everything new that is final.
    async fn look(&mut self, app: &App) -> Result<()> {
        let in_order = app.db.commits_in_order();
        if !in_order && !self.starts(app).await? {
            self.hold();
            return Ok(());
        }
        loop {
            let passed = match self.seam.writers() {
                Some(noted) => noted.is_disjoint(&writers(app).await?),
                None => false,
            };
            let rows = rows_after(app, self.seam.place()).await?;
            let found = rows.len();
            let places: Vec<i64> = rows.iter().map(|row| row.id).collect();
            let settled = if in_order { self.seam.settle_all(&places) } else { self.seam.settle(&places, passed) };
            app.events.tell(rows.into_iter().take(settled).collect(), self.seam.place());
            if settled > 0 {
                self.held = None;
            }
            if settled < found {
                // Most holes are filled by the second look; who could fill them is asked for the others.
                if self.held.is_some() && self.seam.writers().is_none() {
                    self.seam.note(places.last().copied().unwrap_or_default(), writers(app).await?);
                }
                self.hold();
                return Ok(());
            }
            self.held = None;
            if found < BATCH {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
    }

    /// Whether everybody who wrote to the log before the start has ended.
    async fn starts(&mut self, app: &App) -> Result<bool> {
        let now = match self.start {
            Start::Passed => return Ok(true),
            Start::After(_) | Start::Unknown => writers(app).await?,
        };
        self.start = match std::mem::replace(&mut self.start, Start::Passed) {
            Start::After(then) if then.is_disjoint(&now) => Start::Passed,
            Start::After(then) => Start::After(then),
            Start::Passed | Start::Unknown if now.is_empty() => Start::Passed,
            Start::Passed | Start::Unknown => Start::After(now),
        };
        Ok(matches!(self.start, Start::Passed))
    }

    fn hold(&mut self) {
        let held = self.held.get_or_insert(Held { since: Instant::now(), pause: LOOK_AGAIN / 2, warned: false });
        held.pause = (held.pause * 2).min(LOOK_SELDOM);
        if held.since.elapsed() > PATIENCE && !held.warned {
            held.warned = true;
            let place = self.seam.place();
            tracing::warn!(place, "an unfinished transaction that writes to the event log holds it back");
        }
    }
}

async fn rows_after(app: &App, place: i64) -> Result<Vec<event::Model>> {
    let rows = event::Entity::find().filter(event::Column::Id.gt(place)).order_by_asc(event::Column::Id);
    Ok(rows.limit(BATCH as u64).all(app.db.read()).await?)
}

/// Who has begun to write to the log and has not ended: an INSERT locks the table in this mode before it draws a place,
/// and the lock lasts to the transaction's end. Of this database alone: what others on the same server do is of no
/// concern. PostgreSQL alone.
async fn writers(app: &App) -> Result<Writers> {
    let sql = "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' \
               AND relation = 'event'::regclass \
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let rows = app.db.read().query_all_raw(raw(app.db.read().get_database_backend(), sql, [])).await?;
    rows.iter().map(|row| row.try_get_by_index(0).map_err(Error::from)).collect()
}
