//! Reading jobs.

use std::{collections::HashMap, convert::identity, sync::Arc};

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, futures_util::future::BoxFuture};
use entity::job::{self, Part};

use super::{
    Job, JobOrigin, JobStatus,
    columns::{needed, needed_by_nodes},
};
use crate::{
    app::App,
    domain::{self, job::JobFilter},
    error::Error,
    graphql::{
        connection::connection,
        context::{asked, counted, nodes_ask_for, nullable, page, viewer},
        dialect::{Dialect, DialectFilter, only_with_a_number},
        filter::{DateTimeFilter, IdFilter, IntFilter, both},
        id::{self, Kind},
        label::{LabelInput, pairs},
        nodes::InPlace,
    },
    page::{Page, PageRequest, cursor},
};

connection!(JobConnection, JobEdge, Job, "jobs", quick);

/// How jobs are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "JobOrder", remote = "crate::domain::job::JobOrder")]
pub enum JobOrder {
    /// Oldest submission first; a recorded job stands where it came here.
    SubmittedAtAsc,
    /// Newest submission first; a recorded job stands where it came here.
    SubmittedAtDesc,
    /// Longest unchanged first. All jobs that the filter leaves are read and sorted for each page: narrow it.
    UpdatedAtAsc,
    /// Last changed first. All jobs that the filter leaves are read and sorted for each page: narrow it.
    UpdatedAtDesc,
    /// Highest priority first. All jobs that the filter leaves are read and sorted for each page: narrow it.
    PriorityDesc,
}

/// Matches a job's state.
#[derive(Clone, Debug, Default, InputObject)]
pub struct JobStatusFilter {
    /// Exactly this state.
    eq: Option<JobStatus>,
    /// One of these states.
    #[graphql(name = "in")]
    any_of: Option<Vec<JobStatus>>,
}

/// Which jobs; conditions are ANDed.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "JobFilter")]
pub struct JobFilterInput {
    /// By state.
    status: Option<JobStatusFilter>,
    /// By service.
    service_id: Option<IdFilter>,
    /// By project.
    project_id: Option<IdFilter>,
    /// By who submitted it.
    owner_id: Option<IdFilter>,
    /// By the runner that holds it or held it last.
    runner_id: Option<IdFilter>,
    /// By labels: a job must have each of these; at most 32.
    labels: Option<Vec<LabelInput>>,
    /// By its number in the older API that it is at home in: one of these, at most 1000.
    dialect_numbers: Option<Vec<i32>>,
    /// By how it came to be.
    origin: Option<JobOrigin>,
    /// By the older API that it is at home in.
    dialect: Option<DialectFilter>,
    /// By priority.
    priority: Option<IntFilter>,
    /// By the moment of submission.
    submitted_at: Option<DateTimeFilter>,
    /// By the moment of its end; matches finished jobs only.
    finished_at: Option<DateTimeFilter>,
}

impl TryFrom<JobFilterInput> for JobFilter {
    type Error = Error;

    fn try_from(input: JobFilterInput) -> Result<Self, Error> {
        let statuses = input.status.and_then(|status| both(status.eq, status.any_of));
        let labels = input.labels.map(|labels| domain::job::filter_labels(pairs(labels))).transpose()?;
        let (homes, other_homes) = input.dialect.unwrap_or_default().homes();
        let priority = IntFilter::numbers(input.priority, "filter/priority")?;
        let submitted = DateTimeFilter::moments(input.submitted_at, "filter/submittedAt")?;
        let finished = DateTimeFilter::moments(input.finished_at, "filter/finishedAt")?;
        if let Some(numbers) = input.dialect_numbers.as_ref().filter(|numbers| numbers.len() > 1000) {
            let message = format!("{} numbers are too many; at most 1000 are taken.", numbers.len());
            return Err(Error::invalid("filter/dialectNumbers", message));
        }
        Ok(Self {
            dialect_numbers: input.dialect_numbers,
            statuses: statuses.map(|statuses| statuses.into_iter().map(Into::into).collect()),
            service_ids: IdFilter::uids(input.service_id, Kind::Service, "filter/serviceId")?,
            project_ids: IdFilter::uids(input.project_id, Kind::Project, "filter/projectId")?,
            owner_ids: IdFilter::uids(input.owner_id, Kind::User, "filter/ownerId")?,
            runner_ids: IdFilter::uids(input.runner_id, Kind::Runner, "filter/runnerId")?,
            held_by: None,
            labels: labels.unwrap_or_default(),
            origin: input.origin.map(Into::into),
            homes,
            other_homes,
            priority_least: priority.least,
            priority_most: priority.most,
            priorities: priority.any_of,
            submitted_from: submitted.from,
            submitted_before: submitted.before,
            submitted_at: submitted.any_of,
            finished_from: finished.from,
            finished_before: finished.before,
            finished_at: finished.any_of,
        })
    }
}

/// Reading jobs.
#[derive(Debug, Default)]
pub struct JobQuery;

