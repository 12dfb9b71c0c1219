//! The orders of servers.

use entity::server;

use crate::page::{Key, Order};

/// How servers are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerOrder {
    /// By name.
    NameAsc,
    /// The one that was registered first.
    CreatedAtAsc,
    /// The newest first.
    CreatedAtDesc,
}

impl Order<server::Entity> for ServerOrder {
    fn column(self) -> Option<server::Column> {
        (self == Self::NameAsc).then_some(server::Column::Name)
    }

    fn id(self) -> server::Column {
        server::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, row: &server::Model) -> Option<Key> {
        (self == Self::NameAsc).then(|| Key::Text(row.name.clone()))
    }

    fn row_id(self, row: &server::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::NameAsc => "n",
            Self::CreatedAtAsc => "c",
            Self::CreatedAtDesc => "cd",
        }
    }
}
