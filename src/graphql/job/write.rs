//! Submitting jobs and what their owners do with them.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use serde_json::Value;
use uuid::Uuid;

use super::Job;
use crate::{
    app::App,
    domain::{
        self,
        job::{JobChange, NewJob},
    },
    error::Error,
    graphql::{
        context::asked,
        id::{self, Kind},
        label::{LabelInput, pairs},
        nodes::InPlace,
        payload::{id_inputs, payloads},
        scalar::DateTime,
    },
    viewer::Viewer,
};

/// A job to submit.
#[derive(Clone, Debug, InputObject)]
pub struct JobSubmitInput {
    /// What to run.
    service_id: ID,
    /// The project that it is a part of; the viewer must be a contributor, a manager or an owner of it.
    project_id: Option<ID>,
    /// The input; must fit the service's parameters schema, and have at most 256 KiB as JSON (a setting). `{}` if not
    /// given.
    parameters: MaybeUndefined<Value>,
    /// Higher goes first; -1000 to 1000.
    #[graphql(default = 0)]
    priority: i32,
    /// Who pays; needed when the service has a price, unless the project has a default account that the viewer may charge.
    /// The viewer must be a member of the account.
    account_id: Option<ID>,
    /// Processors that it occupies, 1 to 100000; they multiply the service's price per processor and hour.
    #[graphql(default = 1)]
    cpus: i32,
    /// Seconds that one attempt may run, at most what the service allows, which is taken if not given. What is held
    /// for the job is its price for that time.
    max_run_seconds: Option<i32>,
    /// Not to be run before this moment, at most a year ahead. At once if not given, or past.
    scheduled_at: Option<DateTime>,
    /// What to call it by; at most 32 labels.
    #[graphql(default)]
    labels: Vec<LabelInput>,
    /// Labels that a runner must have to get it, with the same values; at most 32.
    #[graphql(default)]
    requires: Vec<LabelInput>,
    /// Its inputs: files that the caller brought with `PUT /files/{name}` and attached to nothing yet; at most 100.
    #[graphql(default)]
    file_ids: Vec<ID>,
    /// The caller's own name for this submission, 1 to 255 visible ASCII characters. Sent again under the same key, the
    /// same content gives the first job, whatever has become of it; other content is refused with IDEMPOTENCY_MISMATCH.
    /// A key is kept as long as its job.
    idempotency_key: Option<String>,
}

impl JobSubmitInput {
    pub(super) fn into_new(self) -> Result<NewJob, Error> {
        let parameters = match self.parameters {
            MaybeUndefined::Undefined => Value::Object(serde_json::Map::new()),
            MaybeUndefined::Null => Value::Null,
            MaybeUndefined::Value(parameters) => parameters,
        };
        Ok(NewJob {
            service_id: id::uid(Kind::Service, "serviceId", &self.service_id)?,
            project_id: self.project_id.map(|id| id::uid(Kind::Project, "projectId", &id)).transpose()?,
            parameters,
            priority: self.priority,
            scheduled_at: self.scheduled_at.map(|at| at.0),
            labels: pairs(self.labels),
            requires: pairs(self.requires),
            file_ids: id::uids(Kind::File, "fileIds", &self.file_ids)?,
            idempotency_key: self.idempotency_key,
            account_id: self.account_id.map(|id| id::uid(Kind::Account, "accountId", &id)).transpose()?,
            cpus: Some(self.cpus),
            max_run_seconds: self.max_run_seconds,
        })
    }
}

/// A job that was submitted.
#[derive(Clone, Debug, SimpleObject)]
pub struct JobSubmitPayload {
    /// The job.
    job: InPlace<Job>,
    /// Whether it had been submitted before, under the same idempotency key.
    replayed: bool,
}

/// A change of a waiting job: at least one of the two.
#[derive(Clone, Debug, InputObject)]
pub struct JobUpdateInput {
    /// Which job.
    job_id: ID,
    /// Its new priority, -1000 to 1000.
    priority: Option<i32>,
    /// Another moment to run it at, at most a year ahead; at once if it is past. Only while the job is SCHEDULED.
    scheduled_at: Option<DateTime>,
}

