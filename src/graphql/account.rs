//! Accounts.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use entity::{Amount, Total, account, account_member, legacy_number::Noun};

use super::{
    connection::connection,
    context::{app, asked, counted, loaders, nullable, page, viewer},
    dialect::{Dialect, its_number},
    id::Kind,
    ledger::{LedgerEntryConnection, LedgerFilterInput, LedgerOrder, page_of_entries},
    scalar::{Cursor, DateTime, Decimal, number},
    user::User,
};
use crate::{
    domain::{self, account::Rights, usage::UsedOf},
    page::cursor,
    viewer::Permission,
};

mod afford;
mod list;
mod live;
mod money;
mod quick;
mod write;

pub use afford::{AffordQuery, ReserveMutation};
pub use list::{AccountConnection, AccountOrder, AccountQuery, page_of_accounts};
pub use live::AccountSubscription;
pub use money::MoneyMutation;
pub use write::AccountMutation;

use live::{AccountEventConnection, page_of_account_events};

/// What happens when there is too little money, and when a job costs more than was held for it (as when several of its
/// attempts ran).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "AccountOverrun", remote = "entity::account::Overrun")]
pub enum AccountOverrun {
    /// Jobs are taken whatever is available, and cost what they cost: the account may be overdrawn.
    Allow,
    /// A job needs its whole hold; what it costs beyond that is taken as far as money is available, and the rest is
    /// noted on the entry.
    Cap,
    /// A job needs its whole hold, and never costs more than that; the rest is noted on the entry.
    Refuse,
}

/// How members are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "AccountMemberOrder", remote = "crate::domain::account::MemberOrder")]
pub enum AccountMemberOrder {
    /// The longest-serving first.
    CreatedAtAsc,
    /// The newest first.
    CreatedAtDesc,
}

/// What the viewer may do with an account.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct AccountPermissions {
    /// Change and delete it, grant and adjust, and make managers.
    manage: bool,
    /// Set and remove members that are no managers.
    set_members: bool,
    /// Submit jobs that it pays for.
    charge: bool,
}

/// Who pays: money that was granted, what is held for jobs that have not finished, and what was spent. Amounts are in
/// service units.
#[derive(Clone, Debug)]
pub struct Account(pub Arc<account::Model>);

/// Who pays: money that was granted, what is held for jobs that have not finished, and what was spent. Amounts are in
/// service units.
#[Object]
impl Account {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::Account.id(self.0.uid)
    }

    /// A short number, unique among accounts.
    async fn number(&self) -> i32 {
        number(self.0.id)
    }

    /// Its number in an older API; null as long as that API has not shown it.
    async fn legacy_number(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose number.")] dialect: Dialect,
        #[graphql(
            desc = "Whether a request of that API gives a number to what has none; in a list of what it shows, that would be to \
                    list it.",
            default = true
        )]
        draw: bool,
    ) -> Option<Result<i32>> {
        nullable(its_number(ctx, dialect, Noun::Account, self.0.id, draw)).await
    }

    /// A short name, unique among accounts that are not deleted; 1 to 64 letters, digits, `_`, `.` or `-`.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What an older API calls it: free text, which need not be unique; null where it has only its short name.
    async fn title(&self) -> Option<&str> {
        self.0.title.as_deref()
    }

    /// What sort of account it is, in a word of the operator's own.
    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// What it is for; at most 10,000 characters.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// What happens when the money does not suffice.
    async fn overrun(&self) -> AccountOverrun {
        self.0.overrun.into()
    }

    /// Whether the amounts that a batch system reports of jobs that it ran are charged.
    async fn charges_recorded_jobs(&self) -> bool {
        self.0.charges_recorded
    }

    /// What was put in: the sum of all grants, and of adjustments of them.
    async fn granted(&self) -> Decimal {
        self.0.granted.into()
    }

    /// What is held for jobs that have not finished.
    async fn held(&self) -> Decimal {
        self.0.held.into()
    }

    /// What was taken for jobs, less what was given back.
    async fn spent(&self) -> Decimal {
        self.0.spent.into()
    }

    /// What may still be held or taken: `granted - held - spent`. Less than 0 only under the rule ALLOW.
    async fn available(&self) -> Decimal {
        self.0.available().into()
    }

    /// What it holds and has spent: in all, or what it came to in a span of time, of the entries that the viewer may see.
    /// They are added up when this is asked for.
    async fn used(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Booked at or after this moment.")] from: Option<DateTime>,
        #[graphql(desc = "Booked before this moment.")] before: Option<DateTime>,
    ) -> Result<Decimal> {
        if from.is_none() && before.is_none() {
            return Ok(Amount::clamped(self.0.held.wide() + self.0.spent.wide()).into());
        }
        used(ctx, (self.0.id, None), from, before).await
    }

    /// The members that the viewer may see: all of them for the account's managers, oneself for others.
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.", default_with = "AccountMemberOrder::CreatedAtAsc")] order: AccountMemberOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<AccountMemberConnection> {
        let (app, viewer) = asked(ctx)?;
        let (order, id) = (order.into(), self.0.id);
        let found = domain::account::members(app, viewer, id, order, &page(ctx, first, last, after, before)?).await?;
        let total = counted(ctx, domain::account::count_members(app, viewer, id)).await?;
        Ok(AccountMemberConnection::of(found, |row| cursor(order, row), AccountMember, total))
    }

    /// The entries that the viewer may see: all of them for the account's managers, those about one's own jobs for
    /// others.
    #[expect(clippy::too_many_arguments, reason = "a connection has four arguments of its own")]
    async fn ledger(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; `accountId` plays no part here.")] filter: Option<LedgerFilterInput>,
        #[graphql(desc = "The order.", default_with = "LedgerOrder::CreatedAtDesc")] order: LedgerOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<LedgerEntryConnection> {
        let mut filter = domain::ledger::LedgerFilter::try_from(filter.unwrap_or_default())?;
        filter.account_ids = Some(vec![self.0.uid]);
        page_of_entries(ctx, filter, order, &page(ctx, first, last, after, before)?).await
    }

    /// Its events, oldest first: the same that the subscription `accountEvents` delivers, with the same cursors.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "Only events after this cursor.")] after: Option<Cursor>,
    ) -> Result<AccountEventConnection> {
        viewer(ctx)?.require_read(Permission::AccountsRead)?;
        page_of_account_events(app(ctx)?, &self.0, first, after).await
    }

    /// What the viewer may do with it now.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<AccountPermissions> {
        let (app, viewer) = asked(ctx)?;
        let Rights { manage, set_members, charge } = domain::account::rights(app, viewer, &self.0).await?;
        Ok(AccountPermissions { manage, set_members, charge })
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it, or one of its sums, last changed.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }

    /// When it was deleted; its entries still lead here.
    async fn deleted_at(&self) -> Option<DateTime> {
        self.0.deleted_at.map(Into::into)
    }
}

