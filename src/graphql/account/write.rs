//! Making and changing accounts and their members.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use entity::{Amount, account};
use uuid::Uuid;

use super::{Account, AccountMember, AccountOverrun};
use crate::{
    app::App,
    domain::{
        self,
        account::{AccountChange, MemberChange, NewAccount},
    },
    graphql::{
        context::asked,
        id::{self, Kind},
        payload::{id_inputs, payloads},
        scalar::Decimal,
    },
    viewer::Viewer,
};

/// An account to make.
#[derive(Clone, Debug, InputObject)]
pub struct AccountCreateInput {
    /// A short unique name; 1 to 64 letters, digits, `_`, `.` or `-`.
    name: String,
    /// What sort of account it is, in a word of the operator's own, under the same rules.
    #[graphql(name = "type", default = "standard")]
    kind: String,
    /// What it is for; at most 10,000 characters.
    #[graphql(default)]
    description: String,
    /// What happens when the money does not suffice.
    #[graphql(default_with = "AccountOverrun::Refuse")]
    overrun: AccountOverrun,
    /// Whether the amounts that a batch system reports of jobs that it ran are charged.
    #[graphql(default = true)]
    charges_recorded_jobs: bool,
    /// What is granted at once, 0 or more; nothing if not given.
    granted: Option<Decimal>,
}

/// A change of an account; what is absent or null stays.
#[derive(Clone, Debug, InputObject)]
pub struct AccountUpdateInput {
    /// Which account.
    account_id: ID,
    /// A new short name; 1 to 64 letters, digits, `_`, `.` or `-`.
    name: Option<String>,
    /// A new type.
    #[graphql(name = "type")]
    kind: Option<String>,
    /// A new description; at most 10,000 characters.
    description: Option<String>,
    /// Another rule. INVALID_STATE when the account is overdrawn and the rule would not let it be.
    overrun: Option<AccountOverrun>,
    /// Whether the amounts that a batch system reports of jobs that it ran are charged.
    charges_recorded_jobs: Option<bool>,
}

/// A new or changed membership.
#[derive(Clone, Debug, InputObject)]
pub struct AccountMemberSetInput {
    /// Which account.
    account_id: ID,
    /// Which user.
    user_id: ID,
    /// The most that the user's jobs may hold and have spent together, 0 or more; null takes the limit away. If not
    /// given it stays, and a new member has none.
    limit: MaybeUndefined<Decimal>,
    /// Whether the user sees all members and entries, and sets members that are no managers. If not given it stays,
    /// and a new member is no manager. Only admins and users with the role `accounting` make managers.
    is_manager: Option<bool>,
}

/// Whose membership to end.
#[derive(Clone, Debug, InputObject)]
pub struct AccountMemberRemoveInput {
    /// Which account.
    account_id: ID,
    /// Which user.
    user_id: ID,
}

id_inputs! { account_id, "Its global id.";
    AccountDeleteInput "Which account to delete.",
}

payloads! { account: Account, "The account.";
    AccountCreatePayload "An account that was made.",
    AccountUpdatePayload "An account that was changed.",
    AccountDeletePayload "An account that was deleted, as its entries still show it.",
}

/// A membership that was made or changed.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccountMemberSetPayload {
    /// The membership.
    member: AccountMember,
}

/// A membership that was ended.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccountMemberRemovePayload {
    /// The membership, as it was.
    member: AccountMember,
}

/// Making and changing accounts and their members.
#[derive(Debug, Default)]
pub struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Makes an account. Admins and users with the role `accounting` may.
    async fn account_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account to make.")] input: AccountCreateInput,
    ) -> Result<AccountCreatePayload> {
        let (app, viewer) = asked(ctx)?;
        let granted = input.granted.map(|granted| granted.at("granted")).transpose()?;
        let new = NewAccount {
            name: input.name,
            kind: input.kind,
            description: input.description,
            overrun: input.overrun.into(),
            charges_recorded: input.charges_recorded_jobs,
            granted: granted.unwrap_or(Amount::ZERO),
        };
        payload(domain::account::create(app, viewer, new).await)
    }

    /// Changes an account. Admins and users with the role `accounting` may.
    async fn account_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: AccountUpdateInput,
    ) -> Result<AccountUpdatePayload> {
        let (app, viewer, uid) = one(ctx, &input.account_id)?;
        let change = AccountChange {
            name: input.name,
            kind: input.kind,
            description: input.description,
            overrun: input.overrun.map(Into::into),
            charges_recorded: input.charges_recorded_jobs,
        };
        payload(domain::account::update(app, viewer, uid, change).await)
    }

    /// Deletes an account that pays for no unfinished job. Its entries stay; its name is free again. Admins and users
    /// with the role `accounting` may.
    async fn account_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which account.")] input: AccountDeleteInput,
    ) -> Result<AccountDeletePayload> {
        let (app, viewer, uid) = one(ctx, &input.account_id)?;
        payload(domain::account::delete(app, viewer, uid).await)
    }

    /// Makes a user a member of an account, or changes what the member may. Admins and users with the role
    /// `accounting` may; the account's managers may for members that are no managers.
    async fn account_member_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The membership.")] input: AccountMemberSetInput,
    ) -> Result<AccountMemberSetPayload> {
        let (app, viewer, uid) = one(ctx, &input.account_id)?;
        let user = id::uid(Kind::User, "userId", &input.user_id)?;
        let limit = match input.limit {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(limit) => Some(Some(limit.at("limit")?)),
        };
        let change = MemberChange { limit, is_manager: input.is_manager };
        let member = AccountMember(domain::account::set_member(app, viewer, uid, user, change).await?);
        Ok(AccountMemberSetPayload { member })
    }

    /// Ends a membership. Jobs that the user has submitted already are still paid. The same callers may as for
    /// `accountMemberSet`.
    async fn account_member_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose membership.")] input: AccountMemberRemoveInput,
    ) -> Result<AccountMemberRemovePayload> {
        let (app, viewer, uid) = one(ctx, &input.account_id)?;
        let user = id::uid(Kind::User, "userId", &input.user_id)?;
        let member = AccountMember(domain::account::remove_member(app, viewer, uid, user).await?);
        Ok(AccountMemberRemovePayload { member })
    }
}

pub(super) fn one<'a>(ctx: &Context<'a>, id: &ID) -> Result<(&'a App, &'a Viewer, Uuid)> {
    let (app, viewer) = asked(ctx)?;
    Ok((app, viewer, id::uid(Kind::Account, "accountId", id)?))
}

fn payload<P: From<Account>>(row: crate::error::Result<account::Model>) -> Result<P> {
    Ok(Account(Arc::new(row?)).into())
}
