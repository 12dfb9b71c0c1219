//! Making, changing and removing data.

use entity::{
    Document, Words, project,
    project_data::{self, Column, Entity},
    project_member::Role,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::Overruling,
        check::{Faults, LINE, TEXT},
        file,
        project::{self as projects, forbidden},
    },
    error::{Error, Result},
    infra::secret,
    viewer::{Permission, Viewer},
};

/// Words that data has at most.
const CATEGORIES: usize = 32;

/// What it takes to make data.
#[derive(Clone, Debug)]
pub struct NewData {
    /// Outside id of the project.
    pub project_id: Uuid,
    /// A word of the project's own: 1 to 64 letters, digits, `_`, `.`, `-`.
    pub kind: String,
    /// 1 to [`LINE`] characters.
    pub title: String,
    /// At most [`TEXT`] characters.
    pub description: String,
    /// As large as a job's parameters may be.
    pub value: Option<Value>,
    /// At most 32 words of 1 to 64 characters.
    pub categories: Vec<String>,
    /// Whether everybody sees it, where the project is public.
    pub is_public: bool,
    /// Whether everybody who logs in sees it, whatever the project.
    pub is_shared: bool,
    /// Outside id of a file of the viewer's that is attached to nothing.
    pub file_id: Option<Uuid>,
}

/// A change of data; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct DataChange {
    /// A new type.
    pub kind: Option<String>,
    /// A new title.
    pub title: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// A new value; `Some(None)` takes it away.
    pub value: Option<Option<Value>>,
    /// Fields that go over those of the value, which keeps its others. What is no object counts as an empty one.
    pub value_fields: Option<Map<String, Value>>,
    /// Other words.
    pub categories: Option<Vec<String>>,
    /// Whether everybody sees it, where the project is public.
    pub is_public: Option<bool>,
    /// Whether everybody who logs in sees it, whatever the project.
    pub is_shared: Option<bool>,
    /// Outside id of a file of the viewer's that is attached to nothing, which takes the place of the present one;
    /// `Some(None)` takes that away. The file that was there is removed.
    pub file_id: Option<Option<Uuid>>,
}

/// Makes data in a project. Its contributors, managers and owners and admins may.
///
/// Fails with INVALID on `projectId` for a project that is not there, and on `fileId` for a file that is not the viewer's
/// or attached already.
pub async fn create(app: &App, viewer: &Viewer, new: NewData) -> Result<project_data::Model> {
    let owner_id = viewer.require(Permission::ProjectsWrite)?.user.id;
    let project = projects::to_add_to(app, viewer, "projectId", new.project_id, Role::Contributor).await?;
    let mut faults = Faults::default();
    check_texts(&mut faults, Some(&new.kind), Some(&new.title), Some(&new.description));
    check_value(app, &mut faults, new.value.as_ref());
    if new.is_shared {
        check_declared(app, &mut faults, &new.kind, new.value.as_ref());
    }
    let categories = checked(&mut faults, &new.categories);
    faults.into_result()?;
    let input = (owner_id, project.id, new, categories);
    app.db
        .write(input, |tx, (owner_id, project_id, new, categories)| {
            Box::pin(insert(tx, *owner_id, *project_id, new, categories))
        })
        .await
}

fn check_texts(faults: &mut Faults, kind: Option<&str>, title: Option<&str>, description: Option<&str>) {
    if let Some(kind) = kind {
        faults.slug("type", kind);
    }
    if let Some(title) = title {
        faults.line("title", title, 1, LINE);
    }
    if let Some(description) = description {
        faults.text("description", description, TEXT);
    }
}

fn check_value(app: &App, faults: &mut Faults, value: Option<&Value>) {
    let bound = app.config.jobs.parameters_bytes;
    let size = value.map_or(0, crate::domain::json_size);
    if size > bound {
        let message = format!("{size} bytes of JSON are too many; at most {bound} are taken. Attach a file instead.");
        faults.add("value", message);
    }
}

/// Shared data of a type that the configuration declares is content of old APIs, whose clients rely on its schema.
fn check_declared(app: &App, faults: &mut Faults, kind: &str, value: Option<&Value>) {
    for fault in app.content.faults_of_shared(kind, value) {
        faults.add(format!("value{}", fault.path), fault.message);
    }
}

