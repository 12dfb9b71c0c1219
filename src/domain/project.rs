//! Projects: what people do together, and who may do what in them.

use std::collections::HashMap;

use entity::{
    favorite, project,
    project_member::{self, Role, given_to},
    service,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use crate::{
    app::App,
    domain::audit::Overruling,
    error::{Error, Result},
    page::{self, Key, Order, Page, PageRequest},
    viewer::{Membership, Permission, Viewer},
};

mod holder;
mod member;
mod participant;
mod runner;
mod write;

pub(super) use holder::of_group as users_of_group;
pub(super) use holder::require_role;
pub use member::{Holder, MemberOrder, count_members, members, owners, remove_member, set_member};
pub use participant::{count_participants, participants};
pub(super) use runner::{hold_managed_by_group, release_runners, release_runners_of};
pub use write::{NewProject, ProjectChange, create, create_for, delete, update};
pub(super) use write::{insert_personal, open, remove};

/// Which projects to list; conditions are ANDed.
#[derive(Clone, Debug, Default)]
pub struct ProjectFilter {
    /// One of these names.
    pub names: Option<Vec<String>>,
    /// A name that begins so.
    pub name_starts_with: Option<String>,
    /// Only the viewer's favorites, or only others.
    pub favorite: Option<bool>,
    /// In which the viewer has one of these roles.
    pub roles: Option<Vec<Role>>,
    /// Only public ones, or only others.
    pub public: Option<bool>,
    /// Only personal ones, or only others.
    pub personal: Option<bool>,
    /// In which this user (`user.id`) takes part.
    pub participant: Option<i64>,
}

/// How projects are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProjectOrder {
    /// By name.
    NameAsc,
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
}

/// What a caller may do in a project.
#[expect(clippy::struct_excessive_bools, reason = "a right each, asked for by its name")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Submit jobs into it.
    pub submit_jobs: bool,
    /// Make and change its data.
    pub edit_data: bool,
    /// Change it, and cancel and set all its jobs.
    pub manage: bool,
    /// Make services in it, and change them.
    pub manage_services: bool,
    /// Set and remove members that are no owners.
    pub set_members: bool,
    /// Set and remove owners.
    pub set_owners: bool,
    /// Delete it.
    pub delete: bool,
}

/// The projects that a user takes part in, each with the highest of the user's roles, whoever asks.
pub(super) async fn memberships(app: &App, user_id: i64) -> Result<Vec<Membership>> {
    let its_project = Expr::col((project::Entity, project::Column::Id))
        .equals((project_member::Entity, project_member::Column::ProjectId));
    let mut query = project_member::Entity::find().filter(given_to(user_id)).select_only();
    query = query.columns([project_member::Column::ProjectId, project_member::Column::Role]);
    query = query.column_as(Expr::col((project::Entity, project::Column::Uid)), "uid");
    query = query.column_as(Expr::col((project::Entity, project::Column::PersonalOf)), "personal_of");
    QuerySelect::query(&mut query).inner_join(project::Entity, its_project);
    let rows: Vec<(i64, Role, Uuid, Option<i64>)> = query.into_tuple().all(app.db.read()).await?;
    let mut projects: HashMap<i64, Membership> = HashMap::new();
    for (project_id, role, project_uid, personal_of) in rows {
        let found = Membership { project_id, project_uid, personal: personal_of.is_some(), role };
        let known = projects.entry(project_id).or_insert(found);
        known.role = Ord::max(known.role, role);
    }
    let mut projects: Vec<Membership> = projects.into_values().collect();
    projects.sort_unstable_by_key(|project| project.project_id);
    Ok(projects)
}

/// Fails for an API token that may not read projects. Others are shown what they may see: without a log-in, and while
/// an account is not active, that is what is public.
pub(super) fn require_read(viewer: &Viewer) -> Result<()> {
    match viewer.scope() {
        entity::Scope::All | entity::Scope::User { .. } => viewer.require_read(Permission::ProjectsRead),
        entity::Scope::Nobody | entity::Scope::Runner { .. } => Ok(()),
    }
}

/// The project with this outside id.
pub async fn get(app: &App, viewer: &Viewer, uid: Uuid) -> Result<project::Model> {
    one(app, viewer, project::Column::Uid.eq(uid)).await
}

/// The project with this number.
pub async fn get_by_number(app: &App, viewer: &Viewer, number: i64) -> Result<project::Model> {
    one(app, viewer, project::Column::Id.eq(number)).await
}

/// The project with this name.
pub async fn get_by_name(app: &App, viewer: &Viewer, name: &str) -> Result<project::Model> {
    one(app, viewer, project::Column::Name.eq(name)).await
}

