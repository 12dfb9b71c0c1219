//! Servers: this one, and others whose exported services it shows.
//!
//! Other servers are asked by a prober (see [`keep_probing`]) and by nobody else. What they run cannot be submitted to
//! here: a server shows where a service is, and its clients go there.

use entity::server;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, Select, sea_query::ExprTrait as _};
use uuid::Uuid;

use crate::{
    app::App,
    db::Tx,
    error::{Error, Result},
    infra::secret,
    page::{self, Page, PageRequest},
    viewer::Viewer,
};

mod merge;
mod offer;
mod order;
mod probe;
mod write;

pub use order::ServerOrder;
pub use probe::{keep_probing, probe, probe_due};
pub use write::{NewServer, ServerChange, register, remove, update};

/// Which servers to list; conditions are ANDed.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServerFilter {
    /// Only those that can be used now, or only others.
    pub active: Option<bool>,
    /// Only this server, or only others.
    pub local: Option<bool>,
}

/// The server with this outside id.
pub async fn get(app: &App, viewer: &Viewer, uid: Uuid) -> Result<server::Model> {
    one(app, viewer, server::Column::Uid.eq(uid)).await
}

/// The server with this name.
pub async fn get_by_name(app: &App, viewer: &Viewer, name: &str) -> Result<server::Model> {
    one(app, viewer, server::Column::Name.eq(name)).await
}

async fn one(app: &App, viewer: &Viewer, which: sea_orm::sea_query::SimpleExpr) -> Result<server::Model> {
    visible(app, viewer).filter(which).one(app.db.read()).await?.ok_or(Error::NotFound("server"))
}

/// A page of the servers that the viewer may see.
pub async fn list(
    app: &App,
    viewer: &Viewer,
    filter: ServerFilter,
    order: ServerOrder,
    request: &PageRequest,
) -> Result<Page<server::Model>> {
    page::fetch(filtered(app, viewer, filter), order, request, app.db.read()).await
}

/// How many servers the viewer may see under this filter.
pub async fn count(app: &App, viewer: &Viewer, filter: ServerFilter) -> Result<i64> {
    page::count(filtered(app, viewer, filter), app.db.read()).await
}

/// The servers with these internal ids, 0 being this one, whoever asks: for fields of services that the caller may
/// already see.
pub async fn by_ids(app: &App, ids: &[i64]) -> Result<Vec<server::Model>> {
    let which = Condition::any().add(server::Column::Id.is_in(ids.iter().copied()));
    let which = if ids.contains(&0) { which.add(is_local()) } else { which };
    Ok(server::Entity::find().filter(which).all(app.db.read()).await?)
}

/// Where jobs of a service that another server runs are submitted, for who tries it here.
pub(super) async fn elsewhere(app: &App, server_id: i64) -> Result<Error> {
    let server = server::Entity::find_by_id(server_id).one(app.db.read()).await?.ok_or(Error::NotFound("service"))?;
    let message = format!("The server {} runs this service. Submit its jobs there: {}", server.name, server.url);
    Ok(Error::InvalidState(message))
}

/// Writes down this server's own row, as the configuration has it.
///
/// Fails with [`Error::InvalidState`] when another server is registered under its name.
pub async fn enter(app: &App) -> Result<server::Model> {
    let (name, url) = (app.config.server_name.clone(), app.config.public_url.clone());
    app.db.write((name, url), |tx, (name, url)| Box::pin(enter_local(tx, name, url))).await
}

async fn enter_local(tx: &Tx, name: &str, url: &str) -> Result<server::Model> {
    let others = server::Entity::find().filter(server::Column::Name.eq(name));
    if others.filter(is_local().not()).one(&tx.db).await?.is_some() {
        let message = format!("Another server is registered as {name}: choose another `server_name`, or remove it.");
        return Err(Error::InvalidState(message));
    }
    let change = server::ActiveModel { name: Set(name.to_owned()), url: Set(url.to_owned()), ..Default::default() };
    match server::Entity::find().filter(is_local()).one(&tx.db).await? {
        Some(present) if present.name == name && present.url == url => Ok(present),
        Some(present) => {
            let change = server::ActiveModel { id: Set(present.id), updated_at: Set(tx.now), ..change };
            Ok(server::Entity::update(change).exec(&tx.db).await?)
        }
        None => {
            let row = server::ActiveModel { is_local: Set(true), is_active: Set(true), ..fresh(tx, change) };
            let made = server::Entity::insert(row).exec_with_returning(&tx.db).await;
            // Another server of this database came first: the next round finds its row.
            made.map_err(|error| if write::is_taken(&error) { tx.overtaken() } else { error.into() })
        }
    }
}

/// A row that was never probed.
fn fresh(tx: &Tx, row: server::ActiveModel) -> server::ActiveModel {
    server::ActiveModel {
        uid: Set(secret::uid()),
        is_enabled: Set(true),
        is_active: Set(false),
        protocol: Set(None),
        owner_id: Set(None),
        failures: Set(0),
        last_error: Set(None),
        last_probed_at: Set(None),
        last_active_at: Set(None),
        next_probe_at: Set(None),
        probe_key: Set(None),
        probe_ends_at: Set(None),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
        ..row
    }
}

/// The condition that a row is this server's, in the very words of the partial index `server_local`.
fn is_local() -> sea_orm::sea_query::SimpleExpr {
    sea_orm::sea_query::Expr::cust("is_local")
}

fn visible(app: &App, viewer: &Viewer) -> Select<server::Entity> {
    server::Entity::visible_to(&viewer.scope(), app.config.anonymous_reads_services)
}

fn filtered(app: &App, viewer: &Viewer, filter: ServerFilter) -> Select<server::Entity> {
    let mut query = visible(app, viewer);
    if let Some(active) = filter.active {
        query = query.filter(server::Column::IsActive.eq(active));
    }
    if let Some(local) = filter.local {
        query = query.filter(if local { is_local() } else { is_local().not() });
    }
    query
}
