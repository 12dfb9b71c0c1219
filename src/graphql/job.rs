//! Jobs.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use entity::{
    account,
    job::{self, Columns, Origin},
    project, service, user,
};

use super::{
    account::Account,
    context::{app, asked, loaders, nullable, page, viewer},
    dialect::Dialect,
    event::{JobEventConnection, page_of_events},
    file::{FileConnection, FileOrder, FileRole, page_of_files},
    id::Kind,
    label::{self, Label},
    ledger::LedgerEntry,
    nodes::InPlace,
    project::Project,
    runner::Runner,
    scalar::{Cursor, DateTime, Decimal, Long, number},
    service::Service,
    user::User,
};
use crate::{
    domain::{self, event::EventFilter, file::FileFilter},
    error::Error,
    viewer::Permission,
};

mod batch;
mod columns;
mod known;
mod list;
mod live;
mod many;
mod overrule;
mod parts;
mod quick;
mod record;
mod recorded;
mod report;
mod row;
mod waiting;
mod write;

pub use batch::JobBatchMutation;
pub use list::{JobConnection, JobFilterInput, JobOrder, JobQuery, page_of_jobs};
pub use live::JobSubscription;
pub use many::JobManyMutation;
pub use overrule::JobOverruleMutation;
pub(super) use parts::seconds;
pub use parts::{FailureKind, JobFailure, JobLog, JobOrigin, JobPermissions, JobStatus};
pub use record::{JobRecordMutation, JobSlurm};
pub use recorded::{RecordedJobMutation, RecordedJobQuery};
pub use report::JobReportMutation;
pub use waiting::WaitingReason;
pub use write::JobMutation;

/// One run of a service.
#[derive(Clone, Debug)]
pub struct Job {
    row: Arc<job::Model>,
    columns: Columns,
    owner: Option<Arc<user::Model>>,
    service: Option<Arc<service::Model>>,
    account: Option<Arc<account::Model>>,
    project: Option<Arc<project::Model>>,
}

