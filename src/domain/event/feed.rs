//! New events, read from the log once and handed to every follower of this process.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use entity::event;
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Value};
use tokio::sync::{Notify, broadcast, watch};

use super::seam::Seam;
use crate::{
    app::App,
    db::raw,
    domain::meter,
    error::{Error, Result},
};

/// Rows read from the log at once.
const BATCH: i64 = 500;
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
    /// Until this is reached, what lies before the first place may still appear.
    start: Start,
    held: Option<Held>,
}

/// Whether the log was final up to the tail's first place.
enum Start {
    /// Nobody has looked.
    Unknown,
    /// Once no transaction older than this one runs.
    After(i64),
    /// It is.
    Passed,
}

/// A hole that is being watched.
struct Held {
    since: Instant,
    pause: Duration,
    warned: bool,
}

/// A row of the log, and the oldest transaction that ran when it was read.
struct Row {
    event: event::Model,
    oldest: Option<i64>,
}

impl FromQueryResult for Row {
    fn from_query_result(row: &QueryResult, prefix: &str) -> std::result::Result<Self, sea_orm::DbErr> {
        Ok(Self { event: event::Model::from_query_result(row, prefix)?, oldest: row.try_get(prefix, "oldest")? })
    }
}

impl Tail {
    /// Tells everything new that is final.
    async fn look(&mut self, app: &App) -> Result<()> {
        if !app.db.commits_in_order() && !self.starts(app).await? {
            self.hold();
            return Ok(());
        }
        loop {
            let rows = rows_after(app, self.seam.place()).await?;
            let (found, oldest) = (rows.len(), rows.first().and_then(|row| row.oldest));
            let places: Vec<i64> = rows.iter().map(|row| row.event.id).collect();
            let settled = self.seam.settle(&places, oldest);
            let events = rows.into_iter().take(settled).map(|row| row.event).collect();
            app.events.tell(events, self.seam.place());
            if settled < found {
                // Most holes are filled by the second look, and need no date.
                if self.held.is_some() && !self.seam.is_dated() {
                    self.seam.date(places.last().copied().unwrap_or_default(), transaction(app).await?);
                }
                self.hold();
                return Ok(());
            }
            self.held = None;
            if i64::try_from(found).unwrap_or(BATCH) < BATCH {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
    }

    /// Whether every transaction from before the start has ended.
    async fn starts(&mut self, app: &App) -> Result<bool> {
        let begun = match self.start {
            Start::Passed => return Ok(true),
            Start::After(begun) => begun,
            Start::Unknown => {
                let begun = transaction(app).await?;
                self.start = Start::After(begun);
                begun
            }
        };
        if number(app, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint").await? >= begun {
            self.start = Start::Passed;
        }
        Ok(matches!(self.start, Start::Passed))
    }

    fn hold(&mut self) {
        let held = self.held.get_or_insert(Held { since: Instant::now(), pause: LOOK_AGAIN / 2, warned: false });
        held.pause = (held.pause * 2).min(LOOK_SELDOM);
        if held.since.elapsed() > PATIENCE && !held.warned {
            held.warned = true;
            let place = self.seam.place();
            tracing::warn!(place, "an unfinished transaction on the database server holds back the event log");
        }
    }
}

async fn rows_after(app: &App, place: i64) -> Result<Vec<Row>> {
    let oldest =
        if app.db.commits_in_order() { "NULL" } else { "pg_snapshot_xmin(pg_current_snapshot())::text::bigint" };
    let sql = format!("SELECT event.*, {oldest} AS oldest FROM event WHERE id > ? ORDER BY id LIMIT ?");
    let values: [Value; 2] = [place.into(), BATCH.into()];
    let statement = raw(app.db.read().get_database_backend(), &sql, values);
    Ok(Row::find_by_statement(statement).all(app.db.read()).await?)
}

/// The number of a transaction that begins now; all that run already have lower ones. PostgreSQL alone.
async fn transaction(app: &App) -> Result<i64> {
    number(app, "SELECT pg_current_xact_id()::text::bigint").await
}

async fn number(app: &App, sql: &str) -> Result<i64> {
    let row = app.db.read().query_one_raw(raw(app.db.read().get_database_backend(), sql, [])).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}
