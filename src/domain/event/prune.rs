//! Retention: events older than the configured number of days go.

use entity::{Time, event, setting};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::OnConflict,
};

use crate::{
    app::App,
    db::Tx,
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
    let old = event::Entity::find().filter(event::Column::CreatedAt.lt(before)).order_by_asc(event::Column::Id);
    if old.limit(1).one(app.db.read()).await?.is_none() {
        return Ok(0);
    }
    app.db.write(before, |tx, before| Box::pin(delete(tx, *before))).await
}

async fn delete(tx: &Tx, before: Time) -> Result<u64> {
    let old = event::Entity::find()
        .filter(event::Column::CreatedAt.lt(before))
        .order_by_asc(event::Column::Id)
        .limit(BATCH)
        .all(&tx.db)
        .await?;
    let Some(last) = old.last() else { return Ok(0) };
    // By place, not by time: the log must end at one place, whatever the clock did.
    let deleted = event::Entity::delete_many().filter(event::Column::Id.lte(last.id)).exec(&tx.db).await?;
    let row = setting::ActiveModel { name: Set(PRUNED_TO.into()), value: Set(last.id.to_string()) };
    let replace = OnConflict::column(setting::Column::Name).update_column(setting::Column::Value).to_owned();
    setting::Entity::insert(row).on_conflict(replace).exec_without_returning(&tx.db).await?;
    Ok(deleted.rows_affected)
}

/// The place of the last event that is gone; 0 when none is.
pub(super) async fn pruned_to(app: &App) -> Result<i64> {
    match setting::Entity::find_by_id(PRUNED_TO.to_owned()).one(app.db.read()).await? {
        None => Ok(0),
        Some(setting) => {
            setting.value.parse().map_err(|_| Error::internal("the setting events_pruned_to is no number"))
        }
    }
}
