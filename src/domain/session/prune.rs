//! Forgetting log-ins that have ended.

use entity::session;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::{app::App, error::Result};

/// Seconds for which a session is remembered after its end: a week, in which its user is told that it is over, and not
/// that it is unknown.
const REMEMBERED: i64 = 7 * 86_400;

/// Removes sessions that ended a week ago, or would have if they had been in use until today.
pub(in crate::domain) async fn prune(app: &App) -> Result<()> {
    let over = session::Column::ExpiresAt.lte(app.clock.now_micros() - REMEMBERED * 1_000_000);
    if session::Entity::find().filter(over.clone()).one(app.db.read()).await?.is_none() {
        return Ok(());
    }
    app.db
        .write(over, |tx, over| {
            Box::pin(async move {
                session::Entity::delete_many().filter(over.clone()).exec(&tx.db).await?;
                Ok(())
            })
        })
        .await
}
