//! Runners.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use entity::{legacy_number::Noun, runner};

use super::{
    connection::connection,
    context::{asked, counted, loaders, nullable, page},
    dialect::{Dialect, its_number, only_with_a_number, row_of},
    id::{self, Kind},
    job::{JobConnection, JobOrder, page_of_jobs},
    label::{self, Label, LabelInput, pairs},
    payload::{id_inputs, payloads},
    scalar::{DateTime, number},
    service::{ServiceConnection, ServiceOrder, page_of_services},
    user::User,
};
use crate::{
    domain::{
        self,
        job::JobFilter,
        runner::{NewRunner, Report},
        service::ServiceFilter,
    },
    error::Error,
    page::cursor,
};

/// A worker process.
#[derive(Clone, Debug)]
pub struct Runner(pub Arc<runner::Model>);

connection!(RunnerConnection, RunnerEdge, Runner, "runners");

/// How runners are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "RunnerOrder", remote = "crate::domain::runner::RunnerOrder")]
pub enum RunnerOrder {
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
}

/// A worker process.
#[Object]
impl Runner {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::Runner.id(self.0.uid)
    }

    /// A short number, unique among runners.
    async fn number(&self) -> i32 {
        number(self.0.id)
    }

    /// Its number in an older API; null as long as that API has not shown it.
    async fn legacy_number(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose number.")] dialect: Dialect,
    ) -> Option<Result<i32>> {
        nullable(its_number(ctx, dialect, Noun::Runner, self.0.id, true)).await
    }

    /// What its owner calls it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Who made it.
    async fn owner(&self, ctx: &Context<'_>) -> Option<Result<User>> {
        nullable(async move { Ok(loaders(ctx)?.user(self.0.owner_id).await?.map(User)) }).await
    }

    /// The services that it works for, as far as the viewer sees them; oldest first.
    async fn services(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<ServiceConnection> {
        let filter = ServiceFilter { runner_id: Some(self.0.id), ..ServiceFilter::default() };
        page_of_services(ctx, &filter, ServiceOrder::CreatedAtAsc, &page(ctx, first, last, after, before)?).await
    }

    /// How many jobs it may hold at once.
    async fn slots(&self) -> i32 {
        self.0.slots
    }

    /// What it can do: it gets only jobs that require some of these labels, with the same values, or none. In the order
    /// of the keys.
    async fn labels(&self) -> Vec<Label> {
        label::shown(&self.0.labels)
    }

    /// Whether it has registered for work and not left since.
    async fn is_registered(&self) -> bool {
        self.0.registered_at.is_some()
    }

    /// Where jobs are assigned (PUSH): until when it counts as there, unless it is heard of again; null while it is not
    /// registered, and where it asks for jobs itself.
    async fn online_until(&self) -> Option<DateTime> {
        self.0.online_until.map(Into::into)
    }

    /// Where jobs are assigned (PUSH): since when it has been there, or without a job, whichever was later. The next job
    /// goes to the idle runner that has waited for longest.
    async fn idle_since(&self) -> Option<DateTime> {
        self.0.idle_since.map(Into::into)
    }

    /// The last sign of life, to about five seconds; null before the first.
    async fn last_heartbeat_at(&self) -> Option<DateTime> {
        self.0.last_heartbeat_at.map(Into::into)
    }

    /// The jobs that it holds now, of those that the viewer may see: who sees a runner by its job sees its other jobs no
    /// better than before. Oldest submission first; null without the right to read jobs.
    async fn jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Option<Result<JobConnection>> {
        nullable(async move {
            let filter = JobFilter { held_by: Some(self.0.id), ..JobFilter::default() };
            page_of_jobs(ctx, &filter, JobOrder::SubmittedAtAsc, &page(ctx, first, last, after, before)?)
                .await
                .map(Some)
        })
        .await
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }
}

/// Reading runners.
#[derive(Debug, Default)]
pub struct RunnerQuery;

#[Object]
impl RunnerQuery {
    /// One runner, by exactly one of the arguments. Its owner, itself and admins see it.
    async fn runner(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: Option<ID>,
        #[graphql(desc = "The short number.")] number: Option<i32>,
        #[graphql(desc = "The older API whose `number` is meant; without it, docket's own is.")] dialect: Option<
            Dialect,
        >,
    ) -> Option<Result<Runner>> {
        nullable(async move {
            let (app, viewer) = asked(ctx)?;
            only_with_a_number(dialect, number)?;
            let row = match (id, number) {
                (Some(id), None) => domain::runner::get(app, viewer, id::uid(Kind::Runner, "id", &id)?).await?,
                (None, Some(number)) => {
                    let id = row_of(ctx, dialect, Noun::Runner, number).await?;
                    domain::runner::get_by_number(app, viewer, id).await?
                }
                _ => return Err(Error::invalid("id", "Give exactly one of id and number.").into()),
            };
            Ok(Some(Runner(Arc::new(row))))
        })
        .await
    }

