//! Looking at log-ins.

use entity::{Time, session};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, Select,
    sea_query::{Expr, ExprTrait},
};

use crate::{
    app::App,
    error::Result,
    page::{self, Key, Order, Page, PageRequest},
    viewer::{Permission, Viewer},
};

/// How sessions are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionOrder {
    /// The oldest log-in first.
    CreatedAtAsc,
    /// The newest log-in first.
    CreatedAtDesc,
}

/// The session that the viewer came with.
pub async fn current(app: &App, viewer: &Viewer) -> Result<Option<session::Model>> {
    let Some(id) = viewer.session_id() else { return Ok(None) };
    Ok(session::Entity::find_by_id(id).one(app.db.read()).await?)
}

/// A page of the live sessions of a user (`user.id`): one's own, or, for an admin, anybody's.
pub async fn list(
    app: &App,
    viewer: &Viewer,
    user_id: i64,
    order: SessionOrder,
    request: &PageRequest,
) -> Result<Page<session::Model>> {
    page::fetch(live(app, viewer, user_id)?, order, request, app.db.read()).await
}

/// How many those are.
pub async fn count(app: &App, viewer: &Viewer, user_id: i64) -> Result<i64> {
    page::count(live(app, viewer, user_id)?, app.db.read()).await
}

fn live(app: &App, viewer: &Viewer, user_id: i64) -> Result<Select<session::Entity>> {
    viewer.require_admin().or_else(|_| viewer.require(Permission::Admin).map(|_| ()))?;
    let now = Time(app.clock.now_micros());
    let idle_end = Expr::col(session::Column::LastUsedAt)
        .add(Expr::col(session::Column::IdleSeconds).mul(1_000_000_i64))
        .gt(now.0);
    let used = Condition::any().add(session::Column::IdleSeconds.is_null()).add(idle_end);
    Ok(session::Entity::visible_to(&viewer.scope())
        .filter(session::Column::UserId.eq(user_id))
        .filter(session::Column::ExpiresAt.gt(now))
        .filter(used))
}

impl Order<session::Entity> for SessionOrder {
    fn column(self) -> Option<session::Column> {
        None
    }

    fn id(self) -> session::Column {
        session::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, _: &session::Model) -> Option<Key> {
        None
    }

    fn row_id(self, row: &session::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::CreatedAtAsc => "c",
            Self::CreatedAtDesc => "cd",
        }
    }
}
