//! One step of a job's life: the row's change and the event that tells of it, together.

use entity::{event, job};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, Iterable, ModelTrait, QueryFilter};

use crate::{db::Tx, domain::event as log, error::Result};

/// Stores what differs between `before` and `after` and appends one event of `kind`; returns the row as stored.
///
/// The revision is set here and nowhere else, under the write lock, so that it has no gap.
pub(in crate::domain) async fn record(
    tx: &Tx,
    before: &job::Model,
    mut after: job::Model,
    kind: event::Kind,
    detail: event::Detail,
) -> Result<job::Model> {
    after.revision = before.revision + 1;
    after.updated_at = tx.now;
    store(tx, before, &after).await?;
    // Events of a hand-back still tell which runner had the job.
    let holder = after.runner_id.or(before.runner_id);
    log::append(tx, &job::Model { runner_id: holder, ..after.clone() }, kind, detail).await?;
    Ok(after)
}

/// The same for a change of state: the event says from where to where.
pub(in crate::domain) async fn transition(
    tx: &Tx,
    before: &job::Model,
    after: job::Model,
    message: Option<String>,
) -> Result<job::Model> {
    let detail = event::Detail { from: Some(before.status), to: Some(after.status), message, ..Default::default() };
    record(tx, before, after, event::Kind::StatusChanged, detail).await
}

/// Writes the columns that differ, and no other: a heartbeat does not rewrite the parameters.
pub(in crate::domain) async fn store(tx: &Tx, before: &job::Model, after: &job::Model) -> Result<()> {
    let mut change = job::ActiveModel { ..Default::default() };
    let mut changed = false;
    for column in job::Column::iter() {
        if matches!(column, job::Column::Id | job::Column::Parameters) {
            continue;
        }
        let value = after.get(column);
        if value != before.get(column) {
            change.set(column, value);
            changed = true;
        }
    }
    if changed {
        job::Entity::update_many().set(change).filter(job::Column::Id.eq(before.id)).exec(&tx.db).await?;
    }
    Ok(())
}
