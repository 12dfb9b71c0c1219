//! Setting a job's state by hand.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use serde_json::Value;

use super::{
    FailureKind, Job, JobStatus,
    write::{one, payload},
};
use crate::{
    domain::{
        self,
        job::{Overrule, SetFailure},
    },
    graphql::payload::payloads,
};

/// What is to be true of a job; what is not given stays.
#[derive(Clone, Debug, InputObject)]
pub struct JobOverrideInput {
    /// Which job.
    job_id: ID,
    /// Its state: QUEUED, SUCCEEDED, FAILED or CANCELLED, from whatever state it is in. RUNNING, too, where the service was
    /// made through TopChef's API: it is nobody's lease then, and is never taken back.
    status: Option<JobStatus>,
    /// Its output, which must fit the schema that the job was accepted under, and have at most 768 KiB as JSON (a
    /// setting).
    results: MaybeUndefined<Value>,
    /// A message in place of the worker's; at most 1,000 characters.
    message: Option<String>,
    /// Why it failed, with FAILED; of kind SYSTEM if not given.
    failure: Option<JobFailureInput>,
}

/// Why a job failed.
#[derive(Clone, Debug, InputObject)]
pub struct JobFailureInput {
    /// Whose fault it is.
    #[graphql(default_with = "FailureKind::System")]
    kind: FailureKind,
    /// A code; 1 to 200 characters.
    code: Option<String>,
    /// What went wrong, for the owner to read; at most 10,000 characters.
    message: Option<String>,
}

payloads! { job: in place Job, "The job.";
    JobOverridePayload "A job that was set by hand.",
}

/// Setting a job's state by hand.
#[derive(Debug, Default)]
pub struct JobOverruleMutation;

#[Object]
impl JobOverruleMutation {
    /// Sets a job's state, results or message by hand. Those who manage its service and admins may. A live lease ends
    /// with that. A job that is queued again keeps its results, and its attempts are counted anew. Streams that have
    /// ended with the job's end do not open again.
    async fn job_override(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is to be true.")] input: JobOverrideInput,
    ) -> Result<JobOverridePayload> {
        let (app, viewer, uid) = one(ctx, &input.job_id)?;
        let results = match input.results {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(Value::Null),
            MaybeUndefined::Value(results) => Some(results),
        };
        let failure = input.failure.map(|failure| SetFailure {
            kind: failure.kind.into(),
            code: failure.code,
            message: failure.message,
        });
        let asked = Overrule { status: input.status.map(Into::into), results, message: input.message, failure };
        payload(domain::job::overrule(app, viewer, uid, asked).await)
    }
}
