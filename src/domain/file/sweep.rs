//! Removing what nobody wants: files that were attached to nothing for too long, removed ones, and what a crash left.

use entity::{Time, file};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{app::App, db::Tx, error::Result};

/// Files looked at in one go.
const BATCH: u64 = 100;

/// Removes every file whose time is over; says how many those were. Several servers may do it at once.
pub async fn sweep(app: &App) -> Result<usize> {
    let (mut swept, mut failed) = (0, None);
    loop {
        let due = file::Entity::find()
            .filter(file::Column::ExpiresAt.lte(Time(app.clock.now_micros())))
            .order_by_asc(file::Column::ExpiresAt)
            .limit(BATCH)
            .all(app.db.read())
            .await?;
        for row in &due {
            // One that cannot be cleared must not keep the others.
            match remove(app, row).await {
                Ok(removed) => swept += usize::from(removed),
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if (due.len() as u64) < BATCH {
            return Ok(swept);
        }
    }
}

async fn remove(app: &App, row: &file::Model) -> Result<bool> {
    let given_up = app.db.write(row.id, |tx, id| Box::pin(give_up(tx, *id))).await?;
    if given_up {
        clear(app, row).await?;
    }
    Ok(given_up)
}

/// From here on it is nobody's. It may have been attached, or its upload ended, since it was found.
async fn give_up(tx: &Tx, id: i64) -> Result<bool> {
    let change = file::ActiveModel { state: Set(file::State::Removed), ..Default::default() };
    let due = file::Entity::update_many().set(change).filter(file::Column::Id.eq(id));
    Ok(due.filter(file::Column::ExpiresAt.lte(tx.now)).exec(&tx.db).await?.rows_affected == 1)
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
