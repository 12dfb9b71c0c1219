//! What a batch system says of the jobs that it ran.

use sea_orm::entity::prelude::*;

use crate::Words;

/// A row of `job_slurm`, of a recorded job.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job_slurm")]
pub struct Model {
    /// The job.
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: i64,
    /// The batch system's own id; not unique: it counts anew now and then.
    pub slurm_id: Option<String>,
    /// The partition's number.
    pub partition: Option<i32>,
    /// The number of the quality of service.
    pub qos: Option<i32>,
    /// The batch system's own number of the state.
    pub state_code: Option<i32>,
    /// The names of the nodes that it ran on.
    pub nodes: Words,
    /// Processors that it had.
    pub cpus: Option<i32>,
    /// Hours that it ran.
    pub raw_hours: Option<f64>,
    /// Hours times processors.
    pub cpu_hours: Option<f64>,
}

impl ActiveModelBehavior for ActiveModel {}
