//! Jobs that a batch system reports again and again.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::{
    Job,
    record::{JobSlurmInput, amount_of},
};
use crate::{
    domain::{self, job::Report},
    graphql::{
        context::asked,
        id::{self, Kind},
        nodes::InPlace,
        scalar::{DateTime, Decimal},
    },
};

/// What a batch system reports of a job under its own key. Of a job that is known already, what is absent stays.
#[derive(Clone, Debug, InputObject)]
pub struct JobReportInput {
    /// The batch system's key of the job, 1 to 64 characters: one job has it. It is the job's id there, too.
    slurm_key: String,
    /// The user whose job it is. The first report of a job says it, and later ones cannot change it.
    owner_id: Option<ID>,
    /// The account that pays. The first report of a job says it, and later ones cannot change it.
    account_id: Option<ID>,
    /// When it was submitted there. Until a report says it, that is when it began or ended, or was first reported, and what
    /// the job costs is only noted.
    submitted_at: Option<DateTime>,
    /// When it began to run, not before it was submitted: it is RUNNING then. QUEUED without, and until a report says it,
    /// what the job costs is only noted.
    started_at: Option<DateTime>,
    /// When it ended, not before it began: it is SUCCEEDED then.
    finished_at: Option<DateTime>,
    /// What it costs as far as is known, in service units, 0 or more. It is held until the job ends and taken then, when
    /// the account charges recorded jobs; an end without it takes what was held. While it is only noted, what was held stays
    /// so, and the end takes just that.
    amount: Option<Decimal>,
    /// What else the batch system says of it; its `jobId` plays no part.
    slurm: Option<JobSlurmInput>,
    /// Whether the job must not be known yet. The same report again then answers with the job and changes nothing, another
    /// one fails with IDEMPOTENCY_MISMATCH.
    #[graphql(default)]
    only_new: bool,
}

/// A job that was reported.
#[derive(Clone, Debug, SimpleObject)]
pub struct JobReportPayload {
    /// The job.
    job: InPlace<Job>,
    /// Whether this report made it.
    is_new: bool,
}

/// Taking reports.
#[derive(Debug, Default)]
pub struct JobReportMutation;

#[Object]
impl JobReportMutation {
    /// Records a job that a batch system runs, or what became of one that it has reported before, by its key. Until the job
    /// ends, what it costs is held on its account; its end settles that. Admins and users with the role `accounting` may.
    async fn job_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The report.")] input: JobReportInput,
    ) -> Result<JobReportPayload> {
        let (app, viewer) = asked(ctx)?;
        let report = Report {
            slurm_key: input.slurm_key,
            owner_id: input.owner_id.map(|id| id::uid(Kind::User, "ownerId", &id)).transpose()?,
            account_id: input.account_id.map(|id| id::uid(Kind::Account, "accountId", &id)).transpose()?,
            submitted_at: input.submitted_at.map(|at| at.0),
            started_at: input.started_at.map(|at| at.0),
            finished_at: input.finished_at.map(|at| at.0),
            amount: amount_of(input.amount, "amount")?,
            slurm: domain::job::NewSlurm { job_id: None, ..input.slurm.map(Into::into).unwrap_or_default() },
            only_new: input.only_new,
        };
        let reported = domain::job::report(app, viewer, report).await?;
        Ok(JobReportPayload { job: InPlace(Job::head(reported.job)), is_new: reported.is_new })
    }
}
