//! Making, changing and deleting projects.

use entity::{
    Words, account, favorite, job, project,
    project_member::{self, Role},
    service, user,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, SqlErr,
    sea_query::LockType,
};
use uuid::Uuid;

use super::{managed, overruling};
use crate::{
    app::App,
    db::Tx,
    domain::{
        check::{Faults, LINE, TEXT},
        project_data, rights, slug, user as users,
    },
    error::{Error, Result},
    infra::secret,
    viewer::{Permission, Viewer},
};

/// What it takes to make a project.
#[derive(Clone, Debug)]
pub struct NewProject {
    /// A slug (1 to 64 letters, digits, `_`, `.`, `-`); none derives one from the title, `-2`, `-3`.. on a clash.
    pub name: Option<String>,
    /// 1 to [`LINE`] characters.
    pub title: String,
    /// At most [`TEXT`] characters.
    pub description: String,
    /// Whether everybody sees it.
    pub is_public: bool,
    /// Outside id of an account that the maker sees.
    pub default_account_id: Option<Uuid>,
}

/// A change of a project; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct ProjectChange {
    /// A new slug.
    pub name: Option<String>,
    /// A new title.
    pub title: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// Whether everybody sees it.
    pub is_public: Option<bool>,
    /// Another account (outside id); `Some(None)` takes it away.
    pub default_account_id: Option<Option<Uuid>>,
    /// Other services that its members want at hand: at most 100 full names.
    pub favorite_services: Option<Vec<String>>,
}

/// Makes a project whose owner is the viewer. Every active user may.
pub async fn create(app: &App, viewer: &Viewer, new: NewProject) -> Result<project::Model> {
    let owner_id = viewer.require(Permission::ProjectsWrite)?.user.id;
    create_owned(app, viewer, owner_id, new).await
}

/// Makes a project whose owner is the user with this outside id. Only an admin may.
///
/// Fails with INVALID on `ownerId` for a user that is not there.
pub async fn create_for(app: &App, viewer: &Viewer, owner: Uuid, new: NewProject) -> Result<project::Model> {
    viewer.require_admin()?;
    let owner_id = users::known(app, "ownerId", owner).await?;
    create_owned(app, viewer, owner_id, new).await
}

async fn create_owned(app: &App, viewer: &Viewer, owner_id: i64, new: NewProject) -> Result<project::Model> {
    let mut faults = Faults::default();
    check(&mut faults, new.name.as_deref(), Some(&new.title), Some(&new.description));
    let account_id = known_account(app, viewer, &mut faults, new.default_account_id).await?;
    faults.into_result()?;
    let input = (owner_id, new, account_id);
    let made = app.db.write(input, |tx, (owner_id, new, account_id)| Box::pin(insert(tx, *owner_id, new, *account_id)));
    let made = made.await?;
    // The owner takes part in it from the next request on.
    app.known.forget_user(owner_id);
    Ok(made)
}

fn check(faults: &mut Faults, name: Option<&str>, title: Option<&str>, description: Option<&str>) {
    if let Some(name) = name {
        faults.slug("name", name);
        if name == slug::RESERVED {
            faults.add("name", "`server` is reserved.");
        }
    }
    if let Some(title) = title {
        faults.line("title", title, 1, LINE);
    }
    if let Some(description) = description {
        faults.text("description", description, TEXT);
    }
}

/// Full names are not looked up: a service may come and go at another server.
fn check_favorites(faults: &mut Faults, names: &[String]) {
    if names.len() > 100 {
        faults.add("favoriteServices", format!("{} are too many; at most 100 are kept.", names.len()));
    }
    for (index, name) in names.iter().enumerate().take(100) {
        faults.line(&format!("favoriteServices/{index}"), name, 1, LINE);
    }
}

/// The internal id of an account that the viewer sees. Whether a job may be charged to it is asked with each job.
async fn known_account(app: &App, viewer: &Viewer, faults: &mut Faults, uid: Option<Uuid>) -> Result<Option<i64>> {
    let Some(uid) = uid else { return Ok(None) };
    let found = account::Entity::visible_to(&viewer.scope()).filter(account::Column::Uid.eq(uid));
    let found = found.one(app.db.read()).await?;
    if found.is_none() {
        faults.add("defaultAccountId", "There is no such account, or you may not see it.");
    }
    Ok(found.map(|account| account.id))
}

