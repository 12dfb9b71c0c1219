//! Runs.
#![expect(clippy::struct_excessive_bools, reason = "a column each")]

use std::sync::LazyLock;

use sea_orm::{Condition, QuerySelect, entity::prelude::*};
use serde::{Deserialize, Serialize};

mod part;

pub use part::{Columns, Part};

use crate::{
    Amount, Document, Labels, Scope, Time,
    legacy_number::Dialect,
    project_member::{Role, projects_of},
    service::services_of,
};

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Waits for the moment that it was submitted for.
    #[sea_orm(string_value = "scheduled")]
    Scheduled,
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

/// How a job came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Origin {
    /// Somebody submitted it to a service, and runners work on it.
    #[sea_orm(string_value = "submitted")]
    Submitted,
    /// Another system ran it and only reports it: it has no service, and nothing here works on it.
    #[sea_orm(string_value = "recorded")]
    Recorded,
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
    /// Submitted or recorded.
    pub origin: Origin,
    /// The service; none for a recorded job.
    pub service_id: Option<i64>,
    /// The version it was accepted under; none for a recorded job.
    pub service_version_id: Option<i64>,
    /// The project that it is a part of. It never changes.
    pub project_id: Option<i64>,
    /// The older API that it is at home in: its service's, whoever submitted it. All recorded jobs are `MyBRC`'s.
    pub dialect: Option<Dialect>,
    /// Its number there, where that API numbers its jobs.
    pub dialect_number: Option<i64>,
    /// Who submitted it, or whose it is that was recorded.
    pub owner_id: i64,
    /// The caller's own name for the submission or the record: there is one job of a caller and an origin for it.
    pub idempotency_key: Option<String>,
    /// Whose name that is (`user.id`, 0 for the operator): the owner's, or that of who recorded the job.
    pub key_owner_id: Option<i64>,
    /// SHA-256 of what was submitted under that key.
    pub idempotency_hash: Option<Vec<u8>>,
    /// Where it stands.
    pub status: Status,
    /// What its owner calls it by.
    pub labels: Labels,
    /// Labels that a runner must have to get it.
    pub requires: Labels,
    /// The same as one number, for the claim index: `requirement.id`, or 0 for none.
    pub requirement_id: i64,
    /// The input, valid under the version's parameters schema.
    pub parameters: Document,
    /// The output; of a failure `result_invalid` the output as it came.
    pub results: Option<Document>,
    /// Higher goes first; -1000 to 1000.
    pub priority: i32,
    /// The moment that it was submitted for, if it was for a later one.
    pub scheduled_at: Option<Time>,
    /// Not to be claimed before this moment (schedule, back-off).
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
    /// Whether it is assigned to a runner rather than claimed by one, as its service has it.
    pub pushed: bool,
    /// How many leases expired.
    pub losses: i32,
    /// How many attempts do not count against `max_attempts`: those that a worker handed back unharmed, and all that
    /// were before somebody had the job run once more.
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
    /// When the row was made.
    pub created_at: Time,
    /// When it was submitted; of a recorded job, when that was done in the other system.
    pub submitted_at: Time,
    /// When the first attempt began to run.
    pub started_at: Option<Time>,
    /// When it reached its final state.
    pub finished_at: Option<Time>,
    /// When the row last changed.
    pub updated_at: Time,
    /// When somebody noted that the results were fetched.
    pub downloaded_at: Option<Time>,
    /// Who pays; none when it costs nothing.
    pub account_id: Option<i64>,
    /// Processors that it occupies; they multiply the service's price per processor and hour.
    pub cpus: i32,
    /// What it costs in any case, copied from the service at submission.
    pub price_per_job: Amount,
    /// What an hour of it costs on all its processors, copied from the service at submission.
    pub price_per_hour: Amount,
    /// What is reserved for it; none when it has no account, and when it has finished.
    pub held: Option<Amount>,
    /// What was taken for it, less what was given back; none before its first end.
    pub amount: Option<Amount>,
    /// Since when the current attempt runs.
    pub running_since: Option<Time>,
    /// Microseconds that its attempts ran, those that have ended.
    pub ran_micros: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// The condition that a worker holds the job, in the very words of the partial indexes `job_held`, `job_runner` and
/// `job_running`. It asks for the lease: a recorded job may be RUNNING and is held by nobody.
#[must_use]
pub fn held() -> Expr {
    Expr::cust("lease_expires_at IS NOT NULL")
}

impl Entity {
    /// The jobs that `scope` may see: one's own, those of the services that one manages and of the projects that one
    /// takes part in, and all recorded ones for who keeps accounts; for a runner those it holds.
    #[must_use]
    pub fn visible_to(scope: &Scope) -> Select<Self> {
        Self::of(Self::find(), scope, Role::Watcher)
    }

    /// The same for a query that names its columns itself ([`Columns::select`], a count).
    #[must_use]
    pub fn seen_by(scope: &Scope) -> Select<Self> {
        Self::of(Self::bare(), scope, Role::Watcher)
    }

    /// All jobs, for a query that names its columns itself. To write down all of a job's columns and to forget them again
    /// costs more than the rest of a small query's text.
    #[must_use]
    pub fn bare() -> Select<Self> {
        static BARE: LazyLock<Select<Entity>> = LazyLock::new(|| Entity::find().select_only());
        BARE.clone()
    }

    /// The jobs that `scope` may change: the same but for those of projects that one does not manage.
    #[must_use]
    pub fn changeable_by(scope: &Scope) -> Select<Self> {
        Self::of(Self::find(), scope, Role::Manager)
    }

    fn of(jobs: Select<Self>, scope: &Scope, role: Role) -> Select<Self> {
        match *scope {
            Scope::All => jobs,
            Scope::Nobody => jobs.filter(Expr::val(false)),
            Scope::User { id, owns_services, shares, keeps_accounts } => {
                let mut sees = Condition::any().add(Column::OwnerId.eq(id));
                if owns_services {
                    sees = sees.add(Column::ServiceId.in_subquery(services_of(id)));
                }
                if shares {
                    sees = sees.add(Column::ProjectId.in_subquery(projects_of(id, role)));
                }
                if keeps_accounts {
                    // In the words of the index `job_recorded`.
                    sees = sees.add(Expr::cust("origin = 'recorded'"));
                }
                jobs.filter(sees)
            }
            Scope::Runner { id } => jobs.filter(Column::RunnerId.eq(id)).filter(held()),
        }
    }
}
