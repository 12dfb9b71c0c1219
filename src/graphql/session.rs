//! Logging in and out.

mod list;

pub use list::{SessionConnection, SessionOrder, page_of_sessions};

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::session;

use super::{
    context::{asked, via, viewer},
    id::{self, Kind},
    scalar::DateTime,
    user::User,
};
use crate::domain;

/// A log-in.
#[derive(Clone, Debug)]
pub struct Session(pub session::Model);

/// A log-in.
#[Object]
impl Session {
    /// The global id.
    async fn id(&self) -> ID {
        Kind::Session.id(self.0.uid)
    }

    /// The surface that it was made through: `graphql`, or the name of an older API.
    async fn origin(&self) -> &str {
        &self.0.origin
    }

    /// Whether this request was sent with it.
    async fn is_current(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(viewer(ctx)?.session_id() == Some(self.0.id))
    }

    /// What the client called itself.
    async fn user_agent(&self) -> Option<&str> {
        self.0.user_agent.as_deref()
    }

    /// When the log-in happened.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// The last request, to the minute.
    async fn last_used_at(&self) -> DateTime {
        self.0.last_used_at.into()
    }

    /// When it ends in any case; it ends earlier when it is not used for a while.
    async fn expires_at(&self) -> DateTime {
        self.0.expires_at.into()
    }

    /// When it ends unless it is used again.
    async fn idle_expires_at(&self) -> DateTime {
        self.0.ends_at().into()
    }
}

/// What to log in with.
#[derive(Clone, InputObject)]
pub struct SessionCreateInput {
    /// The user name or the e-mail address.
    login: String,
    /// The password.
    #[graphql(secret)]
    password: String,
}

/// A new log-in.
#[derive(Clone, Debug, SimpleObject)]
pub struct SessionCreatePayload {
    /// The session.
    session: Session,
    /// Who logged in. This request itself was sent by nobody: fields that only the user sees are null in its answer.
    user: User,
    /// What to send as `Authorization: Bearer`. Shown this once.
    token: String,
}

/// A log-in that ended.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct SessionDeletePayload {
    /// Always true; a failure is an error.
    deleted: bool,
}

/// Which session to end.
#[derive(Clone, Debug, InputObject)]
pub struct SessionRevokeInput {
    /// Its global id.
    session_id: ID,
}

/// A session that was ended.
#[derive(Clone, Debug, SimpleObject)]
pub struct SessionRevokePayload {
    /// The session, as it was.
    session: Session,
}

/// Whose sessions to end.
#[derive(Clone, Debug, InputObject)]
pub struct SessionsDeleteAllInput {
    /// Whose; the viewer's own if not given. Only an admin ends those of others.
    user_id: Option<ID>,
    /// Whether the session that this request is sent with goes on.
    #[graphql(default = false)]
    keep_current: bool,
}

/// Sessions that were ended.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct SessionsDeleteAllPayload {
    /// How many those were, sessions whose time was over included.
    count: i32,
}

/// Logging in and out.
#[derive(Debug, Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Logs in. A wrong name and a wrong password get the same answer.
    async fn session_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to log in with.")] input: SessionCreateInput,
    ) -> Result<SessionCreatePayload> {
        let (app, _) = asked(ctx)?;
        let login = domain::session::create(app, &via(ctx)?, &input.login, input.password.into()).await?;
        Ok(SessionCreatePayload {
            session: Session(login.session),
            user: User(Arc::new(login.user)),
            token: login.token.expose().to_owned(),
        })
    }

    /// Ends one session: one's own, or, for an admin, anybody's. What was sent with it opens nothing any more, and what it
    /// follows ends.
    async fn session_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] input: SessionRevokeInput,
    ) -> Result<SessionRevokePayload> {
        let (app, viewer) = asked(ctx)?;
        let uid = id::uid(Kind::Session, "sessionId", &input.session_id)?;
        Ok(SessionRevokePayload { session: Session(domain::session::revoke(app, viewer, uid).await?) })
    }

    /// Logs out everywhere: ends all sessions of the viewer, or, for an admin, of anybody. API tokens go on.
    async fn sessions_delete_all(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose.")] input: SessionsDeleteAllInput,
    ) -> Result<SessionsDeleteAllPayload> {
        let (app, viewer) = asked(ctx)?;
        let user = input.user_id.map(|id| id::uid(Kind::User, "userId", &id)).transpose()?;
        let ended = domain::session::end_all_of(app, viewer, user, input.keep_current).await?;
        Ok(SessionsDeleteAllPayload { count: i32::try_from(ended).unwrap_or(i32::MAX) })
    }

    /// Logs out: ends the session that this request was sent with.
    async fn session_delete(&self, ctx: &Context<'_>) -> Result<SessionDeletePayload> {
        let (app, viewer) = asked(ctx)?;
        domain::session::delete(app, viewer).await?;
        Ok(SessionDeletePayload { deleted: true })
    }
}
