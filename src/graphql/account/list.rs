//! Reading accounts, and what a job would cost on them.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};

use entity::legacy_number::Noun;

use super::{Account, AccountOverrun};
use crate::{
    domain::{self, account::AccountFilter},
    error::Error,
    graphql::{
        connection::connection,
        context::{asked, counted, nullable, page},
        dialect::{Dialect, only_with_a_number, row_of},
        filter::{IdFilter, StringFilter, both},
        id::{self, Kind},
        scalar::Decimal,
    },
    page::{PageRequest, cursor},
};

connection!(AccountConnection, AccountEdge, Account, "accounts", quick);

/// How accounts are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "AccountOrder", remote = "crate::domain::account::AccountOrder")]
pub enum AccountOrder {
    /// By name.
    NameAsc,
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
}

/// Matches an overrun rule.
#[derive(Clone, Debug, Default, InputObject)]
pub struct AccountOverrunFilter {
    /// Exactly this rule.
    eq: Option<AccountOverrun>,
    /// One of these rules.
    #[graphql(name = "in")]
    any_of: Option<Vec<AccountOverrun>>,
}

/// Which accounts; conditions are ANDed.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "AccountFilter")]
pub struct AccountFilterInput {
    /// By name.
    name: Option<StringFilter>,
    /// By type.
    #[graphql(name = "type")]
    kind: Option<StringFilter>,
    /// By overrun rule.
    overrun: Option<AccountOverrunFilter>,
    /// By member, of those that the viewer may see.
    member_id: Option<IdFilter>,
}

impl TryFrom<AccountFilterInput> for AccountFilter {
    type Error = Error;

    fn try_from(input: AccountFilterInput) -> Result<Self, Error> {
        let (names, name_starts_with) = input.name.unwrap_or_default().conditions("filter/name")?;
        let (kinds, kind_starts_with) = input.kind.unwrap_or_default().conditions("filter/type")?;
        let overruns = input.overrun.and_then(|overrun| both(overrun.eq, overrun.any_of));
        Ok(Self {
            names,
            name_starts_with,
            kinds,
            kind_starts_with,
            overruns: overruns.map(|overruns| overruns.into_iter().map(Into::into).collect()),
            member_ids: IdFilter::uids(input.member_id, Kind::User, "filter/memberId")?,
        })
    }
}

/// What a job would cost. Amounts are in service units.
#[derive(Clone, Debug, SimpleObject)]
pub struct Estimate {
    /// What would be held on the account: the price of a job that runs as long as it may. One that runs once never
    /// costs more.
    hold: Decimal,
    /// What it costs in any case.
    per_job: Decimal,
    /// What an hour of it costs on all its processors.
    per_hour: Decimal,
    /// Seconds that one attempt may run; null means for ever.
    max_run_seconds: Option<i32>,
}

/// Reading accounts.
#[derive(Debug, Default)]
pub struct AccountQuery;

#[Object]
impl AccountQuery {
    /// One account, by exactly one of the arguments.
    async fn account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: Option<ID>,
        #[graphql(desc = "The short number.")] number: Option<i32>,
        #[graphql(desc = "The older API whose `number` is meant; without it, docket's own is.")] dialect: Option<
            Dialect,
        >,
        #[graphql(desc = "The short name.")] name: Option<String>,
    ) -> Option<Result<Account>> {
        nullable(async move {
            let (app, viewer) = asked(ctx)?;
            only_with_a_number(dialect, number)?;
            let row = match (id, number, name) {
                (Some(id), None, None) => domain::account::get(app, viewer, id::uid(Kind::Account, "id", &id)?).await?,
                (None, Some(number), None) => {
                    let id = row_of(ctx, dialect, Noun::Account, number).await?;
                    domain::account::get_by_number(app, viewer, id).await?
                }
                (None, None, Some(name)) => domain::account::get_by_name(app, viewer, &name).await?,
                _ => return Err(Error::invalid("id", "Give exactly one of id, number and name.").into()),
            };
            Ok(Some(Account(Arc::new(row))))
        })
        .await
    }

    /// The accounts that the viewer may see: those that one is a member of, or all for admins and the role
    /// `accounting`.
    #[expect(clippy::too_many_arguments, reason = "a connection has four arguments of its own")]
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<AccountFilterInput>,
        #[graphql(desc = "The order.", default_with = "AccountOrder::NameAsc")] order: AccountOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<AccountConnection> {
        let filter = AccountFilter::try_from(filter.unwrap_or_default())?;
        page_of_accounts(ctx, &filter, order, &page(ctx, first, last, after, before)?).await
    }

    /// What a job of a service would cost, and what would be held for it.
    async fn estimate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The service.")] service_id: ID,
        #[graphql(desc = "Processors, 1 to 100000.", default = 1)] cpus: i32,
        #[graphql(desc = "Seconds that one attempt may run, at most what the service allows, which is taken if not \
                          given.")]
        max_run_seconds: Option<i32>,
    ) -> Result<Estimate> {
        let (app, viewer) = asked(ctx)?;
        let service_id = id::uid(Kind::Service, "serviceId", &service_id)?;
        let found = domain::account::estimate(app, viewer, service_id, cpus, max_run_seconds).await?;
        Ok(Estimate {
            hold: found.hold.into(),
            per_job: found.price.per_job.into(),
            per_hour: found.price.per_hour.into(),
            max_run_seconds: found.max_run_seconds,
        })
    }
}

/// A page of the accounts that the viewer may see.
pub async fn page_of_accounts(
    ctx: &Context<'_>,
    filter: &AccountFilter,
    order: AccountOrder,
    request: &PageRequest,
) -> Result<AccountConnection> {
    let (app, viewer) = asked(ctx)?;
    let order = order.into();
    let found = domain::account::list(app, viewer, filter, order, request).await?;
    let total = counted(ctx, domain::account::count(app, viewer, filter)).await?;
    Ok(AccountConnection::of(found, |row| cursor(order, row), |row| Account(Arc::new(row)), total))
}
