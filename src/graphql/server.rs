//! Servers: this one, and others whose services it shows.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use entity::server;

use super::{
    connection::connection,
    context::{asked, counted, nullable, page, viewer},
    id::{self, Kind},
    scalar::DateTime,
    service::{ServiceConnection, ServiceFilterInput, ServiceOrder, page_of_services},
};
use crate::{
    domain::{self, server::ServerFilter, service::ServiceFilter},
    error::Error,
    page::cursor,
};

mod info;
mod write;

pub use info::ServerInfoQuery;
pub use write::ServerMutation;

connection!(ServerConnection, ServerEdge, Server, "servers");

/// How a server tells what it offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "ServerProtocol", remote = "entity::server::Protocol")]
pub enum ServerProtocol {
    /// GraphQL at `/graphql` below its address, as every docket speaks it.
    Docket,
    /// The lists of Mobyle2's HTTP API, `/servers/` and `/services/` below its address.
    Mobyle2,
}

/// How servers are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "ServerOrder", remote = "crate::domain::server::ServerOrder")]
pub enum ServerOrder {
    /// By name.
    NameAsc,
    /// The one that was registered first.
    CreatedAtAsc,
    /// The newest first.
    CreatedAtDesc,
}

/// Which servers; conditions are ANDed.
#[derive(Clone, Copy, Debug, Default, InputObject)]
#[graphql(name = "ServerFilter")]
pub struct ServerFilterInput {
    /// Only those that can be used now, or only the others.
    is_active: Option<bool>,
    /// Only this server, or only the others.
    is_local: Option<bool>,
}

impl From<ServerFilterInput> for ServerFilter {
    fn from(input: ServerFilterInput) -> Self {
        Self { active: input.is_active, local: input.is_local }
    }
}

/// A server that offers services: this one, or another that an admin registered. What another one exports is shown here
/// and submitted there.
#[derive(Clone, Debug)]
pub struct Server(pub Arc<server::Model>);

/// A server that offers services: this one, or another that an admin registered. What another one exports is shown here
/// and submitted there.
#[Object]
impl Server {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::Server.id(self.0.uid)
    }

    /// A short name, unique among servers, the last part of its services' full names; 1 to 64 letters, digits, `_`, `.`
    /// or `-`.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it answers, without a slash at the end.
    async fn url(&self) -> &str {
        &self.0.url
    }

    /// Whether it is this server.
    async fn is_local(&self) -> bool {
        self.0.is_local
    }

    /// Whether an admin lets it be used.
    async fn is_enabled(&self) -> bool {
        self.0.is_enabled
    }

    /// Whether it can be used now: it is enabled, and its last probe went well. This server always is.
    async fn is_active(&self) -> bool {
        self.0.is_active
    }

    /// How it tells what it offers; null before that was found out.
    async fn protocol(&self) -> Option<ServerProtocol> {
        self.0.protocol.map(Into::into)
    }

    /// When it was last probed; null before that, and for this server.
    async fn last_probed_at(&self) -> Option<DateTime> {
        self.0.last_probed_at.map(Into::into)
    }

    /// When a probe last went well: its services are shown as they were then.
    async fn last_active_at(&self) -> Option<DateTime> {
        self.0.last_active_at.map(Into::into)
    }

    /// Why the last probe failed; null for callers that are no admins.
    async fn last_error(&self, ctx: &Context<'_>) -> Option<Result<&str>> {
        let shown = viewer(ctx).map(|viewer| self.0.last_error.as_deref().filter(|_| viewer.is_admin()));
        shown.map_err(Into::into).transpose()
    }

    /// The services that it runs: of this server all that the viewer may see, of another those that it exports.
    #[expect(clippy::too_many_arguments, reason = "a connection has four arguments of its own")]
    async fn services(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<ServiceFilterInput>,
        #[graphql(desc = "The order.", default_with = "ServiceOrder::NameAsc")] order: ServiceOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<ServiceConnection> {
        let mut filter = ServiceFilter::try_from(filter.unwrap_or_default())?;
        filter.server_ids = Some(vec![(!self.0.is_local).then_some(self.0.id)]);
        page_of_services(ctx, &filter, order, &page(ctx, first, last, after, before)?).await
    }

    /// When it was registered.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it last changed other than by a probe.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }
}

/// Reading servers.
#[derive(Debug, Default)]
pub struct ServerQuery;

#[Object]
impl ServerQuery {
    /// One server, by exactly one of the arguments.
    async fn server(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: Option<ID>,
        #[graphql(desc = "The short name.")] name: Option<String>,
    ) -> Option<Result<Server>> {
        nullable(async move {
            let (app, viewer) = asked(ctx)?;
            let row = match (id, name) {
                (Some(id), None) => domain::server::get(app, viewer, id::uid(Kind::Server, "id", &id)?).await?,
                (None, Some(name)) => domain::server::get_by_name(app, viewer, &name).await?,
                _ => return Err(Error::invalid("id", "Give exactly one of id and name.").into()),
            };
            Ok(Some(Server(Arc::new(row))))
        })
        .await
    }

    /// This server, and those that are registered here. Everybody who sees services sees servers.
    #[expect(clippy::too_many_arguments, reason = "a connection has four arguments of its own")]
    async fn servers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<ServerFilterInput>,
        #[graphql(desc = "The order.", default_with = "ServerOrder::NameAsc")] order: ServerOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<ServerConnection> {
        let ((app, viewer), order) = (asked(ctx)?, order.into());
        let filter = filter.unwrap_or_default().into();
        let found = domain::server::list(app, viewer, filter, order, &page(ctx, first, last, after, before)?).await?;
        let total = counted(ctx, domain::server::count(app, viewer, filter)).await?;
        Ok(ServerConnection::of(found, |row| cursor(order, row), |row| Server(Arc::new(row)), total))
    }
}
