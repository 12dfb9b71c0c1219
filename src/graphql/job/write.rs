//! Submitting jobs and what their owners do with them.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use serde_json::Value;
use uuid::Uuid;

use super::Job;
use crate::{
    app::App,
    domain::{self, job::NewJob},
    graphql::{
        context::asked,
        id::{self, Kind},
        payload::{id_inputs, payloads},
    },
    viewer::Viewer,
};

/// A job to submit.
#[derive(Clone, Debug, InputObject)]
pub struct JobSubmitInput {
    /// What to run.
    service_id: ID,
    /// The input; must fit the service's parameters schema, and have at most 256 KiB as JSON (a setting). `{}` if not
    /// given.
    parameters: MaybeUndefined<Value>,
    /// Higher goes first; -1000 to 1000.
    #[graphql(default = 0)]
    priority: i32,
}

/// A change of a waiting job.
#[derive(Clone, Debug, InputObject)]
pub struct JobUpdateInput {
    /// Which job.
    job_id: ID,
    /// Its new priority, -1000 to 1000.
    priority: i32,
}

id_inputs! { job_id, "Its global id.";
    JobCancelInput "Which job to cancel.",
    JobDeleteInput "Which job to remove.",
}

payloads! { job: Job, "The job.";
    JobSubmitPayload "A job that was submitted.",
    JobUpdatePayload "A job that was changed.",
    JobCancelPayload "A job that was cancelled, or whose worker was asked to stop.",
    JobDeletePayload "A job that was removed, as it was.",
}

/// Submitting jobs and what their owners do with them.
#[derive(Debug, Default)]
pub struct JobMutation;

#[Object]
impl JobMutation {
    /// Submits a job. When the answer arrives the job is stored and will not be lost.
    async fn job_submit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job to submit.")] input: JobSubmitInput,
    ) -> Result<JobSubmitPayload> {
        let (app, viewer) = asked(ctx)?;
        let service_id = id::uid(Kind::Service, "serviceId", &input.service_id)?;
        let parameters = match input.parameters {
            MaybeUndefined::Undefined => Value::Object(serde_json::Map::new()),
            MaybeUndefined::Null => Value::Null,
            MaybeUndefined::Value(parameters) => parameters,
        };
        let new = NewJob { service_id, parameters, priority: input.priority };
        payload(domain::job::submit(app, viewer, new).await)
    }

    /// Changes the priority of a job that waits.
    async fn job_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: JobUpdateInput,
    ) -> Result<JobUpdatePayload> {
        let (app, viewer, uid) = one(ctx, &input.job_id)?;
        head(domain::job::update(app, viewer, uid, input.priority).await)
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

    /// Removes a finished job with its results and log.
    async fn job_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which job.")] input: JobDeleteInput,
    ) -> Result<JobDeletePayload> {
        let (app, viewer, uid) = one(ctx, &input.job_id)?;
        payload(domain::job::delete(app, viewer, uid).await)
    }
}

fn one<'a>(ctx: &Context<'a>, id: &ID) -> Result<(&'a App, &'a Viewer, Uuid)> {
    let (app, viewer) = asked(ctx)?;
    Ok((app, viewer, id::uid(Kind::Job, "jobId", id)?))
}

/// The same for a job that was read for a change of its state.
fn head<P: From<Job>>(row: crate::error::Result<entity::job::Model>) -> Result<P> {
    Ok(Job::head(row?).into())
}

fn payload<P: From<Job>>(row: crate::error::Result<entity::job::Model>) -> Result<P> {
    Ok(Job::new(row?).into())
}