/// The value as a change leaves it, and the same of it: what stays as it is, is not looked at again under a schema that
/// is newer.
fn changed_value(app: &App, faults: &mut Faults, data: &project_data::Model, change: &DataChange) -> Option<Value> {
    let kept = || data.value.as_ref().map(|document| document.0.clone());
    let mut value = change.value.clone().unwrap_or_else(kept);
    if let Some(fields) = &change.value_fields {
        let mut all = if let Some(Value::Object(all)) = value { all } else { Map::new() };
        all.extend(fields.clone());
        value = Some(all.into());
    }
    let sets = change.value.is_some() || change.value_fields.is_some();
    if sets {
        check_value(app, faults, value.as_ref());
    }
    let touches = sets || change.kind.is_some() || change.is_shared == Some(true);
    if touches && change.is_shared.unwrap_or(data.is_shared) {
        check_declared(app, faults, change.kind.as_deref().unwrap_or(&data.kind), value.as_ref());
    }
    value
}

/// The words, each once.
fn checked(faults: &mut Faults, categories: &[String]) -> Words {
    if categories.len() > CATEGORIES {
        let message = format!("{} words are too many; at most {CATEGORIES} are kept.", categories.len());
        faults.add("categories", message);
    }
    let mut words = Words::default();
    for (index, word) in categories.iter().enumerate().take(CATEGORIES) {
        faults.line(&format!("categories/{index}"), word, 1, 64);
        if !words.has(word) {
            words.0.push(word.clone());
        }
    }
    words
}