async fn insert(tx: &Tx, owner_id: i64, new: &NewProject, account_id: Option<i64>) -> Result<project::Model> {
    let name = match &new.name {
        Some(name) => {
            refuse_taken(tx, name, None).await?;
            name.clone()
        }
        None => free_name(tx, &new.title).await?,
    };
    let row = project::ActiveModel {
        title: Set(new.title.clone()),
        description: Set(new.description.clone()),
        is_public: Set(new.is_public),
        default_account_id: Set(account_id),
        ..row(tx, name)
    };
    insert_owned(tx, row, owner_id, new.name.is_some()).await
}

/// Makes a new user's own project, in the transaction that makes the user.
pub(in crate::domain) async fn insert_personal(tx: &Tx, owner: &user::Model) -> Result<project::Model> {
    let row = project::ActiveModel {
        title: Set(owner.username.clone()),
        personal_of: Set(Some(owner.id)),
        ..row(tx, free_name(tx, &owner.username).await?)
    };
    insert_owned(tx, row, owner.id, false).await
}

fn row(tx: &Tx, name: String) -> project::ActiveModel {
    project::ActiveModel {
        uid: Set(secret::uid()),
        name: Set(name),
        description: Set(String::new()),
        is_public: Set(false),
        personal_of: Set(None),
        default_account_id: Set(None),
        favorite_services: Set(None),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
        deleted_at: Set(None),
        ..Default::default()
    }
}

/// Inserts a project and its owner. A name that the caller chose may turn out to be taken; another is chosen anew.
async fn insert_owned(tx: &Tx, row: project::ActiveModel, owner_id: i64, named: bool) -> Result<project::Model> {
    let made = match project::Entity::insert(row).exec_with_returning(&tx.db).await {
        Err(error) if !named && is_taken(&error) => return Err(tx.overtaken()),
        made => made.map_err(name_taken)?,
    };
    let owner = project_member::ActiveModel {
        project_id: Set(made.id),
        user_id: Set(Some(owner_id)),
        group_id: Set(None),
        role: Set(Role::Owner),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    project_member::Entity::insert(owner).exec_without_returning(&tx.db).await?;
    Ok(made)
}

/// Whether somebody else took the name between the look and the change.
fn is_taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(what)) if what.contains("name"))
}

fn name_taken(error: DbErr) -> Error {
    if is_taken(&error) { Error::taken("name", "Another project took this name just now.") } else { error.into() }
}

async fn refuse_taken(tx: &Tx, name: &str, except: Option<i64>) -> Result<()> {
    let taken = project::Entity::find()
        .filter(project::Column::DeletedAt.is_null())
        .filter(project::Column::Name.eq(name))
        .one(&tx.db)
        .await?;
    match taken {
        Some(other) if Some(other.id) != except => {
            Err(Error::taken("name", format!("A project named {name} exists already.")))
        }
        _ => Ok(()),
    }
}

async fn free_name(tx: &Tx, title: &str) -> Result<String> {
    for name in slug::names(title, "project") {
        if refuse_taken(tx, &name, None).await.is_ok() {
            return Ok(name);
        }
    }
    Err(Error::taken("title", "Too many projects have this title; give this one a name."))
}

/// Changes a project. Its managers, its owners and admins may.
pub async fn update(app: &App, viewer: &Viewer, uid: Uuid, change: ProjectChange) -> Result<project::Model> {
    let project = managed(app, viewer, uid, Role::Manager).await?;
    let mut faults = Faults::default();
    check(&mut faults, change.name.as_deref(), change.title.as_deref(), change.description.as_deref());
    check_favorites(&mut faults, change.favorite_services.as_deref().unwrap_or_default());
    let account_id = known_account(app, viewer, &mut faults, change.default_account_id.flatten()).await?;
    faults.into_result()?;
    let input = (project.id, change, account_id, overruling(viewer, &project, Role::Manager));
    app.db
        .write(input, |tx, (id, change, account_id, overruling)| {
            Box::pin(async move {
                overruling.note(tx, "update").await?;
                apply(tx, *id, change, *account_id).await
            })
        })
        .await
}

async fn apply(tx: &Tx, id: i64, change: &ProjectChange, account_id: Option<i64>) -> Result<project::Model> {
    let before = present(tx, id, LockType::NoKeyUpdate).await?;
    if let Some(name) = &change.name {
        refuse_taken(tx, name, Some(id)).await?;
    }
    let after = project::Model {
        name: change.name.clone().unwrap_or(before.name),
        title: change.title.clone().unwrap_or(before.title),
        description: change.description.clone().unwrap_or(before.description),
        is_public: change.is_public.unwrap_or(before.is_public),
        default_account_id: if change.default_account_id.is_some() { account_id } else { before.default_account_id },
        favorite_services: change.favorite_services.clone().map(Words).or(before.favorite_services),
        updated_at: tx.now,
        ..before
    };
    let row = project::ActiveModel {
        name: Set(after.name.clone()),
        title: Set(after.title.clone()),
        description: Set(after.description.clone()),
        is_public: Set(after.is_public),
        default_account_id: Set(after.default_account_id),
        favorite_services: Set(after.favorite_services.clone()),
        updated_at: Set(after.updated_at),
        ..Default::default()
    };
    let stored = project::Entity::update_many().set(row).filter(project::Column::Id.eq(id)).exec(&tx.db).await;
    stored.map_err(name_taken)?;
    Ok(after)
}

