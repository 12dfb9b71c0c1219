//! Runs.

use sea_orm::{Condition, entity::prelude::*};
use serde::{Deserialize, Serialize};

mod part;

pub use part::{Columns, Part};

use crate::{Scope, Time, event::services_of};

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Waits for a runner.
    #[sea_orm(string_value = "queued")]
    Queued,
    /// A runner has it and has not yet said anything.
    #[sea_orm(string_value = "claimed")]
    Claimed,
    /// A runner works on it.
    #[sea_orm(string_value = "running")]
    Running,
    /// Done, with results.
    #[sea_orm(string_value = "succeeded")]
    Succeeded,
    /// Over, with a failure.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// Stopped on request.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}

impl Status {
    /// Nothing will change any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// A runner holds the job under a lease.
    #[must_use]
    pub const fn is_held(self) -> bool {
        matches!(self, Self::Claimed | Self::Running)
    }
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum FailureKind {
    /// The input's, as the worker says.
    #[sea_orm(string_value = "user")]
    User,
    /// The worker's, as it says itself.
    #[sea_orm(string_value = "system")]
    System,
    /// An attempt ran longer than it may.
    #[sea_orm(string_value = "timeout")]
    Timeout,
    /// The results do not match the service's schema.
    #[sea_orm(string_value = "result_invalid")]
    ResultInvalid,
    /// Workers kept disappearing.
    #[sea_orm(string_value = "lost")]
    Lost,
}

/// A row of `job`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    /// Also the number that people see.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The outside id (UUID v7: sorts by time).
    pub uid: Uuid,
    /// The service.
    pub service_id: i64,
    /// The version it was accepted under.
    pub service_version_id: i64,
    /// Who submitted it.
    pub owner_id: i64,
    /// Where it stands.
    pub status: Status,
    /// The input, valid under the version's parameters schema.
    pub parameters: Json,
    /// The output; of a failure `result_invalid` the output as it came.
    pub results: Option<Json>,
    /// Higher goes first; -1000 to 1000.
    pub priority: i32,
    /// Not to be claimed before this moment (back-off).
    pub run_after: Time,
    /// 0 before the first claim, then the number of the attempt; it also fences late workers.
    pub attempt: i32,
    /// Copied from the service at submission; none means no bound.
    pub max_attempts: Option<i32>,
    /// Copied from the service at submission.
    pub lease_seconds: i32,
    /// Copied from the service at submission; none means no bound.
    pub max_run_seconds: Option<i32>,
    /// Copied from the service at submission.
    pub retry_timeouts: bool,
    /// How many leases expired.
    pub losses: i32,
    /// How many attempts a worker handed back unharmed; they do not count against `max_attempts`.
    pub releases: i32,
    /// How many times it was put back with a delay.
    pub backoffs: i32,
    /// 0 to 1.
    pub progress: Option<f64>,
    /// The worker's last message.
    pub message: Option<String>,
    /// Whose fault, when it failed.
    pub failure_kind: Option<FailureKind>,
    /// The worker's own code for the failure.
    pub failure_code: Option<String>,
    /// What went wrong, for the owner to read.
    pub failure_message: Option<String>,
    /// Somebody asked the worker to stop.
    pub cancel_requested: bool,
    /// The number of the job's last event.
    pub revision: i64,
    /// Bytes of the log so far.
    pub log_bytes: i64,
    /// The log reached its bound and later text was dropped.
    pub log_truncated: bool,
    /// The runner that holds it, or held it last.
    pub runner_id: Option<i64>,
    /// SHA-256 of the lease's secret, while a lease lives.
    pub lease_hash: Option<Vec<u8>>,
    /// When the lease ends unless a heartbeat extends it.
    pub lease_expires_at: Option<Time>,
    /// When the current attempt was claimed; the bound on its run counts from here.
    pub claimed_at: Option<Time>,
    /// When it was submitted.
    pub submitted_at: Time,
    /// When the first attempt began to run.
    pub started_at: Option<Time>,
    /// When it reached its final state.
    pub finished_at: Option<Time>,
    /// When the row last changed.
    pub updated_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}

/// The condition that a worker holds the job, in the very words of the partial indexes `job_held` and `job_runner`:
/// with bound values SQLite could not tell that an index covers the question, and would read the whole table.
#[must_use]
pub fn held() -> Expr {
    Expr::cust("status IN ('claimed', 'running')")
}

impl Entity {
    /// The jobs that `scope` may see: one's own and those of one's own services; for a runner those it holds.
    #[must_use]
    pub fn visible_to(scope: &Scope) -> Select<Self> {
        match *scope {
            Scope::All => Self::find(),
            Scope::Nobody => Self::find().filter(Expr::val(false)),
            Scope::User { id, owns_services: false } => Self::find().filter(Column::OwnerId.eq(id)),
            Scope::User { id, owns_services: true } => Self::find().filter(
                Condition::any().add(Column::OwnerId.eq(id)).add(Column::ServiceId.in_subquery(services_of(id))),
            ),
            Scope::Runner { id } => Self::find().filter(Column::RunnerId.eq(id)).filter(held()),
        }
    }
}
