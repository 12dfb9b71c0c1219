//! How a list of jobs is put together, so that indexes answer it in order.
//!
//! What a caller sees is its own jobs, those of each service that it manages and of each project that it takes part in,
//! and the recorded ones. Asked with OR, the database reads and sorts all of them for one page; asked one by one, an index
//! answers each in order, and the page is made of their heads. A part that the filter leaves nothing of is left out:
//! its index would be read to the end to find that out.

use entity::{
    Scope,
    job::{self, Origin},
    legacy_number::Dialect,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Select, prelude::Expr};
use uuid::Uuid;

use super::JobFilter;
use crate::{app::App, error::Result, viewer::Viewer};

/// Queries at most that one list is put together from.
const MOST: usize = 30;

/// What a list is made of.
pub(super) enum Parts {
    /// One query with all that the caller sees.
    One,
    /// One query with the caller's own jobs, since the filter takes no others.
    Own(Scope),
    /// The heads of these queries, none of which asks for the caller's rights again.
    Many(Vec<Select<job::Entity>>),
}

/// Decides it for a caller and a filter.
pub(super) async fn of(app: &App, viewer: &Viewer, filter: &JobFilter) -> Result<Parts> {
    // What a runner holds, and what has one of these numbers, is few and has an index.
    if filter.held_by.is_some() || filter.dialect_numbers.is_some() {
        return Ok(Parts::One);
    }
    let Scope::User { id, keeps_accounts, .. } = viewer.scope() else { return Ok(Parts::One) };
    // What such a caller manages and takes part in may be more by now than what was known of it.
    if matches!(viewer, Viewer::User(caller) if caller.lasting) {
        return Ok(Parts::One);
    }
    if names_only(viewer, filter.owner_ids.as_deref()) {
        return Ok(Parts::Own(own(id)));
    }
    if let Some(projects) = own_projects(viewer, filter) {
        return Ok(many(projects.into_iter().map(of_project).collect()));
    }
    let named = named_services(app, viewer, filter).await?;
    let mut services: Vec<i64> = match &named {
        None => viewer.own_services().to_vec(),
        Some(named) => named.iter().copied().filter(|id| viewer.own_services().contains(id)).collect(),
    };
    if named.as_ref().is_some_and(|named| !named.is_empty() && named.len() == services.len()) {
        return Ok(many(services.into_iter().map(of_service).collect()));
    }
    if filter.origin == Some(Origin::Recorded) {
        // What a batch system ran belongs to no service.
        services.clear();
    }
    // In the personal project all jobs are the user's own.
    let shared = viewer.projects().iter().filter(|project| !project.personal);
    let projects = shared.map(|project| of_project(project.project_id));
    // In the words of the index `job_recorded`.
    let recorded = keeps_accounts && may_be_recorded(filter);
    let recorded = recorded.then(|| job::Entity::bare().filter(Expr::cust("origin = 'recorded'")));
    let others: Vec<_> = services.into_iter().map(of_service).chain(projects).chain(recorded).collect();
    if others.is_empty() {
        return Ok(Parts::Own(own(id)));
    }
    let hers = job::Entity::bare().filter(job::Column::OwnerId.eq(id));
    Ok(many(std::iter::once(hers).chain(others).collect()))
}

/// A user's own jobs.
const fn own(id: i64) -> Scope {
    Scope::User { id, owns_services: false, shares: false, keeps_accounts: false }
}

/// Whether a recorded job may match: none belongs to a service, and all are at home in one API.
fn may_be_recorded(filter: &JobFilter) -> bool {
    filter.service_ids.is_none()
        && filter.origin != Some(Origin::Submitted)
        && filter.homes.as_ref().is_none_or(|homes| homes.contains(&Dialect::Mybrc))
        && filter.other_homes.as_ref().is_none_or(|homes| !homes.contains(&Dialect::Mybrc))
}

/// Whether these owners are the caller and nobody else.
fn names_only(viewer: &Viewer, owners: Option<&[Uuid]>) -> bool {
    let (Viewer::User(caller), Some(owners)) = (viewer, owners) else { return false };
    owners.iter().all(|owner| *owner == caller.user.uid)
}

fn many(parts: Vec<Select<job::Entity>>) -> Parts {
    // Beyond that, one query for each is no gain.
    if parts.len() > MOST + 1 { Parts::One } else { Parts::Many(parts) }
}

fn of_service(id: i64) -> Select<job::Entity> {
    job::Entity::bare().filter(job::Column::ServiceId.eq(id))
}

fn of_project(id: i64) -> Select<job::Entity> {
    job::Entity::bare().filter(job::Column::ProjectId.eq(id))
}

/// The services that the filter names, for callers who manage any: for others it makes no difference.
async fn named_services(app: &App, viewer: &Viewer, filter: &JobFilter) -> Result<Option<Vec<i64>>> {
    use entity::service::{Column, Entity};
    let Some(uids) = filter.service_ids.as_deref().filter(|_| !viewer.own_services().is_empty()) else {
        return Ok(None);
    };
    let ids = Entity::find().select_only().column(Column::Id).filter(Column::Uid.is_in(uids.iter().copied()));
    Ok(Some(ids.into_tuple().all(app.db.read()).await?))
}

/// The projects that the filter names, when the viewer takes part in each of them: all their jobs are visible, and no
/// others match.
fn own_projects(viewer: &Viewer, filter: &JobFilter) -> Option<Vec<i64>> {
    let own = |uid: &Uuid| viewer.projects().iter().find(|project| project.project_uid == *uid);
    let uids = filter.project_ids.as_ref().filter(|uids| !uids.is_empty())?;
    uids.iter().map(|uid| own(uid).map(|project| project.project_id)).collect()
}
