//! Who asks.

use std::sync::Arc;

use async_graphql::{Context, Object, Result, SimpleObject};

use super::{
    context::{app, asked, nullable, viewer},
    rate::{RateSpent, Standing},
    runner::Runner,
    scalar::DateTime,
    token::Token,
    user::User,
};
use crate::{
    domain,
    viewer::{Credential, Viewer as Caller},
};

/// The caller, as the server knows it.
#[derive(Clone, Copy, Debug)]
pub struct Viewer;

/// The credential that the caller sent.
#[derive(Clone, Debug, SimpleObject)]
pub struct ViewerToken {
    /// What an API token may be used for; null for a session, which may do all that the user may.
    scopes: Option<Vec<String>>,
}

/// What the caller may spend. Points flow back evenly, a minute's worth in a minute.
#[derive(Clone, Debug, SimpleObject)]
pub struct RateLimit {
    /// Points in a minute.
    limit: i32,
    /// Points that this request took.
    cost: i32,
    /// Points left.
    remaining: i32,
    /// When all of them are back, if nothing more is spent.
    reset_at: DateTime,
}

/// The caller, as the server knows it.
#[Object]
impl Viewer {
    /// The user; null for a caller without a credential and for a runner.
    async fn user(&self, ctx: &Context<'_>) -> Option<Result<User>> {
        nullable(async move {
            Ok(match viewer(ctx)? {
                Caller::User(viewer) => Some(User(Arc::new(viewer.user.clone()))),
                Caller::Anonymous | Caller::Runner(_) | Caller::Operator => None,
            })
        })
        .await
    }

    /// The runner, when the credential is a runner's token.
    async fn runner(&self, ctx: &Context<'_>) -> Option<Result<Runner>> {
        nullable(async move {
            let (app, caller) = asked(ctx)?;
            Ok(match caller {
                Caller::Runner(runner) => {
                    let row = domain::runner::get_by_number(app, caller, runner.id).await?;
                    Some(Runner(Arc::new(row)))
                }
                Caller::Anonymous | Caller::User(_) | Caller::Operator => None,
            })
        })
        .await
    }

    /// The credential; null for a caller without one.
    async fn token(&self, ctx: &Context<'_>) -> Option<Result<ViewerToken>> {
        nullable(async move {
            Ok(match viewer(ctx)? {
                Caller::User(viewer) => Some(match &viewer.credential {
                    Credential::Session { .. } | Credential::StandIn => ViewerToken { scopes: None },
                    Credential::Token { scopes, .. } => ViewerToken { scopes: Some(scopes.clone()) },
                }),
                Caller::Runner(_) => Some(ViewerToken { scopes: Some(vec!["work".into()]) }),
                Caller::Anonymous | Caller::Operator => None,
            })
        })
        .await
    }

    /// What the caller may spend on this server; null when that is not bounded.
    async fn rate_limit(&self, ctx: &Context<'_>) -> Option<RateLimit> {
        let RateSpent { cost, standing } = *ctx.data_opt::<RateSpent>()?;
        let Standing { limit, remaining, reset_at } = standing;
        let number = |points| i32::try_from(points).unwrap_or(i32::MAX);
        Some(RateLimit {
            limit: number(limit),
            cost: number(cost),
            remaining: number(remaining),
            reset_at: reset_at.into(),
        })
    }

    /// The caller's API tokens, newest first, revoked ones included; at most 1,000.
    async fn tokens(&self, ctx: &Context<'_>) -> Result<Vec<Token>> {
        let caller = viewer(ctx)?;
        let Some(id) = caller.user_id() else { return Ok(Vec::new()) };
        let rows = domain::token::list(app(ctx)?, caller, id).await?;
        Ok(rows.into_iter().map(Token).collect())
    }
}

/// Asking who one is.
#[derive(Debug, Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// The caller, as the server knows it.
    async fn viewer(&self) -> Viewer {
        Viewer
    }
}
