//! Services.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, Subscription};
use entity::{Time, service, service_version};
use futures_util::Stream;
use serde_json::Value;

use super::{
    context::{app, asked, loaders, nullable, viewer},
    dialect::Dialect,
    id::{self, Kind},
    project::Project,
    scalar::{DateTime, Decimal, number},
    server::Server,
    user::User,
};
use crate::{
    domain::{self, schema::Semantics, service::Rights},
    error::Error,
};

mod list;
mod quick;
mod write;

pub use list::{ServiceConnection, ServiceFilterInput, ServiceOrder, ServiceQuery, page_of_services};
pub use write::ServiceMutation;

/// What sort of thing a service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "ServiceKind", remote = "entity::service::Kind")]
pub enum ServiceKind {
    /// One program.
    Program,
    /// Several steps behind one name.
    Workflow,
    /// Something that shows rather than computes.
    Widget,
}

/// How JSON Schemas are read. It is a matter of the service, and stays what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::schema::Semantics")]
pub enum SchemaSemantics {
    /// As the draft that `$schema` names, 2020-12 if it names none.
    Declared,
    /// As TopChef (2017) read them: draft 4 whatever `$schema` says; words of later drafts, numbers for
    /// `exclusiveMinimum` and `exclusiveMaximum`, and an empty `required` mean nothing; patterns may look around.
    Draft4Legacy,
}

/// How a service's jobs get to its runners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "ServiceDispatch", remote = "entity::service::Dispatch")]
pub enum ServiceDispatch {
    /// Runners ask for them with `workClaim`.
    Pull,
    /// The server assigns each to a registered runner: the most urgent job, then the longest waiting, to the runner that
    /// has been idle for longest, in the same transaction in which the one waits and the other is idle. A runner
    /// registers (`runnerRegister`), says every few seconds that it is there (`runnerHeartbeat`, or a subscription to
    /// `jobEvents` beside it, tells it of a job), fetches the job (`assignmentFetch`) and ends it (`assignmentComplete`,
    /// `assignmentFail`). It holds one job at a time. One that was not heard of for the service's `leaseSeconds` is no
    /// longer registered, and its job goes to the next one at once.
    Push,
}

/// What a service's jobs cost, in service units; null is nothing.
#[derive(Clone, Debug, SimpleObject)]
pub struct ServicePrices {
    /// For each job.
    #[graphql(name = "perJob")]
    job: Option<Decimal>,
    /// For each hour that a job runs.
    #[graphql(name = "perHour")]
    hour: Option<Decimal>,
    /// For each hour that a job runs, and for each of its processors.
    #[graphql(name = "perCpuHour")]
    cpu_hour: Option<Decimal>,
}

/// What the viewer may do with a service now.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct ServicePermissions {
    /// Submit jobs to it. Nobody may while it takes no new ones, nor to one that another server runs.
    submit_jobs: bool,
    /// Change and delete it, and look at all its jobs.
    manage: bool,
}

/// Something that can be run.
#[derive(Clone, Debug)]
pub struct Service(pub Arc<service::Model>);

impl Service {
    /// The version that new jobs are accepted under; none for a service of another server.
    async fn version(&self, ctx: &Context<'_>) -> Result<Option<Arc<service_version::Model>>> {
        let missing = || Error::internal("a service has no version");
        match self.0.version_id {
            None if self.0.server_id.is_some() => Ok(None),
            None => Err(missing().into()),
            Some(id) => Ok(Some(loaders(ctx)?.version(id).await?.ok_or_else(missing)?)),
        }
    }

    /// Its project's name, here or at the server that runs it, also where the viewer may not see the project.
    async fn project_name(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        match self.0.project_id {
            Some(id) => Ok(loaders(ctx)?.project_name(id).await?.map(|row| row.1.clone())),
            None => Ok(self.0.remote_project.clone()),
        }
    }
}

