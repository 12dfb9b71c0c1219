//! OAuth clients: programs that get short-lived tokens by themselves.

use sea_orm::entity::prelude::*;

use crate::{Scope, Time, Words};

/// A row of `oauth_client`: a program of a user's, with an id and a secret (RFC 6749, section 2). It is never removed,
/// since tokens name the client that they were given to.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "oauth_client")]
pub struct Model {
    /// Internal key.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The outside id: what the client calls itself in requests.
    pub uid: Uuid,
    /// The user in whose name its tokens act.
    pub user_id: i64,
    /// What its owner calls it.
    pub name: String,
    /// SHA-256 of the secret; the secret itself is shown once and not kept.
    pub secret_hash: Vec<u8>,
    /// What its tokens may be used for at most.
    pub scopes: Words,
    /// When it was made.
    pub created_at: Time,
    /// The last time that it got a token, kept to the minute.
    pub last_used_at: Option<Time>,
    /// When it was removed; a removed one gets nothing.
    pub revoked_at: Option<Time>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The clients that `scope` may see: one's own, or all for an admin. Those that were removed are gone.
    #[must_use]
    pub fn visible_to(scope: &Scope) -> Select<Self> {
        let live = Self::find().filter(Column::RevokedAt.is_null());
        match *scope {
            Scope::All => live,
            Scope::User { id, .. } => live.filter(Column::UserId.eq(id)),
            Scope::Nobody | Scope::Runner { .. } => live.filter(Expr::val(false)),
        }
    }
}
