//! Retention: events older than the configured number of days go.

use entity::{Time, event};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, SelectGetableTuple, Selector};

use crate::{
    app::App,
    db::Tx,
    domain::setting,
    error::{Error, Result},
};

/// Events deleted in one transaction at most, so that no other write waits long.
const BATCH: u64 = 1_000;
/// The setting that remembers the last event that was deleted.
const PRUNED_TO: &str = "events_pruned_to";

/// Deletes a batch of events that are past their retention and says how many those were.
pub async fn prune(app: &App) -> Result<u64> {
    let days = i64::from(app.config.events.retention_days);
    let before = Time(app.clock.now_micros()).plus_seconds(-86_400 * days);
    if old(before, 1).one(app.db.read()).await?.is_none() {
        return Ok(0);
    }
    app.db.write(before, |tx, before| Box::pin(delete(tx, *before))).await
}

async fn delete(tx: &Tx, before: Time) -> Result<u64> {
    let Some(last) = old(before, BATCH).all(&tx.db).await?.into_iter().max() else { return Ok(0) };
    // By place, not by time: the log must end at one place, whatever the clock did.
    let deleted = event::Entity::delete_many().filter(event::Column::Id.lte(last)).exec(&tx.db).await?;
    // Only upwards: another server may have deleted more meanwhile.
    setting::raise(tx, PRUNED_TO, last).await?;
    Ok(deleted.rows_affected)
}

/// The places of the oldest events, in the order of the index on their time.
fn old(before: Time, limit: u64) -> Selector<SelectGetableTuple<i64>> {
    event::Entity::find()
        .select_only()
        .column(event::Column::Id)
        .filter(event::Column::CreatedAt.lt(before))
        .order_by_asc(event::Column::CreatedAt)
        .limit(limit)
        .into_tuple()
}

/// The place of the last event that is gone; 0 when none is.
pub(super) async fn pruned_to(app: &App) -> Result<i64> {
    match setting::find(app, PRUNED_TO).await? {
        None => Ok(0),
        Some(id) => id.parse().map_err(|_| Error::internal("the setting events_pruned_to is no number")),
    }
}
