//! Who takes part in a project.

use entity::{
    group, project,
    project_member::{self, Role},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{LockType, SimpleExpr},
};
use uuid::Uuid;

use super::{forbidden, holder::require_role, managed, overruling, runner::release_runners, write::present};
use crate::{
    app::App,
    db::Tx,
    domain::{rights, user as users},
    error::{Error, Result},
    page::{self, Key, Order, Page, PageRequest},
    viewer::{Permission, Viewer},
};

/// To whom a role is given (outside ids).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A user.
    User(Uuid),
    /// Everybody in a group.
    Group(Uuid),
}

/// The same with internal ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    User(i64),
    Group(i64),
}

/// How members are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberOrder {
    /// The longest-serving first.
    CreatedAtAsc,
    /// The newest first.
    CreatedAtDesc,
}

impl Known {
    const fn path(self) -> &'static str {
        match self {
            Self::User(_) => "userId",
            Self::Group(_) => "groupId",
        }
    }

    fn condition(self) -> SimpleExpr {
        match self {
            Self::User(id) => project_member::Column::UserId.eq(id),
            Self::Group(id) => project_member::Column::GroupId.eq(id),
        }
    }
}

/// Gives a user or a group a role, in place of the one that it had. Managers and owners of the project and admins may;
/// the role OWNER is given and taken by owners and admins only.
///
/// Fails with INVALID on `projectId` for a personal project, and on `role` when the project would be left without a user
/// who owns it.
pub async fn set_member(
    app: &App,
    viewer: &Viewer,
    uid: Uuid,
    holder: Holder,
    role: Role,
) -> Result<project_member::Model> {
    let project = managed(app, viewer, uid, Role::Manager).await?;
    refuse_personal(&project)?;
    let holder = known(app, viewer, project.id, holder).await?;
    if role == Role::Owner && !viewer.is_at_least(Role::Owner, project.id) {
        return Err(forbidden(Role::Owner));
    }
    let caller = if viewer.is_admin() { None } else { viewer.user_id() };
    let least = if role == Role::Owner { Role::Owner } else { Role::Manager };
    let input = (project.id, holder, role, caller, overruling(viewer, &project, least));
    let set = app.db.write(input, |tx, (id, holder, role, caller, overruling)| {
        Box::pin(async move {
            let least = if *role == Role::Owner { Role::Owner } else { Role::Manager };
            let owns = require_role(tx, *id, *caller, least).await? == Role::Owner;
            overruling.note(tx, "set a member").await?;
            store(tx, *id, *holder, *role, owns).await
        })
    });
    let set = set.await?;
    app.known.forget();
    Ok(set)
}

fn refuse_personal(project: &project::Model) -> Result<()> {
    if project.personal_of.is_none() {
        return Ok(());
    }
    Err(Error::invalid("projectId", "A personal project is its owner's alone: it has no other members."))
}

/// Of groups only those that the viewer may see, and those that have a role already, which members see; users are known
/// by their ids to everybody.
async fn known(app: &App, viewer: &Viewer, project_id: i64, holder: Holder) -> Result<Known> {
    match holder {
        Holder::User(uid) => Ok(Known::User(users::known(app, "userId", uid).await?)),
        Holder::Group(uid) => {
            let visible = group::Entity::visible_to(&viewer.scope()).filter(group::Column::Uid.eq(uid));
            let mut group = visible.one(app.db.read()).await?;
            if group.is_none() {
                let members = project_member::Entity::find()
                    .select_only()
                    .column(project_member::Column::GroupId)
                    .filter(project_member::Column::ProjectId.eq(project_id))
                    .filter(project_member::Column::GroupId.is_not_null());
                let member = group::Entity::find().filter(group::Column::Id.in_subquery(members.into_query()));
                group = member.filter(group::Column::Uid.eq(uid)).one(app.db.read()).await?;
            }
            let group =
                group.ok_or_else(|| Error::invalid("groupId", "There is no such group, or you are not in it."))?;
            Ok(Known::Group(group.id))
        }
    }
}

/// The project's row is locked: it guards its members.
async fn store(tx: &Tx, project_id: i64, holder: Known, role: Role, owns: bool) -> Result<project_member::Model> {
    let Some(before) = find(tx, project_id, holder).await? else {
        let (user_id, group_id) = match holder {
            Known::User(id) => (Some(id), None),
            Known::Group(id) => (None, Some(id)),
        };
        let row = project_member::ActiveModel {
            project_id: Set(project_id),
            user_id: Set(user_id),
            group_id: Set(group_id),
            role: Set(role),
            created_at: Set(tx.now),
            updated_at: Set(tx.now),
            ..Default::default()
        };
        return Ok(project_member::Entity::insert(row).exec_with_returning(&tx.db).await?);
    };
    if before.role == role {
        return Ok(before);
    }
    require_owner(&before, owns)?;
    keep_an_owner(tx, &before, "role").await?;
    let change = project_member::ActiveModel { role: Set(role), updated_at: Set(tx.now), ..Default::default() };
    let own = project_member::Entity::update_many().set(change).filter(project_member::Column::Id.eq(before.id));
    own.exec(&tx.db).await?;
    release_runners(tx, project_id).await?;
    if role < before.role {
        rights::shrink(tx, holder.users(tx).await?).await?;
    }
    Ok(project_member::Model { role, updated_at: tx.now, ..before })
}

