//! Users.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result};
use entity::{legacy_number::Noun, user};

use super::{
    account::{AccountConnection, AccountOrder, page_of_accounts},
    connection::connection,
    context::{asked, asks_for, nullable, page, viewer},
    dialect::{Dialect, its_number, only_with_a_number, row_of},
    id::{self, Kind},
    scalar::{DateTime, number},
};
use crate::{
    domain::{self, account::AccountFilter},
    error::Error,
    page::cursor,
};

/// How an account came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "UserKind", remote = "entity::user::Kind")]
pub enum UserKind {
    /// Somebody who logs in.
    Authenticated,
    /// Somebody who was given a row without a log-in.
    Anonymous,
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "UserStatus", remote = "entity::user::Status")]
pub enum UserStatus {
    /// Waits for an admin: may log in and read itself, nothing else.
    Pending,
    /// In use.
    Active,
    /// Stopped by an admin: may log in and read itself and the status message, nothing else.
    Suspended,
}

/// How users are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "UserOrder", remote = "crate::domain::user::UserOrder")]
pub enum UserOrder {
    /// Oldest account first.
    CreatedAtAsc,
    /// Newest account first.
    CreatedAtDesc,
    /// By user name.
    UsernameAsc,
}

/// A person, or a program that acts like one.
#[derive(Clone, Debug)]
pub struct User(pub Arc<user::Model>);

connection!(UserConnection, UserEdge, User, "users");

impl User {
    /// Contact data and rights are for the user itself and for admins.
    fn private<T>(&self, ctx: &Context<'_>, value: impl FnOnce(&user::Model) -> T) -> Result<Option<T>> {
        let viewer = viewer(ctx)?;
        let may = viewer.is_admin() || viewer.user_id() == Some(self.0.id);
        Ok(may.then(|| value(&self.0)))
    }
}

/// A person, or a program that acts like one.
#[Object]
impl User {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::User.id(self.0.uid)
    }

    /// A short number, unique among users.
    async fn number(&self) -> i32 {
        number(self.0.id)
    }

    /// Its number in an older API; null as long as that API has not shown it.
    async fn legacy_number(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose number.")] dialect: Dialect,
    ) -> Option<Result<i32>> {
        nullable(its_number(ctx, dialect, Noun::User, self.0.id)).await
    }

    /// The name to log in with; 1 to 64 letters, digits, `_`, `.` or `-`.
    async fn username(&self) -> &str {
        &self.0.username
    }

    /// The e-mail address; null for other users unless an admin asks.
    async fn email(&self, ctx: &Context<'_>) -> Option<Result<String>> {
        nullable(async move { Ok(self.private(ctx, |user| user.email.clone())?.flatten()) }).await
    }

    /// The given name.
    async fn first_name(&self) -> Option<&str> {
        self.0.first_name.as_deref()
    }

    /// The family name.
    async fn last_name(&self) -> Option<&str> {
        self.0.last_name.as_deref()
    }

    /// How the account came to be.
    async fn kind(&self) -> UserKind {
        self.0.kind.into()
    }

    /// Whether the account may be used; null for other users unless an admin asks.
    async fn status(&self, ctx: &Context<'_>) -> Option<Result<UserStatus>> {
        nullable(async move { self.private(ctx, |user| user.status.into()) }).await
    }

    /// Why the account is not in use, for its owner to read.
    async fn status_message(&self, ctx: &Context<'_>) -> Option<Result<String>> {
        nullable(async move { Ok(self.private(ctx, |user| user.status_message.clone())?.flatten()) }).await
    }

    /// Whether the user may do everything; null for other users unless an admin asks.
    async fn is_admin(&self, ctx: &Context<'_>) -> Option<Result<bool>> {
        nullable(async move { self.private(ctx, |user| user.is_admin) }).await
    }

    /// Words that carry rights, such as `service-author`; null for other users unless an admin asks.
    async fn roles(&self, ctx: &Context<'_>) -> Option<Result<Vec<String>>> {
        nullable(async move { self.private(ctx, |user| user.roles.0.clone()) }).await
    }

    /// The accounts that the user may charge, of those that the viewer may see: all for the user itself.
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.", default_with = "AccountOrder::NameAsc")] order: AccountOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<AccountConnection> {
        let filter = AccountFilter { member_ids: Some(vec![self.0.uid]), ..AccountFilter::default() };
        page_of_accounts(ctx, &filter, order, &page(ctx, first, last, after, before)?).await
    }

    /// When the account was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }
}

/// Reading users.
#[derive(Debug, Default)]
pub struct UserQuery;

#[Object]
impl UserQuery {
    /// One user, by exactly one of the arguments. Everybody sees itself, admins see all.
    async fn user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: Option<ID>,
        #[graphql(desc = "The short number.")] number: Option<i32>,
        #[graphql(desc = "The older API whose `number` is meant; without it, docket's own is.")] dialect: Option<
            Dialect,
        >,
        #[graphql(desc = "The name to log in with.")] username: Option<String>,
        #[graphql(desc = "The e-mail address; upper and lower case are the same.")] email: Option<String>,
    ) -> Option<Result<User>> {
        nullable(async move {
            let (app, viewer) = asked(ctx)?;
            only_with_a_number(dialect, number)?;
            let given = [id.is_some(), number.is_some(), username.is_some(), email.is_some()];
            if given.iter().filter(|given| **given).count() != 1 {
                return Err(Error::invalid("id", "Give exactly one of id, number, username and email.").into());
            }
            let row = if let Some(id) = id {
                domain::user::get(app, viewer, id::uid(Kind::User, "id", &id)?).await
            } else {
                let number = match number {
                    Some(number) => Some(row_of(ctx, dialect, Noun::User, number).await?),
                    None => None,
                };
                domain::user::get_by(app, viewer, number, username.as_deref(), email.as_deref()).await
            };
            Ok(Some(User(Arc::new(row?))))
        })
        .await
    }

    /// The users that the viewer may see: oneself, or all for an admin.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.", default_with = "UserOrder::CreatedAtAsc")] order: UserOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<UserConnection> {
        let (app, viewer) = asked(ctx)?;
        let order = order.into();
        let found = domain::user::list(app, viewer, order, &page(ctx, first, last, after, before)?).await?;
        let total = if asks_for(ctx, "totalCount") { Some(domain::user::count(app, viewer).await?) } else { None };
        let cursors = found.rows.iter().map(|row| cursor(order, row)).collect();
        let nodes = found.rows.into_iter().map(|row| User(Arc::new(row))).collect();
        Ok(UserConnection::new(nodes, cursors, found.has_next, found.has_previous, total))
    }
}