#[Object]
impl JobQuery {
    /// One job, by exactly one of the arguments.
    async fn job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: Option<ID>,
        #[graphql(desc = "The short number.")] number: Option<i32>,
        #[graphql(desc = "The older API whose `number` is meant; without it, docket's own is.")] dialect: Option<
            Dialect,
        >,
    ) -> Option<Result<InPlace<Job>>> {
        nullable(async move {
            let (app, viewer) = asked(ctx)?;
            only_with_a_number(dialect, number)?;
            let columns = needed(ctx.field().selection_set());
            let row = match (id, number) {
                (Some(id), None) => domain::job::get(app, viewer, id::uid(Kind::Job, "id", &id)?, columns).await?,
                (None, Some(number)) => {
                    domain::job::get_by_number(app, viewer, dialect.map(Into::into), i64::from(number), columns).await?
                }
                _ => return Err(Error::invalid("id", "Give exactly one of id and number.").into()),
            };
            Ok(Some(InPlace(row.into())))
        })
        .await
    }

    /// The jobs that the viewer may see: one's own, those of the services that one manages and of the projects that one
    /// takes part in, or all for an admin. A page ends early where the parameters and results that are asked for come to
    /// more than 4 MiB.
    #[expect(clippy::too_many_arguments, reason = "a connection has four arguments of its own")]
    async fn jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<JobFilterInput>,
        #[graphql(desc = "The order.", default_with = "JobOrder::SubmittedAtDesc")] order: JobOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<JobConnection> {
        let filter = JobFilter::try_from(filter.unwrap_or_default())?;
        page_of_jobs(ctx, &filter, order, &page(ctx, first, last, after, before)?).await
    }
}

/// A page of the jobs that the viewer may see. Boxed, because the library moves a future of the size of the largest
/// field's, also for one who asks for a single job.
pub fn page_of_jobs<'a>(
    ctx: &'a Context<'_>,
    filter: &'a JobFilter,
    order: JobOrder,
    request: &'a PageRequest,
) -> BoxFuture<'a, Result<JobConnection>> {
    Box::pin(found(ctx, filter, order, request))
}

async fn found(ctx: &Context<'_>, filter: &JobFilter, order: JobOrder, request: &PageRequest) -> Result<JobConnection> {
    let ((app, viewer), order) = (asked(ctx)?, order.into());
    let columns = needed_by_nodes(ctx.field());
    let Page { rows, has_next, has_previous } = domain::job::list(app, viewer, filter, order, request, columns).await?;
    let total = counted(ctx, domain::job::count(app, viewer, filter)).await?;
    let jobs = Page { rows: with_related(ctx, app, rows).await?, has_next, has_previous };
    Ok(JobConnection::of(jobs, |job| cursor(order, &job.row), identity, total))
}

/// The page's jobs with the owners, services, accounts and projects that the document asks for, each kind fetched in one
/// statement. A loader would batch them too, at the price of a wait for each job.
pub(super) async fn with_related(ctx: &Context<'_>, app: &App, parts: Vec<Part>) -> Result<Vec<Job>> {
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let viewer = viewer(ctx)?;
    let ids = |field: &str, id: fn(&job::Model) -> Option<i64>| {
        if nodes_ask_for(ctx, field) { distinct(parts.iter().filter_map(|part| id(&part.row))) } else { Vec::new() }
    };
    let (owners, services) = (ids("owner", |row| Some(row.owner_id)), ids("service", |row| row.service_id));
    let (accounts, projects) = (ids("account", |row| row.account_id), ids("project", |row| row.project_id));
    let owners = by_id(owners, async |ids| domain::user::by_ids(app, ids).await, |row| row.id).await?;
    let services = by_id(services, async |ids| domain::service::by_ids(app, ids).await, |row| row.id).await?;
    let accounts = by_id(accounts, async |ids| domain::account::by_ids(app, viewer, ids).await, |row| row.id).await?;
    let projects = by_id(projects, async |ids| domain::project::by_ids(app, viewer, ids).await, |row| row.id).await?;
    let related = |part: Part| Job {
        owner: owners.get(&part.row.owner_id).cloned(),
        service: part.row.service_id.and_then(|id| services.get(&id)).cloned(),
        account: part.row.account_id.and_then(|id| accounts.get(&id)).cloned(),
        project: part.row.project_id.and_then(|id| projects.get(&id)).cloned(),
        ..Job::from(part)
    };
    Ok(parts.into_iter().map(related).collect())
}

async fn by_id<M>(
    ids: Vec<i64>,
    fetch: impl AsyncFnOnce(&[i64]) -> crate::error::Result<Vec<M>>,
    id: fn(&M) -> i64,
) -> Result<HashMap<i64, Arc<M>>> {
    let rows = if ids.is_empty() { Vec::new() } else { fetch(&ids).await? };
    Ok(rows.into_iter().map(|row| (id(&row), Arc::new(row))).collect())
}

fn distinct(ids: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
