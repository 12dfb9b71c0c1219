//! Jobs: submitting, looking, cancelling. What workers do with them is [`super::lease`].

use entity::{
    Scope,
    job::{self, Columns, Part},
    legacy_number::Dialect,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Select};
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
mod text;
mod waiting;
mod watch;
mod which;

pub(super) use cancel::{Changeable, present, writable};
pub use cancel::{JobChange, Rights, cancel, delete, rights, update};
pub use cancel_many::{CANCEL_MOST, Cancelled, cancel_all};
pub use download::{is_of_project_w, mark_downloaded};
pub use filter::{JobFilter, filter_labels};
use filter::{filtered, narrowed};
pub(super) use log::log_bytes;
pub use log::{LOG_READ, LogText, log};
pub use overrule::{Overrule, SetFailure, overrule};
use parts::Parts;
pub(super) use promote::promote;
pub(in crate::domain) use record::within_second;
pub use record::{
    Changed, NewRecord, NewSlurm, Numbers, PAGE_MOST, RecordChange, RecordFilter, RecordSums, Report, Reported,
    by_numbers, numbers, record, report, slurm_by_ids, sums, update as update_record,
};
pub(super) use requirement::labels;
pub use retry::retry;
pub(super) use submit::blank as unworked;
pub use submit::{NewJob, Submitted, submit, submit_with};
pub use submit_many::{BATCH_MOST, submit_all};
pub use terms::CPUS_MOST;
pub use text::Texts;
pub use waiting::{FARTHEST, Reason, Waiting, waiting};
pub use watch::{Watch, watch};
pub use which::Which;

/// Lowest priority.
pub const PRIORITY_LEAST: i32 = -1_000;
/// Highest priority.
pub const PRIORITY_MOST: i32 = 1_000;

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
    let query = Which::Number(dialect, number).of(job::Entity::seen_by(&viewer.scope()));
    columns.select(query).into_model().one(app.db.read()).await?.ok_or(Error::NotFound("job"))
}

/// This job, if `scope` sees it.
pub(super) async fn find(app: &App, scope: &Scope, which: impl Into<Which>, columns: Columns) -> Result<Option<Part>> {
    let which = which.into();
    match (which, *scope) {
        (Which::Id(uid), Scope::All) => return text::one(app, uid, None, columns).await,
        // Most ask for their own jobs, and the statement for those is the quicker one.
        (Which::Id(uid), Scope::User { id, owns_services, shares, keeps_accounts }) => {
            let own = text::one(app, uid, Some(id), columns).await?;
            if own.is_some() || !(owns_services || shares || keeps_accounts) {
                return Ok(own);
            }
        }
        _ => {}
    }
    let query = which.of(job::Entity::seen_by(scope));
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
            let rows = job::Entity::bare().filter(job::Column::Id.in_subquery(ids));
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
