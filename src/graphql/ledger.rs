//! The ledger.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use entity::ledger;

use super::{
    account::Account,
    connection::connection,
    context::{asked, counted, loaders, nullable, page},
    filter::{DateTimeFilter, IdFilter, Moments, both},
    id::Kind,
    job::{Job, seconds},
    project::Project,
    scalar::{DateTime, Decimal},
    service::Service,
    user::User,
};
use crate::{
    domain::{self, ledger::LedgerFilter},
    error::Error,
    page::{PageRequest, cursor},
};

connection!(LedgerEntryConnection, LedgerEntryEdge, LedgerEntry, "entries");

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "LedgerKind", remote = "entity::ledger::Kind")]
pub enum LedgerKind {
    /// Money was put in.
    Grant,
    /// Money was reserved for a job.
    Hold,
    /// A reservation ended and nothing was taken.
    Release,
    /// A job was paid: its reservation ended and its cost was taken.
    Settle,
    /// What was taken for a job was given back.
    Refund,
    /// Somebody corrected a sum.
    Adjustment,
}

/// How entries are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "LedgerOrder", remote = "crate::domain::ledger::LedgerOrder")]
pub enum LedgerOrder {
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
}

/// Matches a kind of entry.
#[derive(Clone, Debug, Default, InputObject)]
pub struct LedgerKindFilter {
    /// Exactly this kind.
    eq: Option<LedgerKind>,
    /// One of these kinds.
    #[graphql(name = "in")]
    any_of: Option<Vec<LedgerKind>>,
}

/// Which entries; conditions are ANDed.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "LedgerFilter")]
pub struct LedgerFilterInput {
    /// By account.
    account_id: Option<IdFilter>,
    /// By whose job they are about.
    user_id: Option<IdFilter>,
    /// By job.
    job_id: Option<IdFilter>,
    /// By the job's service.
    service_id: Option<IdFilter>,
    /// By the job's project.
    project_id: Option<IdFilter>,
    /// By kind.
    kind: Option<LedgerKindFilter>,
    /// By the moment of the booking.
    created_at: Option<DateTimeFilter>,
}

impl TryFrom<LedgerFilterInput> for LedgerFilter {
    type Error = Error;

    fn try_from(input: LedgerFilterInput) -> Result<Self, Error> {
        let kinds = input.kind.and_then(|kind| both(kind.eq, kind.any_of));
        let Moments { from, before, any_of } = DateTimeFilter::moments(input.created_at, "filter/createdAt")?;
        Ok(Self {
            account_ids: IdFilter::uids(input.account_id, Kind::Account, "filter/accountId")?,
            user_ids: IdFilter::uids(input.user_id, Kind::User, "filter/userId")?,
            job_ids: IdFilter::uids(input.job_id, Kind::Job, "filter/jobId")?,
            service_ids: IdFilter::uids(input.service_id, Kind::Service, "filter/serviceId")?,
            project_ids: IdFilter::uids(input.project_id, Kind::Project, "filter/projectId")?,
            kinds: kinds.map(|kinds| kinds.into_iter().map(Into::into).collect()),
            created_from: from,
            created_before: before,
            created_at: any_of,
        })
    }
}

/// One movement of money on an account, for ever: entries are never changed and never removed. The account's sums are
/// the sums of these three amounts over all its entries. Amounts are in service units.
#[derive(Clone, Debug)]
pub struct LedgerEntry(pub Arc<ledger::Model>);