async fn one(app: &App, viewer: &Viewer, which: sea_orm::sea_query::SimpleExpr) -> Result<project::Model> {
    require_read(viewer)?;
    visible(app, viewer).filter(which).one(app.db.read()).await?.ok_or(Error::NotFound("project"))
}

/// The own project of a user (`user.id`), if the viewer may see it.
pub async fn personal_of(app: &App, viewer: &Viewer, user_id: i64) -> Result<Option<project::Model>> {
    require_read(viewer)?;
    Ok(visible(app, viewer).filter(project::Column::PersonalOf.eq(user_id)).one(app.db.read()).await?)
}

/// A page of the projects that the viewer may see.
pub async fn list(
    app: &App,
    viewer: &Viewer,
    filter: &ProjectFilter,
    order: ProjectOrder,
    request: &PageRequest,
) -> Result<Page<project::Model>> {
    require_read(viewer)?;
    page::fetch(narrowed(visible(app, viewer), viewer, filter), order, request, app.db.read()).await
}

/// How many projects the viewer may see under this filter.
pub async fn count(app: &App, viewer: &Viewer, filter: &ProjectFilter) -> Result<i64> {
    require_read(viewer)?;
    page::count(narrowed(visible(app, viewer), viewer, filter), app.db.read()).await
}

/// The projects with these internal ids that the viewer may see.
pub async fn by_ids(app: &App, viewer: &Viewer, ids: &[i64]) -> Result<Vec<project::Model>> {
    if require_read(viewer).is_err() {
        return Ok(Vec::new());
    }
    let query = visible(app, viewer).filter(project::Column::Id.is_in(ids.iter().copied()));
    Ok(query.all(app.db.read()).await?)
}

/// The projects with these internal ids that entries of the ledger name: who keeps all accounts is told which they are,
/// deleted ones included.
pub async fn by_ids_of_entries(app: &App, viewer: &Viewer, ids: &[i64]) -> Result<Vec<project::Model>> {
    if !viewer.keeps_accounts() {
        return by_ids(app, viewer, ids).await;
    }
    Ok(project::Entity::find().filter(project::Column::Id.is_in(ids.iter().copied())).all(app.db.read()).await?)
}

/// The names of the projects with these internal ids, deleted ones included, whoever asks: for fields of services that
/// the caller may already see. Who sees a service knows its full name, be it that the project is hidden.
pub async fn names(app: &App, ids: &[i64]) -> Result<Vec<(i64, String)>> {
    let names = project::Entity::find().select_only().columns([project::Column::Id, project::Column::Name]);
    let names = names.filter(project::Column::Id.is_in(ids.iter().copied()));
    Ok(names.into_tuple().all(app.db.read()).await?)
}

/// Which of these projects (internal ids) the viewer has marked.
pub async fn favorites(app: &App, viewer: &Viewer, ids: &[i64]) -> Result<Vec<favorite::Model>> {
    let Some(user_id) = viewer.user_id() else { return Ok(Vec::new()) };
    let own = favorite::Entity::find().filter(favorite::Column::UserId.eq(user_id));
    Ok(own.filter(favorite::Column::ProjectId.is_in(ids.iter().copied())).all(app.db.read()).await?)
}

/// What the viewer may do in a project that it may see, being this in it.
#[must_use]
pub fn rights(viewer: &Viewer, project: &project::Model, role: Option<Role>) -> Rights {
    let may = |permission| viewer.require_write(permission).is_ok();
    let (writes, personal) = (may(Permission::ProjectsWrite), project.personal_of.is_some());
    let at_least = |least| viewer.is_admin() || role.is_some_and(|own| own >= least);
    let adds = |least| if personal { project.personal_of == viewer.user_id() } else { at_least(least) };
    let manages = at_least(Role::Manager);
    Rights {
        submit_jobs: viewer.require(Permission::JobsWrite).is_ok() && adds(Role::Contributor),
        edit_data: writes && adds(Role::Contributor),
        manage: writes && manages,
        manage_services: may(Permission::ServicesWrite) && adds(Role::Manager),
        set_members: writes && manages && !personal,
        set_owners: writes && at_least(Role::Owner) && !personal,
        delete: writes && manages && !personal,
    }
}

/// A project in which the viewer has this role, or a higher one, for a change of it: hidden ones are not there, and
/// others' are forbidden.
pub(super) async fn managed(app: &App, viewer: &Viewer, uid: Uuid, least: Role) -> Result<project::Model> {
    viewer.require_write(Permission::ProjectsWrite)?;
    let project = seen_or_absent(app, viewer, uid).await?;
    if viewer.is_at_least(least, project.id) {
        return Ok(project);
    }
    Err(forbidden(least))
}

