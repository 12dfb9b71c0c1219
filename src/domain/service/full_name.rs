//! Full names: `name::project::server`, which tell a service from all others on all servers that know each other.

use entity::{project, server, service};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{ExprTrait as _, SimpleExpr},
};

use super::visible;
use crate::{
    app::App,
    domain::slug,
    error::{Error, Result},
    viewer::Viewer,
};

/// The service with this full name. Its middle part is `server` for one that is no project's, its last part the name
/// by which its server is known here.
///
/// Fails with INVALID on `fullName` for what is not three parts.
pub async fn get_by_full_name(app: &App, viewer: &Viewer, full_name: &str) -> Result<service::Model> {
    let mut parts = full_name.split("::");
    let (Some(name), Some(project), Some(server), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Error::invalid("fullName", "A full name has three parts: name::project::server."));
    };
    let project = (project != slug::RESERVED).then_some(project);
    let level = if server == app.config.server_name { here(project) } else { there(project, server) };
    let named = visible(app, viewer).filter(service::Column::Name.eq(name)).filter(level);
    named.one(app.db.read()).await?.ok_or(Error::NotFound("service"))
}

/// What runs here, in this project.
fn here(project: Option<&str>) -> SimpleExpr {
    let level = match project {
        None => service::Column::ProjectId.is_null(),
        Some(name) => {
            let named = project::Entity::find().select_only().column(project::Column::Id);
            let named = named.filter(project::Column::Name.eq(name)).filter(project::Column::DeletedAt.is_null());
            service::Column::ProjectId.in_subquery(named.into_query())
        }
    };
    level.and(service::Column::ServerId.is_null())
}

/// What runs at another server, in this project of it.
fn there(project: Option<&str>, server: &str) -> SimpleExpr {
    let named = server::Entity::find().select_only().column(server::Column::Id);
    let named = named.filter(server::Column::Name.eq(server)).into_query();
    let level = match project {
        None => service::Column::RemoteProject.is_null(),
        Some(name) => service::Column::RemoteProject.eq(name),
    };
    level.and(service::Column::ServerId.in_subquery(named))
}

/// What runs at one of these servers (`server.id`, none being this one).
pub(super) fn of_servers(ids: &[Option<i64>]) -> Condition {
    let others = ids.iter().copied().flatten();
    let at = Condition::any().add(service::Column::ServerId.is_in(others));
    if ids.contains(&None) { at.add(service::Column::ServerId.is_null()) } else { at }
}