/// A project that is not deleted, its row locked.
pub(super) async fn present(tx: &Tx, id: i64, lock: LockType) -> Result<project::Model> {
    let present = project::Entity::find_by_id(id).filter(project::Column::DeletedAt.is_null());
    present.lock(lock).one(&tx.db).await?.ok_or(Error::NotFound("project"))
}

/// Keeps a project from being deleted until the transaction that puts something into it ends.
pub(in crate::domain) async fn open(tx: &Tx, id: i64) -> Result<()> {
    let open = project::Entity::find_by_id(id).select_only().column(project::Column::Id);
    let open = open.filter(project::Column::DeletedAt.is_null()).lock(LockType::KeyShare);
    let found: Option<i64> = open.into_tuple().one(&tx.db).await?;
    found.map(|_| ()).ok_or_else(|| Error::InvalidState("The project is deleted.".into()))
}

/// Deletes a project none of whose jobs is unfinished, with its services, its data and their files. Its jobs stay where
/// they are; its name is free again. Its managers, its owners and admins may.
///
/// Fails with INVALID on `projectId` for a personal project.
pub async fn delete(app: &App, viewer: &Viewer, uid: Uuid) -> Result<project::Model> {
    let project = managed(app, viewer, uid, Role::Manager).await?;
    if project.personal_of.is_some() {
        return Err(Error::invalid("projectId", "A personal project stays as long as its user."));
    }
    let input = (project.id, overruling(viewer, &project, Role::Manager));
    let deleted = app.db.write(input, |tx, (id, overruling)| {
        Box::pin(async move {
            let gone = remove(tx, *id).await?;
            overruling.note(tx, "delete").await?;
            Ok(gone)
        })
    });
    let deleted = deleted.await?;
    app.known.forget();
    Ok(deleted)
}

/// The same inside a transaction, for any project whoever asks.
pub(in crate::domain) async fn remove(tx: &Tx, id: i64) -> Result<project::Model> {
    // Alone: submissions hold a reference to the row.
    let before = present(tx, id, LockType::Update).await?;
    let unfinished =
        job::Entity::find().select_only().column(job::Column::Id).filter(job::Column::FinishedAt.is_null());
    let of_project = unfinished.clone().filter(job::Column::ProjectId.eq(id)).limit(1).into_tuple::<i64>();
    if of_project.one(&tx.db).await?.is_some() {
        return Err(Error::InvalidState("Jobs of this project are not finished; let or make them end first.".into()));
    }
    let services = service::Entity::find()
        .select_only()
        .column(service::Column::Id)
        .filter(service::Column::ProjectId.eq(id))
        .filter(service::Column::DeletedAt.is_null())
        .order_by_asc(service::Column::Id);
    let services: Vec<i64> = services.lock_exclusive().into_tuple().all(&tx.db).await?;
    let of_services = unfinished.filter(job::Column::ServiceId.is_in(services.iter().copied())).limit(1);
    if of_services.into_tuple::<i64>().one(&tx.db).await?.is_some() {
        return Err(Error::InvalidState(
            "Jobs of a service of this project are not finished; let or make them end first.".into(),
        ));
    }
    let gone = service::ActiveModel {
        deleted_at: Set(Some(tx.now)),
        disabled: Set(true),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    service::Entity::update_many().set(gone).filter(service::Column::Id.is_in(services)).exec(&tx.db).await?;
    project_data::remove_all(tx, id).await?;
    favorite::Entity::delete_many().filter(favorite::Column::ProjectId.eq(id)).exec(&tx.db).await?;
    let users = super::holder::of_project(tx, id).await?;
    let members = project_member::Entity::delete_many().filter(project_member::Column::ProjectId.eq(id));
    members.exec(&tx.db).await?;
    let gone = project::ActiveModel { deleted_at: Set(Some(tx.now)), updated_at: Set(tx.now), ..Default::default() };
    project::Entity::update_many().set(gone).filter(project::Column::Id.eq(id)).exec(&tx.db).await?;
    rights::shrink(tx, users).await?;
    Ok(project::Model { deleted_at: Some(tx.now), updated_at: tx.now, ..before })
}
