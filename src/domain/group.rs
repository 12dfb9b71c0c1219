//! Groups: named sets of users, which projects give roles to.

use entity::{audit_entry::Action, group, group_member, project_member, user};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait as _, Select, SqlErr,
    sea_query::{LockType, OnConflict},
};
use uuid::Uuid;

use super::{
    audit::{self, Actor, Subject},
    check::{Faults, TEXT},
    project, rights, user as users,
};
use crate::{
    app::App,
    db::Tx,
    error::{Error, Result},
    infra::secret,
    page::{self, Page, PageRequest},
    viewer::{Permission, Viewer},
};

mod order;

pub use order::{GroupMemberOrder, GroupOrder};

/// What it takes to make a group.
#[derive(Clone, Debug)]
pub struct NewGroup {
    /// 1 to 64 letters, digits, `_`, `.`, `-`; unique.
    pub name: String,
    /// At most [`TEXT`] characters.
    pub description: String,
}

/// A change of a group; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct GroupChange {
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<String>,
}

/// The group with this outside id.
pub async fn get(app: &App, viewer: &Viewer, uid: Uuid) -> Result<group::Model> {
    one(app, viewer, group::Column::Uid.eq(uid)).await
}

/// The group with this number.
pub async fn get_by_number(app: &App, viewer: &Viewer, number: i64) -> Result<group::Model> {
    one(app, viewer, group::Column::Id.eq(number)).await
}

/// The group with this name.
pub async fn get_by_name(app: &App, viewer: &Viewer, name: &str) -> Result<group::Model> {
    one(app, viewer, group::Column::Name.eq(name)).await
}

async fn one(app: &App, viewer: &Viewer, which: sea_orm::sea_query::SimpleExpr) -> Result<group::Model> {
    viewer.require_read(Permission::ProjectsRead)?;
    let query = group::Entity::visible_to(&viewer.scope()).filter(which);
    query.one(app.db.read()).await?.ok_or(Error::NotFound("group"))
}

/// A page of the groups that the viewer may see: those that it is in, or all for an admin.
pub async fn list(app: &App, viewer: &Viewer, order: GroupOrder, request: &PageRequest) -> Result<Page<group::Model>> {
    viewer.require_read(Permission::ProjectsRead)?;
    page::fetch(group::Entity::visible_to(&viewer.scope()), order, request, app.db.read()).await
}

/// How many groups the viewer may see.
pub async fn count(app: &App, viewer: &Viewer) -> Result<i64> {
    viewer.require_read(Permission::ProjectsRead)?;
    page::count(group::Entity::visible_to(&viewer.scope()), app.db.read()).await
}

/// A page of the groups that a user (`user.id`) is in, of those that the viewer may see: all of one's own.
pub async fn list_of(
    app: &App,
    viewer: &Viewer,
    user_id: i64,
    order: GroupOrder,
    request: &PageRequest,
) -> Result<Page<group::Model>> {
    viewer.require_read(Permission::ProjectsRead)?;
    page::fetch(of_user(viewer, user_id), order, request, app.db.read()).await
}

/// How many groups a user is in, of those that the viewer may see.
pub async fn count_of(app: &App, viewer: &Viewer, user_id: i64) -> Result<i64> {
    viewer.require_read(Permission::ProjectsRead)?;
    page::count(of_user(viewer, user_id), app.db.read()).await
}

fn of_user(viewer: &Viewer, user_id: i64) -> Select<group::Entity> {
    let own = group_member::Entity::find().select_only().column(group_member::Column::GroupId);
    let own = own.filter(group_member::Column::UserId.eq(user_id)).into_query();
    group::Entity::visible_to(&viewer.scope()).filter(group::Column::Id.in_subquery(own))
}

/// The groups with these internal ids, whoever asks: for fields of members that the caller may already see.
pub async fn by_ids(app: &App, ids: &[i64]) -> Result<Vec<group::Model>> {
    Ok(group::Entity::find().filter(group::Column::Id.is_in(ids.iter().copied())).all(app.db.read()).await?)
}

