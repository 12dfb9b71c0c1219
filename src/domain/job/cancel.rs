//! What an owner does with a job after submitting it.

use entity::{
    event,
    job::{self, Columns},
    job_log,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{PRIORITY_LEAST, PRIORITY_MOST, change};
use crate::{
    app::App,
    db::Tx,
    domain::check::Faults,
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// Cancels a job: at once while it waits; while a worker holds it, as a request that the worker's next heartbeat
/// answers. Cancelling a cancelled job, or asking twice, changes nothing; a job that ended otherwise is INVALID_STATE.
pub async fn cancel(app: &App, viewer: &Viewer, uid: Uuid) -> Result<job::Model> {
    let id = writable(app, viewer, uid).await?;
    app.db.write(id, |tx, id| Box::pin(async move { cancel_one(tx, present(tx, *id).await?).await })).await
}

async fn cancel_one(tx: &Tx, job: job::Model) -> Result<job::Model> {
    match job.status {
        job::Status::Cancelled => Ok(job),
        job::Status::Succeeded | job::Status::Failed => {
            Err(Error::InvalidState("The job has finished; there is nothing left to cancel.".into()))
        }
        job::Status::Claimed | job::Status::Running if job.cancel_requested => Ok(job),
        job::Status::Claimed | job::Status::Running => {
            let after = job::Model { cancel_requested: true, ..job.clone() };
            change::transition(tx, &job, after, Some("Cancellation was requested.".into())).await
        }
        job::Status::Queued => {
            let after = job::Model {
                status: job::Status::Cancelled,
                cancel_requested: true,
                finished_at: Some(tx.now),
                ..job.clone()
            };
            change::transition(tx, &job, after, None).await
        }
    }
}

/// Changes the priority of a job that waits.
pub async fn update(app: &App, viewer: &Viewer, uid: Uuid, priority: i32) -> Result<job::Model> {
    let mut faults = Faults::default();
    faults.range("priority", i64::from(priority), i64::from(PRIORITY_LEAST), i64::from(PRIORITY_MOST));
    faults.into_result()?;
    let id = writable(app, viewer, uid).await?;
    app.db
        .write((id, priority), |tx, (id, priority)| {
            Box::pin(async move {
                let job = present(tx, *id).await?;
                if job.status != job::Status::Queued {
                    return Err(Error::InvalidState("Only a job that waits has a priority to change.".into()));
                }
                let after = job::Model { priority: *priority, ..job.clone() };
                let detail = event::Detail {
                    from: Some(job.status),
                    to: Some(job.status),
                    message: Some(format!("The priority is now {priority}.")),
                    ..Default::default()
                };
                change::record(tx, &job, after, event::Kind::StatusChanged, detail).await
            })
        })
        .await
}

/// Removes a finished job with its log and results. Its events stay until their retention ends.
pub async fn delete(app: &App, viewer: &Viewer, uid: Uuid) -> Result<job::Model> {
    let id = writable(app, viewer, uid).await?;
    app.db
        .write(id, |tx, id| {
            Box::pin(async move {
                // Whole, since it is shown as it was.
                let job = job::Entity::find_by_id(*id).one(&tx.db).await?.ok_or(Error::NotFound("job"))?;
                if !job.status.is_final() {
                    return Err(Error::InvalidState("The job has not finished; cancel it first.".into()));
                }
                job_log::Entity::delete_many().filter(job_log::Column::JobId.eq(*id)).exec(&tx.db).await?;
                job::Entity::delete_by_id(*id).exec(&tx.db).await?;
                Ok(job)
            })
        })
        .await
}

/// The internal id of a job that the viewer may change.
async fn writable(app: &App, viewer: &Viewer, uid: Uuid) -> Result<i64> {
    viewer.require_write(Permission::JobsWrite)?;
    super::find(app, &viewer.scope(), uid, Columns::of(&[job::Column::Id]))
        .await?
        .map(|part| part.row.id)
        .ok_or(Error::NotFound("job"))
}

async fn present(tx: &Tx, id: i64) -> Result<job::Model> {
    super::head(&tx.db, job::Entity::find_by_id(id)).await?.ok_or(Error::NotFound("job"))
}
