//! The log as somebody sees it, put together from queries that one index each answers in order.
//!
//! Asked with OR, or for one of several services, a database reads and sorts everything that matches after a cursor, for
//! every page of it again.

use entity::{Scope, event};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};

use super::{Resolved, filtered};
use crate::{app::App, error::Result, page};

/// Queries at most that one reading is put together from.
const PARTS: usize = 30;

/// What `scope` sees of the log under a filter: events of these services, which a user manages, and of these projects,
/// in which it takes part, beside its own.
pub(super) fn parts(
    scope: &Scope,
    services: &[i64],
    projects: &[i64],
    filter: &Resolved,
) -> Vec<Select<event::Entity>> {
    let whole = || vec![filtered(event::Entity::visible_to(scope), filter)];
    if filter.job_ids.is_some() {
        // A job's events are few, and have an index.
        return whole();
    }
    let parts = match *scope {
        Scope::All => by_list(filter),
        Scope::User { id, keeps_accounts, .. } => {
            let of = |column: event::Column| move |id: &i64| event::Entity::find().filter(column.eq(*id));
            let services = services.iter().map(of(event::Column::ServiceId));
            let projects = projects.iter().map(of(event::Column::ProjectId));
            let recorded = keeps_accounts.then(|| event::Entity::find().filter(event::recorded()));
            let own = event::Entity::find().filter(event::Column::OwnerId.eq(id));
            std::iter::once(own).chain(services).chain(projects).chain(recorded).collect()
        }
        Scope::Nobody | Scope::Runner { .. } => Vec::new(),
    };
    if parts.is_empty() || parts.len() > PARTS {
        return whole();
    }
    parts.into_iter().map(|part| filtered(part, filter)).collect()
}

/// One query for each service, project or owner that the filter names, for who sees everything.
fn by_list(filter: &Resolved) -> Vec<Select<event::Entity>> {
    let lists = [
        (event::Column::ServiceId, &filter.service_ids),
        (event::Column::ProjectId, &filter.project_ids),
        (event::Column::OwnerId, &filter.owner_ids),
    ];
    let Some((column, ids)) = lists.into_iter().find_map(|(column, ids)| Some((column, ids.as_ref()?))) else {
        return Vec::new();
    };
    ids.iter().map(|id| event::Entity::visible_to(&Scope::All).filter(column.eq(*id))).collect()
}

/// The first `limit` events of all these parts together after the place `from`, and not beyond the place `to`.
pub(super) async fn read(
    app: &App,
    parts: &[Select<event::Entity>],
    from: i64,
    to: Option<i64>,
    limit: u64,
) -> Result<Vec<event::Model>> {
    let bounded = |part: &Select<event::Entity>| {
        let part = part.clone().filter(event::Column::Id.gt(from)).apply_if(to, |part, to| {
            // Beyond this place the log is not final.
            part.filter(event::Column::Id.lte(to))
        });
        part.order_by_asc(event::Column::Id).limit(limit)
    };
    let query = if let [only] = parts {
        bounded(only)
    } else {
        let heads = parts.iter().map(|part| bounded(part).select_only().column(event::Column::Id).into_query());
        let ids = page::union::<event::Entity>(&[event::Column::Id], heads.collect());
        let all = event::Entity::find().filter(event::Column::Id.in_subquery(ids));
        all.order_by_asc(event::Column::Id).limit(limit)
    };
    Ok(query.all(app.db.read()).await?)
}
