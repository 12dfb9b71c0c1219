//! Jobs: submitting, looking, cancelling. What workers do with them is [`super::lease`].

use entity::{
    Labels, Scope, Time,
    job::{self, Columns, Part},
    job_label,
    legacy_number::Dialect,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select,
    sea_query::SelectStatement,
};
use uuid::Uuid;

use crate::{
    app::App,
    domain::check::Faults,
    error::{Error, Result},
    page::{self, Key, Order, Page, PageRequest},
    viewer::{Permission, Viewer},
};

mod cancel;
mod cancel_many;
pub(super) mod change;
mod download;
mod idempotency;
mod large;
mod log;
mod overrule;
mod parts;
mod promote;
mod record;
mod requirement;
mod retry;
mod submit;
mod submit_many;
pub(super) mod terms;
mod waiting;
mod watch;

pub(super) use cancel::{Changeable, present, writable};
pub use cancel::{JobChange, Rights, cancel, delete, rights, update};
pub use cancel_many::{CANCEL_MOST, Cancelled, cancel_all};
pub use download::{is_of_project_w, mark_downloaded};
pub(super) use log::log_bytes;
pub use log::{LOG_READ, LogText, log};
pub use overrule::{Overrule, SetFailure, overrule};
use parts::Parts;
pub(super) use promote::promote;
pub(in crate::domain) use record::within_second;
pub use record::{
    NewRecord, NewSlurm, Numbers, PAGE_MOST, RecordChange, RecordFilter, RecordSums, Report, Reported, by_numbers,
    numbers, record, report, slurm_by_ids, sums, update as update_record,
};
pub(super) use requirement::labels;
pub use retry::retry;
pub(super) use submit::blank as unworked;
pub use submit::{NewJob, Submitted, submit, submit_with};
pub use submit_many::{BATCH_MOST, submit_all};
pub use terms::CPUS_MOST;
pub use waiting::{FARTHEST, Reason, Waiting, waiting};
pub use watch::{Watch, watch};

/// Lowest priority.
pub const PRIORITY_LEAST: i32 = -1_000;
/// Highest priority.
pub const PRIORITY_MOST: i32 = 1_000;

/// Which jobs to list; conditions are ANDed, absent ones do not bind.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// One of these states.
    pub statuses: Option<Vec<job::Status>>,
    /// Of one of these services (outside ids).
    pub service_ids: Option<Vec<Uuid>>,
    /// Of one of these projects (outside ids).
    pub project_ids: Option<Vec<Uuid>>,
    /// Submitted by one of these users (outside ids).
    pub owner_ids: Option<Vec<Uuid>>,
    /// Held, or last held, by one of these runners (outside ids).
    pub runner_ids: Option<Vec<Uuid>>,
    /// Held now by this runner (internal id).
    pub held_by: Option<i64>,
    /// Having each of these labels.
    pub labels: Labels,
    /// With one of these numbers in the older API that they are at home in.
    pub dialect_numbers: Option<Vec<i32>>,
    /// Submitted or recorded.
    pub origin: Option<job::Origin>,
    /// At home in one of these older APIs.
    pub homes: Option<Vec<Dialect>>,
    /// At home in none of these.
    pub other_homes: Option<Vec<Dialect>>,
    /// Lowest priority.
    pub priority_least: Option<i32>,
    /// Highest priority.
    pub priority_most: Option<i32>,
    /// Submitted at or after.
    pub submitted_from: Option<Time>,
    /// Submitted before.
    pub submitted_before: Option<Time>,
    /// Finished at or after.
    pub finished_from: Option<Time>,
    /// Finished before.
    pub finished_before: Option<Time>,
}

impl JobFilter {
    /// Whether every job matches.
    fn is_empty(&self) -> bool {
        let Self { statuses, service_ids, project_ids, owner_ids, runner_ids, labels, origin, .. } = self;
        let homes = [&self.homes, &self.other_homes].into_iter().any(Option::is_some) || self.dialect_numbers.is_some();
        let lists = [service_ids, project_ids, owner_ids, runner_ids].into_iter().any(Option::is_some);
        let priorities = [self.priority_least, self.priority_most];
        let times = [self.submitted_from, self.submitted_before, self.finished_from, self.finished_before];
        let bounds = priorities.iter().any(Option::is_some) || times.iter().any(Option::is_some);
        let lists = lists || self.held_by.is_some();
        !(lists || bounds || homes || statuses.is_some() || origin.is_some() || !labels.is_empty())
    }
}

/// How jobs are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobOrder {
    /// Oldest submission first.
    SubmittedAtAsc,
    /// Newest submission first.
    SubmittedAtDesc,
    /// Longest unchanged first.
    UpdatedAtAsc,
    /// Last changed first.
    UpdatedAtDesc,
    /// Highest priority first.
    PriorityDesc,
}

/// The job with this outside id.
pub async fn get(app: &App, viewer: &Viewer, uid: Uuid, columns: Columns) -> Result<Part> {
    viewer.require_read(Permission::JobsRead)?;
    find(app, &viewer.scope(), uid, columns).await?.ok_or(Error::NotFound("job"))
}

