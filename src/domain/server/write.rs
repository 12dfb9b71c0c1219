//! Registering other servers, changing and removing them. Only admins do.

use entity::{audit_entry::Action, server, service};
use http::Uri;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, IntoActiveModel as _, QueryFilter,
    QuerySelect, SqlErr, sea_query::LockType,
};
use uuid::Uuid;

use super::{fresh, get};
use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Actor},
        check::Faults,
        service as services, slug,
    },
    error::{Error, Result},
    viewer::Viewer,
};

/// Longest URL of a server.
const URL: usize = 500;

/// What it takes to register a server.
#[derive(Clone, Debug)]
pub struct NewServer {
    /// 1 to 64 letters, digits, `_`, `.`, `-`; unique, and not `server`.
    pub name: String,
    /// Where it answers: http or https, without user, query and fragment.
    pub url: String,
    /// How it tells what it offers; none lets the first probe find out.
    pub protocol: Option<server::Protocol>,
}

/// A change of a server; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct ServerChange {
    /// A new name.
    pub name: Option<String>,
    /// Another address.
    pub url: Option<String>,
    /// Whether it may be used.
    pub is_enabled: Option<bool>,
}

/// Registers another server, to be probed at once. It is not active before it has answered.
///
/// Fails with INVALID on `url` for an address that cannot be asked, or whose host the configuration does not name.
pub async fn register(app: &App, viewer: &Viewer, new: NewServer) -> Result<server::Model> {
    viewer.require_admin()?;
    let mut faults = Faults::default();
    check_name(&mut faults, &new.name);
    check_url(app, &mut faults, &new.url);
    faults.into_result()?;
    let owner_id = match viewer.user_id() {
        Some(id) => id,
        None => services::first_admin(app).await?,
    };
    app.db
        .write((owner_id, new, Actor::of(viewer)), |tx, (owner_id, new, actor)| {
            Box::pin(async move {
                let row = server::ActiveModel {
                    name: Set(new.name.clone()),
                    url: Set(trimmed(&new.url)),
                    is_local: Set(false),
                    ..Default::default()
                };
                let row = server::ActiveModel {
                    protocol: Set(new.protocol),
                    owner_id: Set(Some(*owner_id)),
                    next_probe_at: Set(Some(tx.now)),
                    ..fresh(tx, row)
                };
                let made = server::Entity::insert(row).exec_with_returning(&tx.db).await;
                let made = made.map_err(|error| taken(error, &new.name))?;
                audit::note(tx, actor, Action::ServerRegistered, &made).await?;
                Ok(made)
            })
        })
        .await
}

/// Changes a server that is registered. Another address, or being enabled again, has it probed at once; the services of
/// one that is not enabled are shown as they were last.
///
/// Fails with INVALID on `serverId` for this server itself, which follows the configuration.
pub async fn update(app: &App, viewer: &Viewer, uid: Uuid, change: ServerChange) -> Result<server::Model> {
    let id = other(app, viewer, uid).await?;
    let mut faults = Faults::default();
    if let Some(name) = &change.name {
        check_name(&mut faults, name);
    }
    if let Some(url) = &change.url {
        check_url(app, &mut faults, url);
    }
    faults.into_result()?;
    let input = (id, change, Actor::of(viewer));
    app.db.write(input, |tx, (id, change, actor)| Box::pin(apply(tx, *id, change, actor))).await
}

async fn apply(tx: &Tx, id: i64, change: &ServerChange, actor: &Actor) -> Result<server::Model> {
    let before = present(tx, id, LockType::NoKeyUpdate).await?;
    let (was_enabled, was_at) = (before.is_enabled, before.url.clone());
    let mut after = server::Model {
        name: change.name.clone().unwrap_or(before.name),
        url: change.url.as_deref().map_or(before.url, trimmed),
        is_enabled: change.is_enabled.unwrap_or(was_enabled),
        updated_at: tx.now,
        ..before
    };
    if (after.is_enabled, &after.url) != (was_enabled, &was_at) {
        // What a probe under way finds out is of no interest any more.
        (after.probe_key, after.probe_ends_at) = (None, None);
        after.next_probe_at = after.is_enabled.then_some(tx.now);
        (after.is_active, after.failures, after.last_error) = (false, 0, None);
    }
    if after.url != was_at {
        after.protocol = None;
    }
    let name = after.name.clone();
    let stored = server::Entity::update(after.into_active_model().reset_all()).exec(&tx.db).await;
    let stored = stored.map_err(|error| taken(error, &name))?;
    audit::note(tx, actor, Action::ServerUpdated, &stored).await?;
    Ok(stored)
}

