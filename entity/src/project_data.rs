//! What projects keep: values and files with a title.

use sea_orm::{Condition, entity::prelude::*};

use crate::{
    Document, Scope, Time, Words,
    project::public_ones,
    project_member::{Role, projects_of},
};

/// A row of `project_data`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "project_data")]
pub struct Model {
    /// Also the number that people see.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The outside id.
    pub uid: Uuid,
    /// The project.
    pub project_id: i64,
    /// Who made it.
    pub owner_id: i64,
    /// What sort of thing it is, in a word of the project's own.
    pub kind: String,
    /// Free text.
    pub title: String,
    /// Free text.
    pub description: String,
    /// A value; what is too long for one is a file (`file.data_id`).
    pub value: Option<Document>,
    /// Words to find it by.
    pub categories: Words,
    /// Whether everybody who sees the project sees it, where the project is public.
    pub is_public: bool,
    /// Whether everybody who logs in sees it, whatever the project.
    pub is_shared: bool,
    /// When the row was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The data that `scope` may see: of the projects that a user takes part in, what is public of public ones, and for
    /// users what is shared.
    /// `anonymous` says whether callers without a credential read the latter here.
    #[must_use]
    pub fn visible_to(scope: &Scope, anonymous: bool) -> Select<Self> {
        let public =
            || Condition::all().add(Column::IsPublic.eq(true)).add(Column::ProjectId.in_subquery(public_ones()));
        match *scope {
            Scope::All => Self::find(),
            Scope::User { id, .. } => Self::find().filter(
                Condition::any()
                    .add(Column::ProjectId.in_subquery(projects_of(id, Role::Watcher)))
                    .add(public())
                    .add(is_shared()),
            ),
            Scope::Nobody if anonymous => Self::find().filter(public()),
            Scope::Nobody | Scope::Runner { .. } => Self::find().filter(Expr::val(false)),
        }
    }
}

/// The condition that everybody who logs in sees data, in the very words of the partial index `project_data_shared`.
#[must_use]
pub fn is_shared() -> Expr {
    Expr::cust("is_shared")
}
