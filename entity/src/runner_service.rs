//! Which runner works for which service.

use sea_orm::entity::prelude::*;

/// A row of `runner_service`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "runner_service")]
pub struct Model {
    /// The runner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub runner_id: i64,
    /// The service.
    #[sea_orm(primary_key, auto_increment = false)]
    pub service_id: i64,
}

impl ActiveModelBehavior for ActiveModel {}
