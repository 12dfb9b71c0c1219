//! Rights that shrink, and everything open on their strength, which has to learn of it.
//!
//! A user has a number that rises whenever it may do or see less than before: a stream that was opened under another
//! number ends. Beside it the database counts all such changes, ended credentials included, in one row that every
//! server of it looks at: what costs a look is one row, however many streams are open.

use std::{collections::BTreeSet, time::Duration};

use entity::user;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, prelude::Expr};
use tokio::sync::watch;

use super::setting;
use crate::{
    app::App,
    db::{Tx, raw},
    error::Result,
};

/// The setting that counts.
const NAME: &str = "rights_shrunk";
/// Between two looks at it. With the second for which a credential is believed it stays under the two seconds within
/// which streams end.
const LOOK: Duration = Duration::from_millis(500);

/// What this process knows of the count.
#[derive(Debug)]
pub struct Rights(watch::Sender<i64>);

impl Default for Rights {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Rights {
    /// Changes when somebody's rights, or some credential, may have shrunk or ended: whoever lives by one looks again.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<i64> {
        self.0.subscribe()
    }
}

/// Notes, as the last thing that a transaction does, that a credential has ended.
pub(super) async fn note(tx: &Tx) -> Result<()> {
    let sql = "INSERT INTO setting (name, value) VALUES (?, '1') ON CONFLICT (name) DO UPDATE \
               SET value = CAST(CAST(setting.value AS BIGINT) + 1 AS TEXT)";
    tx.db.execute_raw(raw(tx.db.get_database_backend(), sql, [NAME.into()])).await?;
    Ok(())
}

/// Notes, as the last thing that a transaction does, that these users (`user.id`) may do or see less than before.
pub(super) async fn shrink(tx: &Tx, user_ids: impl IntoIterator<Item = i64>) -> Result<()> {
    // One by one in their order: two that shrink the same users' rights wait for each other instead of both for ever.
    for id in user_ids.into_iter().collect::<BTreeSet<_>>() {
        user::Entity::update_many()
            .col_expr(user::Column::RightsRevision, Expr::col(user::Column::RightsRevision).add(1))
            .filter(user::Column::Id.eq(id))
            .exec(&tx.db)
            .await?;
    }
    note(tx).await
}

/// Looks at the count until the server stops, and lets nobody be believed who was checked before it rose.
pub async fn keep_watching(app: App) {
    loop {
        match setting::find(&app, NAME).await {
            Ok(value) => {
                let count = value.and_then(|value| value.parse().ok()).unwrap_or(0);
                if count != *app.rights.0.borrow() {
                    app.known.forget();
                    app.rights.0.send_replace(count);
                }
            }
            Err(error) => tracing::debug!(?error, "changes of rights cannot be read; trying again"),
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
