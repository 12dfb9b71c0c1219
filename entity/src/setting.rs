//! Facts about the database itself.

use sea_orm::entity::prelude::*;

/// A row of `setting`, such as who seeded this database.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "setting")]
pub struct Model {
    /// The fact's name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Its value.
    pub value: String,
}

impl ActiveModelBehavior for ActiveModel {}
