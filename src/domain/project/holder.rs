//! Who holds a role: which users, by themselves or as members of a group.

use entity::{group_member, project_member};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

use super::member::Known;
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
