//! What docket does: typed async functions, one file a noun.
//!
//! Every function takes the [`App`](crate::app::App) and the [`Viewer`](crate::viewer::Viewer) first, asks a scoped
//! finder for what it touches (hidden equals absent), and opens the one transaction of its change itself. The events
//! that a change causes are rows of the same transaction.

pub mod account;
pub mod assignment;
pub mod audit;
pub mod check;
pub mod content;
pub mod dialect_use;
pub mod doctor;
mod due;
pub mod enrolled;
pub mod event;
pub mod favorite;
pub mod file;
pub mod group;
pub mod import;
pub mod job;
pub mod lease;
pub mod ledger;
pub mod legacy_number;
pub mod limit;
pub mod mail;
pub mod meter;
pub mod oauth;
mod one_time_token;
pub mod policy;
pub mod project;
pub mod project_data;
pub mod rights;
pub mod runner;
pub mod schema;
pub mod server;
pub mod service;
pub mod session;
pub mod setting;
mod slug;
pub mod token;
pub mod usage;
pub mod user;

use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, Func, SelectStatement},
};

/// The internal ids of the rows with these outside ids.
fn ids_of<E: EntityTrait>(id: E::Column, uid: E::Column, uids: &[uuid::Uuid]) -> SelectStatement {
    E::find().select_only().column(id).filter(uid.is_in(uids.iter().copied())).into_query()
}

/// Text that begins with `start`, in this case of letters. `LIKE` would be another question on each database: SQLite takes
/// `a` and `A` for the same there.
fn starts_with<C: ColumnTrait>(column: C, start: &str) -> sea_orm::sea_query::SimpleExpr {
    // A length that no text has is as good as one that does not fit.
    let length = i32::try_from(start.chars().count()).unwrap_or(i32::MAX);
    let begin = Func::cust("substr").arg(column.into_expr()).arg(1).arg(length);
    Expr::expr(begin).eq(start)
}

/// Bytes of a value as compact JSON, without building the text.
fn json_size(value: &serde_json::Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting cannot fail, and a JSON value always has a text.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}
