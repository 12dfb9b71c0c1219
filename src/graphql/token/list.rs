//! Looking at API tokens.

use async_graphql::{Context, Enum, Result};

use super::Token;
use crate::{
    domain,
    graphql::{
        connection::connection,
        context::{asked, counted},
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
    let total = counted(ctx, domain::token::count(app, viewer, user_id)).await?;
    Ok(TokenConnection::of(found, |row| cursor(order, row), Token, total))
}
