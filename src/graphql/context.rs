//! What resolvers ask of their context.

use async_graphql::{Context, futures_util::future::BoxFuture};

use super::{call::PageMost, loaders::Loaders};
use crate::{
    app::App,
    error::{Error, Result},
    origin::{Client, Origin, Via},
    page::{MAX_SIZE, PageRequest},
    viewer::Viewer,
};

/// The running server.
pub fn app<'a>(ctx: &Context<'a>) -> Result<&'a App> {
    ctx.data::<App>().map_err(|error| Error::internal(error.message))
}

/// Who asks.
pub fn viewer<'a>(ctx: &Context<'a>) -> Result<&'a Viewer> {
    ctx.data::<Viewer>().map_err(|error| Error::internal(error.message))
}

/// Both, as every domain function wants them.
pub fn asked<'a>(ctx: &Context<'a>) -> Result<(&'a App, &'a Viewer)> {
    Ok((app(ctx)?, viewer(ctx)?))
}

/// This request's loaders.
pub fn loaders<'a>(ctx: &Context<'a>) -> Result<&'a Loaders> {
    ctx.data::<Loaders>().map_err(|error| Error::internal(error.message))
}

/// How the request came in.
pub fn via(ctx: &Context<'_>) -> Result<Via> {
    let origin = *ctx.data::<Origin>().map_err(|error| Error::internal(error.message))?;
    let client = ctx.data::<Client>().map_err(|error| Error::internal(error.message))?.clone();
    Ok(Via { origin, client })
}

/// Whether the current field's selection asks for `name`, also inside fragments.
pub fn asks_for(ctx: &Context<'_>, name: &str) -> bool {
    ctx.look_ahead().field(name).exists()
}

/// What `count` comes to, if the current connection is asked for `totalCount`: counting reads the whole list.
pub async fn counted(
    ctx: &Context<'_>,
    count: impl Future<Output = crate::error::Result<i64>>,
) -> async_graphql::Result<Option<i64>> {
    Ok(if asks_for(ctx, "totalCount") { Some(count.await?) } else { None })
}

/// Whether the nodes of the current connection are asked for `name`.
pub fn nodes_ask_for(ctx: &Context<'_>, name: &str) -> bool {
    let here = ctx.look_ahead();
    here.field("nodes").field(name).exists() || here.field("edges").field("node").field(name).exists()
}

/// A connection's four arguments. The program's own documents may ask for larger pages than a client may.
pub fn page(
    ctx: &Context<'_>,
    first: Option<i32>,
    last: Option<i32>,
    after: Option<String>,
    before: Option<String>,
) -> Result<PageRequest> {
    let most = ctx.data_opt::<PageMost>().map_or(MAX_SIZE, |most| most.0);
    PageRequest::within(most, first.map(i64::from), last.map(i64::from), after, before)
}

/// The value of a nullable field: when it fails, the field alone is null and its error is listed, as the
/// specification says. (The library would blank the whole parent for a resolver that returns `Result<Option<T>>`.)
///
/// Boxed, because the library moves a future of the size of the largest field's for each field that is asked for.
pub fn nullable<'a, T>(
    value: impl Future<Output = async_graphql::Result<Option<T>>> + Send + 'a,
) -> BoxFuture<'a, Option<async_graphql::Result<T>>> {
    Box::pin(async move { value.await.transpose() })
}
