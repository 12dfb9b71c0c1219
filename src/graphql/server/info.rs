//! What clients need to know of the server before anything else.

use async_graphql::{Context, Object, Result};

use crate::graphql::{
    context::app,
    scalar::{DateTime, number},
};

/// What a client may want to know of the server before it asks for anything else.
#[derive(Clone, Copy, Debug)]
pub struct ServerInfo;

/// What a client may want to know of the server before it asks for anything else.
#[Object]
impl ServerInfo {
    /// The server's name in full service names.
    async fn name<'a>(&self, ctx: &Context<'a>) -> Result<&'a str> {
        Ok(&app(ctx)?.config.server_name)
    }

    /// docket's version.
    async fn version(&self) -> &str {
        env!("CARGO_PKG_VERSION")
    }

    /// The server's clock.
    async fn time(&self, ctx: &Context<'_>) -> Result<DateTime> {
        Ok(DateTime(entity::Time(app(ctx)?.clock.now_micros())))
    }

    /// Seconds between two heartbeats that a worker should keep to.
    async fn heartbeat_seconds(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(number(i64::from(app(ctx)?.config.jobs.heartbeat_seconds)))
    }

    /// Bytes of JSON that a job's parameters may have.
    async fn parameters_bytes(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(i32::try_from(app(ctx)?.config.jobs.parameters_bytes).unwrap_or(i32::MAX))
    }

    /// Bytes of JSON that a job's results may have.
    async fn results_bytes(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(i32::try_from(app(ctx)?.config.jobs.results_bytes).unwrap_or(i32::MAX))
    }
}

/// Asking about the server.
#[derive(Debug, Default)]
pub struct ServerInfoQuery;

#[Object]
impl ServerInfoQuery {
    /// The server itself; readable without a credential.
    async fn server_info(&self) -> ServerInfo {
        ServerInfo
    }
}
