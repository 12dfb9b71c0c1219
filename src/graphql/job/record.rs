//! Jobs that another system ran.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::job_slurm;

use super::Job;
use crate::{
    domain::{
        self,
        job::{NewRecord, NewSlurm},
    },
    graphql::{
        context::asked,
        id::{self, Kind},
        label::{LabelInput, pairs},
        nodes::InPlace,
        scalar::{DateTime, Decimal},
    },
};

/// What a batch system says of a job that it ran.
#[derive(Clone, Debug, SimpleObject)]
pub struct JobSlurm {
    /// The key under which the batch system reports it (`jobReport`); null for a job that was recorded otherwise.
    key: Option<String>,
    /// Its id there; not unique, since batch systems count anew now and then.
    job_id: Option<String>,
    /// The partition's number.
    partition: Option<i32>,
    /// The number of the quality of service.
    qos: Option<i32>,
    /// The batch system's own number of the state.
    state_code: Option<i32>,
    /// The partition's name.
    partition_name: Option<String>,
    /// The name of the quality of service.
    qos_name: Option<String>,
    /// The batch system's own name of the state.
    state_name: Option<String>,
    /// The names of the nodes that it ran on.
    nodes: Vec<String>,
    /// How many nodes it asked for.
    nodes_requested: Option<i32>,
    /// How many nodes it was given.
    nodes_allocated: Option<i32>,
    /// Processors that it had.
    cpus: Option<i32>,
    /// Hours that it ran.
    raw_hours: Option<f64>,
    /// Hours times processors.
    cpu_hours: Option<f64>,
}

impl From<&job_slurm::Model> for JobSlurm {
    fn from(row: &job_slurm::Model) -> Self {
        Self {
            key: row.slurm_key.clone(),
            job_id: row.slurm_id.clone(),
            partition: row.partition,
            qos: row.qos,
            state_code: row.state_code,
            partition_name: row.partition_name.clone(),
            qos_name: row.qos_name.clone(),
            state_name: row.state_name.clone(),
            nodes: row.nodes.0.clone(),
            nodes_requested: row.nodes_requested,
            nodes_allocated: row.nodes_allocated,
            cpus: row.cpus,
            raw_hours: row.raw_hours,
            cpu_hours: row.cpu_hours,
        }
    }
}

/// A job to record.
#[derive(Clone, Debug, InputObject)]
pub struct JobRecordInput {
    /// The user whose job it is.
    owner_id: ID,
    /// When it was submitted there; now if not given.
    submitted_at: Option<DateTime>,
    /// When it began to run: it is RUNNING then. QUEUED without.
    started_at: Option<DateTime>,
    /// When it ended, not before it began: it is SUCCEEDED then.
    finished_at: Option<DateTime>,
    /// What to call it by; at most 32 labels.
    #[graphql(default)]
    labels: Vec<LabelInput>,
    /// What the batch system says of it.
    slurm: Option<JobSlurmInput>,
    /// The caller's own name for this record, 1 to 255 visible ASCII characters; works like that of `jobSubmit`, among
    /// the jobs that the same caller recorded.
    idempotency_key: Option<String>,
    /// The account that it is charged to, when that charges recorded jobs.
    account_id: Option<ID>,
    /// What it cost, in service units; a negative amount gives money back. No price is computed for a recorded job.
    amount: Option<Decimal>,
}

/// What a batch system says of a job that it ran.
#[derive(Clone, Debug, Default, InputObject)]
pub struct JobSlurmInput {
    /// Its id there; 1 to 64 characters.
    job_id: Option<String>,
    /// The partition's number, -128 to 127.
    partition: Option<i32>,
    /// The number of the quality of service, -32768 to 32767.
    qos: Option<i32>,
    /// The batch system's own number of the state, -128 to 127.
    state_code: Option<i32>,
    /// The partition's name; 1 to 64 characters.
    partition_name: Option<String>,
    /// The name of the quality of service; 1 to 64 characters.
    qos_name: Option<String>,
    /// The batch system's own name of the state; 1 to 64 characters.
    state_name: Option<String>,
    /// The names of the nodes that it ran on; at most 10,000, each of 1 to 64 characters.
    #[graphql(default)]
    nodes: Vec<String>,
    /// How many nodes it asked for; 0 or more.
    nodes_requested: Option<i32>,
    /// How many nodes it was given; 0 or more.
    nodes_allocated: Option<i32>,
    /// Processors that it had; 0 or more.
    cpus: Option<i32>,
    /// Hours that it ran, 0 to 10000000000.
    raw_hours: Option<f64>,
    /// Hours times processors, 0 to 10000000000.
    cpu_hours: Option<f64>,
}

impl From<JobSlurmInput> for NewSlurm {
    fn from(input: JobSlurmInput) -> Self {
        Self {
            job_id: input.job_id,
            partition: input.partition,
            qos: input.qos,
            state_code: input.state_code,
            partition_name: input.partition_name,
            qos_name: input.qos_name,
            state_name: input.state_name,
            nodes: input.nodes,
            nodes_requested: input.nodes_requested,
            nodes_allocated: input.nodes_allocated,
            cpus: input.cpus,
            raw_hours: input.raw_hours,
            cpu_hours: input.cpu_hours,
        }
    }
}

/// An amount that may be absent.
pub(super) fn amount_of(amount: Option<Decimal>, path: &str) -> crate::error::Result<Option<entity::Amount>> {
    amount.map(|amount| amount.at(path)).transpose()
}

/// A job that was recorded.
#[derive(Clone, Debug, SimpleObject)]
pub struct JobRecordPayload {
    /// The job.
    job: InPlace<Job>,
    /// Whether it had been recorded before, under the same idempotency key.
    replayed: bool,
}

/// Recording jobs that another system ran.
#[derive(Debug, Default)]
pub struct JobRecordMutation;

#[Object]
impl JobRecordMutation {
    /// Records a job that another system ran, or runs. Its state follows from its dates, and nothing here works on it.
    /// Admins and users with the role `accounting` may.
    async fn job_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job.")] input: JobRecordInput,
    ) -> Result<JobRecordPayload> {
        let (app, viewer) = asked(ctx)?;
        let new = NewRecord {
            owner_id: id::uid(Kind::User, "ownerId", &input.owner_id)?,
            submitted_at: input.submitted_at.map(|at| at.0),
            started_at: input.started_at.map(|at| at.0),
            finished_at: input.finished_at.map(|at| at.0),
            labels: pairs(input.labels),
            slurm: input.slurm.map(Into::into),
            idempotency_key: input.idempotency_key,
            account_id: input.account_id.map(|id| id::uid(Kind::Account, "accountId", &id)).transpose()?,
            amount: amount_of(input.amount, "amount")?,
        };
        let recorded = domain::job::record(app, viewer, new).await?;
        Ok(JobRecordPayload { job: InPlace(Job::new(recorded.job)), replayed: recorded.replayed })
    }
}