/// One movement of money on an account, for ever: entries are never changed and never removed. The account's sums are
/// the sums of these three amounts over all its entries. Amounts are in service units.
#[Object]
impl LedgerEntry {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::Entry.id(self.0.uid)
    }

    /// The account; null for those who may not see it any more.
    async fn account(&self, ctx: &Context<'_>) -> Option<Result<Account>> {
        nullable(async move { Ok(loaders(ctx)?.account(self.0.account_id).await?.map(Account)) }).await
    }

    /// What it is about.
    async fn kind(&self) -> LedgerKind {
        self.0.kind.into()
    }

    /// The change of what was granted.
    async fn granted(&self) -> Decimal {
        self.0.granted.into()
    }

    /// The change of what is held.
    async fn held(&self) -> Decimal {
        self.0.held.into()
    }

    /// The change of what was spent.
    async fn spent(&self) -> Decimal {
        self.0.spent.into()
    }

    /// The job's global id; null when it is about none. The job may have been removed since.
    async fn job_id(&self) -> Option<ID> {
        self.0.job_uid.map(|uid| Kind::Job.id(uid))
    }

    /// The job; null when it is about none, when the job was removed, and for those who may not see it.
    async fn job(&self, ctx: &Context<'_>) -> Option<Result<Job>> {
        nullable(async move {
            match self.0.job_id {
                Some(id) => Ok(loaders(ctx)?.job(id).await?.map(Job::shared)),
                None => Ok(None),
            }
        })
        .await
    }

    /// Whose job it is about.
    async fn user(&self, ctx: &Context<'_>) -> Option<Result<User>> {
        nullable(user(ctx, self.0.user_id)).await
    }

    /// The job's service.
    async fn service(&self, ctx: &Context<'_>) -> Option<Result<Service>> {
        nullable(async move {
            match self.0.service_id {
                Some(id) => Ok(loaders(ctx)?.service(id).await?.map(Service)),
                None => Ok(None),
            }
        })
        .await
    }

    /// The job's project; null for none, and for those who may not see it.
    async fn project(&self, ctx: &Context<'_>) -> Option<Result<Project>> {
        nullable(async move {
            match self.0.project_id {
                Some(id) => Ok(loaders(ctx)?.paid_project(id).await?.map(Project::shared)),
                None => Ok(None),
            }
        })
        .await
    }

    /// Seconds of running that it pays for; null when it pays for no job.
    async fn run_seconds(&self) -> Option<f64> {
        self.0.ran_micros.map(seconds)
    }

    /// Why; at most 200 characters.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// Who did it by hand; null when the server booked it by itself, or the operator at the command line did.
    async fn actor(&self, ctx: &Context<'_>) -> Option<Result<User>> {
        nullable(user(ctx, self.0.actor_id)).await
    }

    /// When it was booked.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}

async fn user(ctx: &Context<'_>, id: Option<i64>) -> Result<Option<User>> {
    match id {
        Some(id) => Ok(loaders(ctx)?.user(id).await?.map(User)),
        None => Ok(None),
    }
}

/// Reading the ledger.
#[derive(Debug, Default)]
pub struct LedgerQuery;

#[Object]
impl LedgerQuery {
    /// The entries that the viewer may see: those about one's own jobs, all of the accounts and the projects that one
    /// manages, and all there are for admins and the role `accounting`.
    #[expect(clippy::too_many_arguments, reason = "a connection has four arguments of its own")]
    async fn ledger(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<LedgerFilterInput>,
        #[graphql(desc = "The order.", default_with = "LedgerOrder::CreatedAtDesc")] order: LedgerOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<LedgerEntryConnection> {
        let filter = LedgerFilter::try_from(filter.unwrap_or_default())?;
        page_of_entries(ctx, filter, order, &page(ctx, first, last, after, before)?).await
    }
}

/// A page of the entries that the viewer may see.
pub async fn page_of_entries(
    ctx: &Context<'_>,
    filter: LedgerFilter,
    order: LedgerOrder,
    request: &PageRequest,
) -> Result<LedgerEntryConnection> {
    let (app, viewer) = asked(ctx)?;
    let order = order.into();
    let found = domain::ledger::list(app, viewer, &filter, order, request).await?;
    let total = counted(ctx, domain::ledger::count(app, viewer, &filter)).await?;
    Ok(LedgerEntryConnection::of(found, |row| cursor(order, row), |row| LedgerEntry(Arc::new(row)), total))
}
