//! Users.

mod credential;
mod filter;
mod mailed_link;
mod quick;
mod sign_up;
mod write;

pub use credential::CredentialMutation;
pub use filter::UserFilter;
pub use mailed_link::MailedLinkQuery;
pub use sign_up::SignUpMutation;
pub use write::UserMutation;

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result};
use entity::{legacy_number::Noun, user};

use super::{
    account::{AccountConnection, AccountOrder, page_of_accounts},
    connection::connection,
    context::{asked, counted, nullable, page, via, viewer},
    dialect::{Dialect, its_number, only_with_a_number, row_of},
    enrolled::UserEnrolment,
    group::{GroupConnection, GroupOrder, page_of_groups},
    id::{self, Kind},
    project::{Project, ProjectConnection, ProjectOrder, page_of_projects},
    scalar::{DateTime, number},
    session::{SessionConnection, SessionOrder, page_of_sessions},
    token::{TokenConnection, TokenOrder, page_of_tokens},
};
use crate::{
    domain::{self, account::AccountFilter, project::ProjectFilter},
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
    /// Gone: only its number is left, for what names it.
    Deleted,
}

/// Who checks a user's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "AuthenticationType", remote = "entity::user::AuthenticationType")]
pub enum AuthenticationType {
    /// This server.
    Native,
    /// A directory of the organisation (LDAP).
    Ldap,
    /// A provider of `OpenID`.
    Oidc,
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

connection!(UserConnection, UserEdge, User, "users", quick);

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
        #[graphql(
            desc = "Whether a request of that API gives a number to what has none; in a list of what it shows, that would be to \
                    list it.",
            default = true
        )]
        draw: bool,
    ) -> Option<Result<i32>> {
        nullable(its_number(ctx, dialect, Noun::User, self.0.id, draw)).await
    }

    /// The name to log in with; 1 to 64 letters, digits, `_`, `.` or `-`.
    async fn username(&self) -> &str {
        &self.0.username
    }

    /// The e-mail address; null for other users unless an admin asks.
    async fn email(&self, ctx: &Context<'_>) -> Option<Result<String>> {
        nullable(async move { Ok(self.private(ctx, |user| user.email.clone())?.flatten()) }).await
    }

    /// What MyBRC knows of this user, for itself and for who keeps accounts; null for others, and for a user who has no
    /// number there or was deleted.
    async fn enrolment(&self, ctx: &Context<'_>) -> Option<Result<UserEnrolment>> {
        nullable(async move {
            let (viewer, id) = (viewer(ctx)?, self.0.id);
            let may = viewer.keeps_accounts() || viewer.user_id() == Some(id);
            if !may
                || self.0.deleted_at.is_some()
                || its_number(ctx, Dialect::Mybrc, Noun::User, id, false).await?.is_none()
            {
                return Ok(None);
            }
            Ok(Some(UserEnrolment::from(&*self.0)))
        })
        .await
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

    /// When the address was confirmed; null while it was not, and for other users unless an admin asks.
    async fn email_verified_at(&self, ctx: &Context<'_>) -> Option<Result<DateTime>> {
        nullable(async move { Ok(self.private(ctx, |user| user.email_verified_at.map(Into::into))?.flatten()) }).await
    }

    /// Who checks the password; null for other users unless an admin asks.
    async fn authentication_type(&self, ctx: &Context<'_>) -> Option<Result<AuthenticationType>> {
        nullable(async move { self.private(ctx, |user| user.authentication_type.into()) }).await
    }

    /// What a directory calls the user; null for other users unless an admin asks.
    async fn ldap_uid(&self, ctx: &Context<'_>) -> Option<Result<String>> {
        nullable(async move { Ok(self.private(ctx, |user| user.ldap_uid.clone())?.flatten()) }).await
    }

    /// A JSON value that is kept with the user; null for other users unless an admin asks.
    async fn metadata(&self, ctx: &Context<'_>) -> Option<Result<serde_json::Value>> {
        let metadata = |user: &user::Model| user.metadata.as_ref().map(|metadata| metadata.0.clone());
        nullable(async move { Ok(self.private(ctx, metadata)?.flatten()) }).await
    }

    /// Whether the user is known only from another system's records, so that nobody logs in as it; null for other users
    /// unless an admin asks.
    async fn is_record_only(&self, ctx: &Context<'_>) -> Option<Result<bool>> {
        nullable(async move { self.private(ctx, |user| user.record_only) }).await
    }

    /// When somebody last logged in with the password; null for other users unless an admin asks.
    async fn last_login_at(&self, ctx: &Context<'_>) -> Option<Result<DateTime>> {
        nullable(async move { Ok(self.private(ctx, |user| user.last_login_at.map(Into::into))?.flatten()) }).await
    }

    /// The log-ins that are open: one's own, which takes a session or a token with the scope `admin`, or, for an admin,
    /// anybody's.
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.", default_with = "SessionOrder::CreatedAtDesc")] order: SessionOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Option<Result<SessionConnection>> {
        nullable(async move {
            page_of_sessions(ctx, self.0.id, order, &page(ctx, first, last, after, before)?).await.map(Some)
        })
        .await
    }

    /// The API tokens, revoked ones included: one's own, or, for an admin, anybody's.
    async fn tokens(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.", default_with = "TokenOrder::CreatedAtDesc")] order: TokenOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Option<Result<TokenConnection>> {
        nullable(async move {
            page_of_tokens(ctx, self.0.id, order, &page(ctx, first, last, after, before)?).await.map(Some)
        })
        .await
    }

    /// The groups that the user is in; null for other users unless an admin asks.
    async fn groups(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.", default_with = "GroupOrder::NameAsc")] order: GroupOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Option<Result<GroupConnection>> {
        nullable(async move {
            match self.private(ctx, |user| user.id)? {
                Some(id) => page_of_groups(ctx, id, order, &page(ctx, first, last, after, before)?).await.map(Some),
                None => Ok(None),
            }
        })
        .await
    }

    /// The projects that the user takes part in; null for other users unless an admin asks.
    async fn projects(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.", default_with = "ProjectOrder::NameAsc")] order: ProjectOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Option<Result<ProjectConnection>> {
        nullable(async move {
            let Some(id) = self.private(ctx, |user| user.id)? else { return Ok(None) };
            let filter = ProjectFilter { participant: Some(id), ..ProjectFilter::default() };
            page_of_projects(ctx, &filter, order, &page(ctx, first, last, after, before)?).await.map(Some)
        })
        .await
    }

    /// The user's own project, which nobody else takes part in; null for other users unless an admin asks.
    async fn personal_project(&self, ctx: &Context<'_>) -> Option<Result<Project>> {
        nullable(async move {
            let (app, viewer) = asked(ctx)?;
            let Some(id) = self.private(ctx, |user| user.id)? else { return Ok(None) };
            Ok(domain::project::personal_of(app, viewer, id).await?.map(Project::new))
        })
        .await
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
            let row = match (id, email) {
                (Some(id), _) => domain::user::get(app, viewer, id::uid(Kind::User, "id", &id)?).await,
                (None, Some(email)) => domain::user::get_by_email(app, viewer, &via(ctx)?, &email).await,
                (None, None) => {
                    let number = match number {
                        Some(number) => Some(row_of(ctx, dialect, Noun::User, number).await?),
                        None => None,
                    };
                    domain::user::get_by(app, viewer, number, username.as_deref(), None).await
                }
            };
            Ok(Some(User(Arc::new(row?))))
        })
        .await
    }

    /// The users that the viewer may see: oneself, or all for an admin.
    #[expect(clippy::too_many_arguments, reason = "a connection has four arguments of its own")]
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.", default)] filter: UserFilter,
        #[graphql(desc = "The order.", default_with = "UserOrder::CreatedAtAsc")] order: UserOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<UserConnection> {
        let (app, viewer) = asked(ctx)?;
        let (filter, order) = (filter.read()?, order.into());
        let request = page(ctx, first, last, after, before)?;
        let found = domain::user::list(app, viewer, &filter, order, &request).await?;
        let total = counted(ctx, domain::user::count(app, viewer, &filter)).await?;
        Ok(UserConnection::of(found, |row| cursor(order, row), |row| User(Arc::new(row)), total))
    }
}
