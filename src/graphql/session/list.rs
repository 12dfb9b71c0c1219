//! Looking at log-ins.

use async_graphql::{Context, Enum, Result};

use super::Session;
use crate::{
    domain,
    graphql::{
        connection::connection,
        context::{asked, asks_for},
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
    let counted = asks_for(ctx, "totalCount");
    let total = if counted { Some(domain::session::count(app, viewer, user_id).await?) } else { None };
    let cursors = found.rows.iter().map(|row| cursor(order, row)).collect();
    let nodes = found.rows.into_iter().map(Session).collect();
    Ok(SessionConnection::new(nodes, cursors, found.has_next, found.has_previous, total))
}
