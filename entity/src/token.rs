//! Named credentials for programs.

use sea_orm::entity::prelude::*;

use crate::{Scope, Time, Words};

/// A row of `token`: acts for a user (API token) or for a runner (runner token), never both.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "token")]
pub struct Model {
    /// Internal key.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The outside id.
    pub uid: Uuid,
    /// The user it acts for.
    pub user_id: Option<i64>,
    /// The runner it acts for.
    pub runner_id: Option<i64>,
    /// What its owner calls it.
    pub name: String,
    /// SHA-256 of the token; the token itself is shown once and not kept.
    pub token_hash: Vec<u8>,
    /// What it may be used for; scopes only narrow what the user may do.
    pub scopes: Words,
    /// When it was made.
    pub created_at: Time,
    /// The last request, kept to the minute.
    pub last_used_at: Option<Time>,
    /// The end, if it has one.
    pub expires_at: Option<Time>,
    /// When it was revoked; a revoked token opens nothing.
    pub revoked_at: Option<Time>,
    /// The OAuth client that it was given to, by `POST /oauth/token`.
    pub client_id: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The API tokens that `scope` may see: one's own, or all for an admin.
    #[must_use]
    pub fn visible_to(scope: &Scope) -> Select<Self> {
        match *scope {
            Scope::All => Self::find(),
            Scope::User { id, .. } => Self::find().filter(Column::UserId.eq(id)),
            Scope::Nobody | Scope::Runner { .. } => Self::find().filter(Expr::val(false)),
        }
    }
}
