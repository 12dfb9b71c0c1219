//! Projects: what people do together, and who takes part in it.

use sea_orm::{Condition, QuerySelect as _, QueryTrait as _, entity::prelude::*, sea_query::SelectStatement};

use crate::{
    Scope, Time, Words,
    project_member::{Role, projects_of},
};

/// A row of `project`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "project")]
pub struct Model {
    /// Also the number that people see.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The outside id.
    pub uid: Uuid,
    /// A slug, unique among projects that are not deleted.
    pub name: String,
    /// Free text.
    pub title: String,
    /// Free text.
    pub description: String,
    /// Whether everybody sees it, with its services and its public data. Its jobs stay its members'.
    pub is_public: bool,
    /// The user whose own it is: it has no other member, ever.
    pub personal_of: Option<i64>,
    /// Who pays for its jobs when they name nobody.
    pub default_account_id: Option<i64>,
    /// Services that its members want at hand, by their full names; none when nobody has ever said so.
    pub favorite_services: Option<Words>,
    /// When the row was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// Set when it was deleted: its jobs keep pointing here, nobody else does.
    pub deleted_at: Option<Time>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The projects that `scope` may see: those that a user takes part in, and public ones. `anonymous` says whether
    /// callers without a credential read the latter here.
    #[must_use]
    pub fn visible_to(scope: &Scope, anonymous: bool) -> Select<Self> {
        let present = Self::find().filter(Column::DeletedAt.is_null());
        match *scope {
            Scope::All => present,
            Scope::User { id, .. } => present
                .filter(Condition::any().add(is_public()).add(Column::Id.in_subquery(projects_of(id, Role::Watcher)))),
            Scope::Nobody if anonymous => present.filter(is_public()),
            Scope::Nobody | Scope::Runner { .. } => present.filter(Expr::val(false)),
        }
    }
}

/// The condition that everybody sees a project, in the very words of the partial index `project_public`.
#[must_use]
pub fn is_public() -> Expr {
    Expr::cust("is_public")
}

/// The ids of the projects that everybody sees.
pub(crate) fn public_ones() -> SelectStatement {
    Entity::find().select_only().column(Column::Id).filter(is_public()).filter(Column::DeletedAt.is_null()).into_query()
}
