//! Whether an account would pay for what a batch system is about to run.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

use crate::{
    domain,
    error::Error,
    graphql::{
        context::asked,
        id::{self, Kind},
        scalar::Decimal,
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
    /// part. Nothing is held by asking.
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
        Ok(AccountAffords {
            affords: found.obstacle.is_none(),
            obstacle: found.obstacle.map(Into::into),
            used: found.used.into(),
            allocation: found.allocation.into(),
        })
    }
}
