//! Numbers that older systems gave out, and that are kept.

use std::collections::HashMap;

use entity::legacy_number::{self, Dialect, Noun};
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::{
    db::{Tx, raw},
    domain::legacy_number::MOST,
    error::Result,
};

/// The rows that have a number, by their number.
pub(super) async fn numbers(tx: &Tx, dialect: Dialect, noun: Noun) -> Result<HashMap<i64, i64>> {
    let rows = legacy_number::Entity::find()
        .filter(legacy_number::Column::Dialect.eq(dialect))
        .filter(legacy_number::Column::Noun.eq(noun));
    Ok(rows.all(&tx.db).await?.into_iter().map(|row| (row.number, row.row_id)).collect())
}

/// Gives a row its number.
pub(super) async fn give(tx: &Tx, dialect: Dialect, noun: Noun, number: i64, row_id: i64) -> Result<()> {
    let row = legacy_number::ActiveModel {
        dialect: sea_orm::ActiveValue::Set(dialect),
        noun: sea_orm::ActiveValue::Set(noun),
        number: sea_orm::ActiveValue::Set(number),
        row_id: sea_orm::ActiveValue::Set(row_id),
        created_at: sea_orm::ActiveValue::Set(tx.now),
        ..Default::default()
    };
    legacy_number::Entity::insert(row).exec_without_returning(&tx.db).await?;
    Ok(())
}

/// Has the next number drawn lie beyond `last`, and counts the rows that were added. It also locks the counter, which is
/// why it comes first where numbers are given.
pub(super) async fn count(tx: &Tx, dialect: Dialect, noun: Noun, last: i64, present: i64) -> Result<()> {
    let sql = "INSERT INTO legacy_counter (dialect, noun, last, present) VALUES (?, ?, ?, ?) \
               ON CONFLICT (dialect, noun) DO UPDATE SET present = legacy_counter.present + excluded.present, \
               last = CASE WHEN excluded.last > legacy_counter.last THEN excluded.last ELSE legacy_counter.last END";
    let values = [dialect.to_value().into(), noun.to_value().into(), last.min(MOST).into(), present.into()];
    tx.db.execute_raw(raw(tx.db.get_database_backend(), sql, values)).await?;
    Ok(())
}
