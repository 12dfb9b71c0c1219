//! Erasing what a deleted user left behind. It is a matter of many transactions, each of which leaves everything as it
//! should be: the sweeper goes on where a server stopped.

use entity::{
    Document, Labels,
    job::{self, Origin},
    job_label, job_log, project,
    project_member::{self, Role},
    service, user,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, SimpleExpr},
};
use serde_json::{Map, Value};

use crate::{
    app::App,
    db::Tx,
    domain::{due::Due, file, job as jobs, job::change, lease, project as projects},
    error::Result,
};

/// Jobs whose contents are erased in one transaction.
const BATCH: u64 = 200;

/// In the words of the index `user_erase`.
const LEFT: Due = Due {
    what: "what a deleted user left behind",
    sql: "SELECT id, deleted_at FROM \"user\" WHERE deleted_at IS NOT NULL AND erased_at IS NULL \
          AND (deleted_at, id) > (?, ?) ORDER BY deleted_at, id LIMIT ?",
    moments: 0,
};

/// Erases what was not erased when its user was deleted; of how many users that was.
pub(in crate::domain) async fn sweep(app: &App) -> Result<usize> {
    LEFT.each(app, |id| async move { erase(app, id).await.map(|()| true) }).await
}

/// Erases what a deleted user (`user.id`) left behind: its unfinished jobs end, the contents of its jobs, its files and the
/// projects that nobody owns any more go. Doing it again changes nothing.
pub(super) async fn erase(app: &App, id: i64) -> Result<()> {
    end_jobs(app, job::Column::OwnerId.eq(id), "The user was deleted.").await?;
    for project_id in deserted(app, id).await? {
        let services = service::Entity::find().select_only().column(service::Column::Id);
        let services = services.filter(service::Column::ProjectId.eq(project_id)).into_query();
        let of_project = job::Column::ProjectId.eq(project_id).or(job::Column::ServiceId.in_subquery(services));
        end_jobs(app, of_project, "The project was deleted.").await?;
        app.db.write(project_id, |tx, id| Box::pin(async move { projects::remove(tx, *id).await.map(|_| ()) })).await?;
    }
    let mut last = 0;
    while let Some(end) = app.db.write((id, last), |tx, (id, last)| Box::pin(empty_jobs(tx, *id, *last))).await? {
        last = end;
    }
    app.db
        .write(id, |tx, id| {
            Box::pin(async move {
                file::remove_unattached(tx, *id).await?;
                let done = user::ActiveModel { erased_at: Set(Some(tx.now)), ..Default::default() };
                user::Entity::update_many().set(done).filter(user::Column::Id.eq(*id)).exec(&tx.db).await?;
                Ok(())
            })
        })
        .await
}

/// The projects that nobody owns any more: the user's own one, and those that it owned and no manager was there to take.
async fn deserted(app: &App, id: i64) -> Result<Vec<i64>> {
    let owners = project_member::Entity::find()
        .select_only()
        .column(project_member::Column::Id)
        .filter(
            Expr::col((project_member::Entity, project_member::Column::ProjectId))
                .equals((project::Entity, project::Column::Id)),
        )
        .filter(project_member::Column::Role.eq(Role::Owner))
        .filter(project_member::Column::UserId.is_not_null());
    let nobodys = Condition::any().add(project::Column::PersonalOf.eq(id)).add(Expr::exists(owners.into_query()).not());
    let found = project::Entity::find()
        .select_only()
        .column(project::Column::Id)
        .filter(project::Column::DeletedAt.is_null())
        .filter(nobodys)
        .order_by_asc(project::Column::Id);
    Ok(found.into_tuple().all(app.db.read()).await?)
}

/// Ends the unfinished jobs among these, also those in a worker's hands, which is told that its lease is lost.
async fn end_jobs(app: &App, which: SimpleExpr, why: &'static str) -> Result<()> {
    let unfinished = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::FinishedAt.is_null())
        .filter(job::Column::Origin.eq(Origin::Submitted))
        .filter(which)
        .order_by_asc(job::Column::Id);
    let ids: Vec<i64> = unfinished.into_tuple().all(app.db.read()).await?;
    for id in ids {
        app.db.write((id, why), |tx, (id, why)| Box::pin(end_job(tx, *id, why))).await?;
    }
    Ok(())
}

async fn end_job(tx: &Tx, id: i64, why: &str) -> Result<()> {
    let before = jobs::present(tx, id).await?;
    if before.status.is_final() {
        return Ok(());
    }
    let counted = if before.status.is_held() { lease::counted_to(&before, tx.now) } else { before.clone() };
    let after = job::Model { cancel_requested: true, ..lease::ended(&counted, job::Status::Cancelled, tx.now) };
    change::transition(tx, &before, after, Some(why.to_owned())).await?;
    Ok(())
}

/// Empties the next jobs of a user after `last`; the id of the last one, or none when there are no more. Their rows stay:
/// entries of accounts name them.
async fn empty_jobs(tx: &Tx, owner_id: i64, last: i64) -> Result<Option<i64>> {
    let next = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::OwnerId.eq(owner_id))
        .filter(job::Column::Origin.eq(Origin::Submitted))
        .filter(job::Column::Id.gt(last))
        .order_by_asc(job::Column::Id)
        .limit(BATCH)
        .lock_exclusive();
    let ids: Vec<i64> = next.into_tuple().all(&tx.db).await?;
    let Some(end) = ids.last().copied() else { return Ok(None) };
    let empty = job::ActiveModel {
        parameters: Set(Document(Value::Object(Map::new()))),
        results: Set(None),
        message: Set(None),
        failure_code: Set(None),
        failure_message: Set(None),
        labels: Set(Labels::default()),
        idempotency_key: Set(None),
        idempotency_hash: Set(None),
        key_owner_id: Set(None),
        log_bytes: Set(0),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    job::Entity::update_many().set(empty).filter(job::Column::Id.is_in(ids.iter().copied())).exec(&tx.db).await?;
    job_log::Entity::delete_many().filter(job_log::Column::JobId.is_in(ids.iter().copied())).exec(&tx.db).await?;
    job_label::Entity::delete_many().filter(job_label::Column::JobId.is_in(ids.iter().copied())).exec(&tx.db).await?;
    for id in ids {
        file::remove_all(tx, id).await?;
    }
    Ok(Some(end))
}
