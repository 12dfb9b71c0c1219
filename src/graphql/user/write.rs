//! Making, changing and deleting users.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use entity::user::Status;
use uuid::Uuid;

use super::{AuthenticationType, User};
use crate::{
    app::App,
    domain::{
        self,
        user::{NewUser, UserChange},
    },
    graphql::{
        context::{asked, via},
        id::{self, Kind},
        payload::{id_inputs, payloads},
    },
    viewer::Viewer,
};

/// A user to make.
#[derive(Clone, InputObject)]
pub struct UserCreateInput {
    /// The name to log in with; 1 to 64 letters, digits, `_`, `.` or `-`.
    username: String,
    /// The e-mail address, 3 to 254 characters, taken as confirmed.
    email: Option<String>,
    /// The password, at least 8 characters unless the server asks for more, at most 1,024 characters; without one,
    /// passwordResetRequest mails a link to set the first.
    #[graphql(secret)]
    password: Option<String>,
    /// The given name; at most 200 characters.
    first_name: Option<String>,
    /// The family name; at most 200 characters.
    last_name: Option<String>,
    /// Words that carry rights, such as `service-author`; at most 100, each of 1 to 64 letters, digits, `_`, `.` or `-`.
    #[graphql(default)]
    roles: Vec<String>,
}

/// A change of a user; what is absent stays.
#[derive(Clone, InputObject)]
pub struct UserUpdateInput {
    /// Which user; the viewer if not given. Only an admin changes others.
    user_id: Option<ID>,
    /// Another name to log in with; 1 to 64 letters, digits, `_`, `.` or `-`.
    username: Option<String>,
    /// The given name, at most 200 characters; null for none.
    first_name: MaybeUndefined<String>,
    /// The family name, at most 200 characters; null for none.
    last_name: MaybeUndefined<String>,
    /// A JSON value to keep with the user, at most 16 KiB; null for none.
    metadata: MaybeUndefined<serde_json::Value>,
    /// Another address, 3 to 254 characters, taken as confirmed. Only an admin may; others use emailChangeRequest.
    email: Option<String>,
    /// Other roles, at most 100. Only an admin may.
    roles: Option<Vec<String>>,
    /// What a directory calls the user; null for nothing. Only an admin may.
    ldap_uid: MaybeUndefined<String>,
    /// Who checks the password. Only an admin may.
    authentication_type: Option<AuthenticationType>,
    /// The viewer's own password: needed for what only an admin may.
    #[graphql(secret)]
    confirm_password: Option<String>,
}

/// Which user to delete.
#[derive(Clone, InputObject)]
pub struct UserDeleteInput {
    /// Which user; the viewer if not given. Only an admin deletes others.
    user_id: Option<ID>,
    /// The viewer's own password; not needed while there is none.
    #[graphql(secret)]
    confirm_password: Option<String>,
}

/// Which user to stop.
#[derive(Clone, Debug, InputObject)]
pub struct UserSuspendInput {
    /// Which user.
    user_id: ID,
    /// Why, for the user to read; at most 200 characters.
    status_message: Option<String>,
    /// Whether the account waits (PENDING) instead of being stopped (SUSPENDED).
    #[graphql(default = false)]
    pending: bool,
}

/// Which user to make an admin.
#[derive(Clone, InputObject)]
pub struct UserPromoteInput {
    /// Which user.
    user_id: ID,
    /// The viewer's own password.
    #[graphql(secret)]
    confirm_password: Option<String>,
}

/// Which admin to make an ordinary user.
#[derive(Clone, InputObject)]
pub struct UserDemoteInput {
    /// Which user.
    user_id: ID,
    /// The viewer's own password.
    #[graphql(secret)]
    confirm_password: Option<String>,
}

id_inputs! { user_id, "Its global id.";
    UserReinstateInput "Which user to let work again.",
}

payloads! { user: User, "The user.";
    UserCreatePayload "A user that was made.",
    UserUpdatePayload "A user that was changed.",
    UserDeletePayload "A user that was deleted: what is left of it.",
    UserSuspendPayload "A user that was stopped.",
    UserReinstatePayload "A user that may work again.",
    UserPromotePayload "A user that is an admin.",
    UserDemotePayload "A user that is no admin.",
}

