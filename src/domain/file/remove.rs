//! Taking files away.

use entity::file;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, sea_query::SelectStatement};
use uuid::Uuid;

use super::attach::{overruling, owned, unchanged};
use crate::{app::App, db::Tx, error::Result, viewer::Viewer};

/// Removes a file of the viewer's; it is returned as it was. The files of a job that a worker holds stay: INVALID_STATE.
pub async fn delete(app: &App, viewer: &Viewer, uid: Uuid) -> Result<file::Model> {
    let row = owned(app, viewer, uid).await?;
    let removed = app.db.write((overruling(viewer, &row), row), |tx, (overruling, seen)| {
        Box::pin(async move {
            let row = unchanged(tx, seen).await?;
            overruling.note(tx, "delete").await?;
            mark(tx, file::Column::Id.eq(row.id)).await?;
            Ok(row)
        })
    });
    let row = removed.await?;
    // It is gone for everybody; that its bytes still lie there is nobody's business but the sweeper's.
    if let Err(error) = super::sweep::clear(app, &row).await {
        tracing::warn!(?error, "a removed file was not cleared; the sweep tries again");
    }
    Ok(row)
}

/// Gives the files of a job to the sweeper, in the transaction that removes the job.
pub(in crate::domain) async fn remove_all(tx: &Tx, job_id: i64) -> Result<()> {
    mark(tx, file::Column::JobId.eq(job_id)).await
}

/// The same for the files of data (`project_data.id`) that is being removed.
pub(in crate::domain) async fn remove_of_data(tx: &Tx, data_ids: SelectStatement) -> Result<()> {
    mark(tx, file::Column::DataId.in_subquery(data_ids)).await
}

/// The same for the files of a user (`user.id`) that are attached to nothing.
pub(in crate::domain) async fn remove_unattached(tx: &Tx, owner_id: i64) -> Result<()> {
    let loose = file::Column::OwnerId.eq(owner_id).and(file::Column::AttachedAt.is_null());
    mark(tx, loose.and(file::Column::State.ne(file::State::Uploading))).await
}

async fn mark(tx: &Tx, which: sea_orm::sea_query::SimpleExpr) -> Result<()> {
    let change = file::ActiveModel {
        state: Set(file::State::Removed),
        job_id: Set(None),
        data_id: Set(None),
        role: Set(None),
        attached_at: Set(None),
        expires_at: Set(Some(tx.now)),
        ..Default::default()
    };
    file::Entity::update_many().set(change).filter(which).exec(&tx.db).await?;
    Ok(())
}
