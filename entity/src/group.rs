//! Groups: named sets of users, which roles are given to.

use sea_orm::{QuerySelect as _, QueryTrait as _, entity::prelude::*, sea_query::SelectStatement};

use crate::{Scope, Time, group_member};

/// A row of `group`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "group")]
pub struct Model {
    /// Also the number that people see.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The outside id.
    pub uid: Uuid,
    /// A slug, unique.
    pub name: String,
    /// Free text.
    pub description: String,
    /// When the row was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The groups that `scope` may see: those that a user is in, or all.
    #[must_use]
    pub fn visible_to(scope: &Scope) -> Select<Self> {
        match *scope {
            Scope::All => Self::find(),
            Scope::User { id, .. } => Self::find().filter(Column::Id.in_subquery(groups_of(id))),
            Scope::Nobody | Scope::Runner { .. } => Self::find().filter(Expr::val(false)),
        }
    }
}

/// The ids of the groups that a user is in.
pub(crate) fn groups_of(user_id: i64) -> SelectStatement {
    group_member::Entity::find()
        .select_only()
        .column(group_member::Column::GroupId)
        .filter(group_member::Column::UserId.eq(user_id))
        .into_query()
}