/// The job with this number: docket's own, or that of the dialect where it is at home.
pub async fn get_by_number(
    app: &App,
    viewer: &Viewer,
    dialect: Option<Dialect>,
    number: i64,
    columns: Columns,
) -> Result<Part> {
    viewer.require_read(Permission::JobsRead)?;
    let query = job::Entity::visible_to(&viewer.scope());
    let query = match dialect {
        None => query.filter(job::Column::Id.eq(number)),
        Some(dialect) => query.filter(job::Column::Dialect.eq(dialect)).filter(job::Column::DialectNumber.eq(number)),
    };
    columns.select(query).into_model().one(app.db.read()).await?.ok_or(Error::NotFound("job"))
}

/// The job with this outside id, if `scope` sees it.
pub(super) async fn find(app: &App, scope: &Scope, uid: Uuid, columns: Columns) -> Result<Option<Part>> {
    // Most ask for their own jobs, and the text of a statement is written anew each time: the short one comes first.
    if let Scope::User { id, owns_services, shares, keeps_accounts } = *scope
        && (owns_services || shares || keeps_accounts)
    {
        let own = Scope::User { id, owns_services: false, shares: false, keeps_accounts: false };
        let own = job::Entity::visible_to(&own).filter(job::Column::Uid.eq(uid));
        let own = columns.select(own).into_model().one(app.db.read()).await?;
        if own.is_some() {
            return Ok(own);
        }
    }
    let query = job::Entity::visible_to(scope).filter(job::Column::Uid.eq(uid));
    Ok(columns.select(query).into_model().one(app.db.read()).await?)
}

/// The job with this internal id, whoever asks, for a change of its state: without its parameters and results.
pub(super) async fn head<C: ConnectionTrait>(db: &C, query: Select<job::Entity>) -> Result<Option<job::Model>> {
    let part: Option<Part> = Columns::head().select(query).into_model().one(db).await?;
    Ok(part.map(|part| part.row))
}

/// A page of the jobs that the viewer may see. It ends early where the parameters and results that are asked for come to
/// more than `large::PAGE_BYTES`.
pub async fn list(
    app: &App,
    viewer: &Viewer,
    filter: &JobFilter,
    order: JobOrder,
    request: &PageRequest,
    columns: Columns,
) -> Result<Page<Part>> {
    viewer.require_read(Permission::JobsRead)?;
    // Cursors are made of the order's column and the id.
    let keys = order.column().into_iter().chain([order.id()]).collect::<Vec<_>>();
    let columns = columns.with(Columns::of(&keys));
    let db = app.db.read();
    let fetch = |rows| page::fetch_as(columns.select_small(rows), order, request, db);
    let page = match parts::of(app, viewer, filter).await? {
        Parts::One => fetch(filtered(&viewer.scope(), filter)).await?,
        Parts::Own(scope) => fetch(filtered(&scope, filter)).await?,
        Parts::Many(parts) => {
            let heads = parts.into_iter().map(|part| page::head(narrowed(part, filter), order, request));
            let ids = page::firsts::<job::Entity, _>(order, heads.collect::<Result<_>>()?, request);
            let rows = job::Entity::find().filter(job::Column::Id.in_subquery(ids));
            page::fetch_chosen(columns.select_small(rows), order, request, db).await?
        }
    };
    large::filled(app, page, request.is_backwards(), columns).await
}

/// How many jobs the viewer may see under this filter.
pub async fn count(app: &App, viewer: &Viewer, filter: &JobFilter) -> Result<i64> {
    viewer.require_read(Permission::JobsRead)?;
    page::count(filtered(&viewer.scope(), filter), app.db.read()).await
}

/// The jobs with these internal ids that the viewer may see.
pub async fn by_ids(app: &App, viewer: &Viewer, ids: &[i64]) -> Result<Vec<job::Model>> {
    if viewer.require_read(Permission::JobsRead).is_err() {
        return Ok(Vec::new());
    }
    let query = job::Entity::visible_to(&viewer.scope()).filter(job::Column::Id.is_in(ids.iter().copied()));
    Ok(query.all(app.db.read()).await?)
}

/// The whole jobs with these internal ids, whoever asks: for fields of jobs that the caller may already see, such as
/// the one that its own call has just ended.
pub async fn whole_by_ids(app: &App, ids: &[i64]) -> Result<Vec<job::Model>> {
    Ok(job::Entity::find().filter(job::Column::Id.is_in(ids.iter().copied())).all(app.db.read()).await?)
}

/// The labels of a filter, from pairs of key and value.
pub fn filter_labels(given: Vec<(String, String)>) -> Result<Labels> {
    let mut faults = Faults::default();
    let labels = requirement::labels(&mut faults, "filter/labels", given);
    faults.into_result().map(|()| labels)
}

fn filtered(scope: &Scope, filter: &JobFilter) -> Select<job::Entity> {
    narrowed(job::Entity::visible_to(scope), filter)
}

