//! Who may do what in a project.

use sea_orm::{
    Condition, Iterable as _, QuerySelect as _, QueryTrait as _, entity::prelude::*, sea_query::SelectStatement,
};

use crate::{Time, group::groups_of};

/// What a member may do. Each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Role {
    /// Sees the project, its jobs, services and data.
    #[sea_orm(string_value = "watcher")]
    Watcher,
    /// Submits jobs, and makes and changes data.
    #[sea_orm(string_value = "contributor")]
    Contributor,
    /// Manages the project, its members, its services and all its jobs.
    #[sea_orm(string_value = "manager")]
    Manager,
    /// The same, and says who owns it.
    #[sea_orm(string_value = "owner")]
    Owner,
}

/// A row of `project_member`: a role of one user or of one group.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "project_member")]
pub struct Model {
    /// Internal key: the order in which the members came.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The project.
    pub project_id: i64,
    /// The user, unless it is a group's.
    pub user_id: Option<i64>,
    /// The group, unless it is a user's.
    pub group_id: Option<i64>,
    /// What it may do.
    pub role: Role,
    /// When the row was made.
    pub created_at: Time,
    /// When the role last changed.
    pub updated_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}

/// The condition that a row gives its role to this user, by itself or through a group.
#[must_use]
pub fn given_to(user_id: i64) -> Condition {
    Condition::any().add(Column::UserId.eq(user_id)).add(Column::GroupId.in_subquery(groups_of(user_id)))
}

/// The ids of the projects in which a user has this role or a higher one. A deleted project has no members.
pub(crate) fn projects_of(user_id: i64, least: Role) -> SelectStatement {
    let mut query = Entity::find().select_only().column(Column::ProjectId).filter(given_to(user_id));
    if least > Role::Watcher {
        query = query.filter(Column::Role.is_in(Role::iter().filter(|role| *role >= least)));
    }
    query.into_query()
}
