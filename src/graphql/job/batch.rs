//! Submitting many jobs in one call.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

use super::{Job, write::JobSubmitInput};
use crate::{
    domain::{self, job::Submitted},
    error::Error,
    graphql::context::asked,
};

/// Jobs to submit.
#[derive(Clone, Debug, InputObject)]
pub struct JobSubmitBatchInput {
    /// The jobs, 1 to 1000.
    jobs: Vec<JobSubmitInput>,
}

/// What became of the jobs.
#[derive(Clone, Debug, SimpleObject)]
pub struct JobSubmitBatchPayload {
    /// One for each job, in the order in which they were given.
    results: Vec<JobSubmitResult>,
}

/// What became of one job: it was submitted, or there is an error.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct JobSubmitResult {
    /// The job; null when it was refused.
    job: Option<Job>,
    /// Whether it had been submitted before, under the same idempotency key.
    replayed: bool,
    /// Why it was refused; null when it was not.
    error: Option<JobSubmitError>,
}

/// Why a job was refused.
#[derive(Clone, Debug, SimpleObject)]
pub struct JobSubmitError {
    /// The code, as `jobSubmit` would have it in `extensions.code`.
    code: &'static str,
    /// What is wrong, in a sentence.
    message: String,
    /// The fields of the job that are wrong.
    fields: Vec<JobSubmitFault>,
}

/// One wrong field of a job.
#[derive(Clone, Debug, SimpleObject)]
pub struct JobSubmitFault {
    /// Where: the field's name, followed by a JSON pointer when the fault lies inside a JSON value.
    path: String,
    /// What is wrong and what would be right, in a sentence.
    message: String,
}

impl From<Error> for JobSubmitError {
    fn from(error: Error) -> Self {
        if let Error::Internal(cause) = &error {
            tracing::error!(cause, "a job of a batch failed");
        }
        let fault = |fault: &crate::error::FieldError| JobSubmitFault {
            path: fault.path.clone(),
            message: fault.message.clone(),
        };
        Self {
            code: error.code().as_str(),
            message: error.to_string(),
            fields: error.fields().iter().map(fault).collect(),
        }
    }
}

impl From<Result<Submitted, Error>> for JobSubmitResult {
    fn from(submitted: Result<Submitted, Error>) -> Self {
        match submitted {
            Ok(Submitted { job, replayed }) => Self { job: Some(Job::new(job)), replayed, error: None },
            Err(error) => Self { error: Some(error.into()), ..Self::default() },
        }
    }
}

/// Submitting many jobs in one call.
#[derive(Debug, Default)]
pub struct JobBatchMutation;

#[Object]
impl JobBatchMutation {
    /// Submits many jobs, each by itself: one that is refused keeps no other from being stored. They are stored in
    /// several steps: when the call fails in between, some are there already, and the same call with idempotency keys
    /// does the rest. What is selected of the results costs a tenth for each job.
    async fn job_submit_batch(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The jobs to submit.")] input: JobSubmitBatchInput,
    ) -> Result<JobSubmitBatchPayload> {
        let (app, viewer) = asked(ctx)?;
        let jobs = input.jobs.into_iter().map(JobSubmitInput::into_new).collect();
        // Boxed: the future of so many submissions is large.
        let results = Box::pin(domain::job::submit_all(app, viewer, jobs)).await?;
        Ok(JobSubmitBatchPayload { results: results.into_iter().map(Into::into).collect() })
    }
}
