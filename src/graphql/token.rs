//! API tokens.

mod list;

pub use list::{TokenConnection, TokenOrder, page_of_tokens};

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::token;

use super::{
    context::asked,
    id::{self, Kind},
    scalar::DateTime,
};
use crate::domain::{self, token::NewToken};

/// A named credential for programs, with scopes that only narrow what its user may do.
#[derive(Clone, Debug)]
pub struct Token(pub token::Model);

/// A named credential for programs, with scopes that only narrow what its user may do.
#[Object]
impl Token {
    /// The global id.
    async fn id(&self) -> ID {
        Kind::Token.id(self.0.uid)
    }

    /// What its owner calls it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it may be used for.
    async fn scopes(&self) -> &[String] {
        &self.0.scopes.0
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// The last request, to the minute; null if there was none.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(Into::into)
    }

    /// When it ends; null if it does not end by itself.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(Into::into)
    }

    /// When it was revoked; null while it was not.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(Into::into)
    }
}

/// An API token to make.
#[derive(Clone, Debug, InputObject)]
pub struct TokenCreateInput {
    /// What to call it; 1 to 200 characters.
    name: String,
    /// What it may be used for, at most 100 words: `jobs:read`, `jobs:write`, `services:write`, `runners:write`,
    /// `accounts:read`, `accounts:write`, `projects:read`, `projects:write`, `admin`.
    scopes: Vec<String>,
    /// When it ends; in the future. Without one it lasts until it is revoked.
    expires_at: Option<DateTime>,
}

/// A new API token.
#[derive(Clone, Debug, SimpleObject)]
pub struct TokenCreatePayload {
    /// The token's description.
    api_token: Token,
    /// What to send as `Authorization: Bearer`. Shown this once.
    token: String,
}

/// Which API token to revoke.
#[derive(Clone, Debug, InputObject)]
pub struct TokenRevokeInput {
    /// Its global id.
    token_id: ID,
}

/// A revoked API token.
#[derive(Clone, Debug, SimpleObject)]
pub struct TokenRevokePayload {
    /// The token's description.
    api_token: Token,
}

/// Making and revoking API tokens.
#[derive(Debug, Default)]
pub struct TokenMutation;

#[Object]
impl TokenMutation {
    /// Makes an API token for the viewer. Needs a session, or a token with the scope `admin`, which gives no
    /// scope that it has not itself.
    async fn token_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token to make.")] input: TokenCreateInput,
    ) -> Result<TokenCreatePayload> {
        let (app, viewer) = asked(ctx)?;
        let new = NewToken {
            user_id: None,
            name: input.name,
            scopes: input.scopes,
            expires_at: input.expires_at.map(|time| time.0),
        };
        let (row, secret) = domain::token::create(app, viewer, new).await?;
        Ok(TokenCreatePayload { api_token: Token(row), token: secret.expose().to_owned() })
    }

    /// Revokes an API token: from now on it opens nothing. Doing it again changes nothing.
    async fn token_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which token.")] input: TokenRevokeInput,
    ) -> Result<TokenRevokePayload> {
        let (app, viewer) = asked(ctx)?;
        let uid = id::uid(Kind::Token, "tokenId", &input.token_id)?;
        Ok(TokenRevokePayload { api_token: Token(domain::token::revoke(app, viewer, uid).await?) })
    }
}
