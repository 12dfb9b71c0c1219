//! Log-ins.

use sea_orm::entity::prelude::*;

use crate::Time;

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
    /// The client's own word for itself, cut to 200 characters.
    pub user_agent: Option<String>,
    /// When the log-in happened.
    pub created_at: Time,
    /// The last request, kept to the minute.
    pub last_used_at: Time,
    /// The end, whatever happens.
    pub expires_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}
