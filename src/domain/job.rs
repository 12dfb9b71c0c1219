//! Jobs: submitting, looking, cancelling. What workers do with them is [`super::lease`].

use entity::{
    Scope,
    job::{self, Columns, Part},
    legacy_number::Dialect,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Select, prelude::Expr};
use uuid::Uuid;

use crate::{
    app::App,
    error::{Error, Result},
    page::{self, Key, Order, Page, PageRequest},
    viewer::{Permission, Viewer},
};

mod cancel;
mod cancel_many;
pub(super) mod change;
mod download;
mod filter;
mod idempotency;
mod log;
mod overrule;
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
pub use download::{last_of_project_w, mark_downloaded};
pub use filter::{JobFilter, filter_labels};
use filter::{filtered, narrowed};
pub(super) use log::log_bytes;
pub use log::{LOG_READ, LogText, log};
pub use overrule::{Overrule, SetFailure, overrule};
pub(super) use promote::promote;
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

/// Queries at most that one list is put together from.
const PARTS: usize = 30;

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

/// A page of the jobs that the viewer may see.
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
    let rows = match visible_by_parts(viewer, filter) {
        None => filtered(&viewer.scope(), filter),
        Some(parts) => {
            let heads = parts.into_iter().map(|part| page::head(narrowed(part, filter), order, request));
            let ids = page::union::<job::Entity>(order.id(), heads.collect::<Result<_>>()?);
            job::Entity::find().filter(job::Column::Id.in_subquery(ids))
        }
    };
    page::fetch_as(columns.select(rows), order, request, app.db.read()).await
}

/// What a caller sees beside its own jobs, as queries that one index each answers in order: its own jobs, those of each
/// service that it manages and of each project that it takes part in, and the recorded ones. None for callers who see no
/// others, for those with so many services and projects that one query for each is no gain, and for what a runner
/// holds: these are few, and have an index.
fn visible_by_parts(viewer: &Viewer, filter: &JobFilter) -> Option<Vec<Select<job::Entity>>> {
    if filter.held_by.is_some() {
        return None;
    }
    let Scope::User { id, owns_services, shares, keeps_accounts } = viewer.scope() else { return None };
    let of_project = |project: i64| job::Entity::find().filter(job::Column::ProjectId.eq(project));
    if let Some(projects) = own_projects(viewer, filter) {
        return (projects.len() <= PARTS).then(|| projects.into_iter().map(of_project).collect());
    }
    let services = viewer.own_services();
    // In the personal project all jobs are the user's own.
    let shared = viewer.projects().iter().filter(|project| !project.personal);
    let projects: Vec<i64> = shared.map(|project| project.project_id).collect();
    let others = services.len() + projects.len();
    let alone = !owns_services && !shares && !keeps_accounts;
    if alone || others > PARTS {
        return None;
    }
    let own = job::Entity::find().filter(job::Column::OwnerId.eq(id));
    let of_service = |service: &i64| job::Entity::find().filter(job::Column::ServiceId.eq(*service));
    // In the words of the index `job_recorded`.
    let recorded = keeps_accounts.then(|| job::Entity::find().filter(Expr::cust("origin = 'recorded'")));
    let others = services.iter().map(of_service).chain(projects.into_iter().map(of_project)).chain(recorded);
    Some(std::iter::once(own).chain(others).collect())
}

/// The projects that the filter names, when the viewer takes part in each of them: all their jobs are visible, and no
/// others match.
fn own_projects(viewer: &Viewer, filter: &JobFilter) -> Option<Vec<i64>> {
    let own = |uid: &Uuid| viewer.projects().iter().find(|project| project.project_uid == *uid);
    let uids = filter.project_ids.as_ref().filter(|uids| !uids.is_empty())?;
    uids.iter().map(|uid| own(uid).map(|project| project.project_id)).collect()
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
