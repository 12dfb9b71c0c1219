//! Following one job.

use async_graphql::{Context, ID, Result, Subscription};
use futures_util::Stream;

use super::{Job, columns::needed};
use crate::{
    domain,
    error::Error,
    graphql::{
        context::{app, viewer},
        id::{self, Kind},
        loaders::Loaders,
    },
};

/// Following one job.
#[derive(Debug, Default)]
pub struct JobSubscription;

#[Subscription]
impl JobSubscription {
    /// A job as it is now, then again after each change (several changes in quick succession may come as one). The
    /// stream completes after the final state.
    async fn job<'a>(
        &self,
        ctx: &Context<'a>,
        #[graphql(desc = "The job.")] id: ID,
    ) -> Result<impl Stream<Item = Result<Job, Error>> + use<'a>> {
        let (app, viewer) = (app(ctx)?, viewer(ctx)?);
        let watched =
            domain::job::watch(app, viewer, id::uid(Kind::Job, "id", &id)?, needed(ctx.field().selection_set()))
                .await?;
        let loaders = ctx.data::<Loaders>()?;
        Ok(futures_util::stream::try_unfold(watched, move |mut watched| async move {
            let next = watched.next().await?;
            loaders.renew();
            Ok(next.map(|part| (Job::from(part), watched)))
        }))
    }
}