async fn find(tx: &Tx, project_id: i64, holder: Known) -> Result<Option<project_member::Model>> {
    let own = project_member::Entity::find().filter(project_member::Column::ProjectId.eq(project_id));
    Ok(own.filter(holder.condition()).one(&tx.db).await?)
}

/// Owners are changed and removed by owners.
fn require_owner(member: &project_member::Model, owns: bool) -> Result<()> {
    if owns || member.role != Role::Owner { Ok(()) } else { Err(forbidden(Role::Owner)) }
}

/// Refuses to take the last user away who owns a project. That a group owns it, too, does not count: it may be empty
/// tomorrow.
async fn keep_an_owner(tx: &Tx, member: &project_member::Model, path: &str) -> Result<()> {
    if member.role != Role::Owner || member.user_id.is_none() {
        return Ok(());
    }
    let others = project_member::Entity::find()
        .filter(project_member::Column::ProjectId.eq(member.project_id))
        .filter(project_member::Column::Role.eq(Role::Owner))
        .filter(project_member::Column::UserId.is_not_null())
        .filter(project_member::Column::Id.ne(member.id));
    if others.count(&tx.db).await? > 0 {
        return Ok(());
    }
    Err(Error::invalid(path, "This is the last user who owns the project; make another one its owner first."))
}

/// Takes a role away. The same callers may as for [`set_member`], and every user for itself.
///
/// Fails with INVALID on `userId` or `groupId` for who has no role, and for the last user who owns the project.
pub async fn remove_member(app: &App, viewer: &Viewer, uid: Uuid, holder: Holder) -> Result<project_member::Model> {
    let leaves = match (viewer, holder) {
        (Viewer::User(viewer), Holder::User(uid)) => viewer.user.uid == uid,
        _ => false,
    };
    let project = managed(app, viewer, uid, if leaves { Role::Watcher } else { Role::Manager }).await?;
    refuse_personal(&project)?;
    let holder = known(app, viewer, project.id, holder).await?;
    let may = leaves || viewer.is_at_least(Role::Owner, project.id);
    let least = if leaves { Role::Watcher } else { Role::Manager };
    let input = (project.id, holder, may, overruling(viewer, &project, least));
    let removed = app.db.write(input, |tx, (id, holder, may, overruling)| {
        Box::pin(async move {
            present(tx, *id, LockType::NoKeyUpdate).await?;
            overruling.note(tx, "remove a member").await?;
            let member = find(tx, *id, *holder).await?;
            let member = member.ok_or_else(|| Error::invalid(holder.path(), "It has no role in this project."))?;
            require_owner(&member, *may)?;
            keep_an_owner(tx, &member, holder.path()).await?;
            project_member::Entity::delete_by_id(member.id).exec(&tx.db).await?;
            release_runners(tx, *id).await?;
            rights::shrink(tx, holder.users(tx).await?).await?;
            Ok(member)
        })
    });
    let removed = removed.await?;
    app.known.forget();
    Ok(removed)
}

/// A page of the members of a project (`project.id`) that the viewer may see: its members see all of them, and nobody
/// else sees any.
pub async fn members(
    app: &App,
    viewer: &Viewer,
    project_id: i64,
    order: MemberOrder,
    request: &PageRequest,
) -> Result<Page<project_member::Model>> {
    page::fetch(visible(viewer, project_id), order, request, app.db.read()).await
}

/// How many members of a project the viewer may see.
pub async fn count_members(app: &App, viewer: &Viewer, project_id: i64) -> Result<i64> {
    page::count(visible(viewer, project_id), app.db.read()).await
}

fn visible(viewer: &Viewer, project_id: i64) -> Select<project_member::Entity> {
    let all = project_member::Entity::find().filter(project_member::Column::ProjectId.eq(project_id));
    let may_read = viewer.require_read(Permission::ProjectsRead).is_ok();
    if may_read && viewer.is_at_least(Role::Watcher, project_id) {
        return all;
    }
    all.filter(SimpleExpr::from(false))
}

/// Of each of these projects (internal ids) the user who owns it for the longest time, whoever asks: for a field of
/// projects that the caller may see. Of the rows of one project the last one is meant.
pub async fn owners(app: &App, project_ids: &[i64]) -> Result<Vec<project_member::Model>> {
    let owners = project_member::Entity::find()
        .filter(project_member::Column::ProjectId.is_in(project_ids.iter().copied()))
        .filter(project_member::Column::Role.eq(Role::Owner))
        .filter(project_member::Column::UserId.is_not_null())
        .order_by_desc(project_member::Column::Id);
    Ok(owners.all(app.db.read()).await?)
}

impl Order<project_member::Entity> for MemberOrder {
    fn column(self) -> Option<project_member::Column> {
        None
    }

    fn id(self) -> project_member::Column {
        project_member::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, _: &project_member::Model) -> Option<Key> {
        None
    }

    fn row_id(self, row: &project_member::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::CreatedAtAsc => "c",
            Self::CreatedAtDesc => "cd",
        }
    }
}