    /// The runners that the viewer may see: one's own, or all for an admin.
    async fn runners(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.", default_with = "RunnerOrder::CreatedAtAsc")] order: RunnerOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<RunnerConnection> {
        let (app, viewer) = asked(ctx)?;
        let order = order.into();
        let found = domain::runner::list(app, viewer, order, &page(ctx, first, last, after, before)?).await?;
        let total = counted(ctx, domain::runner::count(app, viewer)).await?;
        Ok(RunnerConnection::of(found, |row| cursor(order, row), |row| Runner(Arc::new(row)), total))
    }
}

/// A runner to make.
#[derive(Clone, Debug, InputObject)]
pub struct RunnerCreateInput {
    /// What to call it; 1 to 200 characters, unique among the viewer's runners.
    name: String,
    /// The services that it works for, 1 to 100, all of one way of dispatch. Whoever runs a service's jobs reads them: only its owner and admins
    /// make runners for it.
    service_ids: Vec<ID>,
    /// How many jobs it may hold at once, 1 to 1000; 1 where jobs are assigned (PUSH).
    #[graphql(default = 1)]
    slots: i32,
    /// What it can do; at most 32 labels. It gets only jobs that require some of these, with the same values, or none.
    #[graphql(default)]
    labels: Vec<LabelInput>,
}

/// A new runner.
#[derive(Clone, Debug, SimpleObject)]
pub struct RunnerCreatePayload {
    /// The runner.
    runner: Runner,
    /// What the worker process sends as `Authorization: Bearer`. Shown this once.
    token: String,
}

/// What a worker process says of itself.
#[derive(Clone, Debug, InputObject)]
pub struct RunnerRegisterInput {
    /// How many jobs it can hold at once, 1 to 1000; stays as it is if not given.
    slots: Option<i32>,
    /// What it can do, at most 32 labels in place of those it had; they stay as they are if not given.
    labels: Option<Vec<LabelInput>>,
    /// Where jobs are assigned (PUSH): whether to take the place of a process that is registered with the same token; what
    /// that one holds goes back to the queue. Otherwise it is INVALID_STATE that there is one.
    #[graphql(default)]
    take_over: bool,
}

id_inputs! { runner_id, "Its global id.";
    RunnerDeleteInput "Which runner to remove.",
}

payloads! { runner: Runner, "The runner.";
    RunnerRegisterPayload "A runner that reported for work.",
    RunnerUnregisterPayload "A runner that left.",
    RunnerDeletePayload "A runner that was removed, as it was.",
}

/// Making and removing runners.
#[derive(Debug, Default)]
pub struct RunnerMutation;

#[Object]
impl RunnerMutation {
    /// Makes a runner and its token.
    async fn runner_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The runner to make.")] input: RunnerCreateInput,
    ) -> Result<RunnerCreatePayload> {
        let (app, viewer) = asked(ctx)?;
        let service_ids = id::uids(Kind::Service, "serviceIds", &input.service_ids)?;
        let new = NewRunner { name: input.name, service_ids, slots: input.slots, labels: pairs(input.labels) };
        let (row, secret) = domain::runner::create(app, viewer, new).await?;
        Ok(RunnerCreatePayload { runner: Runner(Arc::new(row)), token: secret.expose().to_owned() })
    }

    /// A worker process reports for work; where jobs are assigned (PUSH) it gets one at once if one waits. Needs a
    /// runner's token.
    async fn runner_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it says of itself.")] input: RunnerRegisterInput,
    ) -> Result<RunnerRegisterPayload> {
        let (app, viewer) = asked(ctx)?;
        let report = Report { slots: input.slots, labels: input.labels.map(pairs), take_over: input.take_over };
        let row = domain::runner::register(app, viewer, report).await?;
        Ok(Runner(Arc::new(row)).into())
    }

    /// A worker process leaves; the jobs that it still holds go back to the queue. Needs a runner's token.
    async fn runner_unregister(&self, ctx: &Context<'_>) -> Result<RunnerUnregisterPayload> {
        let (app, viewer) = asked(ctx)?;
        let row = domain::runner::unregister(app, viewer).await?;
        Ok(Runner(Arc::new(row)).into())
    }

    /// Removes a runner: its token opens nothing any more, and its jobs go back to the queue.
    async fn runner_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which runner.")] input: RunnerDeleteInput,
    ) -> Result<RunnerDeletePayload> {
        let (app, viewer) = asked(ctx)?;
        let row = domain::runner::delete(app, viewer, id::uid(Kind::Runner, "runnerId", &input.runner_id)?).await?;
        Ok(Runner(Arc::new(row)).into())
    }
}
