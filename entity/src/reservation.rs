//! What is kept free on an account for jobs that are about to run.

use sea_orm::entity::prelude::*;

use crate::{Amount, Time};

/// A row of `reservation`. It moves no money: only those who ask whether an account would pay heed it, until it expires
/// or the job that it is for is reported.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reservation")]
pub struct Model {
    /// Internal key.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The account.
    pub account_id: i64,
    /// Whose job it is for.
    pub user_id: i64,
    /// What the job may cost, more than nothing.
    pub amount: Amount,
    /// When it was made.
    pub created_at: Time,
    /// From when on it counts no more.
    pub expires_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}
