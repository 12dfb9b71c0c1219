//! What a file belongs to.

use entity::{file, job, project_data, service};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::{unattached_until, upload::attached};
use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::Overruling,
        job::{self as jobs, Changeable},
        project_data as data,
    },
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
    app.db.write(input, |tx, (viewer, id, job, role)| Box::pin(apply(tx, viewer, *id, job, *role))).await
}

async fn apply(
    tx: &Tx,
    viewer: &Viewer,
    id: i64,
    Changeable { id: job_id, overruling }: &Changeable,
    role: file::Role,
) -> Result<file::Model> {
    let job_id = *job_id;
    let job = jobs::present(tx, job_id).await?;
    let row = present(tx, id).await?;
    if row.job_id == Some(job_id) && row.role == Some(role) {
        return Ok(row);
    }
    refuse_attached(&row)?;
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
    overruling.note(tx, "attach a file").await?;
    Ok(keep(tx, job, row, role).await?.1)
}

/// Attaches a file of the viewer's to data of a project that it may change, whose only file it is from then on. Who sees
/// the data gets the bytes.
///
/// Doing it again changes nothing; a file of something else, and data that has a file, is INVALID_STATE.
pub async fn attach_data(app: &App, viewer: &Viewer, uid: Uuid, data_uid: Uuid) -> Result<file::Model> {
    let row = owned(app, viewer, uid).await?;
    let data = data::editable(app, viewer, data_uid).await?;
    app.db
        .write((row.id, data.id), |tx, (id, data_id)| {
            Box::pin(async move {
                data::attachable(tx, *data_id).await?;
                let row = present(tx, *id).await?;
                if row.data_id == Some(*data_id) {
                    return Ok(row);
                }
                refuse_attached(&row)?;
                keep_for_data(tx, row, *data_id).await
            })
        })
        .await
}

fn refuse_attached(row: &file::Model) -> Result<()> {
    if row.job_id.is_none() && row.data_id.is_none() {
        return Ok(());
    }
    Err(Error::InvalidState("The file is attached already; detach it first.".into()))
}

/// Attaches a file to new data (`project_data.id`), in the transaction that makes it. It must be its owner's, and
/// attached to nothing.
pub(in crate::domain) async fn attach_to_data(tx: &Tx, owner_id: i64, uid: Uuid, data_id: i64) -> Result<()> {
    let Some(row) = loose(tx, owner_id, uid).await? else { return Err(not_loose("fileId")) };
    keep_for_data(tx, row, data_id).await.map(|_| ())
}

async fn keep_for_data(tx: &Tx, row: file::Model, data_id: i64) -> Result<file::Model> {
    let others = file::Entity::find().filter(file::Column::DataId.eq(data_id));
    if others.one(&tx.db).await?.is_some() {
        return Err(Error::InvalidState("The data has a file already; detach that first.".into()));
    }
    let change = file::ActiveModel {
        data_id: Set(Some(data_id)),
        attached_at: Set(Some(tx.now)),
        expires_at: Set(None),
        ..Default::default()
    };
    file::Entity::update_many().set(change).filter(file::Column::Id.eq(row.id)).exec(&tx.db).await?;
    Ok(file::Model { data_id: Some(data_id), attached_at: Some(tx.now), expires_at: None, ..row })
}

/// A file of this user that is attached to nothing, its row locked.
async fn loose(tx: &Tx, owner_id: i64, uid: Uuid) -> Result<Option<file::Model>> {
    let loose = file::Entity::find()
        .filter(file::Column::Uid.eq(uid))
        .filter(file::Column::OwnerId.eq(owner_id))
        .filter(file::Column::State.eq(file::State::Ready))
        .filter(file::Column::JobId.is_null())
        .filter(file::Column::DataId.is_null());
    Ok(loose.lock_exclusive().one(&tx.db).await?)
}

fn not_loose(path: impl Into<String>) -> Error {
    Error::invalid(path, "You have no such file that is attached to nothing; PUT /files/{name} brings one.")
}

