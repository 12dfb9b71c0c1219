//! The text of an INSERT that is sent with every change: written once, and not each time anew from its columns.

use std::sync::OnceLock;

use sea_orm::{ActiveModelTrait, DbBackend, EntityTrait, Insert, Iterable, QueryTrait, Statement, Values};

/// The INSERT of one row into one table. All rows that go through it set the same columns.
#[derive(Debug, Default)]
pub struct Insertion {
    sqlite: OnceLock<Box<str>>,
    postgres: OnceLock<Box<str>>,
}

impl Insertion {
    /// One whose text is not written yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    /// The statement for this row.
    pub fn of<A: ActiveModelTrait>(&self, backend: DbBackend, row: &A) -> Statement {
        let text = if backend == DbBackend::Postgres { &self.postgres } else { &self.sqlite };
        let sql = text.get_or_init(|| Insert::one(row.clone()).build(backend).sql.into()).to_string();
        let values = <A::Entity as EntityTrait>::Column::iter().filter_map(|column| row.get(column).into_value());
        let statement = Statement { sql, values: Some(Values(values.collect())), db_backend: backend };
        debug_assert_eq!(statement, Insert::one(row.clone()).build(backend), "the row sets other columns");
        statement
    }
}
