//! Files: bytes that people bring for their jobs, and that workers bring back.
//!
//! The row comes before the bytes and says that they are arriving; when all of them are in the store, one transaction
//! makes the file exist. Whatever breaks in between leaves a row with an end, and the sweeper clears both. So a file is
//! there as a whole or not at all.

use entity::{Scope, Time, file};
use sea_orm::{ColumnTrait, QueryFilter};
use uuid::Uuid;

use crate::{
    app::App,
    error::{Error, Result},
    page::{self, Key, Order, Page, PageRequest},
    viewer::{Permission, Viewer},
};

mod arrive;
mod attach;
mod read;
mod remove;
mod sweep;
mod upload;

pub use arrive::{Arrived, forsake, is_proper, receive};
pub(super) use arrive::{give_up, take_over};
pub use attach::{attach, attach_data, detach};
pub(super) use attach::{attach_inputs, attach_to_data};
pub use read::{Served, content, log, open, results, sha256};
pub use remove::delete;
pub(super) use remove::{remove_all, remove_of_data, remove_unattached};
pub use sweep::sweep;
pub use upload::{NewFile, Uploaded, upload, upload_at};

/// Files that one job has at most.
pub const OF_JOB: u64 = 1_000;

/// How files are listed: in the order of their uploads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileOrder {
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
}

/// Which files to list; conditions are ANDed, absent ones do not bind.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileFilter {
    /// Only those that are attached, or only those that are not.
    pub attached: Option<bool>,
    /// Of the job with this internal id.
    pub job_id: Option<i64>,
    /// Only what is this to its job.
    pub role: Option<file::Role>,
}

/// The file with this outside id.
pub async fn get(app: &App, viewer: &Viewer, uid: Uuid) -> Result<file::Model> {
    one(app, viewer, file::Column::Uid.eq(uid)).await
}

/// The same where absence is no error.
pub async fn find(app: &App, viewer: &Viewer, uid: Uuid) -> Result<Option<file::Model>> {
    match get(app, viewer, uid).await {
        Ok(row) => Ok(Some(row)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The file with this number.
pub async fn get_by_number(app: &App, viewer: &Viewer, number: i64) -> Result<file::Model> {
    one(app, viewer, file::Column::Id.eq(number)).await
}

async fn one(app: &App, viewer: &Viewer, condition: sea_orm::sea_query::SimpleExpr) -> Result<file::Model> {
    let refused = viewer.require_read(Permission::JobsRead).err();
    let query = match refused {
        None => visible(app, viewer),
        // What is public is for everybody, and data of a project for who reads projects.
        Some(_) => of_visible_data(app, viewer),
    };
    let absent = refused.unwrap_or(Error::NotFound("file"));
    query.filter(condition).one(app.db.read()).await?.ok_or(absent)
}

/// The files that the viewer may see: one's own, and those of jobs and of data that one sees.
fn visible(app: &App, viewer: &Viewer) -> sea_orm::Select<file::Entity> {
    if super::project::require_read(viewer).is_err() {
        return file::Entity::visible_to(&viewer.scope());
    }
    file::Entity::all_visible_to(&viewer.scope(), app.config.anonymous_reads_services)
}

fn of_visible_data(app: &App, viewer: &Viewer) -> sea_orm::Select<file::Entity> {
    let reads = super::project::require_read(viewer).is_ok();
    let scope = if reads { viewer.scope() } else { Scope::Nobody };
    file::Entity::of_data_visible_to(&scope, reads && app.config.anonymous_reads_services)
}

/// A page of the viewer's own files, or of all for an admin; with a job in the filter, of those of a job that the
/// viewer sees.
pub async fn list(
    app: &App,
    viewer: &Viewer,
    filter: FileFilter,
    order: FileOrder,
    request: &PageRequest,
) -> Result<Page<file::Model>> {
    viewer.require_read(Permission::JobsRead)?;
    page::fetch(filtered(app, viewer, filter), order, request, app.db.read()).await
}

/// How many there are of them.
pub async fn count(app: &App, viewer: &Viewer, filter: FileFilter) -> Result<i64> {
    viewer.require_read(Permission::JobsRead)?;
    page::count(filtered(app, viewer, filter), app.db.read()).await
}

fn filtered(app: &App, viewer: &Viewer, filter: FileFilter) -> sea_orm::Select<file::Entity> {
    let mut query = visible(app, viewer);
    query = match (filter.job_id, viewer.user_id()) {
        (Some(id), _) => query.filter(file::Column::JobId.eq(id)),
        (None, Some(owner)) if !viewer.is_admin() => query.filter(file::Column::OwnerId.eq(owner)),
        (None, _) => query,
    };
    if let Some(role) = filter.role {
        query = query.filter(file::Column::Role.eq(role));
    }
    match filter.attached {
        Some(true) => query.filter(file::Column::AttachedAt.is_not_null()),
        Some(false) => query.filter(file::Column::AttachedAt.is_null()),
        None => query,
    }
}

/// When a file that is attached to nothing now is removed.
fn unattached_until(app: &App, now: Time) -> Time {
    now.plus_seconds(i64::from(app.config.files.unattached_hours) * 3600)
}

impl Order<file::Entity> for FileOrder {
    fn column(self) -> Option<file::Column> {
        None
    }

    fn id(self) -> file::Column {
        file::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, _: &file::Model) -> Option<Key> {
        None
    }

    fn row_id(self, row: &file::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::CreatedAtAsc => "c",
            Self::CreatedAtDesc => "cd",
        }
    }
}
