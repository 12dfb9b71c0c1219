//! The labels of jobs, one row each, to find jobs by.

use sea_orm::entity::prelude::*;

/// A row of `job_label`; the job's own row has all its labels once more.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_label")]
pub struct Model {
    /// The job.
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: i64,
    /// The label's name, unique within the job.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Its text.
    pub value: String,
}

impl ActiveModelBehavior for ActiveModel {}
