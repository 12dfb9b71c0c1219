//! The orders of groups and their members.

use entity::{group, group_member};

use crate::page::{Key, Order};

/// How groups are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupOrder {
    /// By name.
    NameAsc,
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
}

/// How the members of a group are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupMemberOrder {
    /// Who has been in it for the longest time first.
    CreatedAtAsc,
    /// The newest first.
    CreatedAtDesc,
}

impl Order<group::Entity> for GroupOrder {
    fn column(self) -> Option<group::Column> {
        (self == Self::NameAsc).then_some(group::Column::Name)
    }

    fn id(self) -> group::Column {
        group::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, row: &group::Model) -> Option<Key> {
        (self == Self::NameAsc).then(|| Key::Text(row.name.clone()))
    }

    fn row_id(self, row: &group::Model) -> i64 {
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

impl Order<group_member::Entity> for GroupMemberOrder {
    fn column(self) -> Option<group_member::Column> {
        None
    }

    fn id(self) -> group_member::Column {
        group_member::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, _: &group_member::Model) -> Option<Key> {
        None
    }

    fn row_id(self, row: &group_member::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::CreatedAtAsc => "c",
            Self::CreatedAtDesc => "cd",
        }
    }
}
