//! What jobs print.

use sea_orm::entity::prelude::*;

use crate::Time;

/// A row of `job_log`: one chunk, kept as long as its job.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_log")]
pub struct Model {
    /// Internal key.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The job.
    pub job_id: i64,
    /// The attempt that printed it, 1 and up.
    pub attempt: i32,
    /// Bytes of UTF-8 before this chunk in the job's log.
    pub offset: i64,
    /// The text, at most 64 KiB.
    pub text: String,
    /// When it arrived.
    pub created_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}
