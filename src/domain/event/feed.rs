//! New events, read from the log once and handed to every follower of this process.

use std::{sync::Arc, time::Duration};

use entity::event;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::broadcast;

use crate::{app::App, domain::meter, error::Result};

/// Rows read from the log at once.
const BATCH: u64 = 500;

/// The ring through which the one reader of the log feeds all followers.
///
/// Its size bounds the memory that slow followers can cost, whatever their number: who falls further behind is told so
/// and reads the log itself.
#[derive(Debug)]
pub struct Feed {
    events: broadcast::Sender<Arc<event::Model>>,
}

impl Feed {
    /// A feed that holds the newest `capacity` events.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { events: broadcast::Sender::new(capacity) }
    }

    /// Every event committed from now on, as the tail of the log sees it.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<event::Model>> {
        self.events.subscribe()
    }
}

/// Reads the log's tail until the server stops: after each commit of this process, and every `events.poll_millis`
/// for what another process wrote.
///
/// It begins after the place `last`, the log's end from before anybody could follow: were it looked up here, an event
/// that is written meanwhile would be no news to a follower that has just read the log, nor to anybody.
pub async fn tail(app: App, mut last: i64) {
    let mut commits = app.db.commits();
    let poll = Duration::from_millis(u64::from(app.config.events.poll_millis));
    loop {
        if let Err(error) = read(&app, &mut last).await {
            tracing::warn!(?error, "the event log cannot be read; trying again");
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            changed = commits.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(poll) => {}
        }
    }
}

/// Sends everything after `last`, which moves with what is sent.
async fn read(app: &App, last: &mut i64) -> Result<()> {
    loop {
        let rows = event::Entity::find()
            .filter(event::Column::Id.gt(*last))
            .order_by_asc(event::Column::Id)
            .limit(BATCH)
            .all(app.db.read())
            .await?;
        let full = rows.len() as u64 == BATCH;
        for row in rows {
            *last = row.id;
            meter::told(&row);
            // Nobody listens: that is fine, the log has it.
            let _ = app.events.events.send(Arc::new(row));
        }
        if !full {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}
