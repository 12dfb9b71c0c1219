//! What a batch system says of a job that it ran.

use sea_orm::{QueryResult, entity::prelude::*};

use crate::Words;

/// A row of `job_slurm`: one for each recorded job.
///
/// The number, the owner and the account of the job stand here once more, so that the lists of recorded jobs, which are
/// long and ordered by the state code, are read from one index each.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job_slurm")]
pub struct Model {
    /// The job.
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: i64,
    /// `job.dialect_number`.
    pub number: i64,
    /// `job.owner_id`.
    pub owner_id: i64,
    /// `job.account_id`.
    pub account_id: Option<i64>,
    /// `state_code`, 0 for none: what lists are ordered by.
    pub listed_code: i32,
    /// The key under which the batch system reports the job, again and again; one job has it.
    pub slurm_key: Option<String>,
    /// Whether it was ever said when the job was submitted. Where it was not, `job.submitted_at` is a guess.
    pub submission_told: bool,
    /// The id in the batch system; not unique, since batch systems count anew now and then.
    pub slurm_id: Option<String>,
    /// The partition's number there, -128 to 127.
    pub partition: Option<i32>,
    /// The quality of service's number there.
    pub qos: Option<i32>,
    /// The batch system's own number of the state, -128 to 127.
    pub state_code: Option<i32>,
    /// The partition's name there.
    pub partition_name: Option<String>,
    /// The quality of service's name there.
    pub qos_name: Option<String>,
    /// The state's name there.
    pub state_name: Option<String>,
    /// The names of the nodes.
    pub nodes: Words,
    /// How many nodes it asked for.
    pub nodes_requested: Option<i32>,
    /// How many nodes it was given.
    pub nodes_allocated: Option<i32>,
    /// Processors.
    pub cpus: Option<i32>,
    /// Hours that it ran.
    pub raw_hours: Option<f64>,
    /// Hours times processors.
    pub cpu_hours: Option<f64>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The row in a query's columns from place `first` on, which are all in their order here: names take their time.
    ///
    /// Fails where they are not.
    pub fn at(first: usize, of: &QueryResult) -> Result<Self, DbErr> {
        let mut places = first..;
        macro_rules! next {
            () => {
                of.try_get_by_index(places.next().unwrap_or_default())?
            };
        }
        Ok(Self {
            job_id: next!(),
            number: next!(),
            owner_id: next!(),
            account_id: next!(),
            listed_code: next!(),
            slurm_key: next!(),
            submission_told: next!(),
            slurm_id: next!(),
            partition: next!(),
            qos: next!(),
            state_code: next!(),
            partition_name: next!(),
            qos_name: next!(),
            state_name: next!(),
            nodes: next!(),
            nodes_requested: next!(),
            nodes_allocated: next!(),
            cpus: next!(),
            raw_hours: next!(),
            cpu_hours: next!(),
        })
    }

    /// Whether the batch system said nothing of the job but that it is there.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        let numbers =
            [self.partition, self.qos, self.state_code, self.nodes_requested, self.nodes_allocated, self.cpus];
        let hours = [self.raw_hours, self.cpu_hours];
        let words = [&self.slurm_key, &self.slurm_id, &self.partition_name, &self.qos_name, &self.state_name];
        numbers.iter().all(Option::is_none)
            && hours.iter().all(Option::is_none)
            && words.iter().all(|word| word.is_none())
            && self.nodes.0.is_empty()
    }
}