/// A page of the members of a group (`group.id`) that the viewer may see: those who are in it see all of them.
pub async fn members(
    app: &App,
    viewer: &Viewer,
    group_id: i64,
    order: GroupMemberOrder,
    request: &PageRequest,
) -> Result<Page<group_member::Model>> {
    page::fetch(visible(viewer, group_id), order, request, app.db.read()).await
}

/// How many members of a group the viewer may see.
pub async fn count_members(app: &App, viewer: &Viewer, group_id: i64) -> Result<i64> {
    page::count(visible(viewer, group_id), app.db.read()).await
}

fn visible(viewer: &Viewer, group_id: i64) -> Select<group_member::Entity> {
    group_member::Entity::visible_to(&viewer.scope()).filter(group_member::Column::GroupId.eq(group_id))
}

fn check(name: Option<&str>, description: Option<&str>) -> Result<()> {
    let mut faults = Faults::default();
    if let Some(name) = name {
        faults.slug("name", name);
    }
    if let Some(description) = description {
        faults.text("description", description, TEXT);
    }
    faults.into_result()
}

/// Makes a group without members. Only an admin may.
pub async fn create(app: &App, viewer: &Viewer, new: NewGroup) -> Result<group::Model> {
    viewer.require_admin()?;
    check(Some(&new.name), Some(&new.description))?;
    app.db
        .write((new, Actor::of(viewer)), |tx, (new, actor)| {
            Box::pin(async move {
                let row = group::ActiveModel {
                    uid: Set(secret::uid()),
                    name: Set(new.name.clone()),
                    description: Set(new.description.clone()),
                    created_at: Set(tx.now),
                    updated_at: Set(tx.now),
                    ..Default::default()
                };
                let made = group::Entity::insert(row).exec_with_returning(&tx.db).await;
                let made = made.map_err(|error| taken(error, &new.name))?;
                audit::note(tx, actor, Action::GroupCreated, &made).await?;
                Ok(made)
            })
        })
        .await
}

fn taken(error: DbErr, name: &str) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => {
            Error::taken("name", format!("A group named {name} exists already."))
        }
        _ => error.into(),
    }
}

/// Changes a group. Only an admin may.
pub async fn update(app: &App, viewer: &Viewer, uid: Uuid, change: GroupChange) -> Result<group::Model> {
    let id = kept(app, viewer, uid).await?;
    check(change.name.as_deref(), change.description.as_deref())?;
    app.db
        .write((id, change, Actor::of(viewer)), |tx, (id, change, actor)| {
            Box::pin(async move {
                let before = present(tx, *id, LockType::NoKeyUpdate).await?;
                let after = group::Model {
                    name: change.name.clone().unwrap_or(before.name),
                    description: change.description.clone().unwrap_or(before.description),
                    updated_at: tx.now,
                    ..before
                };
                let row = group::ActiveModel {
                    name: Set(after.name.clone()),
                    description: Set(after.description.clone()),
                    updated_at: Set(after.updated_at),
                    ..Default::default()
                };
                let stored = group::Entity::update_many().set(row).filter(group::Column::Id.eq(*id));
                stored.exec(&tx.db).await.map_err(|error| taken(error, &after.name))?;
                audit::note(tx, actor, Action::GroupUpdated, &after).await?;
                Ok(after)
            })
        })
        .await
}

/// Removes a group, with the roles that it has. Only an admin may.
pub async fn delete(app: &App, viewer: &Viewer, uid: Uuid) -> Result<group::Model> {
    let id = kept(app, viewer, uid).await?;
    let deleted = app.db.write((id, Actor::of(viewer)), |tx, (id, actor)| {
        Box::pin(async move {
            let group = present(tx, *id, LockType::Update).await?;
            let managed = project::hold_managed_by_group(tx, *id).await?;
            let roles = project_member::Entity::delete_many().filter(project_member::Column::GroupId.eq(*id));
            roles.exec(&tx.db).await?;
            let users = project::users_of_group(tx, *id).await?;
            let members = group_member::Entity::delete_many().filter(group_member::Column::GroupId.eq(*id));
            members.exec(&tx.db).await?;
            group::Entity::delete_by_id(*id).exec(&tx.db).await?;
            for project_id in managed {
                project::release_runners(tx, project_id).await?;
            }
            audit::note(tx, actor, Action::GroupDeleted, &group).await?;
            rights::shrink(tx, users).await?;
            Ok(group)
        })
    });
    let deleted = deleted.await?;
    app.known.forget();
    Ok(deleted)
}

