//! The worker protocol: claim, report, finish. Every field needs a runner's token.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use entity::job;
use serde_json::Value;

use super::{
    context::asked,
    id::{self, Kind},
    job::Job,
    nodes::InPlace,
    payload::payloads,
    scalar::DateTime,
};
use crate::domain::{
    self,
    lease::{Beat, Claim, Failure},
};

/// What a worker asks for.
#[derive(Clone, Debug, InputObject)]
pub struct WorkClaimInput {
    /// The services whose jobs are wanted, at most 100; all that the runner works for if not given.
    #[graphql(default)]
    service_ids: Vec<ID>,
    /// Jobs at most, 1 to 100; the runner's free slots bound it too.
    #[graphql(default = 1)]
    max: i32,
    /// Seconds to wait when there is no job, 0 to 30.
    #[graphql(default = 0)]
    wait_seconds: i32,
}

/// The right to work on one attempt of one job until a moment.
#[derive(Clone, Debug, SimpleObject)]
pub struct Lease {
    /// What to show with every call about this job.
    token: String,
    /// When it ends unless a heartbeat extends it.
    expires_at: Option<DateTime>,
    /// The number of the attempt.
    attempt: i32,
    /// The job.
    job: InPlace<Job>,
}

/// What a worker got.
#[derive(Clone, Debug, SimpleObject)]
pub struct WorkClaimPayload {
    /// The claimed jobs, the most urgent first; empty when the wait ended without one.
    leases: Vec<Lease>,
}

/// A worker's sign of life.
#[derive(Clone, Debug, InputObject)]
pub struct WorkHeartbeatInput {
    /// The lease.
    lease_token: String,
    /// 0 to 1; stays as it is if not given.
    progress: Option<f64>,
    /// At most 1,000 characters; stays as it is if not given.
    message: Option<String>,
}

/// Text that a worker's program printed.
#[derive(Clone, Debug, InputObject)]
pub struct WorkLogInput {
    /// The lease.
    lease_token: String,
    /// The text, 1 byte to 64 KiB; a job's log holds 16 MiB.
    text: String,
}

/// The answer to a sign of life.
#[derive(Clone, Debug, SimpleObject)]
pub struct WorkHeartbeatPayload {
    /// When the lease ends now, unless a heartbeat extends it.
    expires_at: Option<DateTime>,
    /// Whether somebody asked for the job's cancellation: stop, and call `workFail` or `workRelease`.
    cancel_requested: bool,
    /// The job.
    job: InPlace<Job>,
}

/// The answer to log text.
#[derive(Clone, Debug, SimpleObject)]
pub struct WorkLogPayload {
    /// When the lease ends now, unless a heartbeat extends it.
    expires_at: Option<DateTime>,
    /// Whether somebody asked for the job's cancellation: stop, and call `workFail` or `workRelease`.
    cancel_requested: bool,
    /// The job.
    job: InPlace<Job>,
}

/// The output of a job.
#[derive(Clone, Debug, InputObject)]
pub struct WorkCompleteInput {
    /// The lease.
    lease_token: String,
    /// The output; should fit the service's results schema, and has at most 768 KiB as JSON (a setting). `null` if not
    /// given.
    results: Option<Value>,
}

/// Whose fault a failure is, as a worker says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum WorkFailureKind {
    /// The input's.
    User,
    /// The worker's.
    System,
}

impl From<WorkFailureKind> for job::FailureKind {
    fn from(kind: WorkFailureKind) -> Self {
        match kind {
            WorkFailureKind::User => Self::User,
            WorkFailureKind::System => Self::System,
        }
    }
}

/// Why a worker cannot finish a job.
#[derive(Clone, Debug, InputObject)]
pub struct WorkFailInput {
    /// The lease.
    lease_token: String,
    /// Whose fault it is.
    #[graphql(default_with = "WorkFailureKind::System")]
    kind: WorkFailureKind,
    /// The worker's own code; at most 200 characters.
    code: Option<String>,
    /// What went wrong, for the owner to read; 1 to 10,000 characters.
    message: String,
    /// Whether another attempt may help.
    #[graphql(default)]
    retryable: bool,
}

