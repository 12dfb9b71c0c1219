//! By what one job is named.

use entity::{job, legacy_number::Dialect};
use sea_orm::{ColumnTrait, QueryFilter, Select};
use uuid::Uuid;

/// Which job is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// The one with this outside id.
    Id(Uuid),
    /// The one with this number: docket's own, or that of the dialect where it is at home.
    Number(Option<Dialect>, i64),
}

impl Which {
    /// Those jobs of a query that are meant: one at most.
    pub(super) fn of(self, query: Select<job::Entity>) -> Select<job::Entity> {
        match self {
            Self::Id(uid) => query.filter(job::Column::Uid.eq(uid)),
            Self::Number(None, number) => query.filter(job::Column::Id.eq(number)),
            Self::Number(Some(dialect), number) => {
                query.filter(job::Column::Dialect.eq(dialect)).filter(job::Column::DialectNumber.eq(number))
            }
        }
    }
}

impl From<Uuid> for Which {
    fn from(uid: Uuid) -> Self {
        Self::Id(uid)
    }
}