/// Attaches the inputs of a job that is being submitted, in the transaction that stores it; the job with the events of
/// that. Each must be its owner's, and attached to nothing.
pub(in crate::domain) async fn attach_inputs(tx: &Tx, mut job: job::Model, uids: &[Uuid]) -> Result<job::Model> {
    for (index, uid) in uids.iter().enumerate() {
        let Some(row) = loose(tx, job.owner_id, *uid).await? else {
            return Err(not_loose(format!("fileIds/{index}")));
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

/// Takes a file of the viewer's off its job, or off data that the viewer may change. Unless it is attached again, it is
/// removed after a day (a setting). A worker's inputs stay while it works: INVALID_STATE.
pub async fn detach(app: &App, viewer: &Viewer, uid: Uuid) -> Result<file::Model> {
    let row = owned(app, viewer, uid).await?;
    let input = (app.clone(), overruling(viewer, &row), row);
    app.db
        .write(input, |tx, (app, overruling, seen)| {
            Box::pin(async move {
                let mut row = unchanged(tx, seen).await?;
                if row.job_id.is_none() && row.data_id.is_none() {
                    return Ok(row);
                }
                overruling.note(tx, "detach").await?;
                row.expires_at = Some(unattached_until(app, tx.now));
                (row.job_id, row.data_id, row.role, row.attached_at) = (None, None, None, None);
                let change = file::ActiveModel {
                    job_id: Set(None),
                    data_id: Set(None),
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

/// The file inside the transaction that takes it away from what it was seen attached to: refuses while a worker has it,
/// and when it belongs to something else by now.
pub(super) async fn unchanged(tx: &Tx, seen: &file::Model) -> Result<file::Model> {
    free(tx, seen.job_id).await?;
    if let Some(data_id) = seen.data_id {
        data::attachable(tx, data_id).await?;
    }
    let row = present(tx, seen.id).await?;
    if (row.job_id, row.data_id) == (seen.job_id, seen.data_id) {
        return Ok(row);
    }
    Err(Error::InvalidState("The file was attached meanwhile. Try again.".into()))
}

/// Refuses while a worker has the job in its hands, and locks it otherwise. A job that is gone holds nothing.
async fn free(tx: &Tx, job_id: Option<i64>) -> Result<()> {
    let Some(id) = job_id else { return Ok(()) };
    let job = jobs::head(&tx.db, job::Entity::find_by_id(id).lock_exclusive()).await?;
    if job.is_some_and(|job| job.lease_hash.is_some()) {
        return Err(Error::InvalidState("A worker has the job; its files stay until it is done.".into()));
    }
    Ok(())
}

/// A file that the viewer brought itself, or that belongs to data which the viewer may change, or any for an admin.
pub(super) async fn owned(app: &App, viewer: &Viewer, uid: Uuid) -> Result<file::Model> {
    viewer.require_write(Permission::JobsWrite)?;
    let query = super::visible(app, viewer).filter(file::Column::Uid.eq(uid));
    let row = query.one(app.db.read()).await?.ok_or(Error::NotFound("file"))?;
    let Some(data_id) = row.data_id else {
        if viewer.is_admin() || viewer.user_id() == Some(row.owner_id) {
            return Ok(row);
        }
        return Err(Error::Forbidden("Only who brought a file and admins may change it.".into()));
    };
    let data = project_data::Entity::find_by_id(data_id).one(app.db.read()).await?.ok_or(Error::NotFound("file"))?;
    if data::may_edit(viewer, &data) {
        return Ok(row);
    }
    Err(Error::Forbidden("Only contributors, managers and owners of its project may change this file.".into()))
}

/// An admin's change of a file that somebody else brought. What belongs to data is its project's.
pub(super) fn overruling(viewer: &Viewer, row: &file::Model) -> Overruling {
    Overruling::of(viewer, row, |viewer| row.data_id.is_some() || viewer.user_id() == Some(row.owner_id))
}

/// The file inside the transaction that will change it.
pub(super) async fn present(tx: &Tx, id: i64) -> Result<file::Model> {
    let query = file::Entity::find_by_id(id).filter(file::Column::State.eq(file::State::Ready)).lock_exclusive();
    query.one(&tx.db).await?.ok_or(Error::NotFound("file"))
}
