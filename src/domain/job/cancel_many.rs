//! Cancelling all jobs that match a filter.

use entity::job::{self, Columns, Part};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{
    JobFilter,
    cancel::{cancel_one, writable_by},
    narrowed,
};
use crate::{
    app::App,
    db::Tx,
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// Jobs that one transaction cancels: others write between two of them.
const BATCH: u64 = 200;
/// Jobs that one call cancels at most.
pub const CANCEL_MOST: i32 = 10_000;

/// What became of the jobs that matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cancelled {
    /// They waited and are cancelled.
    pub ended: i32,
    /// A runner holds them and was asked to stop.
    pub asked: i32,
    /// The bound of one call was reached; there may be more.
    pub more: bool,
}

/// Cancels the unfinished jobs that match `filter` and that the viewer may cancel, those that were there when the call
/// began, at most [`CANCEL_MOST`] of them. A job for which that was asked before is passed over.
///
/// Fails with INVALID when the filter has no condition: nobody is to cancel everything by leaving something out.
pub async fn cancel_all(app: &App, viewer: &Viewer, filter: JobFilter) -> Result<Cancelled> {
    viewer.require_write(Permission::JobsWrite)?;
    if filter.is_empty() {
        return Err(Error::invalid("filter", "Give at least one condition; without any, every job would match."));
    }
    let newest = job::Entity::find().select_only().column(job::Column::Id).order_by_desc(job::Column::Id).limit(1);
    let newest: i64 = newest.into_tuple().one(app.db.read()).await?.unwrap_or(0);
    let mut sum = Cancelled::default();
    let mut last = 0;
    while last < newest {
        if sum.ended + sum.asked >= CANCEL_MOST {
            return Ok(Cancelled { more: true, ..sum });
        }
        let query = narrowed(writable_by(&viewer.scope()), &filter)
            .select_only()
            .column(job::Column::Id)
            .filter(job::Column::FinishedAt.is_null())
            .filter(job::Column::CancelRequested.eq(false))
            .filter(job::Column::Id.gt(last))
            .filter(job::Column::Id.lte(newest))
            .order_by_asc(job::Column::Id)
            .limit(BATCH);
        let ids: Vec<i64> = query.into_tuple().all(app.db.read()).await?;
        let Some(end) = ids.last() else { break };
        last = *end;
        let done = app.db.write(ids, |tx, ids| Box::pin(cancel_batch(tx, ids))).await?;
        sum.ended += done.ended;
        sum.asked += done.asked;
    }
    Ok(sum)
}

async fn cancel_batch(tx: &Tx, ids: &[i64]) -> Result<Cancelled> {
    let jobs = job::Entity::find()
        .filter(job::Column::Id.is_in(ids.iter().copied()))
        .filter(job::Column::FinishedAt.is_null())
        .filter(job::Column::CancelRequested.eq(false))
        .order_by_asc(job::Column::Id)
        .lock_exclusive();
    let mut done = Cancelled::default();
    for part in Columns::head().select(jobs).into_model::<Part>().all(&tx.db).await? {
        let held = part.row.status.is_held();
        cancel_one(tx, part.row).await?;
        if held {
            done.asked += 1;
        } else {
            done.ended += 1;
        }
    }
    Ok(done)
}