/// One run of a service.
#[Object]
impl Job {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::Job.id(self.row.uid)
    }

    /// A short number, unique among jobs.
    async fn number(&self) -> i32 {
        number(self.row.id)
    }

    /// The older API that lists it: its service's, or MyBRC's for every recorded job; null for none.
    async fn dialect(&self) -> Option<Dialect> {
        self.row.dialect.map(Into::into)
    }

    /// Its number in that API; null when it has no home, or one that does not number jobs.
    async fn dialect_number(&self) -> Option<i32> {
        self.row.dialect_number.map(number)
    }

    /// Where it stands.
    async fn status(&self) -> JobStatus {
        self.row.status.into()
    }

    /// How it came to be.
    async fn origin(&self) -> JobOrigin {
        self.row.origin.into()
    }

    /// What is run; null for a recorded job.
    async fn service(&self, ctx: &Context<'_>) -> Option<Result<InPlace<Service>>> {
        nullable(async move { Ok(self.its_service(ctx).await?.map(Service).map(InPlace)) }).await
    }

    /// The project that it is a part of; null for none, and for those who may not see the project.
    async fn project(&self, ctx: &Context<'_>) -> Option<Result<Project>> {
        nullable(async move {
            match (&self.project, self.row.project_id) {
                (Some(row), _) => Ok(Some(Project::shared(Arc::clone(row)))),
                (None, Some(id)) => Ok(loaders(ctx)?.project(id).await?.map(Project::shared)),
                (None, None) => Ok(None),
            }
        })
        .await
    }

    /// Who submitted it; of a recorded job, whose it is.
    async fn owner(&self, ctx: &Context<'_>) -> Option<Result<InPlace<User>>> {
        nullable(async move {
            match &self.owner {
                Some(row) => Ok(Some(InPlace(User(Arc::clone(row))))),
                None => Ok(loaders(ctx)?.user(self.row.owner_id).await?.map(User).map(InPlace)),
            }
        })
        .await
    }

    /// The runner that holds it, or held it last; null before the first claim.
    async fn runner(&self, ctx: &Context<'_>) -> Option<Result<Runner>> {
        nullable(async move {
            match self.row.runner_id {
                Some(id) => Ok(loaders(ctx)?.runner(id).await?.map(Runner)),
                None => Ok(None),
            }
        })
        .await
    }

    /// The input.
    async fn parameters(&self, ctx: &Context<'_>) -> Result<serde_json::Value> {
        Ok(Box::pin(self.body(ctx, job::Column::Parameters)).await?.parameters.0.clone())
    }

    /// The output; null until there is one. Of a failure RESULT_INVALID the output as it came. `GET /jobs/{id}/results`
    /// gives it as a file.
    async fn results(&self, ctx: &Context<'_>) -> Option<Result<serde_json::Value>> {
        nullable(async move { Ok(self.body(ctx, job::Column::Results).await?.results.clone().map(|it| it.0)) }).await
    }

    /// Higher goes first; -1000 to 1000.
    async fn priority(&self) -> i32 {
        self.row.priority
    }

    /// What the batch system says of it; null for a job that was not recorded with that.
    async fn slurm(&self, ctx: &Context<'_>) -> Option<Result<JobSlurm>> {
        nullable(async move {
            match self.row.origin {
                Origin::Submitted => Ok(None),
                Origin::Recorded => Ok(loaders(ctx)?.slurm(self.row.id).await?.map(|row| JobSlurm::from(&*row))),
            }
        })
        .await
    }

    /// What its owner calls it by, in the order of the keys.
    async fn labels(&self) -> Vec<Label> {
        label::shown(&self.row.labels)
    }

    /// The labels that a runner must have to get it, in the order of the keys.
    async fn requires(&self) -> Vec<Label> {
        label::shown(&self.row.requires)
    }

    /// The moment that it was submitted for; null when it was to run at once.
    async fn scheduled_at(&self) -> Option<DateTime> {
        self.row.scheduled_at.map(Into::into)
    }

    /// When it may be claimed: later than now while it is scheduled, or waits for another attempt after a failure.
    async fn run_after(&self) -> DateTime {
        self.row.run_after.into()
    }

    /// Why it waits; null unless it is SCHEDULED or QUEUED, and for a recorded job. It is found out when it is asked for,
    /// and costs five times as much as another object.
    async fn waiting_reason(&self, ctx: &Context<'_>) -> Option<Result<WaitingReason>> {
        nullable(async move { Ok(domain::job::waiting(app(ctx)?, &self.row).await?.map(Into::into)) }).await
    }

    /// The number of the attempt; 0 before the first claim.
    async fn attempt(&self) -> i32 {
        self.row.attempt
    }

    /// How often it is tried before it fails for good; null means for ever. Attempts that a worker handed back do not
    /// count.
    async fn max_attempts(&self) -> Option<i32> {
        self.row.max_attempts
    }

    /// 0 to 1; null before the worker's first report.
    async fn progress(&self) -> Option<f64> {
        self.row.progress
    }

    /// The worker's last message; at most 1,000 characters.
    async fn message(&self) -> Option<&str> {
        self.row.message.as_deref()
    }

    /// Why it failed; null unless it did.
    async fn failure(&self) -> Option<JobFailure> {
        let row = &self.row;
        let kind = row.failure_kind?.into();
        Some(JobFailure { kind, code: row.failure_code.clone(), message: row.failure_message.clone() })
    }

    /// Whether somebody asked for its cancellation.
    async fn cancel_requested(&self) -> bool {
        self.row.cancel_requested
    }

    /// The number of its last event; grows by one with each.
    async fn revision(&self) -> Long {
        Long(self.row.revision)
    }

    /// When the current lease ends unless a heartbeat extends it; null while nobody holds it.
    async fn lease_expires_at(&self) -> Option<DateTime> {
        self.row.lease_expires_at.map(Into::into)
    }

    /// When it came here: the moment of submission, or of being recorded.
    async fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// When it was submitted; of a recorded job, when that was done in the other system.
    async fn submitted_at(&self) -> DateTime {
        self.row.submitted_at.into()
    }

    /// When its first attempt began to run.
    async fn started_at(&self) -> Option<DateTime> {
        self.row.started_at.map(Into::into)
    }

    /// When it reached its final state.
    async fn finished_at(&self) -> Option<DateTime> {
        self.row.finished_at.map(Into::into)
    }

    /// When somebody noted that its results were fetched (`jobMarkDownloaded`); null before.
    async fn downloaded_at(&self) -> Option<DateTime> {
        self.row.downloaded_at.map(Into::into)
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        self.row.updated_at.into()
    }

    /// Who pays for it; null when it costs nothing, and for those who may not see the account.
    async fn account(&self, ctx: &Context<'_>) -> Option<Result<InPlace<Account>>> {
        nullable(async move {
            match (&self.account, self.row.account_id) {
                (Some(row), _) => Ok(Some(InPlace(Account(Arc::clone(row))))),
                (None, Some(id)) => Ok(loaders(ctx)?.account(id).await?.map(Account).map(InPlace)),
                (None, None) => Ok(None),
            }
        })
        .await
    }

    /// What is held for it on the account; null when it has no account, and after its end.
    async fn held(&self) -> Option<Decimal> {
        self.row.held.map(Into::into)
    }

    /// What was taken for it, less what was given back; null before its end, and when it has no account.
    async fn amount(&self) -> Option<Decimal> {
        self.row.amount.map(Into::into)
    }

    /// The entries of the ledger about it that the viewer may see, oldest first; at most 100. They cost as much as five
    /// objects.
    async fn charges(&self, ctx: &Context<'_>) -> Result<Vec<LedgerEntry>> {
        let charges = Box::pin(loaders(ctx)?.charges(self.row.uid)).await?;
        let entries = charges.iter().flat_map(|charges| charges.entries.iter().cloned());
        Ok(entries.map(|row| LedgerEntry(Arc::new(row))).collect())
    }

    /// Processors that it occupies; they multiply the price per processor and hour.
    async fn cpus(&self) -> i32 {
        self.row.cpus
    }

    /// Seconds that one attempt may run; null means for ever.
    async fn max_run_seconds(&self) -> Option<i32> {
        self.row.max_run_seconds
    }

    /// Seconds that its attempts ran, the current one not yet counted, those that were handed back not at all: what is
    /// paid by the hour.
    async fn run_seconds(&self) -> f64 {
        seconds(self.row.ran_micros)
    }

    /// Its log from a byte offset on.
    async fn log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Bytes to skip; 0 or more.", default_with = "Long(0)")] offset: Long,
    ) -> Result<JobLog> {
        viewer(ctx)?.require_read(Permission::JobsRead)?;
        if offset.0 < 0 {
            return Err(Error::invalid("offset", format!("{} is out of range; take 0 or more.", offset.0)).into());
        }
        // Boxed like `nullable`.
        let read = Box::pin(domain::job::log(app(ctx)?, self.row.id, offset.0, None)).await?;
        Ok(JobLog {
            text: read.text,
            end_offset: Long(read.end),
            size: Long(self.row.log_bytes),
            is_truncated: self.row.log_truncated,
        })
    }

    /// Its events, oldest first: the same that a subscription delivers, with the same cursors.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "Only events after this cursor.")] after: Option<Cursor>,
    ) -> Result<JobEventConnection> {
        let (app, viewer) = asked(ctx)?;
        let filter = EventFilter { job_ids: Some(vec![self.row.uid]), ..Default::default() };
        Box::pin(page_of_events(app, viewer, &filter, first, after)).await
    }

    /// Its files, oldest first; at most 1,000 in all.
    async fn files(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only inputs, or only outputs.")] role: Option<FileRole>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "Only files after this cursor.")] after: Option<String>,
    ) -> Result<FileConnection> {
        let filter = FileFilter { job_id: Some(self.row.id), role: role.map(Into::into), attached: None };
        page_of_files(ctx, filter, FileOrder::CreatedAtAsc, &page(ctx, Some(first), None, after, None)?).await
    }

    /// What the viewer may do with it now.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<JobPermissions> {
        let service = self.its_service(ctx).await?;
        let viewer = viewer(ctx)?;
        let domain::job::Rights { cancel, retry, delete } = domain::job::rights(viewer, &self.row, service.as_deref());
        let read_logs = viewer.require_read(Permission::JobsRead).is_ok();
        Ok(JobPermissions { cancel, retry, delete, read_logs })
    }
}
