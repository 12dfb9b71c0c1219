//! Looking at log-ins.

use async_graphql::{Context, Enum, Result};

use super::Session;
use crate::{
    domain,
    graphql::{
        connection::connection,
        context::{asked, counted},
    },
    page::{PageRequest, cursor},
};

/// How sessions are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "SessionOrder", remote = "crate::domain::session::SessionOrder")]
pub enum SessionOrder {
    /// The oldest log-in first.
    CreatedAtAsc,
    /// The newest log-in first.
    CreatedAtDesc,
}

connection!(SessionConnection, SessionEdge, Session, "sessions");

/// A page of a user's sessions.
pub async fn page_of_sessions(
    ctx: &Context<'_>,
    user_id: i64,
    order: SessionOrder,
    request: &PageRequest,
) -> Result<SessionConnection> {
    let (app, viewer) = asked(ctx)?;
    let order = order.into();
    let found = domain::session::list(app, viewer, user_id, order, request).await?;
    let total = counted(ctx, domain::session::count(app, viewer, user_id)).await?;
    Ok(SessionConnection::of(found, |row| cursor(order, row), Session, total))
}
