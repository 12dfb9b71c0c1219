//! Projects that somebody wants to find quickly.

use sea_orm::entity::prelude::*;

use crate::Time;

/// A row of `favorite`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "favorite")]
pub struct Model {
    /// Internal key.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Whose it is.
    pub user_id: i64,
    /// The project. That it is a favorite gives no right to see it.
    pub project_id: i64,
    /// When the row was made.
    pub created_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}
