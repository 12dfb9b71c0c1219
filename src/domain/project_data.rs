//! What projects keep: values and files with a title, words to find them by, and who made them.

use entity::{file, project_data};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Select};
use uuid::Uuid;

use crate::{
    app::App,
    error::{Error, Result},
    page::{self, Key, Order, Page, PageRequest},
    viewer::{Permission, Viewer},
};

mod write;

pub use write::{DataChange, NewData, create, delete, may_delete, may_edit, update};
pub(super) use write::{attachable, editable, remove_all};

/// Which data of a project to list; conditions are ANDed.
#[derive(Clone, Debug, Default)]
pub struct DataFilter {
    /// Of one of these types.
    pub kinds: Option<Vec<String>>,
    /// Of a type that begins so.
    pub kind_starts_with: Option<String>,
    /// Only what is public, or only what is not.
    pub public: Option<bool>,
}

/// How data is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataOrder {
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
    /// By title.
    TitleAsc,
}

/// The data with this outside id.
pub async fn get(app: &App, viewer: &Viewer, uid: Uuid) -> Result<project_data::Model> {
    one(app, viewer, project_data::Column::Uid.eq(uid)).await
}

/// The data with this number.
pub async fn get_by_number(app: &App, viewer: &Viewer, number: i64) -> Result<project_data::Model> {
    one(app, viewer, project_data::Column::Id.eq(number)).await
}

async fn one(app: &App, viewer: &Viewer, which: sea_orm::sea_query::SimpleExpr) -> Result<project_data::Model> {
    super::project::require_read(viewer)?;
    visible(app, viewer).filter(which).one(app.db.read()).await?.ok_or(Error::NotFound("data"))
}

/// A page of the data of a project (`project.id`) that the viewer may see.
pub async fn list(
    app: &App,
    viewer: &Viewer,
    project_id: i64,
    filter: &DataFilter,
    order: DataOrder,
    request: &PageRequest,
) -> Result<Page<project_data::Model>> {
    super::project::require_read(viewer)?;
    page::fetch(narrowed(visible(app, viewer), project_id, filter), order, request, app.db.read()).await
}

/// How much data of a project the viewer may see under this filter.
pub async fn count(app: &App, viewer: &Viewer, project_id: i64, filter: &DataFilter) -> Result<i64> {
    super::project::require_read(viewer)?;
    page::count(narrowed(visible(app, viewer), project_id, filter), app.db.read()).await
}

/// A page of the data that its owners share with everybody who logs in, whatever project it is of.
pub async fn list_shared(
    app: &App,
    viewer: &Viewer,
    filter: &DataFilter,
    order: DataOrder,
    request: &PageRequest,
) -> Result<Page<project_data::Model>> {
    require_person(viewer)?;
    page::fetch(filtered(shared(), filter), order, request, app.db.read()).await
}

/// How much there is of it under this filter.
pub async fn count_shared(app: &App, viewer: &Viewer, filter: &DataFilter) -> Result<i64> {
    require_person(viewer)?;
    page::count(filtered(shared(), filter), app.db.read()).await
}

/// A runner works on jobs, and reads nothing that people share.
fn require_person(viewer: &Viewer) -> Result<()> {
    match viewer {
        Viewer::Operator => Ok(()),
        Viewer::Anonymous | Viewer::User(_) | Viewer::Runner(_) => viewer.require(Permission::ProjectsRead).map(|_| ()),
    }
}

fn shared() -> Select<project_data::Entity> {
    project_data::Entity::find().filter(project_data::is_shared())
}

/// The data with these internal ids that the viewer may see.
pub async fn by_ids(app: &App, viewer: &Viewer, ids: &[i64]) -> Result<Vec<project_data::Model>> {
    if super::project::require_read(viewer).is_err() {
        return Ok(Vec::new());
    }
    let query = visible(app, viewer).filter(project_data::Column::Id.is_in(ids.iter().copied()));
    Ok(query.all(app.db.read()).await?)
}

/// The files of these data (internal ids), whoever asks: for a field of data that the caller may already see.
pub async fn files(app: &App, ids: &[i64]) -> Result<Vec<file::Model>> {
    let ready = file::Entity::find().filter(file::Column::State.eq(file::State::Ready));
    Ok(ready.filter(file::Column::DataId.is_in(ids.iter().copied())).all(app.db.read()).await?)
}

fn visible(app: &App, viewer: &Viewer) -> Select<project_data::Entity> {
    project_data::Entity::visible_to(&viewer.scope(), app.config.anonymous_reads_services)
}

fn narrowed(query: Select<project_data::Entity>, project_id: i64, filter: &DataFilter) -> Select<project_data::Entity> {
    filtered(query.filter(project_data::Column::ProjectId.eq(project_id)), filter)
}

fn filtered(mut query: Select<project_data::Entity>, filter: &DataFilter) -> Select<project_data::Entity> {
    if let Some(kinds) = &filter.kinds {
        query = query.filter(project_data::Column::Kind.is_in(kinds));
    }
    if let Some(start) = &filter.kind_starts_with {
        query = query.filter(super::starts_with(project_data::Column::Kind, start));
    }
    match filter.public {
        Some(public) => query.filter(project_data::Column::IsPublic.eq(public)),
        None => query,
    }
}

impl Order<project_data::Entity> for DataOrder {
    fn column(self) -> Option<project_data::Column> {
        (self == Self::TitleAsc).then_some(project_data::Column::Title)
    }

    fn id(self) -> project_data::Column {
        project_data::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, row: &project_data::Model) -> Option<Key> {
        (self == Self::TitleAsc).then(|| Key::Text(row.title.clone()))
    }

    fn row_id(self, row: &project_data::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::CreatedAtAsc => "c",
            Self::CreatedAtDesc => "cd",
            Self::TitleAsc => "t",
        }
    }
}
