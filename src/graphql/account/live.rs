//! Events of accounts: as a list, and live.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, Subscription, Union};
use entity::{Amount, account, event};
use futures_util::Stream;

use super::Account;
use crate::{
    app::App,
    domain::{
        self,
        event::{Delivery, Item, Listed, cursor},
    },
    error::Error,
    graphql::{
        connection::connection,
        context::{app, loaders, nullable, viewer},
        event::{StreamGap, resumed},
        id::{self, Kind},
        ledger::LedgerEntry,
        loaders::Loaders,
        scalar::{Cursor, DateTime, Decimal},
    },
    page::Page,
};

connection!(AccountEventConnection, AccountEventEdge, AccountEvent, "events");

/// Something that happened to an account, or to the stream itself.
#[derive(Clone, Debug, Union)]
pub enum AccountEvent {
    /// An entry of the ledger.
    Booked(AccountBooked),
    /// Anything else.
    Changed(AccountChanged),
    /// A hole in the stream.
    StreamGap(StreamGap),
}

/// What was done to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::event::AccountChange")]
pub enum AccountChange {
    /// It was made.
    Created,
    /// Its name, rule or the like was changed.
    Updated,
    /// A user became a member, or a membership was changed.
    MemberSet,
    /// A membership ended.
    MemberRemoved,
    /// It was deleted.
    Deleted,
}

/// Money moved: an entry was made in the ledger of an account.
#[derive(Clone, Debug)]
pub struct AccountBooked(Arc<event::Model>, event::Booking);

/// Money moved: an entry was made in the ledger of an account.
#[Object]
impl AccountBooked {
    /// The account as it is now, not as it was then.
    async fn account(&self, ctx: &Context<'_>) -> Option<Result<Account>> {
        nullable(account_of(ctx, &self.0)).await
    }

    /// The entry; null when the viewer may not see it: members see those about their own jobs.
    async fn entry(&self, ctx: &Context<'_>) -> Option<Result<LedgerEntry>> {
        nullable(async move { Ok(loaders(ctx)?.entry(self.1.entry_id).await?.map(LedgerEntry)) }).await
    }

    /// What was granted in all, after the entry.
    async fn granted(&self) -> Decimal {
        Amount(self.1.sums[0]).into()
    }

    /// What was held, after the entry.
    async fn held(&self) -> Decimal {
        Amount(self.1.sums[1]).into()
    }

    /// What was spent in all, after the entry.
    async fn spent(&self) -> Decimal {
        Amount(self.1.sums[2]).into()
    }

    /// What was available, after the entry.
    async fn available(&self) -> Decimal {
        let [granted, held, spent] = self.1.sums.map(i128::from);
        Amount::clamped(granted - held - spent).into()
    }

    /// When it happened.
    async fn at(&self) -> DateTime {
        self.0.created_at.into()
    }
}

/// An account was made, changed or deleted, or its members were.
#[derive(Clone, Debug)]
pub struct AccountChanged(Arc<event::Model>, event::AccountChange);

/// An account was made, changed or deleted, or its members were.
#[Object]
impl AccountChanged {
    /// The account as it is now, not as it was then.
    async fn account(&self, ctx: &Context<'_>) -> Option<Result<Account>> {
        nullable(account_of(ctx, &self.0)).await
    }

    /// What was done.
    async fn change(&self) -> AccountChange {
        self.1.into()
    }

    /// When it happened.
    async fn at(&self) -> DateTime {
        self.0.created_at.into()
    }
}

async fn account_of(ctx: &Context<'_>, row: &event::Model) -> Result<Option<Account>> {
    match row.account_id {
        Some(id) => Ok(loaders(ctx)?.account(id).await?.map(Account)),
        None => Ok(None),
    }
}

impl TryFrom<Arc<event::Model>> for AccountEvent {
    type Error = Error;

    fn try_from(row: Arc<event::Model>) -> Result<Self, Error> {
        match (row.detail.booking, row.detail.change) {
            (Some(booking), _) => Ok(Self::Booked(AccountBooked(row, booking))),
            (None, Some(change)) => Ok(Self::Changed(AccountChanged(row, change))),
            (None, None) => Err(Error::internal("an event of an account says nothing of it")),
        }
    }
}

/// One delivery of a live stream.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccountEventDelivery {
    /// Where to resume: pass it as `after` to get what follows this, and nothing twice.
    cursor: Cursor,
    /// Whether it was delivered as it happened, rather than read from the log.
    live: bool,
    /// The event.
    event: AccountEvent,
}

impl TryFrom<Delivery> for AccountEventDelivery {
    type Error = Error;

    fn try_from(delivery: Delivery) -> Result<Self, Error> {
        let event = match delivery.item {
            Item::Event(row) => AccountEvent::try_from(row)?,
            Item::Gap(gap) => AccountEvent::StreamGap(gap.into()),
        };
        Ok(Self { cursor: Cursor(delivery.cursor), live: delivery.live, event })
    }
}

/// A page of an account's events.
pub async fn page_of_account_events(
    app: &App,
    account: &account::Model,
    first: i32,
    after: Option<Cursor>,
) -> Result<AccountEventConnection> {
    let after = after.as_ref().map(|after| after.0.as_str());
    let Listed { gap, page } = domain::account::events(app, account, i64::from(first), after).await?;
    let Page { rows, has_next, has_previous } = page;
    let events = rows.into_iter().map(|row| Ok((cursor(row.id), AccountEvent::try_from(Arc::new(row))?)));
    let mut rows = events.collect::<Result<Vec<_>, Error>>()?;
    if let Some(gap) = gap {
        rows.insert(0, (gap.to.clone(), AccountEvent::StreamGap(gap.into())));
    }
    let events = Page { rows, has_next, has_previous };
    Ok(AccountEventConnection::of(events, |(cursor, _)| cursor.clone(), |(_, event)| event, None))
}

/// Following accounts.
#[derive(Debug, Default)]
pub struct AccountSubscription;

#[Subscription]
impl AccountSubscription {
    /// What happens to an account: every entry of its ledger, and changes of the account itself. With `after`, first
    /// everything after that cursor, then on without a seam; over server-sent events the `Last-Event-ID` header takes
    /// the place of `after`. Completes when the account is deleted, or may no longer be seen.
    async fn account_events<'a>(
        &self,
        ctx: &Context<'a>,
        #[graphql(desc = "The account.")] account_id: ID,
        #[graphql(desc = "Start after this cursor; without it, with what happens from now on.")] after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Result<AccountEventDelivery, Error>> + use<'a>> {
        let (resume, after) = resumed(ctx, after);
        let uid = id::uid(Kind::Account, "accountId", &account_id)?;
        let watched = domain::account::watch(app(ctx)?, viewer(ctx)?, uid, after.as_deref()).await?;
        let loaders = ctx.data::<Loaders>()?;
        Ok(futures_util::stream::try_unfold(watched, move |mut watched| async move {
            let Some(delivery) = watched.next().await? else { return Ok(None) };
            loaders.renew();
            if let Some(resume) = resume {
                resume.deliver(&delivery.cursor);
            }
            Ok(Some((AccountEventDelivery::try_from(delivery)?, watched)))
        }))
    }
}
