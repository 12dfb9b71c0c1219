//! Counters against those who try too much, shared by every server of a database.

use sea_orm::entity::prelude::*;

use crate::Time;

/// A row of `limit_counter`: how far one counter has been filled. It empties evenly, so that one moment says all.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "limit_counter")]
pub struct Model {
    /// What is counted, and of whom: `log_in/address/192.0.2.7`. No text of a caller's stands in it but as a digest.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// When it is empty again.
    pub empty_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}
