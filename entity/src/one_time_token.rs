//! What a mailed link carries.

use sea_orm::entity::prelude::*;

use crate::Time;

/// What a one-time token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Purpose {
    /// Confirms the address of a new account.
    #[sea_orm(string_value = "activation")]
    Activation,
    /// Sets a new password.
    #[sea_orm(string_value = "password_reset")]
    PasswordReset,
    /// Confirms another address, which then takes the place of the present one.
    #[sea_orm(string_value = "email_change")]
    EmailChange,
}

/// A row of `one_time_token`. It opens one thing once, until its end, as long as no newer one for the same took its place.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "one_time_token")]
pub struct Model {
    /// Internal key.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The user whom it is about.
    pub user_id: i64,
    /// What it is good for.
    pub purpose: Purpose,
    /// The address that it was sent to.
    pub address: String,
    /// SHA-256 of the token; the token itself is in the mail only.
    pub token_hash: Vec<u8>,
    /// The session that asked for it, which outlives what it does.
    pub session_id: Option<i64>,
    /// When it was made.
    pub created_at: Time,
    /// The end, whatever happens.
    pub expires_at: Time,
    /// When it was used.
    pub used_at: Option<Time>,
    /// When a newer one took its place.
    pub replaced_at: Option<Time>,
}

impl ActiveModelBehavior for ActiveModel {}
