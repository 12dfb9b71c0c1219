//! Cancelling all jobs that match a filter.

use entity::{
    Scope,
    job::{self, Columns, Part},
    project_member::Role,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, prelude::Expr,
};

use super::{
    JobFilter,
    cancel::{cancel_one, writable_by},
    narrowed,
};
use crate::{
    app::App,
    db::Tx,
    domain::audit::Overruling,
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// Jobs that one transaction cancels: others write between two of them.
const BATCH: usize = 200;
/// Jobs that one call cancels at most.
pub const CANCEL_MOST: usize = 10_000;

/// What became of the jobs that matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cancelled {
    /// They waited, or nobody had begun with them, and are cancelled.
    pub ended: i32,
    /// A runner holds them and was asked to stop.
    pub asked: i32,
    /// The bound of one call was reached; there may be more.
    pub more: bool,
}

/// Cancels the unfinished jobs that match `filter` and that the viewer may cancel, those that were there when the call
/// began, the oldest first and at most [`CANCEL_MOST`] of them. A job for which that was asked before is passed over.
///
/// Fails with INVALID when the filter has no condition: nobody is to cancel everything by leaving something out.
pub async fn cancel_all(app: &App, viewer: &Viewer, filter: JobFilter) -> Result<Cancelled> {
    viewer.require_write(Permission::JobsWrite)?;
    if filter.is_empty() {
        return Err(Error::invalid("filter", "Give at least one condition; without any, every job would match."));
    }
    let mut ids = matching(app, viewer, &filter).await?;
    let mut sum = Cancelled { more: ids.len() > CANCEL_MOST, ..Cancelled::default() };
    ids.truncate(CANCEL_MOST);
    for batch in ids.chunks(BATCH) {
        let input = (batch.to_vec(), viewer.clone(), filter.clone());
        let done = app.db.write(input, |tx, (ids, viewer, filter)| Box::pin(cancel_batch(tx, ids, viewer, filter)));
        let done = done.await?;
        sum.ended += done.ended;
        sum.asked += done.asked;
    }
    Ok(sum)
}

/// What a caller may change, as queries that one index each answers: with OR, SQLite would use none of those that hold
/// only unfinished jobs.
fn changeable_by_parts(viewer: &Viewer) -> Vec<Select<job::Entity>> {
    let Scope::User { id, .. } = viewer.scope() else { return vec![writable_by(&viewer.scope())] };
    let of = |column: job::Column, id: i64| job::Entity::find().filter(column.eq(id));
    let services = viewer.own_services().iter().map(|id| of(job::Column::ServiceId, *id));
    let managed = viewer.projects().iter().filter(|project| project.role >= Role::Manager);
    let projects = managed.map(|project| of(job::Column::ProjectId, project.project_id));
    std::iter::once(of(job::Column::OwnerId, id)).chain(services).chain(projects).collect()
}

/// The first of them, one more than are cancelled.
async fn matching(app: &App, viewer: &Viewer, filter: &JobFilter) -> Result<Vec<i64>> {
    let mut parts = changeable_by_parts(viewer);
    if app.db.read().get_database_backend() == DbBackend::Sqlite
        && viewer.is_admin()
        && filter.owner_ids.is_none()
        && filter.service_ids.is_none()
    {
        // All jobs: by itself SQLite would read the table in the order of the ids.
        let unfinished = "job.id IN (SELECT id FROM job INDEXED BY job_unfinished WHERE finished_at IS NULL)";
        parts = vec![job::Entity::find().filter(Expr::cust(unfinished))];
    }
    let mut ids = Vec::new();
    for part in parts {
        let part = cancellable(narrowed(part, filter)).select_only().column(job::Column::Id);
        let part = part.order_by_asc(job::Column::Id).limit(CANCEL_MOST as u64 + 1);
        ids.extend(part.into_tuple::<i64>().all(app.db.read()).await?);
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

fn cancellable(query: Select<job::Entity>) -> Select<job::Entity> {
    query
        .filter(job::Column::Origin.eq(job::Origin::Submitted))
        .filter(job::Column::FinishedAt.is_null())
        .filter(job::Column::CancelRequested.eq(false))
}

/// Asks everything once more: a job may have changed, or gone to another hand, since it was looked for.
async fn cancel_batch(tx: &Tx, ids: &[i64], viewer: &Viewer, filter: &JobFilter) -> Result<Cancelled> {
    let jobs = cancellable(narrowed(writable_by(&viewer.scope()), filter))
        .filter(job::Column::Id.is_in(ids.iter().copied()))
        .order_by_asc(job::Column::Id)
        .lock_exclusive();
    let mut done = Cancelled::default();
    for part in Columns::head().select(jobs).into_model::<Part>().all(&tx.db).await? {
        Overruling::of(viewer, &part.row, |viewer| viewer.may_change(&part.row)).note(tx, "cancel").await?;
        if cancel_one(tx, part.row).await?.status.is_final() {
            done.ended += 1;
        } else {
            done.asked += 1;
        }
    }
    Ok(done)
}