/// Something that can be run.
#[Object]
impl Service {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::Service.id(self.0.uid)
    }

    /// A short number, unique among services.
    async fn number(&self) -> i32 {
        number(self.0.id)
    }

    /// A short name, unique among the server's services or those of its project; 1 to 64 letters, digits, `_`, `.` or `-`.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What people call it; at most 200 characters.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What it does; at most 10,000 characters.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// What sort of thing it runs.
    async fn kind(&self) -> ServiceKind {
        self.0.kind.into()
    }

    /// How its jobs get to its runners.
    async fn dispatch(&self) -> ServiceDispatch {
        self.0.dispatch.into()
    }

    /// The project that it belongs to; null for one of the server's, and for those who may not see the project.
    async fn project(&self, ctx: &Context<'_>) -> Option<Result<Project>> {
        nullable(async move {
            match self.0.project_id {
                Some(id) => Ok(loaders(ctx)?.project(id).await?.map(Project::shared)),
                None => Ok(None),
            }
        })
        .await
    }

    /// The name of its project, at the server that runs it; null for one that is no project's.
    #[graphql(name = "projectName")]
    async fn name_of_project(&self, ctx: &Context<'_>) -> Option<Result<String>> {
        nullable(self.project_name(ctx)).await
    }

    /// The server that runs it. Jobs are submitted there.
    async fn server(&self, ctx: &Context<'_>) -> Option<Result<Server>> {
        nullable(async move { Ok(loaders(ctx)?.server(self.0.server_id).await?.map(Server)) }).await
    }

    /// What tells it from all services of all servers that know each other: `name::project::server`. The middle part is
    /// `server` for one that is no project's, the last part the name by which its server is known here.
    async fn full_name(&self, ctx: &Context<'_>) -> Result<String> {
        let project = self.project_name(ctx).await?;
        let server = loaders(ctx)?.server(self.0.server_id).await?;
        let server = server.ok_or_else(|| Error::internal("a service has no server"))?;
        Ok(format!("{}::{}::{}", self.0.name, project.as_deref().unwrap_or("server"), server.name))
    }

    /// Whether other servers may show it; one of a project where that is public. Only the project's contributors submit
    /// jobs to that.
    async fn is_exported(&self) -> bool {
        self.0.is_exported
    }

    /// Who made it, and manages it unless it belongs to a project. Who manages a service sees all its jobs. Null for one
    /// that another server runs.
    async fn owner(&self, ctx: &Context<'_>) -> Option<Result<User>> {
        nullable(async move {
            match self.0.server_id {
                Some(_) => Ok(None),
                None => Ok(loaders(ctx)?.user(self.0.owner_id).await?.map(User)),
            }
        })
        .await
    }

    /// What the viewer may do with it now.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<ServicePermissions> {
        let Rights { submit_jobs, manage } = domain::service::rights(viewer(ctx)?, &self.0);
        Ok(ServicePermissions { submit_jobs, manage })
    }

    /// The version that new jobs are accepted under: 1, 2, 3.. 0 for one that another server runs.
    #[graphql(name = "version")]
    async fn version_number(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(self.version(ctx).await?.map_or(0, |version| version.version))
    }

    /// How its schemas are read.
    async fn schema_semantics(&self, ctx: &Context<'_>) -> Result<SchemaSemantics> {
        Ok(self.version(ctx).await?.map_or(Semantics::Declared, |version| version.semantics.into()).into())
    }

    /// JSON Schema of a job's parameters. `true`, which takes everything, for one that another server runs: only that
    /// server knows.
    async fn parameters_schema(&self, ctx: &Context<'_>) -> Result<serde_json::Value> {
        Ok(self.version(ctx).await?.map_or(Value::Bool(true), |version| version.parameters_schema.0.clone()))
    }

    /// JSON Schema of a job's results. `true` for one that another server runs.
    async fn results_schema(&self, ctx: &Context<'_>) -> Result<serde_json::Value> {
        Ok(self.version(ctx).await?.map_or(Value::Bool(true), |version| version.results_schema.0.clone()))
    }

    /// The older API that it was made through, where its jobs are at home; null for none.
    async fn dialect(&self) -> Option<Dialect> {
        self.0.dialect.map(Into::into)
    }

    /// Takes no new jobs.
    async fn is_disabled(&self) -> bool {
        self.0.disabled
    }

    /// A flag that its owner sets; it blocks nothing.
    async fn is_available(&self) -> bool {
        self.0.is_available
    }

    /// Seconds without a check-in after which it counts as timed out.
    async fn timeout_seconds(&self) -> i32 {
        self.0.timeout_seconds
    }

    /// The last check-in; null before the first.
    async fn last_seen_at(&self) -> Option<DateTime> {
        self.0.last_seen_at.map(Into::into)
    }

    /// Whether it has not checked in for longer than its timeout; false before the first check-in. It blocks nothing.
    async fn has_timed_out(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.0.has_timed_out(Time(app(ctx)?.clock.now_micros())))
    }

    /// How often a job is tried before it fails for good; null means for ever.
    async fn max_attempts(&self) -> Option<i32> {
        self.0.max_attempts
    }

    /// Seconds that a claim lasts without a heartbeat.
    async fn lease_seconds(&self) -> i32 {
        self.0.lease_seconds
    }

    /// Seconds that one attempt may run; null means for ever.
    async fn max_run_seconds(&self) -> Option<i32> {
        self.0.max_run_seconds
    }

    /// Whether an attempt that ran too long is tried again.
    async fn retry_timeouts(&self) -> bool {
        self.0.retry_timeouts
    }

    /// What its jobs cost; null when they cost nothing.
    async fn prices(&self) -> Option<ServicePrices> {
        let row = &self.0;
        let prices = [row.price_per_job, row.price_per_hour, row.price_per_cpu_hour];
        let [job, hour, cpu_hour] = prices.map(|price| price.map(Decimal::from));
        prices.iter().any(Option::is_some).then_some(ServicePrices { job, hour, cpu_hour })
    }

    /// Bytes of JSON that a job's results may have; null means that the server's setting holds.
    async fn max_result_bytes(&self) -> Option<i32> {
        self.0.max_result_bytes
    }

    /// How many of its jobs runners may hold at once; null means any number.
    async fn max_running(&self) -> Option<i32> {
        self.0.max_running
    }

    /// How many jobs of one user runners may hold at once; null means any number.
    async fn max_running_per_user(&self) -> Option<i32> {
        self.0.max_running_per_user
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }

    /// When it was deleted; only its old jobs still lead here.
    async fn deleted_at(&self) -> Option<DateTime> {
        self.0.deleted_at.map(Into::into)
    }
}

