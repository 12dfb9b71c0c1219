//! The ledger, as people read it. What writes it is [`super::account`].

use entity::{Time, account, ledger, project, service, user};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use crate::{
    app::App,
    error::{Error, Result},
    page::{self, Key, Order, Page, PageRequest},
    viewer::{Permission, Viewer},
};

/// Entries of one job that are shown at most.
const OF_JOB: i64 = 100;

/// Which entries to list; conditions are ANDed.
#[derive(Clone, Debug, Default)]
pub struct LedgerFilter {
    /// Of one of these accounts (outside ids).
    pub account_ids: Option<Vec<Uuid>>,
    /// About jobs of one of these users (outside ids).
    pub user_ids: Option<Vec<Uuid>>,
    /// About one of these jobs (outside ids).
    pub job_ids: Option<Vec<Uuid>>,
    /// About jobs of one of these services (outside ids).
    pub service_ids: Option<Vec<Uuid>>,
    /// About jobs of one of these projects (outside ids).
    pub project_ids: Option<Vec<Uuid>>,
    /// Of one of these kinds.
    pub kinds: Option<Vec<ledger::Kind>>,
    /// Booked at or after.
    pub created_from: Option<Time>,
    /// Booked before.
    pub created_before: Option<Time>,
    /// Booked at one of these moments.
    pub created_at: Option<Vec<Time>>,
}

/// How entries are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerOrder {
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
}

/// The entry with this outside id.
pub async fn get(app: &App, viewer: &Viewer, uid: Uuid) -> Result<ledger::Model> {
    viewer.require_read(Permission::AccountsRead)?;
    let query = ledger::Entity::visible_to(&viewer.account_scope()).filter(ledger::Column::Uid.eq(uid));
    query.one(app.db.read()).await?.ok_or(Error::NotFound("entry"))
}

/// A page of the entries that the viewer may see: those about one's own jobs, and all of the accounts and the projects
/// that one manages.
pub async fn list(
    app: &App,
    viewer: &Viewer,
    filter: &LedgerFilter,
    order: LedgerOrder,
    request: &PageRequest,
) -> Result<Page<ledger::Model>> {
    viewer.require_read(Permission::AccountsRead)?;
    page::fetch(filtered(viewer, filter), order, request, app.db.read()).await
}

/// How many entries the viewer may see under this filter.
pub async fn count(app: &App, viewer: &Viewer, filter: &LedgerFilter) -> Result<i64> {
    viewer.require_read(Permission::AccountsRead)?;
    page::count(filtered(viewer, filter), app.db.read()).await
}

/// What was booked for a job, as far as the viewer may see it.
#[derive(Clone, Debug)]
pub struct Charges {
    /// The job's outside id.
    pub job_uid: Uuid,
    /// The entries, oldest first.
    pub entries: Vec<ledger::Model>,
}

/// The entries about each of these jobs (outside ids) that the viewer may see, the 100 oldest of each.
pub async fn of_jobs(app: &App, viewer: &Viewer, job_uids: &[Uuid]) -> Result<Vec<Charges>> {
    viewer.require_read(Permission::AccountsRead)?;
    let place = Expr::cust("ROW_NUMBER() OVER (PARTITION BY job_uid ORDER BY id)");
    let numbered = ledger::Entity::visible_to(&viewer.account_scope())
        .filter(ledger::Column::JobUid.is_in(job_uids.iter().copied()))
        .select_only()
        .column(ledger::Column::Id)
        .expr_as(place, "place")
        .into_query();
    let first = Query::select()
        .column(ledger::Column::Id)
        .from_subquery(numbered, "numbered")
        .and_where(Expr::col("place").lte(OF_JOB))
        .take();
    let query = ledger::Entity::find().filter(ledger::Column::Id.in_subquery(first));
    let mut found = query.order_by_asc(ledger::Column::Id).all(app.db.read()).await?;
    let charges = |job_uid: &Uuid| {
        let entries = found.extract_if(.., |entry| entry.job_uid == Some(*job_uid)).collect();
        Charges { job_uid: *job_uid, entries }
    };
    Ok(job_uids.iter().map(charges).collect())
}

/// The entries with these internal ids that the viewer may see.
pub async fn by_ids(app: &App, viewer: &Viewer, ids: &[i64]) -> Result<Vec<ledger::Model>> {
    if viewer.require_read(Permission::AccountsRead).is_err() {
        return Ok(Vec::new());
    }
    let query = ledger::Entity::visible_to(&viewer.account_scope());
    Ok(query.filter(ledger::Column::Id.is_in(ids.iter().copied())).all(app.db.read()).await?)
}

/// What the viewer may see under this filter, as a query.
pub(super) fn filtered(viewer: &Viewer, filter: &LedgerFilter) -> Select<ledger::Entity> {
    let mut query = ledger::Entity::visible_to(&viewer.account_scope());
    let lists = [
        (
            ledger::Column::AccountId,
            filter
                .account_ids
                .as_ref()
                .map(|uids| super::ids_of::<account::Entity>(account::Column::Id, account::Column::Uid, uids)),
        ),
        (
            ledger::Column::UserId,
            filter
                .user_ids
                .as_ref()
                .map(|uids| super::ids_of::<user::Entity>(user::Column::Id, user::Column::Uid, uids)),
        ),
        (
            ledger::Column::ServiceId,
            filter
                .service_ids
                .as_ref()
                .map(|uids| super::ids_of::<service::Entity>(service::Column::Id, service::Column::Uid, uids)),
        ),
        (
            ledger::Column::ProjectId,
            filter
                .project_ids
                .as_ref()
                .map(|uids| super::ids_of::<project::Entity>(project::Column::Id, project::Column::Uid, uids)),
        ),
    ];
    for (column, ids) in lists {
        if let Some(ids) = ids {
            query = query.filter(column.in_subquery(ids));
        }
    }
    if let Some(uids) = &filter.job_ids {
        // By what the entry says of the job: the job may have been removed.
        query = query.filter(ledger::Column::JobUid.is_in(uids.iter().copied()));
    }
    if let Some(kinds) = &filter.kinds {
        query = query.filter(ledger::Column::Kind.is_in(kinds.iter().copied()));
    }
    if let Some(from) = filter.created_from {
        query = query.filter(ledger::Column::CreatedAt.gte(from));
    }
    if let Some(before) = filter.created_before {
        query = query.filter(ledger::Column::CreatedAt.lt(before));
    }
    if let Some(moments) = &filter.created_at {
        query = query.filter(ledger::Column::CreatedAt.is_in(moments.iter().copied()));
    }
    query
}

impl Order<ledger::Entity> for LedgerOrder {
    fn column(self) -> Option<ledger::Column> {
        None
    }

    fn id(self) -> ledger::Column {
        ledger::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, _: &ledger::Model) -> Option<Key> {
        None
    }

    fn row_id(self, row: &ledger::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::CreatedAtAsc => "c",
            Self::CreatedAtDesc => "cd",
        }
    }
}