/// Puts a user into a group, and so into its projects. Doing it again changes nothing. Only an admin may.
pub async fn add_member(app: &App, viewer: &Viewer, uid: Uuid, member: Uuid) -> Result<group::Model> {
    let id = kept(app, viewer, uid).await?;
    let user_id = users::known(app, "userId", member).await?;
    let group = app.db.write((id, user_id, Actor::of(viewer)), |tx, (id, user_id, actor)| {
        Box::pin(async move {
            let group = present(tx, *id, LockType::NoKeyUpdate).await?;
            let row = group_member::ActiveModel {
                group_id: Set(*id),
                user_id: Set(*user_id),
                created_at: Set(tx.now),
                ..Default::default()
            };
            let once = OnConflict::new().do_nothing().to_owned();
            group_member::Entity::insert(row).on_conflict(once).exec_without_returning(&tx.db).await?;
            audit::note(tx, actor, Action::GroupMemberAdded, about(tx, &group, *user_id).await?).await?;
            Ok(group)
        })
    });
    let group = group.await?;
    app.known.forget();
    Ok(group)
}

/// Takes a user out of a group, and out of those of its projects in which it has no other role. Only an admin may.
///
/// Fails with INVALID on `userId` for a user that is not in it.
pub async fn remove_member(app: &App, viewer: &Viewer, uid: Uuid, member: Uuid) -> Result<group::Model> {
    let id = kept(app, viewer, uid).await?;
    let user_id = users::known(app, "userId", member).await?;
    let group = app.db.write((id, user_id, Actor::of(viewer)), |tx, (id, user_id, actor)| {
        Box::pin(async move {
            let group = present(tx, *id, LockType::NoKeyUpdate).await?;
            let managed = project::hold_managed_by_group(tx, *id).await?;
            let own = group_member::Entity::delete_many().filter(group_member::Column::GroupId.eq(*id));
            let gone = own.filter(group_member::Column::UserId.eq(*user_id)).exec(&tx.db).await?;
            if gone.rows_affected == 0 {
                return Err(Error::invalid("userId", "The user is not in this group."));
            }
            for project_id in managed {
                project::release_runners(tx, project_id).await?;
            }
            audit::note(tx, actor, Action::GroupMemberRemoved, about(tx, &group, *user_id).await?).await?;
            rights::shrink(tx, [*user_id]).await?;
            Ok(group)
        })
    });
    let group = group.await?;
    app.known.forget();
    Ok(group)
}

/// The internal id of a group, for an admin who changes it: hidden ones are not there, and others' are forbidden.
async fn kept(app: &App, viewer: &Viewer, uid: Uuid) -> Result<i64> {
    if !viewer.is_admin() {
        viewer.require(Permission::ProjectsWrite)?;
    }
    let group = group::Entity::visible_to(&viewer.scope()).filter(group::Column::Uid.eq(uid)).one(app.db.read());
    let group = group.await?.ok_or(Error::NotFound("group"))?;
    viewer.require_admin()?;
    Ok(group.id)
}

/// The user whom a change of a group is about, and which group.
async fn about(tx: &Tx, group: &group::Model, user_id: i64) -> Result<Subject> {
    let user = user::Entity::find_by_id(user_id).one(&tx.db).await?.ok_or(Error::NotFound("user"))?;
    Ok(Subject::from(&user).noting(format!("The group {}.", group.name)))
}

/// A group, its row locked.
async fn present(tx: &Tx, id: i64, lock: LockType) -> Result<group::Model> {
    group::Entity::find_by_id(id).lock(lock).one(&tx.db).await?.ok_or(Error::NotFound("group"))
}