/// What the filter's lists of outside ids come to, by column.
fn lists(filter: &JobFilter) -> [(job::Column, Option<SelectStatement>); 4] {
    use entity::{project, runner, service, user};
    let ids = |uids: &Option<Vec<Uuid>>, query: fn(&[Uuid]) -> SelectStatement| uids.as_deref().map(query);
    let services = |uids: &[Uuid]| super::ids_of::<service::Entity>(service::Column::Id, service::Column::Uid, uids);
    let projects = |uids: &[Uuid]| super::ids_of::<project::Entity>(project::Column::Id, project::Column::Uid, uids);
    let owners = |uids: &[Uuid]| super::ids_of::<user::Entity>(user::Column::Id, user::Column::Uid, uids);
    let runners = |uids: &[Uuid]| super::ids_of::<runner::Entity>(runner::Column::Id, runner::Column::Uid, uids);
    [
        (job::Column::ServiceId, ids(&filter.service_ids, services)),
        (job::Column::ProjectId, ids(&filter.project_ids, projects)),
        (job::Column::OwnerId, ids(&filter.owner_ids, owners)),
        (job::Column::RunnerId, ids(&filter.runner_ids, runners)),
    ]
}

fn narrowed(mut query: Select<job::Entity>, filter: &JobFilter) -> Select<job::Entity> {
    if let Some(statuses) = &filter.statuses {
        query = query.filter(job::Column::Status.is_in(statuses.iter().copied()));
    }
    for (column, ids) in lists(filter) {
        if let Some(ids) = ids {
            query = query.filter(column.in_subquery(ids));
        }
    }
    for (key, value) in &filter.labels.0 {
        let labelled = job_label::Entity::find()
            .select_only()
            .column(job_label::Column::JobId)
            .filter(job_label::Column::Key.eq(key))
            .filter(job_label::Column::Value.eq(value));
        query = query.filter(job::Column::Id.in_subquery(labelled.into_query()));
    }
    if let Some(numbers) = &filter.dialect_numbers {
        query = query.filter(job::Column::DialectNumber.is_in(numbers.iter().copied().map(i64::from)));
    }
    if let Some(runner) = filter.held_by {
        query = query.filter(job::Column::RunnerId.eq(runner)).filter(job::held());
    }
    if let Some(origin) = filter.origin {
        query = query.filter(job::Column::Origin.eq(origin));
    }
    if let Some(homes) = &filter.homes {
        query = query.filter(job::Column::Dialect.is_in(homes.iter().copied()));
    }
    if let Some(homes) = &filter.other_homes {
        let elsewhere = job::Column::Dialect.is_not_in(homes.iter().copied());
        query = query.filter(Condition::any().add(job::Column::Dialect.is_null()).add(elsewhere));
    }
    let at_least = [
        (job::Column::Priority, filter.priority_least.map(i64::from)),
        (job::Column::SubmittedAt, filter.submitted_from.map(|time| time.0)),
        (job::Column::FinishedAt, filter.finished_from.map(|time| time.0)),
    ];
    for (column, bound) in at_least {
        if let Some(bound) = bound {
            query = query.filter(column.gte(bound));
        }
    }
    let below = [
        (job::Column::Priority, filter.priority_most.map(|most| i64::from(most) + 1)),
        (job::Column::SubmittedAt, filter.submitted_before.map(|time| time.0)),
        (job::Column::FinishedAt, filter.finished_before.map(|time| time.0)),
    ];
    for (column, bound) in below {
        if let Some(bound) = bound {
            query = query.filter(column.lt(bound));
        }
    }
    query
}

impl Order<job::Entity> for JobOrder {
    fn column(self) -> Option<job::Column> {
        match self {
            // The id rises with the moment at which a job came here, which of a recorded one is not its submission.
            Self::SubmittedAtAsc | Self::SubmittedAtDesc => None,
            Self::UpdatedAtAsc | Self::UpdatedAtDesc => Some(job::Column::UpdatedAt),
            Self::PriorityDesc => Some(job::Column::Priority),
        }
    }

    fn id(self) -> job::Column {
        job::Column::Id
    }

    fn descending(self) -> bool {
        matches!(self, Self::SubmittedAtDesc | Self::UpdatedAtDesc | Self::PriorityDesc)
    }

    fn key(self, row: &job::Model) -> Option<Key> {
        match self {
            Self::SubmittedAtAsc | Self::SubmittedAtDesc => None,
            Self::UpdatedAtAsc | Self::UpdatedAtDesc => Some(Key::Int(row.updated_at.0)),
            Self::PriorityDesc => Some(Key::Int(i64::from(row.priority))),
        }
    }

    fn row_id(self, row: &job::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::SubmittedAtAsc => "s",
            Self::SubmittedAtDesc => "sd",
            Self::UpdatedAtAsc => "u",
            Self::UpdatedAtDesc => "ud",
            Self::PriorityDesc => "pd",
        }
    }
}
