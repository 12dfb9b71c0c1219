//! What a file belongs to.

use entity::{file, job, service};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::{unattached_until, upload::attached};
use crate::{
    app::App,
    db::Tx,
    domain::job::{self as jobs},
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// Attaches a file of the viewer's to a job that it may change, and keeps it from then on as long as the job.
///
/// Inputs are taken until the job has finished. Outputs come from workers; besides them only those who manage the job's
/// service attach one. Doing it again changes nothing; a file of another job is INVALID_STATE.
pub async fn attach(app: &App, viewer: &Viewer, uid: Uuid, job: Uuid, role: file::Role) -> Result<file::Model> {
    let row = owned(app, viewer, uid).await?;
    let job = jobs::writable(app, viewer, job).await?;
    let input = (viewer.clone(), row.id, job, role);
    app.db.write(input, |tx, (viewer, id, job_id, role)| Box::pin(apply(tx, viewer, *id, *job_id, *role))).await
}

async fn apply(tx: &Tx, viewer: &Viewer, id: i64, job_id: i64, role: file::Role) -> Result<file::Model> {
    let job = jobs::present(tx, job_id).await?;
    let row = present(tx, id).await?;
    match (row.job_id, row.role) {
        (Some(of), Some(as_role)) if of == job_id && as_role == role => return Ok(row),
        (Some(_), _) => return Err(Error::InvalidState("The file is attached already; detach it first.".into())),
        (None, _) => {}
    }
    if role == file::Role::Output {
        let service = match job.service_id {
            Some(id) => service::Entity::find_by_id(id).one(&tx.db).await?,
            None => None,
        };
        if !service.is_some_and(|service| viewer.may_manage(&service)) {
            return Err(Error::Forbidden("Only the worker and those who manage the service add outputs.".into()));
        }
    } else if job.status.is_final() {
        return Err(Error::InvalidState("The job has finished; it takes no more inputs.".into()));
    }
    Ok(keep(tx, job, row, role).await?.1)
}

/// Attaches the inputs of a job that is being submitted, in the transaction that stores it; the job with the events of
/// that. Each must be its owner's, and attached to nothing.
pub(in crate::domain) async fn attach_inputs(tx: &Tx, mut job: job::Model, uids: &[Uuid]) -> Result<job::Model> {
    for (index, uid) in uids.iter().enumerate() {
        let free = file::Entity::find()
            .filter(file::Column::Uid.eq(*uid))
            .filter(file::Column::OwnerId.eq(job.owner_id))
            .filter(file::Column::State.eq(file::State::Ready))
            .filter(file::Column::JobId.is_null());
        let Some(row) = free.lock_exclusive().one(&tx.db).await? else {
            return Err(Error::invalid(
                format!("fileIds/{index}"),
                "You have no such file that is attached to nothing; PUT /files/{name} brings one.",
            ));
        };
        job = keep(tx, job, row, file::Role::Input).await?.0;
    }
    Ok(job)
}

async fn keep(tx: &Tx, job: job::Model, row: file::Model, role: file::Role) -> Result<(job::Model, file::Model)> {
    let (job, row) = attached(tx, &job, job.clone(), row, role).await?;
    let change = file::ActiveModel {
        job_id: Set(row.job_id),
        role: Set(row.role),
        attached_at: Set(row.attached_at),
        expires_at: Set(None),
        ..Default::default()
    };
    file::Entity::update_many().set(change).filter(file::Column::Id.eq(row.id)).exec(&tx.db).await?;
    Ok((job, row))
}

/// Takes a file of the viewer's off its job. Unless it is attached again, it is removed after a day (a setting). A
/// worker's inputs stay while it works: INVALID_STATE.
pub async fn detach(app: &App, viewer: &Viewer, uid: Uuid) -> Result<file::Model> {
    let row = owned(app, viewer, uid).await?;
    let input = (app.clone(), row.id, row.job_id);
    app.db
        .write(input, |tx, (app, id, job_id)| {
            Box::pin(async move {
                free(tx, *job_id).await?;
                let mut row = present(tx, *id).await?;
                if row.job_id != *job_id {
                    return Err(Error::InvalidState("The file was attached meanwhile. Try again.".into()));
                }
                if row.job_id.is_none() {
                    return Ok(row);
                }
                row.expires_at = Some(unattached_until(app, tx.now));
                (row.job_id, row.role, row.attached_at) = (None, None, None);
                let change = file::ActiveModel {
                    job_id: Set(None),
                    role: Set(None),
                    attached_at: Set(None),
                    expires_at: Set(row.expires_at),
                    ..Default::default()
                };
                file::Entity::update_many().set(change).filter(file::Column::Id.eq(row.id)).exec(&tx.db).await?;
                Ok(row)
            })
        })
        .await
}

/// Refuses while a worker has the job in its hands, and locks it otherwise. A job that is gone holds nothing.
pub(super) async fn free(tx: &Tx, job_id: Option<i64>) -> Result<()> {
    let Some(id) = job_id else { return Ok(()) };
    let job = jobs::head(&tx.db, job::Entity::find_by_id(id).lock_exclusive()).await?;
    if job.is_some_and(|job| job.status.is_held()) {
        return Err(Error::InvalidState("A worker has the job; its files stay until it is done.".into()));
    }
    Ok(())
}

/// A file that the viewer brought itself, or any for an admin.
pub(super) async fn owned(app: &App, viewer: &Viewer, uid: Uuid) -> Result<file::Model> {
    viewer.require_write(Permission::JobsWrite)?;
    let query = file::Entity::visible_to(&viewer.scope()).filter(file::Column::Uid.eq(uid));
    let row = query.one(app.db.read()).await?.ok_or(Error::NotFound("file"))?;
    if viewer.is_admin() || viewer.user_id() == Some(row.owner_id) {
        return Ok(row);
    }
    Err(Error::Forbidden("Only who brought a file and admins may change it.".into()))
}

/// The file inside the transaction that will change it.
pub(super) async fn present(tx: &Tx, id: i64) -> Result<file::Model> {
    let query = file::Entity::find_by_id(id).filter(file::Column::State.eq(file::State::Ready)).lock_exclusive();
    query.one(&tx.db).await?.ok_or(Error::NotFound("file"))
}
