//! What MyBRC lists: users and accounts that have a number there.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use entity::user;

mod list;

pub use list::EnrolledQuery;
pub(super) use list::asks_for_nodes;

use super::{
    account::Account,
    context::asked,
    id::{self, Kind},
    payload::{id_inputs, payloads},
    user::User,
};
use crate::domain::{
    self,
    account::Listed,
    user::{Recorded, RecordedChange},
};

/// What MyBRC knows of a user.
#[derive(Clone, Debug, SimpleObject)]
pub struct UserEnrolment {
    /// The name; not unique.
    username: String,
    /// The address, as it was given; empty for none.
    email: String,
    /// What else is kept; empty for nothing.
    metadata: String,
    /// The id in a directory.
    ldap_uid: Option<String>,
    /// Whether nobody logs in as this user.
    record_only: bool,
}

impl From<&user::Model> for UserEnrolment {
    fn from(row: &user::Model) -> Self {
        let metadata = row.metadata.as_ref().map(|metadata| match &metadata.0 {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        Self {
            username: row.username.clone(),
            email: row.email.clone().unwrap_or_default(),
            metadata: metadata.unwrap_or_default(),
            ldap_uid: row.ldap_uid.clone(),
            record_only: row.record_only,
        }
    }
}

/// A user who is only recorded: nobody logs in, and neither name nor address need be unique.
#[derive(Clone, Debug, InputObject)]
pub struct UserRecordInput {
    /// A name, 1 to 64 characters.
    username: String,
    /// An address, which is not checked; at most 254 characters.
    email: Option<String>,
    /// What else the other system keeps of the user; at most 10,000 characters.
    metadata: Option<String>,
    /// The id in a directory; at most 64 characters.
    ldap_uid: Option<String>,
}

/// A change of a user whom MyBRC lists; what is absent stays.
#[derive(Clone, Debug, InputObject)]
pub struct UserRecordUpdateInput {
    /// Which user.
    user_id: ID,
    /// Another name; only of a user who is only recorded.
    username: Option<String>,
    /// Another address; only of a user who is only recorded.
    email: Option<String>,
    /// What else the other system keeps of the user.
    metadata: Option<String>,
    /// The id in a directory.
    ldap_uid: Option<String>,
}

/// An account as MyBRC has it. It may be overdrawn, and what is reported of jobs is not charged to it.
#[derive(Clone, Debug, InputObject)]
pub struct AccountRecordInput {
    /// What it is called there, 1 to 64 characters; the unique short name is made of it.
    title: String,
    /// What sort of account it is, 1 to 64 characters.
    #[graphql(name = "type")]
    kind: String,
    /// What it is for; at most 10,000 characters.
    #[graphql(default)]
    description: String,
    /// Whole units that were granted.
    #[graphql(default)]
    allocation: i32,
    /// Whole units that are left of them; all of them if not given.
    balance: Option<i32>,
}

/// A change of an account as MyBRC sees it; what is absent stays.
#[derive(Clone, Debug, InputObject)]
pub struct AccountRecordUpdateInput {
    /// Which account.
    account_id: ID,
    /// Another title.
    title: Option<String>,
    /// Another type.
    #[graphql(name = "type")]
    kind: Option<String>,
    /// Another description.
    description: Option<String>,
    /// Whole units that are to have been granted; the balance stays. What the account has, rounded down, changes nothing.
    allocation: Option<i32>,
    /// Whole units that are to be left. What the account has, rounded down, changes nothing.
    balance: Option<i32>,
}

id_inputs! { user_id, "Its global id.";
    UserRecordDeleteInput "Which recorded user to remove.",
}

id_inputs! { account_id, "Its global id.";
    AccountEnrolInput "Which account to enrol.",
}

payloads! { user: User, "The user.";
    UserRecordPayload "A user who was recorded.",
    UserRecordUpdatePayload "A user of whom something else is known now.",
    UserRecordDeletePayload "A user who was removed.",
}

payloads! { account: Account, "The account.";
    AccountRecordPayload "An account that was recorded.",
    AccountRecordUpdatePayload "An account that was changed.",
    AccountEnrolPayload "An account that MyBRC lists now.",
}

/// Changing what MyBRC lists.
#[derive(Debug, Default)]
pub struct EnrolledMutation;

#[Object]
impl EnrolledMutation {
    /// Records a user of another system, who never logs in here and gets a number in MyBRC. Admins and users with the role
    /// `accounting` may.
    async fn user_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user.")] input: UserRecordInput,
    ) -> Result<UserRecordPayload> {
        let (app, viewer) = asked(ctx)?;
        let UserRecordInput { username, email, metadata, ldap_uid } = input;
        let row = domain::user::record(app, viewer, Recorded { username, email, metadata, ldap_uid }).await?;
        Ok(User(Arc::new(row)).into())
    }

    /// Changes what is known of a user whom MyBRC lists; `updatedAt` moves even when nothing else does. Admins and
    /// users with the role `accounting` may.
    async fn user_record_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: UserRecordUpdateInput,
    ) -> Result<UserRecordUpdatePayload> {
        let (app, viewer) = asked(ctx)?;
        let uid = id::uid(Kind::User, "userId", &input.user_id)?;
        let UserRecordUpdateInput { username, email, metadata, ldap_uid, .. } = input;
        let change = RecordedChange { username, email, metadata, ldap_uid };
        let row = domain::user::record_update(app, viewer, uid, change).await?;
        Ok(User(Arc::new(row)).into())
    }

