//! Registering, changing, removing and probing other servers.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result};
use entity::server;
use uuid::Uuid;

use super::{Server, ServerProtocol};
use crate::{
    app::App,
    domain::{
        self,
        server::{NewServer, ServerChange},
    },
    graphql::{
        context::asked,
        id::{self, Kind},
        payload::{id_inputs, payloads},
    },
    viewer::Viewer,
};

/// A server to register.
#[derive(Clone, Debug, InputObject)]
pub struct ServerRegisterInput {
    /// A short unique name; 1 to 64 letters, digits, `_`, `.` or `-`, and not `server`.
    name: String,
    /// Where it answers: http or https, at most 500 characters, without user, query and fragment. A docket's address,
    /// or the address below which a Mobyle2 server has `/servers/`. The configuration may name the hosts that are
    /// allowed.
    url: String,
    /// How it tells what it offers. If not given, the first probe that goes well finds out.
    protocol: Option<ServerProtocol>,
}

/// A change of a server; what is absent or null stays.
#[derive(Clone, Debug, InputObject)]
pub struct ServerUpdateInput {
    /// Which server; not this one, which follows its configuration.
    server_id: ID,
    /// A new short name: the full names of its services change with it.
    name: Option<String>,
    /// Another address; it is probed at once.
    url: Option<String>,
    /// Whether it may be used. One that may not is not probed, and shown as not active with the services that it had.
    is_enabled: Option<bool>,
}

id_inputs! { server_id, "Its global id.";
    ServerRemoveInput "Which server to remove; not this one.",
    ServerProbeInput "Which server to probe; not this one.",
}

payloads! { server: Server, "The server.";
    ServerRegisterPayload "A server that was registered, and is about to be probed.",
    ServerUpdatePayload "A server that was changed.",
    ServerRemovePayload "A server that was removed, as it was.",
    ServerProbePayload "A server as a probe found it.",
}

/// Registering, changing, removing and probing other servers.
#[derive(Debug, Default)]
pub struct ServerMutation;

#[Object]
impl ServerMutation {
    /// Registers another server, whose exported services are then shown here. It is probed at once and again and again,
    /// without a credential and without following redirects. Only an admin may.
    async fn server_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The server to register.")] input: ServerRegisterInput,
    ) -> Result<ServerRegisterPayload> {
        let (app, viewer) = asked(ctx)?;
        let new = NewServer { name: input.name, url: input.url, protocol: input.protocol.map(Into::into) };
        payload(domain::server::register(app, viewer, new).await)
    }

    /// Changes a server that is registered. Only an admin may.
    async fn server_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: ServerUpdateInput,
    ) -> Result<ServerUpdatePayload> {
        let (app, viewer, uid) = one(ctx, &input.server_id)?;
        let change = ServerChange { name: input.name, url: input.url, is_enabled: input.is_enabled };
        payload(domain::server::update(app, viewer, uid, change).await)
    }

    /// Forgets a server, and the services that it offers. Only an admin may.
    async fn server_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which server.")] input: ServerRemoveInput,
    ) -> Result<ServerRemovePayload> {
        let (app, viewer, uid) = one(ctx, &input.server_id)?;
        payload(domain::server::remove(app, viewer, uid).await)
    }

    /// Probes a server now, whether or not it is due, and waits for what comes of it. Only an admin may.
    async fn server_probe(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which server.")] input: ServerProbeInput,
    ) -> Result<ServerProbePayload> {
        let (app, viewer, uid) = one(ctx, &input.server_id)?;
        payload(domain::server::probe(app, viewer, uid).await)
    }
}

fn one<'a>(ctx: &Context<'a>, id: &ID) -> Result<(&'a App, &'a Viewer, Uuid)> {
    let (app, viewer) = asked(ctx)?;
    Ok((app, viewer, id::uid(Kind::Server, "serverId", id)?))
}

fn payload<P: From<Server>>(row: crate::error::Result<server::Model>) -> Result<P> {
    Ok(Server(Arc::new(row?)).into())
}
