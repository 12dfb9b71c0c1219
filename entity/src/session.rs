//! Log-ins.

use sea_orm::entity::prelude::*;

use crate::{Scope, Time};

/// A row of `session`: one log-in of one user.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    /// Internal key.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The outside id.
    pub uid: Uuid,
    /// Who logged in.
    pub user_id: i64,
    /// SHA-256 of the token; the token itself is shown once and not kept.
    pub token_hash: Vec<u8>,
    /// The surface that it was made through: a word of the server's.
    pub origin: String,
    /// The client's own word for itself, cut to 200 characters.
    pub user_agent: Option<String>,
    /// When the log-in happened.
    pub created_at: Time,
    /// The last request, kept to the minute.
    pub last_used_at: Time,
    /// Seconds without a request after which it ends; none if it does not end so.
    pub idle_seconds: Option<i64>,
    /// The end, whatever happens.
    pub expires_at: Time,
}

impl Model {
    /// When it ends unless it is used again.
    #[must_use]
    pub fn ends_at(&self) -> Time {
        let idle = self.idle_seconds.map(|seconds| self.last_used_at.plus_seconds(seconds));
        idle.map_or(self.expires_at, |idle| idle.min(self.expires_at))
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The sessions that `scope` may see: one's own, or all for an admin.
    #[must_use]
    pub fn visible_to(scope: &Scope) -> Select<Self> {
        match *scope {
            Scope::All => Self::find(),
            Scope::User { id, .. } => Self::find().filter(Column::UserId.eq(id)),
            Scope::Nobody | Scope::Runner { .. } => Self::find().filter(Expr::val(false)),
        }
    }
}
