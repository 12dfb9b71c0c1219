//! One step of a job's life: the row's change and the event that tells of it, together.

use entity::{event, job};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, Iterable, ModelTrait, QueryFilter};

use crate::{
    db::Tx,
    domain::{account::charge, event as log, lease},
    error::Result,
};

/// Stores what differs between `before` and `after` and appends one event of `kind`; returns the row as stored.
///
/// A job that ends, or begins anew, is charged here and nowhere else; the event of that comes before the other one, so
/// that who stops reading at the end of a job has seen what it cost. The revision is set here and nowhere else, and
/// `before` was read with its row locked, so that it has no gap. A job that is assigned rather than claimed may be with
/// a runner when this returns, if it waits after the change.
pub(in crate::domain) async fn record(
    tx: &Tx,
    before: &job::Model,
    after: job::Model,
    kind: event::Kind,
    detail: event::Detail,
) -> Result<job::Model> {
    let after = apply(tx, before, after, kind, detail).await?;
    if after.pushed { lease::assign_after(tx, before, after).await } else { Ok(after) }
}

async fn apply(
    tx: &Tx,
    before: &job::Model,
    mut after: job::Model,
    kind: event::Kind,
    detail: event::Detail,
) -> Result<job::Model> {
    after.updated_at = tx.now;
    let booking = charge::follow(tx, before, &mut after).await?;
    after.revision = before.revision + 1 + i64::from(booking.is_some());
    store(tx, before, &after).await?;
    // What ends the holding still tells which runner had the job.
    let told = job::Model {
        runner_id: after.runner_id.or(before.runner_id),
        lease_expires_at: after.lease_expires_at.or(before.lease_expires_at),
        ..after.clone()
    };
    let Some(booking) = booking else {
        log::append(tx, &told, kind, detail).await?;
        return Ok(after);
    };
    let charged = job::Model { revision: before.revision + 1, ..told.clone() };
    let charge = event::Detail { booking: Some(booking), ..Default::default() };
    log::append_all(tx, vec![(&charged, event::Kind::Charged, charge), (&told, kind, detail)]).await?;
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
        let update = job::Entity::update_many().set(change).filter(job::Column::Id.eq(before.id));
        tx.db.soon(update).await?;
    }
    Ok(())
}
