//! The use of older APIs.

use sea_orm_migration::prelude::*;

use crate::tables::{id, long, table, text, word};

/// The index of this table: what is counted once more.
pub const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX dialect_use_caller ON dialect_use (dialect, method, route, caller, caller_id, token_id)",
    "CREATE INDEX dialect_use_last ON dialect_use (last_at, id)",
];

/// No references: a row tells of who is gone, too.
pub fn table_of_uses() -> TableCreateStatement {
    table(
        "dialect_use",
        vec![
            id(),
            word("dialect", &["project_w", "topchef", "backrest", "mobyle2", "mybrc"]),
            text("method"),
            text("route"),
            word("caller", &["nobody", "stand_in", "session", "token", "runner"]),
            long("caller_id"),
            long("token_id"),
            long("count").check(Expr::col("count").gt(0)).take(),
            long("first_at"),
            long("last_at"),
        ],
        vec![],
    )
}
