//! Who is in which group.

use sea_orm::entity::prelude::*;

use crate::{Scope, Time, group::groups_of};

/// A row of `group_member`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "group_member")]
pub struct Model {
    /// Internal key: the order in which the members came.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The group.
    pub group_id: i64,
    /// The user.
    pub user_id: i64,
    /// When the row was made.
    pub created_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The members that `scope` may see: all of the groups that a user is in, or all there are.
    #[must_use]
    pub fn visible_to(scope: &Scope) -> Select<Self> {
        match *scope {
            Scope::All => Self::find(),
            Scope::User { id, .. } => Self::find().filter(Column::GroupId.in_subquery(groups_of(id))),
            Scope::Nobody | Scope::Runner { .. } => Self::find().filter(Expr::val(false)),
        }
    }
}
