//! Who still uses the older APIs.

use async_graphql::{Context, Enum, Object, Result};
use entity::dialect_use::{self, Caller};

use super::{
    context::{asked, loaders, nullable},
    dialect::Dialect,
    runner::Runner,
    scalar::{DateTime, Long},
    user::User,
};
use crate::domain;

/// What a caller of an older API showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "DialectCaller", remote = "entity::dialect_use::Caller")]
pub enum DialectCaller {
    /// Nothing, and it got nothing.
    Nobody,
    /// Nothing: the user that the operator lets stand in acted.
    StandIn,
    /// A log-in.
    Session,
    /// An API token.
    Token,
    /// A runner's token.
    Runner,
}

/// How much one caller uses one route of an older API.
#[derive(Clone, Debug)]
pub struct DialectUse {
    row: dialect_use::Model,
    token_name: Option<String>,
}

/// How much one caller uses one route of an older API.
#[Object]
impl DialectUse {
    /// The older API.
    async fn dialect(&self) -> Dialect {
        self.row.dialect.into()
    }

    /// The route's method.
    async fn method(&self) -> &str {
        &self.row.method
    }

    /// The route's path below its mount, with names in braces.
    async fn route(&self) -> &str {
        &self.row.route
    }

    /// What the caller showed.
    async fn caller(&self) -> DialectCaller {
        self.row.caller.into()
    }

    /// Who called, or stood in; null for nobody and for runners, and when the user is gone.
    async fn user(&self, ctx: &Context<'_>) -> Option<Result<User>> {
        nullable(async move {
            match self.row.caller {
                Caller::StandIn | Caller::Session | Caller::Token => {
                    Ok(loaders(ctx)?.user(self.row.caller_id).await?.map(User))
                }
                Caller::Nobody | Caller::Runner => Ok(None),
            }
        })
        .await
    }

    /// The runner that called; null for others, and when it is gone.
    async fn runner(&self, ctx: &Context<'_>) -> Option<Result<Runner>> {
        nullable(async move {
            match self.row.caller {
                Caller::Runner => Ok(loaders(ctx)?.runner(self.row.caller_id).await?.map(Runner)),
                Caller::Nobody | Caller::StandIn | Caller::Session | Caller::Token => Ok(None),
            }
        })
        .await
    }

    /// What the API token is called; null for other credentials.
    async fn token_name(&self) -> Option<&str> {
        self.token_name.as_deref()
    }

    /// Requests that were answered.
    async fn count(&self) -> Long {
        Long(self.row.count)
    }

    /// When the first of them was, to some seconds.
    async fn first_at(&self) -> DateTime {
        self.row.first_at.into()
    }

    /// When the last of them was, to some seconds.
    async fn last_at(&self) -> DateTime {
        self.row.last_at.into()
    }
}

/// Asking who still uses the older APIs.
#[derive(Debug, Default)]
pub struct DialectUseQuery;

#[Object]
impl DialectUseQuery {
    /// Who uses which route of the older APIs, the latest first, at most 1,000. Requests show up within ten seconds. Only
    /// an admin may ask.
    async fn dialect_uses(&self, ctx: &Context<'_>) -> Result<Vec<DialectUse>> {
        let (app, viewer) = asked(ctx)?;
        let rows = domain::dialect_use::list(app, viewer).await?;
        let tokens: Vec<i64> = rows.iter().map(|row| row.token_id).filter(|id| *id != 0).collect();
        let names = domain::dialect_use::token_names(app, &tokens).await?;
        let shown = |row: dialect_use::Model| DialectUse { token_name: names.get(&row.token_id).cloned(), row };
        Ok(rows.into_iter().map(shown).collect())
    }
}
