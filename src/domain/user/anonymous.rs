//! Users without a name: an account for as long as somebody uses it.

use entity::{Time, audit_entry::Action, job, session as sessions, user};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect, QueryTrait, sea_query::Expr,
};

use super::{
    Means,
    create::{insert, row},
    delete,
};
use crate::{
    app::App,
    domain::{
        audit::{self, Actor},
        limit, project,
        session::{self, Login},
    },
    error::{Error, Result},
    infra::secret,
    origin::Via,
    viewer::Viewer,
};

/// Idle accounts that are deleted in one sweep.
const BATCH: u64 = 100;

/// Makes an account without a name for a caller without a credential, and logs it in. Signing up with that session gives
/// it a name and keeps what it has; unused for `sign_up.anonymous_days` and without jobs, it is deleted.
///
/// Fails with FORBIDDEN where the operator has not allowed it.
pub async fn create(app: &App, viewer: &Viewer, via: &Via) -> Result<Login> {
    if !app.config.sign_up.anonymous_users {
        return Err(Error::Forbidden("This server gives nobody an account without a name.".into()));
    }
    if !matches!(viewer, Viewer::Anonymous) {
        return Err(Error::InvalidState("You have an account already.".into()));
    }
    limit::anonymous(app, &via.client).await?;
    app.db
        .write(Means::new(app, viewer, via), |tx, means| {
            Box::pin(async move {
                let name = secret::random_name("anonymous");
                let row = user::ActiveModel { kind: Set(user::Kind::Anonymous), ..row(tx, &name, None, None) };
                let made = insert(tx, row).await?;
                project::insert_personal(tx, &made).await?;
                audit::note(tx, &Actor::user(made.id, &means.via.client), Action::UserSignedUp, &made).await?;
                session::insert(tx, made, &means.policy, &means.via).await
            })
        })
        .await
}

/// Deletes accounts without a name that nobody has used for long and that have no jobs; how many those were.
pub(in crate::domain) async fn sweep(app: &App) -> Result<usize> {
    let days = i64::from(app.config.sign_up.anonymous_days);
    let idle = Time(app.clock.now_micros()).plus_seconds(-days * 86_400);
    let jobs = job::Entity::find().select_only().column(job::Column::OwnerId);
    let jobs = jobs.filter(Expr::col((job::Entity, job::Column::OwnerId)).equals((user::Entity, user::Column::Id)));
    let used = sessions::Entity::find()
        .select_only()
        .column(sessions::Column::UserId)
        .filter(Expr::col((sessions::Entity, sessions::Column::UserId)).equals((user::Entity, user::Column::Id)))
        .filter(sessions::Column::LastUsedAt.gt(idle));
    // The words of the index `user_anonymous`.
    let found = user::Entity::find()
        .select_only()
        .column(user::Column::Id)
        .filter(Expr::cust("kind = 'anonymous' AND deleted_at IS NULL"))
        .filter(user::Column::UpdatedAt.lte(idle))
        .filter(Expr::exists(jobs.into_query()).not())
        .filter(Expr::exists(used.into_query()).not())
        .limit(BATCH);
    let ids: Vec<i64> = found.into_tuple().all(app.db.read()).await?;
    for id in &ids {
        delete::remove(app, &Viewer::local_operator(), *id).await?;
    }
    Ok(ids.len())
}
