//! Removing what nobody wants: files that were attached to nothing for too long, removed ones, and what a crash left.

use entity::file;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use crate::{app::App, db::Tx, domain::due::Due, error::Result};

/// In the order of the index `file_end`.
const EXPIRED: Due = Due {
    what: "a file whose time is over",
    sql: "SELECT id, expires_at FROM file WHERE expires_at <= ? AND (expires_at, id) > (?, ?) \
          ORDER BY expires_at, id LIMIT ?",
    moments: 1,
};

/// Removes every file whose time is over; says how many those were. Several servers may do it at once.
pub async fn sweep(app: &App) -> Result<usize> {
    EXPIRED.each(app, |id| remove(app, id)).await
}

async fn remove(app: &App, id: i64) -> Result<bool> {
    let Some(row) = app.db.write(id, |tx, id| Box::pin(give_up(tx, *id))).await? else { return Ok(false) };
    clear(app, &row).await?;
    Ok(true)
}

/// From here on it is nobody's. It may have been attached, or its upload ended, since it was found.
async fn give_up(tx: &Tx, id: i64) -> Result<Option<file::Model>> {
    let change = file::ActiveModel { state: Set(file::State::Removed), ..Default::default() };
    let due = file::Entity::update_many().set(change).filter(file::Column::Id.eq(id));
    if due.filter(file::Column::ExpiresAt.lte(tx.now)).exec(&tx.db).await?.rows_affected == 0 {
        return Ok(None);
    }
    Ok(file::Entity::find_by_id(id).one(&tx.db).await?)
}

/// Clears an upload that broke, unless it did not: of a commit without an answer nobody knows, and what became a file
/// stays one until its time is over.
pub(super) async fn abandon(app: &App, row: &file::Model) -> Result<()> {
    let broken = app.db.write(row.id, |tx, id| {
        Box::pin(async move {
            let change = file::ActiveModel {
                state: Set(file::State::Removed),
                expires_at: Set(Some(tx.now)),
                ..Default::default()
            };
            let broken = file::Entity::update_many().set(change).filter(file::Column::Id.eq(*id));
            let broken = broken.filter(file::Column::State.eq(file::State::Uploading)).exec(&tx.db).await?;
            Ok(broken.rows_affected == 1)
        })
    });
    if broken.await? { clear(app, row).await } else { Ok(()) }
}

/// The bytes first: a row without bytes is found again, bytes without a row are not.
pub(super) async fn clear(app: &App, row: &file::Model) -> Result<()> {
    app.storage.clear(row.uid).await?;
    app.db
        .write(row.id, |tx, id| {
            Box::pin(async move {
                let gone = file::Entity::delete_many().filter(file::Column::Id.eq(*id));
                gone.filter(file::Column::State.ne(file::State::Ready)).exec(&tx.db).await?;
                Ok(())
            })
        })
        .await
}
