//! Columns as every table of docket writes them.

use sea_orm_migration::prelude::*;

/// `id`: a 64-bit key that is never reused.
pub fn id() -> ColumnDef {
    ColumnDef::new("id").big_integer().not_null().auto_increment().primary_key().take()
}

/// `uid`: the outside id.
pub fn uid() -> ColumnDef {
    ColumnDef::new("uid").uuid().not_null().unique_key().take()
}

/// Another row's outside id, where that row may be gone.
pub fn uid_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().null().take()
}

/// Text that must be there.
pub fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().take()
}

/// Text that may be absent.
pub fn text_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().null().take()
}

/// A 64-bit number or moment (microseconds since the epoch) that must be there.
pub fn long(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

/// A 64-bit number or moment that may be absent.
pub fn long_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().null().take()
}

/// A 32-bit number that must be there.
pub fn int(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).integer().not_null().take()
}

/// A 32-bit number that may be absent.
pub fn int_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).integer().null().take()
}

/// Yes or no.
pub fn flag(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().take()
}

/// A JSON value of docket's own that must be there: `jsonb` on PostgreSQL. What others wrote is kept as text.
pub fn json(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).json_binary().not_null().take()
}

/// The same, where it may be absent.
pub fn json_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).json_binary().null().take()
}

/// Exactly these bytes, such as a SHA-256.
pub fn bytes(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).blob().not_null().take()
}

/// One of a closed list of words: the database itself refuses any other.
pub fn word(name: &'static str, words: &[&'static str]) -> ColumnDef {
    text(name).check(Expr::col(name).is_in(words.iter().copied())).take()
}

/// The same, or nothing.
pub fn word_null(name: &'static str, words: &[&'static str]) -> ColumnDef {
    text_null(name).check(Expr::col(name).is_null().or(Expr::col(name).is_in(words.iter().copied()))).take()
}

/// A reference to another table's `id`.
pub fn reference(table: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, column).to(to, "id").to_owned()
}

/// A table with these columns and references.
pub fn table(
    name: &'static str,
    columns: Vec<ColumnDef>,
    references: Vec<ForeignKeyCreateStatement>,
) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    for column in columns {
        table.col(column);
    }
    for mut reference in references {
        table.foreign_key(&mut reference);
    }
    table
}
