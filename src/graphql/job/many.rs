//! What is done to many jobs at once.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

use super::list::JobFilterInput;
use crate::{
    domain::{self, job::JobFilter},
    graphql::context::asked,
};

/// Which jobs to cancel.
#[derive(Clone, Debug, InputObject)]
pub struct JobsCancelInput {
    /// At least one condition.
    filter: JobFilterInput,
}

/// What became of the jobs that matched.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct JobsCancelPayload {
    /// How many waited, or were assigned to a runner that had not fetched them, and are cancelled now.
    cancelled: i32,
    /// How many a runner holds, and was asked to stop.
    requested: i32,
    /// Whether the bound of 10,000 jobs a call was reached. Call again until it was not.
    has_more: bool,
}

/// What is done to many jobs at once.
#[derive(Debug, Default)]
pub struct JobManyMutation;

#[Object]
impl JobManyMutation {
    /// Cancels all unfinished jobs that match a filter and that the viewer may cancel, those that are there when the call
    /// arrives: at once while they wait, as a request to their worker while they run. It does so in several steps: when
    /// it fails in between, some are cancelled already, and the same call does the rest.
    async fn jobs_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which jobs.")] input: JobsCancelInput,
    ) -> Result<JobsCancelPayload> {
        let (app, viewer) = asked(ctx)?;
        let done = domain::job::cancel_all(app, viewer, JobFilter::try_from(input.filter)?).await?;
        Ok(JobsCancelPayload { cancelled: done.ended, requested: done.asked, has_more: done.more })
    }
}
