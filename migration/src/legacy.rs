//! The numbers of older APIs.

use sea_orm_migration::prelude::*;

use crate::tables::{id, long, long_null, table, word, word_null};

/// The older APIs.
const DIALECTS: &[&str] = &["project_w", "topchef", "backrest", "mobyle2", "mybrc"];

/// The indexes of these tables.
pub const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX legacy_number_number ON legacy_number (dialect, noun, number)",
    "CREATE UNIQUE INDEX legacy_number_row ON legacy_number (dialect, noun, row_id)",
    "CREATE UNIQUE INDEX job_dialect ON job (dialect, dialect_number) WHERE dialect_number IS NOT NULL",
];

/// Where numbers are drawn, and what they stand for. No reference from `row_id`: it leads to the table that `noun` names,
/// and the number stays when that row goes.
pub fn tables() -> [TableCreateStatement; 2] {
    let mut counter = table(
        "legacy_counter",
        vec![
            word("dialect", DIALECTS),
            word("noun", &["job", "user", "account", "runner"]),
            long("last").check(Expr::col("last").gte(0)).take(),
            long("present").check(Expr::col("present").gte(0)).take(),
        ],
        vec![],
    );
    counter.primary_key(Index::create().col("dialect").col("noun"));
    let number = table(
        "legacy_number",
        vec![
            id(),
            word("dialect", DIALECTS),
            word("noun", &["user", "account", "runner"]),
            long("number").check(Expr::col("number").between(1, i32::MAX)).take(),
            long("row_id"),
            long("created_at"),
        ],
        vec![],
    );
    [counter, number]
}

/// A service may have been made through an older API.
pub fn add_to_service(service: &mut TableCreateStatement) {
    service.col(word_null("dialect", DIALECTS));
}

/// A job may be at home in one, and have a number there.
pub fn add_to_job(job: &mut TableCreateStatement) {
    let number = Expr::col("dialect_number");
    job.col(word_null("dialect", DIALECTS))
        .col(long_null("dialect_number").check(number.clone().is_null().or(number.clone().between(1, i32::MAX))))
        .check(number.is_null().or(Expr::col("dialect").is_not_null()));
}