    /// Removes a user who is only recorded, and is a member of no account. Jobs and entries keep the user's number. Admins
    /// and users with the role `accounting` may.
    async fn user_record_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which user.")] input: UserRecordDeleteInput,
    ) -> Result<UserRecordDeletePayload> {
        let (app, viewer) = asked(ctx)?;
        let uid = id::uid(Kind::User, "userId", &input.user_id)?;
        Ok(User(Arc::new(domain::user::record_delete(app, viewer, uid).await?)).into())
    }

    /// Makes an account as MyBRC has them, with a number there. Admins and users with the role `accounting` may.
    async fn account_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account.")] input: AccountRecordInput,
    ) -> Result<AccountRecordPayload> {
        let (app, viewer) = asked(ctx)?;
        let new = Listed {
            title: Some(input.title),
            kind: Some(input.kind),
            description: Some(input.description),
            allocation: Some(input.allocation.into()),
            balance: Some(input.balance.unwrap_or(input.allocation).into()),
        };
        Ok(Account(Arc::new(domain::account::record(app, viewer, new).await?)).into())
    }

    /// Changes an account as MyBRC sees it. What is granted and left follows from the ledger: setting it books a
    /// correction with the viewer as its actor. `updatedAt` moves even when nothing else does. Admins and users with
    /// the role `accounting` may.
    async fn account_record_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: AccountRecordUpdateInput,
    ) -> Result<AccountRecordUpdatePayload> {
        let (app, viewer) = asked(ctx)?;
        let uid = id::uid(Kind::Account, "accountId", &input.account_id)?;
        let change = Listed {
            title: input.title,
            kind: input.kind,
            description: input.description,
            allocation: input.allocation.map(i64::from),
            balance: input.balance.map(i64::from),
        };
        Ok(Account(Arc::new(domain::account::record_update(app, viewer, uid, change).await?)).into())
    }

    /// Has MyBRC list an account and its members: they get numbers there, and the account may be overdrawn from now on.
    /// Admins and users with the role `accounting` may.
    async fn account_enrol(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which account.")] input: AccountEnrolInput,
    ) -> Result<AccountEnrolPayload> {
        let (app, viewer) = asked(ctx)?;
        let uid = id::uid(Kind::Account, "accountId", &input.account_id)?;
        Ok(Account(Arc::new(domain::account::enrol(app, viewer, uid).await?)).into())
    }
}
