//! Looking at API tokens.

use entity::token;
use sea_orm::{ColumnTrait, QueryFilter, Select};

use crate::{
    app::App,
    error::Result,
    page::{self, Key, Order, Page, PageRequest},
    viewer::Viewer,
};

/// How API tokens are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenOrder {
    /// The oldest first.
    CreatedAtAsc,
    /// The newest first.
    CreatedAtDesc,
}

/// A page of the API tokens of a user (`user.id`), revoked ones included: one's own, or, for an admin, anybody's.
pub async fn page_of(
    app: &App,
    viewer: &Viewer,
    user_id: i64,
    order: TokenOrder,
    request: &PageRequest,
) -> Result<Page<token::Model>> {
    page::fetch(visible(viewer, user_id), order, request, app.db.read()).await
}

/// How many those are.
pub async fn count(app: &App, viewer: &Viewer, user_id: i64) -> Result<i64> {
    page::count(visible(viewer, user_id), app.db.read()).await
}

fn visible(viewer: &Viewer, user_id: i64) -> Select<token::Entity> {
    token::Entity::visible_to(&viewer.scope()).filter(token::Column::UserId.eq(user_id))
}

impl Order<token::Entity> for TokenOrder {
    fn column(self) -> Option<token::Column> {
        None
    }

    fn id(self) -> token::Column {
        token::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, _: &token::Model) -> Option<Key> {
        None
    }

    fn row_id(self, row: &token::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::CreatedAtAsc => "c",
            Self::CreatedAtDesc => "cd",
        }
    }
}
