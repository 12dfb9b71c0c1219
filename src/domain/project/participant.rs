//! Everybody who takes part in a project, by an own role or by that of a group.

use std::collections::HashMap;

use entity::{
    group_member,
    project_member::{self, Role},
    user,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select, sea_query::Expr};

use crate::{
    app::App,
    domain::user::UserOrder,
    error::Result,
    page::{self, Page, PageRequest},
    viewer::{Permission, Viewer},
};

/// A page of the users who take part in a project (`project.id`), each with its highest role. Members see all of them,
/// and nobody else sees any.
pub async fn participants(
    app: &App,
    viewer: &Viewer,
    project_id: i64,
    order: UserOrder,
    request: &PageRequest,
) -> Result<Page<(user::Model, Role)>> {
    let Page { rows, has_next, has_previous } =
        page::fetch(visible(viewer, project_id), order, request, app.db.read()).await?;
    let roles = roles(app, project_id, &rows).await?;
    // Who has lost the last role since the page was read is on it no more.
    let rows = rows.into_iter().filter_map(|row| roles.get(&row.id).copied().map(|role| (row, role))).collect();
    Ok(Page { rows, has_next, has_previous })
}

/// How many users the viewer may see take part in a project.
pub async fn count_participants(app: &App, viewer: &Viewer, project_id: i64) -> Result<i64> {
    page::count(visible(viewer, project_id), app.db.read()).await
}

fn visible(viewer: &Viewer, project_id: i64) -> Select<user::Entity> {
    let may_read = viewer.require_read(Permission::ProjectsRead).is_ok();
    if !may_read || !viewer.is_at_least(Role::Watcher, project_id) {
        return user::Entity::find().filter(Expr::val(false));
    }
    let holders = |column: project_member::Column| {
        let members = project_member::Entity::find().select_only().column(column);
        members.filter(project_member::Column::ProjectId.eq(project_id)).filter(column.is_not_null()).into_query()
    };
    let grouped = group_member::Entity::find().select_only().column(group_member::Column::UserId);
    let grouped = grouped.filter(group_member::Column::GroupId.in_subquery(holders(project_member::Column::GroupId)));
    user::Entity::find().filter(
        Condition::any()
            .add(user::Column::Id.in_subquery(holders(project_member::Column::UserId)))
            .add(user::Column::Id.in_subquery(grouped.into_query())),
    )
}

/// The highest role of each of these users in a project.
async fn roles(app: &App, project_id: i64, users: &[user::Model]) -> Result<HashMap<i64, Role>> {
    let ids: Vec<i64> = users.iter().map(|user| user.id).collect();
    let own = project_member::Entity::find().filter(project_member::Column::ProjectId.eq(project_id));
    let of_groups = own.clone().filter(project_member::Column::GroupId.is_not_null());
    let own = own.filter(project_member::Column::UserId.is_in(ids.iter().copied())).all(app.db.read()).await?;
    let of_groups: HashMap<i64, Role> = of_groups
        .all(app.db.read())
        .await?
        .into_iter()
        .filter_map(|member| Some((member.group_id?, member.role)))
        .collect();
    let grouped = group_member::Entity::find()
        .filter(group_member::Column::GroupId.is_in(of_groups.keys().copied()))
        .filter(group_member::Column::UserId.is_in(ids));
    let grouped = grouped.all(app.db.read()).await?;
    let of_groups = grouped.iter().filter_map(|member| Some((member.user_id, *of_groups.get(&member.group_id)?)));
    let mut roles = HashMap::new();
    for (user_id, role) in own.iter().filter_map(|member| Some((member.user_id?, member.role))).chain(of_groups) {
        let known = roles.entry(user_id).or_insert(role);
        *known = Ord::max(*known, role);
    }
    Ok(roles)
}
