//! Noting that results were fetched, and what an older API says of those that were not found.

use entity::{job, legacy_number::Dialect, user};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect, QueryTrait, sea_query::Expr};
use uuid::Uuid;

use super::{
    cancel::{Changeable, present, writable},
    change,
};
use crate::{
    app::App,
    error::{Error, Result},
    viewer::Viewer,
};

/// Notes that somebody has fetched the results of a job; the first time counts. Who may change the job may say so.
///
/// Fails with INVALID_STATE for a job that has not SUCCEEDED.
pub async fn mark_downloaded(app: &App, viewer: &Viewer, uid: Uuid) -> Result<job::Model> {
    let job = writable(app, viewer, uid).await?;
    app.db
        .write(job, |tx, Changeable { id, overruling }| {
            Box::pin(async move {
                let job = present(tx, *id).await?;
                if job.status != job::Status::Succeeded {
                    return Err(Error::InvalidState(
                        "The job has not succeeded; there are no results to fetch.".into(),
                    ));
                }
                if job.downloaded_at.is_some() {
                    return Ok(job);
                }
                overruling.note(tx, "mark as downloaded").await?;
                let after = job::Model { downloaded_at: Some(tx.now), ..job.clone() };
                change::transition(tx, &job, after, Some("Its results were fetched.".into())).await
            })
        })
        .await
}

/// Whether Project-W has a job with this number, whoever asks. Those of deleted users went with them.
pub async fn is_of_project_w(app: &App, number: i64) -> Result<bool> {
    let there = user::Entity::find()
        .select_only()
        .column(user::Column::Id)
        .filter(user::Column::DeletedAt.is_null())
        .filter(Expr::col((user::Entity, user::Column::Id)).equals((job::Entity, job::Column::OwnerId)));
    let found = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::Dialect.eq(Dialect::ProjectW))
        .filter(job::Column::DialectNumber.eq(number))
        .filter(Expr::exists(there.into_query()));
    Ok(found.into_tuple::<i64>().one(app.db.read()).await?.is_some())
}