/// Removes a server, and the services that it offers, from what is shown here.
///
/// Fails with INVALID on `serverId` for this server itself.
pub async fn remove(app: &App, viewer: &Viewer, uid: Uuid) -> Result<server::Model> {
    let id = other(app, viewer, uid).await?;
    app.db
        .write((id, Actor::of(viewer)), |tx, (id, actor)| {
            Box::pin(async move {
                let server = present(tx, *id, LockType::Update).await?;
                service::Entity::delete_many().filter(service::Column::ServerId.eq(*id)).exec(&tx.db).await?;
                server::Entity::delete_by_id(*id).exec(&tx.db).await?;
                audit::note(tx, actor, Action::ServerRemoved, &server).await?;
                Ok(server)
            })
        })
        .await
}

/// The internal id of another server, for an admin who changes it.
pub(super) async fn other(app: &App, viewer: &Viewer, uid: Uuid) -> Result<i64> {
    viewer.require_admin()?;
    let server = get(app, viewer, uid).await?;
    if server.is_local {
        let message = "This is the server itself: its name and its address stand in the configuration.";
        return Err(Error::invalid("serverId", message));
    }
    Ok(server.id)
}

/// A server, its row locked.
pub(super) async fn present(tx: &Tx, id: i64, lock: LockType) -> Result<server::Model> {
    server::Entity::find_by_id(id).lock(lock).one(&tx.db).await?.ok_or(Error::NotFound("server"))
}

fn check_name(faults: &mut Faults, name: &str) {
    faults.slug("name", name);
    if name == slug::RESERVED {
        faults.add("name", "`server` is reserved.");
    }
}

fn check_url(app: &App, faults: &mut Faults, url: &str) {
    if let Err(why) = host_of(url).and_then(|host| require_known(app, &host)) {
        faults.add("url", why);
    }
}

/// The host of an address that may be asked.
fn host_of(url: &str) -> Result<String, String> {
    if url.len() > URL {
        return Err(format!("{} characters are too many; at most {URL} are taken.", url.len()));
    }
    let refuse = || "An address such as https://lab.example.org is needed.".to_owned();
    let uri: Uri = url.parse().map_err(|_| refuse())?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(refuse)?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(refuse());
    }
    if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
        return Err("A user or password has no place in it: nothing is sent that says who asks.".to_owned());
    }
    if uri.query().is_some() || url.contains('#') {
        return Err("A query or fragment has no place in it.".to_owned());
    }
    if uri.path().split('/').any(|part| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")) {
        return Err("`.` and `..` have no place in its path.".to_owned());
    }
    Ok(host.to_ascii_lowercase())
}

fn require_known(app: &App, host: &str) -> Result<(), String> {
    let hosts = &app.config.federation.hosts;
    if hosts.is_empty() || hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
        return Ok(());
    }
    Err(format!("The host {host} is not one of those that the configuration names in `federation.hosts`."))
}

/// Whether this address may be asked now: the configuration may have changed since it was registered.
pub(super) fn may_ask(app: &App, url: &str) -> Result<(), String> {
    host_of(url).and_then(|host| require_known(app, &host))
}

/// Paths begin with a slash, so that an address ends without one.
fn trimmed(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

/// Whether somebody has the name.
pub(super) fn is_taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

fn taken(error: DbErr, name: &str) -> Error {
    if is_taken(&error) {
        return Error::taken("name", format!("A server named {name} exists already."));
    }
    error.into()
}
