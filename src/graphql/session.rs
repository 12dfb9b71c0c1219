//! Logging in and out.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::session;

use super::{
    context::{asked, user_agent},
    id::Kind,
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
        let login = domain::session::create(app, &input.login, input.password.into(), user_agent(ctx)).await?;
        Ok(SessionCreatePayload {
            session: Session(login.session),
            user: User(Arc::new(login.user)),
            token: login.token.expose().to_owned(),
        })
    }

    /// Logs out: ends the session that this request was sent with.
    async fn session_delete(&self, ctx: &Context<'_>) -> Result<SessionDeletePayload> {
        let (app, viewer) = asked(ctx)?;
        domain::session::delete(app, viewer).await?;
        Ok(SessionDeletePayload { deleted: true })
    }
}