async fn insert(
    tx: &Tx,
    owner_id: i64,
    project_id: i64,
    new: &NewData,
    categories: &Words,
) -> Result<project_data::Model> {
    projects::open(tx, project_id).await?;
    let row = project_data::ActiveModel {
        uid: Set(secret::uid()),
        project_id: Set(project_id),
        owner_id: Set(owner_id),
        kind: Set(new.kind.clone()),
        title: Set(new.title.clone()),
        description: Set(new.description.clone()),
        value: Set(new.value.clone().map(Document)),
        categories: Set(categories.clone()),
        is_public: Set(new.is_public),
        is_shared: Set(new.is_shared),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    let made = Entity::insert(row).exec_with_returning(&tx.db).await?;
    if let Some(file_id) = new.file_id {
        file::attach_to_data(tx, owner_id, file_id, made.id).await?;
    }
    Ok(made)
}

/// Changes data. Contributors, managers and owners of its project and admins may. Whether it is shared, which shows it
/// to people outside of the project, only who made it changes, and managers, owners and admins.
///
/// Fails with INVALID on `fileId` for a file that is not the viewer's or attached already.
pub async fn update(app: &App, viewer: &Viewer, uid: Uuid, change: DataChange) -> Result<project_data::Model> {
    let data = editable(app, viewer, uid).await?;
    let mut faults = Faults::default();
    check_texts(&mut faults, change.kind.as_deref(), change.title.as_deref(), change.description.as_deref());
    changed_value(app, &mut faults, &data, &change);
    let categories = change.categories.as_ref().map(|categories| checked(&mut faults, categories));
    faults.into_result()?;
    let shares = change.is_shared.is_some_and(|is_shared| is_shared != data.is_shared);
    if shares && !is_own_or_managed(viewer, &data) {
        let message = "Only who made it and managers and owners of the project share it, or end that.";
        return Err(Error::Forbidden(message.into()));
    }
    let least = if shares { least_over_all(viewer, &data) } else { Role::Contributor };
    let overruling = overruling(app, viewer, &data, least).await?;
    let input = (app.clone(), data.id, viewer.user_id(), change, categories, overruling);
    app.db
        .write(input, |tx, (app, id, caller, change, categories, overruling)| {
            Box::pin(async move {
                overruling.note(tx, "update data").await?;
                let changed = apply(tx, app, *id, change, categories.as_ref()).await?;
                if let Some(file_id) = change.file_id {
                    replace_file(tx, *id, *caller, file_id).await?;
                }
                Ok(changed)
            })
        })
        .await
}

/// An admin's change of data in a project in which it has not this role.
async fn overruling(app: &App, viewer: &Viewer, data: &project_data::Model, least: Role) -> Result<Overruling> {
    let project = project::Entity::find_by_id(data.project_id).one(app.db.read()).await?;
    let project = project.ok_or(Error::NotFound("data"))?;
    Ok(projects::overruling(viewer, &project, least))
}

/// Gives data whose row is locked another file of its changer's (`user.id`), or none.
async fn replace_file(tx: &Tx, id: i64, caller: Option<i64>, file_id: Option<Uuid>) -> Result<()> {
    file::remove_of_data(tx, Entity::find_by_id(id).select_only().column(Column::Id).into_query()).await?;
    match file_id {
        // The operator brings no files, so that none is found for it.
        Some(file_id) => file::attach_to_data(tx, caller.unwrap_or_default(), file_id, id).await,
        None => Ok(()),
    }
}

async fn apply(
    tx: &Tx,
    app: &App,
    id: i64,
    change: &DataChange,
    categories: Option<&Words>,
) -> Result<project_data::Model> {
    let before = present(tx, id).await?;
    // Somebody may have changed another part of it since it was looked at.
    let mut faults = Faults::default();
    let value = changed_value(app, &mut faults, &before, change);
    faults.into_result()?;
    let after = project_data::Model {
        kind: change.kind.clone().unwrap_or(before.kind),
        title: change.title.clone().unwrap_or(before.title),
        description: change.description.clone().unwrap_or(before.description),
        value: value.map(Document),
        categories: categories.cloned().unwrap_or(before.categories),
        is_public: change.is_public.unwrap_or(before.is_public),
        is_shared: change.is_shared.unwrap_or(before.is_shared),
        updated_at: tx.now,
        ..before
    };
    let row = project_data::ActiveModel {
        kind: Set(after.kind.clone()),
        title: Set(after.title.clone()),
        description: Set(after.description.clone()),
        value: Set(after.value.clone()),
        categories: Set(after.categories.clone()),
        is_public: Set(after.is_public),
        is_shared: Set(after.is_shared),
        updated_at: Set(after.updated_at),
        ..Default::default()
    };
    Entity::update_many().set(row).filter(Column::Id.eq(id)).exec(&tx.db).await?;
    Ok(after)
}

/// Removes data with its file. Who made it may, and managers and owners of its project and admins.
pub async fn delete(app: &App, viewer: &Viewer, uid: Uuid) -> Result<project_data::Model> {
    let data = editable(app, viewer, uid).await?;
    if !may_delete(viewer, &data) {
        return Err(Error::Forbidden("Only who made it and managers and owners of the project remove it.".into()));
    }
    let overruling = overruling(app, viewer, &data, least_over_all(viewer, &data)).await?;
    app.db
        .write((data.id, overruling), |tx, (id, overruling)| {
            Box::pin(async move {
                let data = present(tx, *id).await?;
                overruling.note(tx, "delete data").await?;
                file::remove_of_data(tx, Entity::find_by_id(*id).select_only().column(Column::Id).into_query()).await?;
                Entity::delete_by_id(*id).exec(&tx.db).await?;
                Ok(data)
            })
        })
        .await
}

/// Removes all data of a project with its files, in the transaction that deletes it.
pub(in crate::domain) async fn remove_all(tx: &Tx, project_id: i64) -> Result<()> {
    let of_project = Entity::find().select_only().column(Column::Id).filter(Column::ProjectId.eq(project_id));
    // Data before files, here as everywhere.
    let locked = of_project.clone().order_by_asc(Column::Id).lock_exclusive();
    locked.into_tuple::<i64>().all(&tx.db).await?;
    file::remove_of_data(tx, of_project.into_query()).await?;
    Entity::delete_many().filter(Column::ProjectId.eq(project_id)).exec(&tx.db).await?;
    Ok(())
}

/// Whether the viewer may change data that it may see.
#[must_use]
pub fn may_edit(viewer: &Viewer, data: &project_data::Model) -> bool {
    viewer.require_write(Permission::ProjectsWrite).is_ok() && viewer.is_at_least(Role::Contributor, data.project_id)
}

/// Whether the viewer may remove data that it may see.
#[must_use]
pub fn may_delete(viewer: &Viewer, data: &project_data::Model) -> bool {
    may_edit(viewer, data) && is_own_or_managed(viewer, data)
}

fn is_own_or_managed(viewer: &Viewer, data: &project_data::Model) -> bool {
    viewer.user_id() == Some(data.owner_id) || viewer.is_at_least(Role::Manager, data.project_id)
}

/// The role that it takes to remove or share data: less where it is the viewer's own.
fn least_over_all(viewer: &Viewer, data: &project_data::Model) -> Role {
    if viewer.user_id() == Some(data.owner_id) { Role::Contributor } else { Role::Manager }
}

/// Data that the viewer may change: hidden data is not there, and others' is forbidden.
pub(in crate::domain) async fn editable(app: &App, viewer: &Viewer, uid: Uuid) -> Result<project_data::Model> {
    viewer.require_write(Permission::ProjectsWrite)?;
    let data = super::visible(app, viewer).filter(Column::Uid.eq(uid)).one(app.db.read()).await?;
    let data = data.ok_or(Error::NotFound("data"))?;
    if may_edit(viewer, &data) { Ok(data) } else { Err(forbidden(Role::Contributor)) }
}

/// Data that is about to get or lose a file: its row is locked, and guards that.
pub(in crate::domain) async fn attachable(tx: &Tx, id: i64) -> Result<()> {
    present(tx, id).await.map(|_| ())
}

async fn present(tx: &Tx, id: i64) -> Result<project_data::Model> {
    Entity::find_by_id(id).lock_exclusive().one(&tx.db).await?.ok_or(Error::NotFound("data"))
}
