//! Jobs.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use entity::{
    job::{self, Columns, Part},
    service, user,
};

use super::{
    context::{app, asked, loaders, nullable, viewer},
    event::{JobEventConnection, page_of_events},
    id::Kind,
    runner::Runner,
    scalar::{Cursor, DateTime, Long, number},
    service::Service,
    user::User,
};
use crate::{
    domain::{self, event::EventFilter},
    error::Error,
    viewer::Permission,
};

mod columns;
mod list;
mod live;
mod write;

pub use list::JobQuery;
pub use live::JobSubscription;
pub use write::JobMutation;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "JobStatus", remote = "entity::job::Status")]
pub enum JobStatus {
    /// Waits for a runner.
    Queued,
    /// A runner has it and has not yet said anything.
    Claimed,
    /// A runner works on it.
    Running,
    /// Done, with results. Final.
    Succeeded,
    /// Over, with a failure. Final.
    Failed,
    /// Stopped on request. Final.
    Cancelled,
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "FailureKind", remote = "entity::job::FailureKind")]
pub enum FailureKind {
    /// The input's, as the worker says.
    User,
    /// The worker's, as it says itself.
    System,
    /// An attempt ran longer than it may.
    Timeout,
    /// The results do not match the service's schema; they are kept as they came.
    ResultInvalid,
    /// Workers kept disappearing.
    Lost,
}

/// Why a job failed.
#[derive(Clone, Debug, SimpleObject)]
pub struct JobFailure {
    /// Whose fault it is.
    kind: FailureKind,
    /// The worker's own code.
    code: Option<String>,
    /// What went wrong, for the owner to read.
    message: Option<String>,
}

/// What the viewer may do with a job.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct JobPermissions {
    /// Ask for its cancellation now.
    cancel: bool,
    /// Remove it now.
    delete: bool,
    /// Read its log.
    read_logs: bool,
}

/// A piece of a job's log.
#[derive(Clone, Debug, SimpleObject)]
pub struct JobLog {
    /// The text; at most about 320 KiB.
    text: String,
    /// Where to read on: pass it as `offset`.
    end_offset: Long,
    /// Bytes of the whole log so far.
    size: Long,
    /// Whether the log reached its bound of 16 MiB, and later text was dropped.
    is_truncated: bool,
}

/// One run of a service.
#[derive(Clone, Debug)]
pub struct Job {
    row: Arc<job::Model>,
    columns: Columns,
    owner: Option<Arc<user::Model>>,
    service: Option<Arc<service::Model>>,
}

impl Job {
    /// A job whose related rows are loaded when they are asked for.
    pub fn new(row: job::Model) -> Self {
        Self::shared(Arc::new(row))
    }

    /// The same for a row that is shared already.
    pub fn shared(row: Arc<job::Model>) -> Self {
        Self { row, columns: Columns::ALL, owner: None, service: None }
    }

    /// The same for a row that a change of state has read: parameters and results are loaded when they are asked for.
    pub fn head(row: job::Model) -> Self {
        Self { columns: Columns::head(), ..Self::new(row) }
    }

    /// Parameters or results, from the row if it was read with them.
    async fn body(&self, ctx: &Context<'_>, column: job::Column) -> Result<Arc<job::Model>> {
        if self.columns.has(column) {
            return Ok(Arc::clone(&self.row));
        }
        Ok(loaders(ctx)?.whole_job(self.row.id).await?.ok_or(Error::NotFound("job"))?)
    }
}

impl From<Part> for Job {
    fn from(part: Part) -> Self {
        Self { columns: part.columns, ..Self::new(part.row) }
    }
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

    /// Where it stands.
    async fn status(&self) -> JobStatus {
        self.row.status.into()
    }

    /// What is run.
    async fn service(&self, ctx: &Context<'_>) -> Option<Result<Service>> {
        nullable(async move {
            match &self.service {
                Some(row) => Ok(Some(Service(Arc::clone(row)))),
                None => Ok(loaders(ctx)?.service(self.row.service_id).await?.map(Service)),
            }
        })
        .await
    }

    /// Who submitted it.
    async fn owner(&self, ctx: &Context<'_>) -> Option<Result<User>> {
        nullable(async move {
            match &self.owner {
                Some(row) => Ok(Some(User(Arc::clone(row)))),
                None => Ok(loaders(ctx)?.user(self.row.owner_id).await?.map(User)),
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
        Ok(self.body(ctx, job::Column::Parameters).await?.parameters.clone())
    }

    /// The output; null until there is one. Of a failure RESULT_INVALID the output as it came.
    async fn results(&self, ctx: &Context<'_>) -> Option<Result<serde_json::Value>> {
        nullable(async move { Ok(self.body(ctx, job::Column::Results).await?.results.clone()) }).await
    }

    /// Higher goes first; -1000 to 1000.
    async fn priority(&self) -> i32 {
        self.row.priority
    }

    /// When it may be claimed: later than now while it waits for another attempt after a failure.
    async fn run_after(&self) -> DateTime {
        self.row.run_after.into()
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

    /// When the row was made: the moment of submission.
    async fn created_at(&self) -> DateTime {
        self.row.submitted_at.into()
    }

    /// When it was submitted.
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

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        self.row.updated_at.into()
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
        let read = domain::job::log(app(ctx)?, self.row.id, offset.0, None).await?;
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
        page_of_events(app, viewer, &filter, first, after).await
    }

    /// What the viewer may do with it now.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<JobPermissions> {
        let viewer = viewer(ctx)?;
        let may_write = viewer.require(Permission::JobsWrite).is_ok();
        let is_final = self.row.status.is_final();
        Ok(JobPermissions {
            cancel: may_write && !is_final && !self.row.cancel_requested,
            delete: may_write && is_final,
            read_logs: viewer.require_read(Permission::JobsRead).is_ok(),
        })
    }
}
