//! How much the routes of older APIs are still used, and by whom: what an operator asks before switching one off.
//!
//! Requests are counted in memory and written every few seconds: a polling worker must not cost a write each time. What
//! was counted since the last time is lost when the server is killed, which harms nobody.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use entity::{
    dialect_use::{self, Caller},
    legacy_number::Dialect,
    token,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use tokio::time::interval;

use crate::{
    app::App,
    db::Tx,
    error::Result,
    origin::Origin,
    viewer::{Credential, Viewer},
};

/// Routes and callers that are counted at once; beyond these, callers that nothing is known of yet are not counted
/// until the next writing.
const COUNTED: usize = 10_000;
/// How often they are written.
const EVERY: Duration = Duration::from_secs(10);
/// Rows that are listed at most.
pub const LISTED: u64 = 1_000;

/// A route and a caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    dialect: Dialect,
    method: &'static str,
    route: Cow<'static, str>,
    caller: Caller,
    caller_id: i64,
    token_id: i64,
}

/// What was counted since it was last written.
#[derive(Debug, Default)]
pub struct Uses(Mutex<HashMap<Key, i64>>);

impl Uses {
    /// Counts a request of this caller at a route of an older API.
    pub fn note(&self, origin: Origin, method: &'static str, route: Cow<'static, str>, viewer: Option<&Viewer>) {
        let Some(dialect) = home(origin) else { return };
        let (caller, caller_id, token_id) = caller(viewer);
        let key = Key { dialect, method, route, caller, caller_id, token_id };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() < COUNTED || counts.contains_key(&key) {
            *counts.entry(key).or_default() += 1;
        }
    }

    fn take(&self) -> Vec<(Key, i64)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_iter().collect()
    }
}

/// The older API that a request came in by, if it did.
#[must_use]
pub const fn home(origin: Origin) -> Option<Dialect> {
    match origin {
        Origin::GraphQl => None,
        Origin::ProjectW => Some(Dialect::ProjectW),
        Origin::TopChef => Some(Dialect::TopChef),
        Origin::Backrest => Some(Dialect::Backrest),
        Origin::Mobyle2 => Some(Dialect::Mobyle2),
        Origin::Mybrc => Some(Dialect::Mybrc),
    }
}

fn caller(viewer: Option<&Viewer>) -> (Caller, i64, i64) {
    match viewer {
        None | Some(Viewer::Anonymous | Viewer::Operator) => (Caller::Nobody, 0, 0),
        Some(Viewer::Runner(runner)) => (Caller::Runner, runner.id, 0),
        Some(Viewer::User(viewer)) => match viewer.credential {
            Credential::Session { .. } => (Caller::Session, viewer.user.id, 0),
            Credential::Token { id, .. } => (Caller::Token, viewer.user.id, id),
            Credential::StandIn => (Caller::StandIn, viewer.user.id, 0),
        },
    }
}

/// Writes what was counted; returns how many rows that were.
pub async fn store(app: &App) -> Result<usize> {
    let counted = app.uses.take();
    if counted.is_empty() {
        return Ok(0);
    }
    app.db.write(counted, |tx, counted| Box::pin(add(tx, counted))).await
}

async fn add(tx: &Tx, counted: &[(Key, i64)]) -> Result<usize> {
    use dialect_use::Column::{Caller, CallerId, Count, Dialect, LastAt, Method, Route, TokenId};
    let more = Expr::col((dialect_use::Entity, Count)).add(Expr::col(("excluded", Count)));
    let again = OnConflict::columns([Dialect, Method, Route, Caller, CallerId, TokenId])
        .value(Count, more)
        .update_column(LastAt)
        .to_owned();
    for (key, count) in counted {
        let row = dialect_use::ActiveModel {
            dialect: Set(key.dialect),
            method: Set(key.method.to_owned()),
            route: Set(key.route.clone().into_owned()),
            caller: Set(key.caller),
            caller_id: Set(key.caller_id),
            token_id: Set(key.token_id),
            count: Set(*count),
            first_at: Set(tx.now),
            last_at: Set(tx.now),
            ..Default::default()
        };
        dialect_use::Entity::insert(row).on_conflict(again.clone()).exec_without_returning(&tx.db).await?;
    }
    Ok(counted.len())
}

/// Writes again and again, until the server stops, and then once more.
pub async fn keep_storing(app: App) {
    let mut ticks = interval(EVERY);
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => break,
            _ = ticks.tick() => {}
        }
        if let Err(error) = store(&app).await {
            tracing::warn!(%error, "the use of old APIs was not noted");
        }
    }
}

/// The latest uses first, at most [`LISTED`]. Only an admin may ask.
pub async fn list(app: &App, viewer: &Viewer) -> Result<Vec<dialect_use::Model>> {
    viewer.require_admin()?;
    let latest = dialect_use::Entity::find()
        .order_by_desc(dialect_use::Column::LastAt)
        .order_by_desc(dialect_use::Column::Id)
        .limit(LISTED);
    Ok(latest.all(app.db.read()).await?)
}

/// The names of API tokens (`token.id`), for those who list their uses.
pub async fn token_names(app: &App, ids: &[i64]) -> Result<HashMap<i64, String>> {
    let query = token::Entity::find().filter(token::Column::Id.is_in(ids.iter().copied()));
    Ok(query.all(app.db.read()).await?.into_iter().map(|token| (token.id, token.name)).collect())
}