/// Making, changing and deleting users.
#[derive(Debug, Default)]
pub struct UserMutation;

#[Object]
impl UserMutation {
    /// Makes a user. Only an admin may.
    async fn user_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user to make.")] input: UserCreateInput,
    ) -> Result<UserCreatePayload> {
        let (app, viewer) = asked(ctx)?;
        let UserCreateInput { username, email, password, first_name, last_name, roles } = input;
        let password = password.map(Into::into);
        let new = NewUser { username, email, password, first_name, last_name, roles, is_admin: false };
        payload(domain::user::create(app, viewer, new).await)
    }

    /// Changes a user: oneself, or, as an admin, anybody.
    async fn user_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: UserUpdateInput,
    ) -> Result<UserUpdatePayload> {
        let (app, viewer) = asked(ctx)?;
        let uid = input.user_id.as_ref().map(|id| id::uid(Kind::User, "userId", id)).transpose()?;
        let change = UserChange {
            username: input.username,
            first_name: input.first_name.into(),
            last_name: input.last_name.into(),
            metadata: input.metadata.into(),
            email: input.email,
            roles: input.roles,
            ldap_uid: input.ldap_uid.into(),
            authentication_type: input.authentication_type.map(Into::into),
        };
        let confirmed = input.confirm_password.map(Into::into);
        payload(domain::user::update(app, viewer, &via(ctx)?, uid, change, confirmed).await)
    }

    /// Deletes a user: oneself, or, as an admin, anybody. The address is free again; sessions, tokens, files and the contents
    /// of the user's jobs go; projects pass to their longest-serving managers or go, too. What accounts and the audit say
    /// of the user stays, under its number.
    async fn user_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which user.")] input: UserDeleteInput,
    ) -> Result<UserDeletePayload> {
        let (app, viewer) = asked(ctx)?;
        let uid = input.user_id.as_ref().map(|id| id::uid(Kind::User, "userId", id)).transpose()?;
        payload(domain::user::delete(app, viewer, uid, input.confirm_password.map(Into::into)).await)
    }

    /// Stops an account, or lets it wait: its log-ins end, with what it follows; its user may log in anew, read why,
    /// and nothing else. Only an admin may.
    async fn user_suspend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom, and why.")] input: UserSuspendInput,
    ) -> Result<UserSuspendPayload> {
        let (app, viewer, uid) = one(ctx, &input.user_id)?;
        let status = if input.pending { Status::Pending } else { Status::Suspended };
        payload(domain::user::set_status(app, viewer, uid, status, input.status_message).await)
    }

    /// Lets a stopped or waiting user work again. Only an admin may.
    async fn user_reinstate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom.")] input: UserReinstateInput,
    ) -> Result<UserReinstatePayload> {
        let (app, viewer, uid) = one(ctx, &input.user_id)?;
        payload(domain::user::set_status(app, viewer, uid, Status::Active, None).await)
    }

    /// Makes a user an admin. Only an admin may.
    async fn user_promote(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom.")] input: UserPromoteInput,
    ) -> Result<UserPromotePayload> {
        let (app, viewer, uid) = one(ctx, &input.user_id)?;
        let confirmed = input.confirm_password.map(Into::into);
        payload(domain::user::set_admin(app, viewer, uid, true, confirmed).await)
    }

    /// Makes an admin an ordinary user; what it follows as an admin ends. Only an admin may, and the last one stays.
    async fn user_demote(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom.")] input: UserDemoteInput,
    ) -> Result<UserDemotePayload> {
        let (app, viewer, uid) = one(ctx, &input.user_id)?;
        let confirmed = input.confirm_password.map(Into::into);
        payload(domain::user::set_admin(app, viewer, uid, false, confirmed).await)
    }
}

fn one<'a>(ctx: &Context<'a>, id: &ID) -> Result<(&'a App, &'a Viewer, Uuid)> {
    let (app, viewer) = asked(ctx)?;
    Ok((app, viewer, id::uid(Kind::User, "userId", id)?))
}

fn payload<P: From<User>>(row: crate::error::Result<entity::user::Model>) -> Result<P> {
    Ok(User(Arc::new(row?)).into())
}
