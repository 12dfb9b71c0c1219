//! OAuth clients: programs that get short-lived API tokens by themselves.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::oauth_client;

use super::{
    context::asked,
    id::{self, Kind},
    scalar::DateTime,
};
use crate::domain::oauth::client::{self, NewClient};

/// A named program of a user's, with an id and a secret by which it gets API tokens at `/oauth/token`.
#[derive(Clone, Debug)]
pub struct OauthClient(pub oauth_client::Model);

/// A named program of a user's, with an id and a secret by which it gets API tokens at `/oauth/token`.
#[Object]
impl OauthClient {
    /// The global id, which is also the `client_id` of OAuth.
    async fn id(&self) -> ID {
        Kind::OauthClient.id(self.0.uid)
    }

    /// What its owner calls it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What its tokens may be used for at most.
    async fn scopes(&self) -> &[String] {
        &self.0.scopes.0
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// The last time that it got a token; null if it never did.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(Into::into)
    }
}

/// An OAuth client to make.
#[derive(Clone, Debug, InputObject)]
pub struct OauthClientCreateInput {
    /// What to call it; 1 to 200 characters.
    name: String,
    /// What its tokens may be used for at most, at least one: `jobs:read`, `jobs:write`, `services:write`,
    /// `runners:write`, `accounts:read`, `accounts:write`, `projects:read`, `projects:write`, `admin`.
    scopes: Vec<String>,
}

/// A new OAuth client.
#[derive(Clone, Debug, SimpleObject)]
pub struct OauthClientCreatePayload {
    /// The client.
    client: OauthClient,
    /// The `client_secret` of OAuth. Shown this once.
    secret: String,
}

/// Which OAuth client to remove.
#[derive(Clone, Debug, InputObject)]
pub struct OauthClientDeleteInput {
    /// Its global id.
    client_id: ID,
}

/// A removed OAuth client.
#[derive(Clone, Debug, SimpleObject)]
pub struct OauthClientDeletePayload {
    /// The client, as it was.
    client: OauthClient,
}

/// Reading OAuth clients.
#[derive(Debug, Default)]
pub struct OauthClientQuery;

#[Object]
impl OauthClientQuery {
    /// The viewer's OAuth clients, newest first; at most 1,000. Needs a session, or a token with the scope `admin`.
    async fn oauth_clients(&self, ctx: &Context<'_>) -> Result<Vec<OauthClient>> {
        let (app, viewer) = asked(ctx)?;
        Ok(client::list_own(app, viewer).await?.into_iter().map(OauthClient).collect())
    }
}

/// Making and removing OAuth clients.
#[derive(Debug, Default)]
pub struct OauthClientMutation;

#[Object]
impl OauthClientMutation {
    /// Makes an OAuth client of the viewer's: its tokens act in the viewer's name, with no more than these scopes. Needs a
    /// session, or a token with the scope `admin`, which gives no scope that it has not itself.
    async fn oauth_client_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The client to make.")] input: OauthClientCreateInput,
    ) -> Result<OauthClientCreatePayload> {
        let (app, viewer) = asked(ctx)?;
        let new = NewClient { user_id: None, name: input.name, scopes: input.scopes };
        let (row, secret) = client::create(app, viewer, new).await?;
        Ok(OauthClientCreatePayload { client: OauthClient(row), secret: secret.expose().to_owned() })
    }

    /// Removes an OAuth client: it gets no tokens any more, and those that it has open nothing from now on.
    async fn oauth_client_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which client.")] input: OauthClientDeleteInput,
    ) -> Result<OauthClientDeletePayload> {
        let (app, viewer) = asked(ctx)?;
        let uid = id::uid(Kind::OauthClient, "clientId", &input.client_id)?;
        let row = client::delete(app, viewer, uid).await?;
        Ok(OauthClientDeletePayload { client: OauthClient(row) })
    }
}
