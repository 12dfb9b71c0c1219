//! Who has a runner when the user who made it is gone.

use entity::{legacy_number::Dialect, runner, runner_service, service, user};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait},
};

use crate::{db::Tx, error::Result, infra::secret::uid};

/// Passes the runners that a user made for Project-W's service to another admin: to the one who has that service, else to
/// the longest-serving one. That API knows no owners of runners, and its runners go on whatever becomes of an account. All
/// others work with the rights of whoever made them, and stop with that account.
pub(in crate::domain) async fn pass_on(tx: &Tx, owner_id: i64) -> Result<()> {
    let own = runner::Entity::find()
        .filter(runner::Column::OwnerId.eq(owner_id))
        .filter(Expr::exists(services(true).into_query()))
        .filter(Expr::exists(services(false).into_query()).not());
    let runners = own.order_by_asc(runner::Column::Id).lock_exclusive().all(&tx.db).await?;
    let Some(heir) = heir(tx, owner_id).await?.filter(|_| !runners.is_empty()) else { return Ok(()) };
    let taken = runner::Entity::find().select_only().column(runner::Column::Name);
    let taken: Vec<String> = taken.filter(runner::Column::OwnerId.eq(heir)).into_tuple().all(&tx.db).await?;
    for runner in runners {
        let name = if taken.contains(&runner.name) { own_name() } else { runner.name };
        let change =
            runner::ActiveModel { owner_id: Set(heir), name: Set(name), updated_at: Set(tx.now), ..Default::default() };
        runner::Entity::update_many().set(change).filter(runner::Column::Id.eq(runner.id)).exec(&tx.db).await?;
    }
    Ok(())
}

/// A name that nobody's runner has, as that API gives them.
fn own_name() -> String {
    format!("Project-W {}", uid().simple())
}

/// The services of a runner that are Project-W's, or those that are not.
fn services(of_project_w: bool) -> Select<runner_service::Entity> {
    let its = Expr::col((runner_service::Entity, runner_service::Column::RunnerId));
    let known = service::Entity::find()
        .select_only()
        .column(service::Column::Id)
        .filter(service::Column::Dialect.eq(Dialect::ProjectW))
        .filter(service::Column::ProjectId.is_null())
        .into_query();
    let service = runner_service::Column::ServiceId;
    runner_service::Entity::find()
        .select_only()
        .column(service)
        .filter(its.equals((runner::Entity, runner::Column::Id)))
        .filter(if of_project_w { service.in_subquery(known) } else { service.not_in_subquery(known) })
}

async fn heir(tx: &Tx, owner_id: i64) -> Result<Option<i64>> {
    let admins = || {
        user::Entity::find()
            .select_only()
            .column(user::Column::Id)
            .filter(user::Column::IsAdmin.eq(true))
            .filter(user::Column::Status.eq(user::Status::Active))
            .filter(user::Column::Id.ne(owner_id))
            .order_by_asc(user::Column::Id)
    };
    let owners = service::Entity::find()
        .select_only()
        .column(service::Column::OwnerId)
        .filter(service::Column::Dialect.eq(Dialect::ProjectW))
        .filter(service::Column::ProjectId.is_null())
        .filter(service::Column::DeletedAt.is_null());
    let having = admins().filter(user::Column::Id.in_subquery(owners.into_query()));
    match having.into_tuple().one(&tx.db).await? {
        Some(id) => Ok(Some(id)),
        None => Ok(admins().into_tuple().one(&tx.db).await?),
    }
}