/// An admin's change of a project in which it has not this role.
pub(in crate::domain) fn overruling(viewer: &Viewer, project: &project::Model, least: Role) -> Overruling {
    Overruling::of(viewer, project, |viewer| viewer.is_at_least(least, project.id))
}

/// The same for something that is put into the project, which an input names: one that is not there is a wrong value of
/// `path`. Whoever calls has asked for the permission that this takes.
pub(super) async fn to_add_to(
    app: &App,
    viewer: &Viewer,
    path: &str,
    uid: Uuid,
    least: Role,
) -> Result<project::Model> {
    let project = seen(app, viewer, uid).await?;
    let project = project.ok_or_else(|| Error::invalid(path, "There is no such project, or you may not see it."))?;
    if viewer.may_add_to(&project, least) {
        return Ok(project);
    }
    if project.personal_of.is_some() {
        return Err(Error::Forbidden("A personal project is its owner's alone.".into()));
    }
    Err(forbidden(least))
}

/// The project with this outside id, for a change: a token that may write projects need not be able to read them.
pub(super) async fn seen_or_absent(app: &App, viewer: &Viewer, uid: Uuid) -> Result<project::Model> {
    seen(app, viewer, uid).await?.ok_or(Error::NotFound("project"))
}

/// The project that a job is submitted into, in which the viewer is at least a contributor; so it is in the project of
/// the service, if that has one.
pub(super) async fn of_job(
    app: &App,
    viewer: &Viewer,
    service: &service::Model,
    uid: Option<Uuid>,
) -> Result<Option<project::Model>> {
    if !viewer.may_use(service) {
        return Err(forbidden(Role::Contributor));
    }
    match uid {
        None => Ok(None),
        Some(uid) => to_add_to(app, viewer, "projectId", uid, Role::Contributor).await.map(Some),
    }
}

async fn seen(app: &App, viewer: &Viewer, uid: Uuid) -> Result<Option<project::Model>> {
    Ok(visible(app, viewer).filter(project::Column::Uid.eq(uid)).one(app.db.read()).await?)
}

/// The refusal of who sees a project and is less than this in it.
pub(super) fn forbidden(least: Role) -> Error {
    Error::Forbidden(
        match least {
            Role::Watcher => "Only members of the project may do this.",
            Role::Contributor => "Only contributors, managers and owners of the project may do this.",
            Role::Manager => "Only managers and owners of the project may do this.",
            Role::Owner => "Only owners of the project may do this.",
        }
        .into(),
    )
}

fn visible(app: &App, viewer: &Viewer) -> Select<project::Entity> {
    project::Entity::visible_to(&viewer.scope(), app.config.anonymous_reads_services)
}

fn narrowed(mut query: Select<project::Entity>, viewer: &Viewer, filter: &ProjectFilter) -> Select<project::Entity> {
    if let Some(names) = &filter.names {
        query = query.filter(project::Column::Name.is_in(names));
    }
    if let Some(start) = &filter.name_starts_with {
        query = query.filter(super::starts_with(project::Column::Name, start));
    }
    if let Some(roles) = &filter.roles {
        let own = viewer.projects().iter().filter(|project| roles.contains(&project.role));
        query = query.filter(project::Column::Id.is_in(own.map(|project| project.project_id)));
    }
    if let Some(public) = filter.public {
        let is_public = Condition::all().add(project::is_public());
        query = query.filter(if public { is_public } else { is_public.not() });
    }
    if let Some(user_id) = filter.participant {
        let own = project_member::Entity::find().select_only().column(project_member::Column::ProjectId);
        query = query.filter(project::Column::Id.in_subquery(own.filter(given_to(user_id)).into_query()));
    }
    match filter.personal {
        Some(true) => query = query.filter(project::Column::PersonalOf.is_not_null()),
        Some(false) => query = query.filter(project::Column::PersonalOf.is_null()),
        None => {}
    }
    let Some(favorite) = filter.favorite else { return query };
    let marked = favorite::Entity::find()
        .select_only()
        .column(favorite::Column::ProjectId)
        .filter(favorite::Column::UserId.eq(viewer.user_id().unwrap_or(0)))
        .into_query();
    query.filter(if favorite {
        project::Column::Id.in_subquery(marked)
    } else {
        project::Column::Id.not_in_subquery(marked)
    })
}

impl Order<project::Entity> for ProjectOrder {
    fn column(self) -> Option<project::Column> {
        (self == Self::NameAsc).then_some(project::Column::Name)
    }

    fn id(self) -> project::Column {
        project::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, row: &project::Model) -> Option<Key> {
        (self == Self::NameAsc).then(|| Key::Text(row.name.clone()))
    }

    fn row_id(self, row: &project::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::NameAsc => "n",
            Self::CreatedAtAsc => "c",
            Self::CreatedAtDesc => "cd",
        }
    }
}