id_inputs! { job_id, "Its global id.";
    JobCancelInput "Which job to cancel.",
    JobMarkDownloadedInput "The results of which job were fetched.",
    JobRetryInput "Which job to run once more.",
    JobDeleteInput "Which job to remove.",
}

payloads! { job: in place Job, "The job.";
    JobUpdatePayload "A job that was changed.",
    JobCancelPayload "A job that was cancelled, or whose worker was asked to stop.",
    JobMarkDownloadedPayload "A job whose results were fetched.",
    JobRetryPayload "A job that waits again.",
    JobDeletePayload "A job that was removed, as it was.",
}

/// Submitting jobs and what their owners do with them.
#[derive(Debug, Default)]
pub struct JobMutation;

#[Object]
impl JobMutation {
    /// Submits a job. When the answer arrives the job is stored and will not be lost, and what it may cost is held on
    /// the account that pays. INSUFFICIENT_FUNDS when the account has too little.
    async fn job_submit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job to submit.")] input: JobSubmitInput,
    ) -> Result<JobSubmitPayload> {
        let (app, viewer) = asked(ctx)?;
        let submitted = domain::job::submit(app, viewer, input.into_new()?).await?;
        Ok(JobSubmitPayload { job: InPlace(Job::new(submitted.job)), replayed: submitted.replayed })
    }

    /// Changes the priority of a job that waits, or the moment of one that is scheduled.
    async fn job_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: JobUpdateInput,
    ) -> Result<JobUpdatePayload> {
        let (app, viewer, uid) = one(ctx, &input.job_id)?;
        let change = JobChange { priority: input.priority, scheduled_at: input.scheduled_at.map(|at| at.0) };
        head(domain::job::update(app, viewer, uid, change).await)
    }

    /// Cancels a job: at once while it waits, as a request to its worker while it runs.
    async fn job_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job.")] input: JobCancelInput,
    ) -> Result<JobCancelPayload> {
        let (app, viewer, uid) = one(ctx, &input.job_id)?;
        head(domain::job::cancel(app, viewer, uid).await)
    }

    /// Puts a job that failed or was cancelled back into the queue, as it was submitted. What came of it before is
    /// forgotten, but for its log; its attempts are counted anew. It runs at once, whatever moment it was submitted for.
    async fn job_retry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job.")] input: JobRetryInput,
    ) -> Result<JobRetryPayload> {
        let (app, viewer, uid) = one(ctx, &input.job_id)?;
        payload(domain::job::retry(app, viewer, uid).await)
    }

    /// Notes that somebody has fetched a job's results; the first time counts. Who may change the job may say so, once it
    /// has SUCCEEDED.
    async fn job_mark_downloaded(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job.")] input: JobMarkDownloadedInput,
    ) -> Result<JobMarkDownloadedPayload> {
        let (app, viewer, uid) = one(ctx, &input.job_id)?;
        head(domain::job::mark_downloaded(app, viewer, uid).await)
    }

    /// Removes a finished job with its results and log; a recorded one also before its end.
    async fn job_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job.")] input: JobDeleteInput,
    ) -> Result<JobDeletePayload> {
        let (app, viewer, uid) = one(ctx, &input.job_id)?;
        payload(domain::job::delete(app, viewer, uid).await)
    }
}

/// `app`, `viewer` and a uid for what is done to one job.
pub(super) fn one<'a>(ctx: &Context<'a>, id: &ID) -> Result<(&'a App, &'a Viewer, Uuid)> {
    let (app, viewer) = asked(ctx)?;
    Ok((app, viewer, id::uid(Kind::Job, "jobId", id)?))
}

/// The same for a job that was read for a change of its state.
fn head<P: From<Job>>(row: crate::error::Result<entity::job::Model>) -> Result<P> {
    Ok(Job::head(row?).into())
}

pub(super) fn payload<P: From<Job>>(row: crate::error::Result<entity::job::Model>) -> Result<P> {
    Ok(Job::new(row?).into())
}
