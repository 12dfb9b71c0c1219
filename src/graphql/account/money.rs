//! Moving money by hand.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::{Account, write::one};
use crate::{
    domain::{
        self,
        account::{Adjustment, Booked},
    },
    graphql::{
        context::asked,
        id::{self, Kind},
        ledger::LedgerEntry,
        scalar::Decimal,
    },
};

/// Money to put into an account.
#[derive(Clone, Debug, InputObject)]
pub struct AccountGrantInput {
    /// Which account.
    account_id: ID,
    /// How much, more than 0.
    amount: Decimal,
    /// Why; 1 to 200 characters.
    reason: Option<String>,
}

/// A correction of an account's sums. At least one of the two amounts must be given and not be 0.
#[derive(Clone, Debug, InputObject)]
pub struct AccountAdjustInput {
    /// Which account.
    account_id: ID,
    /// Added to what was granted; a negative amount takes from it.
    granted: Option<Decimal>,
    /// Added to what was spent; a negative amount takes from it.
    spent: Option<Decimal>,
    /// Why; 1 to 200 characters.
    reason: String,
}

/// A job whose cost is to be given back.
#[derive(Clone, Debug, InputObject)]
pub struct JobRefundInput {
    /// Which job.
    job_id: ID,
    /// How much, more than 0 and at most what was taken; all of it if not given.
    amount: Option<Decimal>,
    /// Why; 1 to 200 characters.
    reason: Option<String>,
}

/// Defines payloads of a movement: the account after it, and the entry.
macro_rules! booked {
    ($($name:ident $doc:literal),+ $(,)?) => {
        $(
            #[doc = $doc]
            #[derive(Clone, Debug, SimpleObject)]
            pub struct $name {
                /// The account after it.
                account: Account,
                /// The entry of the ledger.
                entry: LedgerEntry,
            }

            impl From<Booked> for $name {
                fn from(booked: Booked) -> Self {
                    let (account, entry) = (Account(Arc::new(booked.account)), LedgerEntry(Arc::new(booked.entry)));
                    Self { account, entry }
                }
            }
        )+
    };
}

booked! {
    AccountGrantPayload "Money that was put in.",
    AccountAdjustPayload "A correction that was booked.",
    JobRefundPayload "Money that was given back.",
}

/// Moving money by hand.
#[derive(Debug, Default)]
pub struct MoneyMutation;

#[Object]
impl MoneyMutation {
    /// Puts money into an account. Admins and users with the role `accounting` may.
    async fn account_grant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The money.")] input: AccountGrantInput,
    ) -> Result<AccountGrantPayload> {
        let (app, viewer, uid) = one(ctx, &input.account_id)?;
        let amount = input.amount.at("amount")?;
        Ok(domain::account::grant(app, viewer, uid, amount, input.reason).await?.into())
    }

    /// Corrects an account's sums by an entry; entries are never changed. Admins and users with the role `accounting`
    /// may.
    async fn account_adjust(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The correction.")] input: AccountAdjustInput,
    ) -> Result<AccountAdjustPayload> {
        let (app, viewer, uid) = one(ctx, &input.account_id)?;
        let amount = |amount: Option<Decimal>, path: &str| amount.map(|amount| amount.at(path)).transpose();
        let adjustment = Adjustment {
            granted: amount(input.granted, "granted")?.unwrap_or_default(),
            spent: amount(input.spent, "spent")?.unwrap_or_default(),
            reason: input.reason,
        };
        Ok(domain::account::adjust(app, viewer, uid, adjustment).await?.into())
    }

    /// Gives back what was taken for a job, or a part of it. Admins and users with the role `accounting` may.
    async fn job_refund(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job.")] input: JobRefundInput,
    ) -> Result<JobRefundPayload> {
        let (app, viewer) = asked(ctx)?;
        let uid = id::uid(Kind::Job, "jobId", &input.job_id)?;
        let amount = input.amount.map(|amount| amount.at("amount")).transpose()?;
        Ok(domain::account::refund(app, viewer, uid, amount, input.reason).await?.into())
    }
}
