//! Looking at API tokens.

use async_graphql::{Context, Enum, Result};

use super::Token;
use crate::{
    domain,
    graphql::{
        connection::connection,
        context::{asked, asks_for},
    },
    page::{PageRequest, cursor},
};

/// How API tokens are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "TokenOrder", remote = "crate::domain::token::TokenOrder")]
pub enum TokenOrder {
    /// The oldest first.
    CreatedAtAsc,
    /// The newest first.
    CreatedAtDesc,
}

connection!(TokenConnection, TokenEdge, Token, "API tokens");

/// A page of a user's API tokens.
pub async fn page_of_tokens(
    ctx: &Context<'_>,
    user_id: i64,
    order: TokenOrder,
    request: &PageRequest,
) -> Result<TokenConnection> {
    let (app, viewer) = asked(ctx)?;
    let order = order.into();
    let found = domain::token::page_of(app, viewer, user_id, order, request).await?;
    let counted = asks_for(ctx, "totalCount");
    let total = if counted { Some(domain::token::count(app, viewer, user_id).await?) } else { None };
    let cursors = found.rows.iter().map(|row| cursor(order, row)).collect();
    let nodes = found.rows.into_iter().map(Token).collect();
    Ok(TokenConnection::new(nodes, cursors, found.has_next, found.has_previous, total))
}