/// Which lease to give up.
#[derive(Clone, Debug, InputObject)]
pub struct WorkReleaseInput {
    /// The lease.
    lease_token: String,
}

payloads! { job: in place Job, "The job.";
    WorkCompletePayload "A job that was finished.",
    WorkFailPayload "A job whose attempt failed.",
    WorkReleasePayload "A job that was handed back.",
}

/// The worker protocol.
#[derive(Debug, Default)]
pub struct WorkMutation;

#[Object]
impl WorkMutation {
    /// Claims jobs, highest priority first, then the longest waiting. Waits up to `waitSeconds` when there is none.
    async fn work_claim(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: WorkClaimInput,
    ) -> Result<WorkClaimPayload> {
        let (app, viewer) = asked(ctx)?;
        let service_ids = id::uids(Kind::Service, "serviceIds", &input.service_ids)?;
        let claim = Claim { service_ids, max: input.max, wait_seconds: input.wait_seconds };
        let leases = domain::lease::claim(app, viewer, claim).await?;
        Ok(WorkClaimPayload { leases: leases.into_iter().map(Lease::from).collect() })
    }

    /// Extends a lease and reports progress; answers whether to stop.
    async fn work_heartbeat(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The sign of life.")] input: WorkHeartbeatInput,
    ) -> Result<WorkHeartbeatPayload> {
        let (app, viewer) = asked(ctx)?;
        let beat = Beat { progress: input.progress, message: input.message };
        Ok(domain::lease::heartbeat(app, viewer, &input.lease_token, beat).await?.into())
    }

    /// Appends text to the job's log; extends the lease like a heartbeat.
    async fn work_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The text.")] input: WorkLogInput,
    ) -> Result<WorkLogPayload> {
        let (app, viewer) = asked(ctx)?;
        Ok(domain::lease::append_log(app, viewer, &input.lease_token, input.text).await?.into())
    }

    /// Finishes a job with its results. Results that break the service's schema end it FAILED with RESULT_INVALID.
    async fn work_complete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The results.")] input: WorkCompleteInput,
    ) -> Result<WorkCompletePayload> {
        let (app, viewer) = asked(ctx)?;
        Ok(Job::head(
            domain::lease::complete(app, viewer, &input.lease_token, input.results.unwrap_or_default()).await?,
        )
        .into())
    }

    /// Ends an attempt that failed. A retryable failure goes back to the queue, with a growing delay, while attempts
    /// are left.
    async fn work_fail(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The failure.")] input: WorkFailInput,
    ) -> Result<WorkFailPayload> {
        let (app, viewer) = asked(ctx)?;
        let kind = input.kind.into();
        let failure = Failure { kind, code: input.code, message: input.message, retryable: input.retryable };
        Ok(Job::head(domain::lease::fail(app, viewer, &input.lease_token, failure).await?).into())
    }

    /// Hands a job back unharmed: it goes to the queue at once, and the attempt does not count.
    async fn work_release(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The lease.")] input: WorkReleaseInput,
    ) -> Result<WorkReleasePayload> {
        let (app, viewer) = asked(ctx)?;
        Ok(Job::head(domain::lease::release(app, viewer, &input.lease_token).await?).into())
    }
}

impl From<domain::lease::Lease> for Lease {
    fn from(lease: domain::lease::Lease) -> Self {
        Self {
            token: lease.token,
            expires_at: lease.job.lease_expires_at.map(Into::into),
            attempt: lease.job.attempt,
            job: InPlace(Job::new(lease.job)),
        }
    }
}

impl From<job::Model> for WorkHeartbeatPayload {
    fn from(row: job::Model) -> Self {
        let expires_at = row.lease_expires_at.map(Into::into);
        Self { expires_at, cancel_requested: row.cancel_requested, job: InPlace(Job::head(row)) }
    }
}

impl From<job::Model> for WorkLogPayload {
    fn from(row: job::Model) -> Self {
        let expires_at = row.lease_expires_at.map(Into::into);
        Self { expires_at, cancel_requested: row.cancel_requested, job: InPlace(Job::head(row)) }
    }
}
