//! What a service accepted and promised at a time.

use sea_orm::entity::prelude::*;

use crate::{Document, Time};

/// How a version's schemas are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Semantics {
    /// As `$schema` says, draft 2020-12 without one.
    #[sea_orm(string_value = "declared")]
    Declared,
    /// As TopChef read schemas: draft 4, whatever `$schema` says.
    #[sea_orm(string_value = "draft4_legacy")]
    Draft4Legacy,
}

/// A row of `service_version`. Never changed: a new schema is a new row, and a job keeps the one it was accepted under.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "service_version")]
pub struct Model {
    /// Internal key.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The service.
    pub service_id: i64,
    /// 1, 2, 3.. within the service.
    pub version: i32,
    /// How the schemas are read.
    pub semantics: Semantics,
    /// JSON Schema of a job's parameters.
    pub parameters_schema: Document,
    /// JSON Schema of a job's results.
    pub results_schema: Document,
    /// When it was made.
    pub created_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}