connection!(AccountMemberConnection, AccountMemberEdge, AccountMember, "members");

/// A user who may submit jobs that an account pays for. Amounts are in service units.
#[derive(Clone, Debug)]
pub struct AccountMember(pub account_member::Model);

/// A user who may submit jobs that an account pays for. Amounts are in service units.
#[Object]
impl AccountMember {
    /// The user.
    async fn user(&self, ctx: &Context<'_>) -> Option<Result<User>> {
        nullable(async move { Ok(loaders(ctx)?.user(self.0.user_id).await?.map(User)) }).await
    }

    /// The account.
    async fn account(&self, ctx: &Context<'_>) -> Option<Result<Account>> {
        nullable(async move { Ok(loaders(ctx)?.account(self.0.account_id).await?.map(Account)) }).await
    }

    /// Whether the user sees all members and entries of the account, and sets members that are no managers.
    async fn is_manager(&self) -> bool {
        self.0.is_manager
    }

    /// The most that the user's jobs may hold and have spent together when another one is submitted; null when only
    /// the account bounds them.
    async fn limit(&self) -> Option<Decimal> {
        self.0.spend_limit.map(Into::into)
    }

    /// What is held for the user's jobs that have not finished.
    async fn held(&self) -> Decimal {
        self.0.held.into()
    }

    /// What was taken for the user's jobs, less what was given back.
    async fn spent(&self) -> Decimal {
        self.0.spent.into()
    }

    /// What the user's jobs hold and have spent: in all, or what they came to in a span of time, of the entries that the
    /// viewer may see. They are added up when this is asked for.
    async fn used(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Booked at or after this moment.")] from: Option<DateTime>,
        #[graphql(desc = "Booked before this moment.")] before: Option<DateTime>,
    ) -> Result<Decimal> {
        if from.is_none() && before.is_none() {
            return Ok(Amount::clamped(self.0.held.wide() + self.0.spent.wide()).into());
        }
        used(ctx, (self.0.account_id, Some(self.0.user_id)), from, before).await
    }

    /// What the limit leaves: `limit - held - spent`; null without a limit.
    async fn available(&self) -> Option<Decimal> {
        let left = |limit: Amount| Amount::clamped(limit.wide() - self.0.held.wide() - self.0.spent.wide());
        self.0.spend_limit.map(|limit| left(limit).into())
    }

    /// When the user first became a member, or first charged the account.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When the membership, or one of its sums, last changed.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }
}

async fn used(
    ctx: &Context<'_>,
    (account_id, user_id): (i64, Option<i64>),
    from: Option<DateTime>,
    before: Option<DateTime>,
) -> Result<Decimal> {
    let of = UsedOf { account_id, user_id, from: from.map(|at| at.0), before: before.map(|at| at.0) };
    let sum = loaders(ctx)?.used(of).await?;
    Ok(sum.map_or(Total(0), |sum| *sum).into())
}
