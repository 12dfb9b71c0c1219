//! Jobs whose moment has come.

use entity::job;
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{LockBehavior, LockType},
};

use super::change;
use crate::{app::App, db::Tx, domain::due::Due, error::Result};

/// Straight from the index of scheduled jobs, and in its words.
const SCHEDULED: Due = Due {
    what: "a scheduled job",
    sql: "SELECT id, run_after FROM job INDEXED BY job_scheduled WHERE status = 'scheduled' AND run_after <= ? \
          AND (run_after, id) > (?, ?) ORDER BY run_after, id LIMIT ?",
    moments: 1,
};

/// Queues the scheduled jobs whose moment has come, and says how many those were. The event of each wakes who waits for
/// work.
pub(in crate::domain) async fn promote(app: &App) -> Result<usize> {
    SCHEDULED.each(app, |id| app.db.write(id, |tx, id| Box::pin(queue(tx, *id)))).await
}

/// Whether it was there to be queued: it may have been cancelled, put off or queued by another server meanwhile.
async fn queue(tx: &Tx, id: i64) -> Result<bool> {
    let due = job::Entity::find_by_id(id)
        .filter(job::Column::Status.eq(job::Status::Scheduled))
        .filter(job::Column::RunAfter.lte(tx.now))
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let Some(job) = super::head(&tx.db, due).await? else { return Ok(false) };
    let after = job::Model { status: job::Status::Queued, ..job.clone() };
    change::transition(tx, &job, after, None).await?;
    Ok(true)
}
