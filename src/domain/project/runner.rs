//! Runners of a project's services work for it as long as who made them manages it.

use entity::{
    group_member,
    project_member::{self, Role},
    runner, runner_service, service, user,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{ExprTrait, LockType, SelectStatement},
};

use super::write::present;
use crate::{db::Tx, error::Result};

/// Ends the work of runners for the services of a project whose makers do not manage it any more: they read what its
/// jobs are given. Admins go on, since they may make such runners anyway. To be called where a role is taken away, in
/// the same transaction; jobs that a runner holds it may still finish.
pub(in crate::domain) async fn release_runners(tx: &Tx, project_id: i64) -> Result<()> {
    let services = service::Entity::find()
        .select_only()
        .column(service::Column::Id)
        .filter(service::Column::ProjectId.eq(project_id));
    let admins = user::Entity::find().select_only().column(user::Column::Id).filter(user::Column::IsAdmin.eq(true));
    let groups = managing(project_id, project_member::Column::GroupId);
    let grouped = group_member::Entity::find()
        .select_only()
        .column(group_member::Column::UserId)
        .filter(group_member::Column::GroupId.in_subquery(groups));
    let strangers = runner::Entity::find()
        .select_only()
        .column(runner::Column::Id)
        .filter(runner::Column::OwnerId.not_in_subquery(admins.into_query()))
        .filter(runner::Column::OwnerId.not_in_subquery(grouped.into_query()))
        .filter(runner::Column::OwnerId.not_in_subquery(managing(project_id, project_member::Column::UserId)));
    runner_service::Entity::delete_many()
        .filter(runner_service::Column::ServiceId.in_subquery(services.into_query()))
        .filter(runner_service::Column::RunnerId.in_subquery(strangers.into_query()))
        .exec(&tx.db)
        .await?;
    Ok(())
}

/// Ends the work of a user's runners for services that are not the user's own and of no project that the user manages. To
/// be called where somebody ceases to be an admin, in the same transaction.
pub(in crate::domain) async fn release_runners_of(tx: &Tx, user_id: i64) -> Result<()> {
    let groups = group_member::Entity::find()
        .select_only()
        .column(group_member::Column::GroupId)
        .filter(group_member::Column::UserId.eq(user_id));
    let holder = Condition::any()
        .add(project_member::Column::UserId.eq(user_id))
        .add(project_member::Column::GroupId.in_subquery(groups.into_query()));
    let managed = project_member::Entity::find()
        .select_only()
        .column(project_member::Column::ProjectId)
        .filter(project_member::Column::Role.is_in([Role::Manager, Role::Owner]))
        .filter(holder);
    let (owner, project) = (service::Column::OwnerId, service::Column::ProjectId);
    let foreign = Condition::any()
        .add(project.is_null().and(owner.ne(user_id)))
        .add(project.is_not_null().and(project.not_in_subquery(managed.into_query())));
    let services = service::Entity::find().select_only().column(service::Column::Id).filter(foreign);
    let runners =
        runner::Entity::find().select_only().column(runner::Column::Id).filter(runner::Column::OwnerId.eq(user_id));
    runner_service::Entity::delete_many()
        .filter(runner_service::Column::ServiceId.in_subquery(services.into_query()))
        .filter(runner_service::Column::RunnerId.in_subquery(runners.into_query()))
        .exec(&tx.db)
        .await?;
    Ok(())
}

/// Which users or groups manage a project.
fn managing(project_id: i64, holder: project_member::Column) -> SelectStatement {
    project_member::Entity::find()
        .select_only()
        .column(holder)
        .filter(project_member::Column::ProjectId.eq(project_id))
        .filter(project_member::Column::Role.is_in([Role::Manager, Role::Owner]))
        .filter(holder.is_not_null())
        .into_query()
}

/// The projects that a group manages, their rows locked in one order: who else takes a role away there waits, and sees
/// what this transaction has done.
pub(in crate::domain) async fn hold_managed_by_group(tx: &Tx, group_id: i64) -> Result<Vec<i64>> {
    let managed = project_member::Entity::find()
        .select_only()
        .column(project_member::Column::ProjectId)
        .filter(project_member::Column::GroupId.eq(group_id))
        .filter(project_member::Column::Role.is_in([Role::Manager, Role::Owner]));
    let mut managed: Vec<i64> = managed.into_tuple().all(&tx.db).await?;
    managed.sort_unstable();
    for project_id in &managed {
        present(tx, *project_id, LockType::NoKeyUpdate).await?;
    }
    Ok(managed)
}
