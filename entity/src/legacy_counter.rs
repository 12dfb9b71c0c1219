//! Where the numbers of older APIs are drawn from.

use sea_orm::entity::prelude::*;

use crate::legacy_number::{Dialect, Noun};

/// A row of `legacy_counter`: one for each dialect and noun of which a number was ever drawn.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "legacy_counter")]
pub struct Model {
    /// Whose numbers.
    #[sea_orm(primary_key, auto_increment = false)]
    pub dialect: Dialect,
    /// Of what.
    #[sea_orm(primary_key, auto_increment = false)]
    pub noun: Noun,
    /// The last number that was drawn; 0 before the first.
    pub last: i64,
    /// How many rows with a number there are. It is kept for jobs only, which are too many to be counted at each look.
    pub present: i64,
}

impl ActiveModelBehavior for ActiveModel {}
