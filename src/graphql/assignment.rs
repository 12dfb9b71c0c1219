//! The worker protocol where jobs are assigned: a runner says that it is there, and ends the job that it was given. Every
//! field needs a runner's token.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use serde_json::Value;

use super::{
    context::asked,
    job::Job,
    payload::payloads,
    runner::Runner,
    scalar::DateTime,
    work::{Lease, WorkFailureKind},
};
use crate::domain::{
    self,
    lease::{Beat, Failure},
};

/// A runner's sign of life.
#[derive(Clone, Debug, InputObject)]
pub struct RunnerHeartbeatInput {
    /// Of the job that it has fetched, 0 to 1; stays as it is if not given.
    progress: Option<f64>,
    /// Of the job that it has fetched, at most 1,000 characters; stays as it is if not given.
    message: Option<String>,
}

/// The answer to a runner's sign of life.
#[derive(Clone, Debug, SimpleObject)]
pub struct RunnerHeartbeatPayload {
    /// The runner.
    runner: Runner,
    /// Until when it counts as there, unless it is heard of again.
    online_until: Option<DateTime>,
    /// The job that is assigned to it: CLAIMED until it fetches it, then RUNNING; null when there is none. When its
    /// cancellation is asked for (`cancelRequested`), the runner stops and calls `assignmentFail`.
    job: Option<Job>,
}

/// A job in the hands of the runner to which it was assigned.
#[derive(Clone, Debug, SimpleObject)]
pub struct AssignmentFetchPayload {
    /// The job, and a lease for whatever else workers do with one: its log, its output files. The next fetch of the same
    /// job gives another token, and ends this one. The lease is extended by `runnerHeartbeat`, too.
    lease: Lease,
}

/// The output of the job.
#[derive(Clone, Debug, InputObject)]
pub struct AssignmentCompleteInput {
    /// The output; should fit the service's results schema, and has at most the service's `maxResultBytes` as JSON. `null`
    /// if not given.
    results: Option<Value>,
}

/// Why the runner cannot finish the job.
#[derive(Clone, Debug, InputObject)]
pub struct AssignmentFailInput {
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

payloads! { job: in place Job, "The job.";
    AssignmentCompletePayload "A job that was finished.",
    AssignmentFailPayload "A job whose attempt failed.",
}

/// What a runner does with the job that was assigned to it.
#[derive(Debug, Default)]
pub struct AssignmentMutation;

#[Object]
impl AssignmentMutation {
    /// Says that a runner to which jobs are assigned (PUSH) is there, and how far its job is; answers what is assigned to
    /// it. INVALID_STATE means that it is not registered, or is not any more: it registers again.
    async fn runner_heartbeat(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The sign of life.")] input: RunnerHeartbeatInput,
    ) -> Result<RunnerHeartbeatPayload> {
        let (app, viewer) = asked(ctx)?;
        let beat = Beat { progress: input.progress, message: input.message };
        let (runner, job) = domain::assignment::heartbeat(app, viewer, beat).await?;
        let online_until = runner.online_until.map(Into::into);
        Ok(RunnerHeartbeatPayload { runner: Runner(Arc::new(runner)), online_until, job: job.map(Job::head) })
    }

    /// Takes the assigned job in hand; it runs from then on. May be said again. NOT_FOUND when nothing is assigned.
    async fn assignment_fetch(&self, ctx: &Context<'_>) -> Result<AssignmentFetchPayload> {
        let (app, viewer) = asked(ctx)?;
        Ok(AssignmentFetchPayload { lease: domain::assignment::fetch(app, viewer).await?.into() })
    }

    /// Finishes the job that was fetched, without its lease token. Results that break the service's schema end it FAILED
    /// with RESULT_INVALID. LEASE_LOST means that the job was taken back meanwhile; an event of it (`jobEvents`) says so. It
    /// is taken all the same when the job was assigned to the same runner again, and no other was fetched since.
    async fn assignment_complete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The results.")] input: AssignmentCompleteInput,
    ) -> Result<AssignmentCompletePayload> {
        let (app, viewer) = asked(ctx)?;
        Ok(Job::head(domain::assignment::complete(app, viewer, input.results.unwrap_or_default()).await?).into())
    }

    /// Ends the attempt at the job that was fetched, which failed or was to be cancelled, without its lease token.
    /// LEASE_LOST as for `assignmentComplete`.
    async fn assignment_fail(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The failure.")] input: AssignmentFailInput,
    ) -> Result<AssignmentFailPayload> {
        let (app, viewer) = asked(ctx)?;
        let kind = input.kind.into();
        let failure = Failure { kind, code: input.code, message: input.message, retryable: input.retryable };
        Ok(Job::head(domain::assignment::fail(app, viewer, failure).await?).into())
    }
}
