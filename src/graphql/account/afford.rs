//! Whether an account would pay for what a batch system is about to run.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};

use crate::{
    domain,
    error::Error,
    graphql::{
        context::asked,
        id::{self, Kind},
        scalar::{DateTime, Decimal},
    },
};

/// Why an account would not pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "AccountObstacle", remote = "crate::domain::account::Obstacle")]
pub enum AccountObstacle {
    /// The user is no member of it, as far as the viewer sees.
    NotAMember,
    /// Nothing was ever put into it.
    NoAllocation,
    /// The account has less than that.
    Account,
    /// The member may not spend so much.
    Member,
}

/// Whether an account would pay, with the figures behind it. Amounts are in service units.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccountAffords {
    /// Whether it would.
    affords: bool,
    /// Why not; null when it would.
    obstacle: Option<AccountObstacle>,
    /// What is held and spent: of the member when the obstacle is MEMBER, else of the account.
    used: Decimal,
    /// The most that this may come to.
    allocation: Decimal,
}

/// Asking before a job is run.
#[derive(Debug, Default)]
pub struct AffordQuery;

#[Object]
impl AffordQuery {
    /// Whether a job that a batch system is about to run would stay within what its account was granted and what the member
    /// may spend. An account that does not charge recorded jobs pays for all of its members; the overrun rule plays no
    /// part. Nothing is held by asking; what `accountReserve` keeps free for other jobs counts as used.
    async fn account_affords(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account, which the viewer must see.")] account_id: ID,
        #[graphql(desc = "Whose job it would be.")] user_id: ID,
        #[graphql(desc = "What the job may cost, 0 or more.")] amount: Decimal,
    ) -> Result<AccountAffords> {
        let (app, viewer) = asked(ctx)?;
        let account = id::uid(Kind::Account, "accountId", &account_id)?;
        let user = id::uid(Kind::User, "userId", &user_id)?;
        let amount = amount.at("amount")?;
        if amount < entity::Amount::ZERO {
            return Err(Error::invalid("amount", format!("{amount} is less than 0.")).into());
        }
        let found = domain::account::affords(app, viewer, account, user, amount).await?;
        Ok(found.into())
    }
}

impl From<domain::account::Affords> for AccountAffords {
    fn from(found: domain::account::Affords) -> Self {
        Self {
            affords: found.obstacle.is_none(),
            obstacle: found.obstacle.map(Into::into),
            used: found.used.into(),
            allocation: found.allocation.into(),
        }
    }
}

/// What a job may cost, and for how long that is kept free.
#[derive(Clone, Debug, InputObject)]
pub struct AccountReserveInput {
    /// The account, which the viewer must see.
    account_id: ID,
    /// Whose job it would be.
    user_id: ID,
    /// What the job may cost, in service units, 0 or more.
    amount: Decimal,
    /// For how long at most, 1 to 86,400 seconds: the job's first report (`jobReport`) ends it before.
    #[graphql(default = 600)]
    seconds: i32,
}

/// Whether money is kept free for a job.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccountReservePayload {
    /// Whether the account would pay, as `accountAffords` says it.
    verdict: AccountAffords,
    /// Until when the money is kept free; null when the account would not pay, or nothing for this job.
    reserved_until: Option<DateTime>,
}

/// Asking, and keeping the money free.
#[derive(Debug, Default)]
pub struct ReserveMutation;

#[Object]
impl ReserveMutation {
    /// Asks as `accountAffords` does and, when the account would pay, keeps the money free for a while, so that two jobs of
    /// which it could pay one are not both let in. It is no hold: nothing is booked, and only these two questions heed it.
    /// Admins and users with the role `accounting` may.
    async fn account_reserve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job.")] input: AccountReserveInput,
    ) -> Result<AccountReservePayload> {
        let (app, viewer) = asked(ctx)?;
        let wanted = domain::account::Reservation {
            account_id: id::uid(Kind::Account, "accountId", &input.account_id)?,
            user_id: id::uid(Kind::User, "userId", &input.user_id)?,
            amount: input.amount.at("amount")?,
            seconds: input.seconds.into(),
        };
        let (found, until) = domain::account::reserve(app, viewer, wanted).await?;
        Ok(AccountReservePayload { verdict: found.into(), reserved_until: until.map(Into::into) })
    }
}
