//! Who holds a role: which users, by themselves or as members of a group.

use entity::{
    group_member,
    project_member::{self, Role, given_to},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait, sea_query::LockType};

use super::{forbidden, member::Known, write::present};
use crate::{db::Tx, error::Result};

impl Known {
    /// The users (`user.id`) whom a change of this holder's role concerns.
    pub(super) async fn users(self, tx: &Tx) -> Result<Vec<i64>> {
        match self {
            Self::User(id) => Ok(vec![id]),
            Self::Group(id) => of_group(tx, id).await,
        }
    }
}

/// The users in a group.
pub(in crate::domain) async fn of_group(tx: &Tx, group_id: i64) -> Result<Vec<i64>> {
    let users = group_member::Entity::find().select_only().column(group_member::Column::UserId);
    Ok(users.filter(group_member::Column::GroupId.eq(group_id)).into_tuple().all(&tx.db).await?)
}

/// The users who have a role in a project, by themselves or as members of a group.
pub(super) async fn of_project(tx: &Tx, project_id: i64) -> Result<Vec<i64>> {
    let holders = |column: project_member::Column| {
        let members = project_member::Entity::find().select_only().column(column);
        members.filter(project_member::Column::ProjectId.eq(project_id)).filter(column.is_not_null())
    };
    let mut users: Vec<i64> = holders(project_member::Column::UserId).into_tuple().all(&tx.db).await?;
    let groups = holders(project_member::Column::GroupId).into_query();
    let grouped = group_member::Entity::find().select_only().column(group_member::Column::UserId);
    let grouped = grouped.filter(group_member::Column::GroupId.in_subquery(groups));
    users.extend(grouped.into_tuple::<i64>().all(&tx.db).await?);
    Ok(users)
}

/// Locks a project's row, which guards its members, and asks once more whether a user (`user.id`) has this role or a higher
/// one there: what was known of the caller may be a moment old, and what follows lasts. Nobody is an admin, who may anyway.
/// Returns the role.
pub(in crate::domain) async fn require_role(
    tx: &Tx,
    project_id: i64,
    user_id: Option<i64>,
    least: Role,
) -> Result<Role> {
    present(tx, project_id, LockType::NoKeyUpdate).await?;
    let Some(user_id) = user_id else { return Ok(Role::Owner) };
    let roles = project_member::Entity::find().select_only().column(project_member::Column::Role);
    let roles = roles.filter(project_member::Column::ProjectId.eq(project_id)).filter(given_to(user_id));
    let role = roles.into_tuple::<Role>().all(&tx.db).await?.into_iter().max();
    role.filter(|role| *role >= least).ok_or_else(|| forbidden(least))
}