/// Following services.
#[derive(Debug, Default)]
pub struct ServiceSubscription;

#[Subscription]
impl ServiceSubscription {
    /// A hint for workers: yields a service whenever one of its jobs enters the queue. The claim itself is
    /// `workClaim`, which can also wait by itself.
    async fn jobs_available(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The services to watch, 1 to 100.")] service_ids: Vec<ID>,
    ) -> Result<impl Stream<Item = Result<Service, Error>> + use<>> {
        let (app, viewer) = (app(ctx)?.clone(), viewer(ctx)?.clone());
        let uids = id::uids(Kind::Service, "serviceIds", &service_ids)?;
        let watched = domain::service::watch(&app, &viewer, &uids).await?;
        Ok(futures_util::stream::try_unfold(watched, |mut watched| async move {
            let next = watched.next().await?;
            Ok(next.map(|row| (Service(Arc::new(row)), watched)))
        }))
    }
}

/// `app`, `viewer` and a uid for what is done to one service.
fn one<'a>(ctx: &Context<'a>, id: &ID) -> Result<(&'a crate::app::App, &'a crate::viewer::Viewer, uuid::Uuid)> {
    let (app, viewer) = asked(ctx)?;
    Ok((app, viewer, id::uid(Kind::Service, "serviceId", id)?))
}
