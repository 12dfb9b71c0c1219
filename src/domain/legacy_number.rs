//! The numbers by which older APIs call users, accounts, runners and jobs.
//!
//! Each of those APIs counts for itself, so that two systems can be imported side by side and both keep every number. A
//! number is drawn once and never again, whatever becomes of the thing that it stood for.

use std::collections::HashMap;

use entity::{
    Time, job, legacy_counter,
    legacy_number::{self, Column, Dialect, Entity, Noun},
};
use sea_orm::{
    ActiveEnum, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Statement,
    prelude::Expr,
};

use crate::{
    app::App,
    db::{Db, Tx, raw},
    error::{Error, Result},
};

mod kept;

pub use kept::Kept;

/// The highest number: what 32 bits hold, since that is what the older APIs and their clients count with.
pub const MOST: i64 = i32::MAX as i64;

/// Draws the next number. The counter's row is locked from here to the end of the transaction, so that who draws does so
/// as late as it can.
///
/// Fails with [`Error::InvalidState`] when all numbers are used up.
pub(super) async fn draw(tx: &Tx, dialect: Dialect, noun: Noun) -> Result<i64> {
    let sql = "INSERT INTO legacy_counter (dialect, noun, last, present) VALUES (?, ?, 1, ?) \
               ON CONFLICT (dialect, noun) DO UPDATE SET last = legacy_counter.last + 1, \
               present = legacy_counter.present + excluded.present RETURNING last";
    let values = [dialect.to_value().into(), noun.to_value().into(), i64::from(noun == Noun::Job).into()];
    let row = tx.db.query_one_raw(raw(tx.db.get_database_backend(), sql, values)).await?;
    let last: i64 = row.ok_or_else(|| Error::internal("a counter has no row"))?.try_get_by_index(0)?;
    if last > MOST {
        return Err(Error::InvalidState("The numbers of this older API are used up.".into()));
    }
    Ok(last)
}

/// Says that a job with a number of its own is gone, or came to nothing.
pub(super) async fn gone(tx: &Tx, job: &job::Model) -> Result<()> {
    if let (Some(dialect), Some(_)) = (job.dialect, job.dialect_number) {
        let fewer = Expr::cust("present - 1");
        let counter = legacy_counter::Entity::update_many().col_expr(legacy_counter::Column::Present, fewer);
        let counter = counter.filter(legacy_counter::Column::Dialect.eq(dialect));
        counter.filter(legacy_counter::Column::Noun.eq(Noun::Job)).exec(&tx.db).await?;
    }
    Ok(())
}

/// The number of a row, which is drawn if it has none yet.
pub(super) async fn of(tx: &Tx, dialect: Dialect, noun: Noun, row_id: i64) -> Result<i64> {
    if let Some(number) = known(&tx.db, dialect, noun, &[row_id]).await?.first() {
        return Ok(number.number);
    }
    let number = draw(tx, dialect, noun).await?;
    // The counter is locked now: whoever drew one for the same row before has committed.
    if let Some(first) = known(&tx.db, dialect, noun, &[row_id]).await?.first() {
        return Ok(first.number);
    }
    let row = row(dialect, noun, number, row_id, tx.now);
    Entity::insert(row).exec_without_returning(&tx.db).await?;
    Ok(number)
}

fn row(dialect: Dialect, noun: Noun, number: i64, row_id: i64, now: Time) -> legacy_number::ActiveModel {
    legacy_number::ActiveModel {
        dialect: Set(dialect),
        noun: Set(noun),
        number: Set(number),
        row_id: Set(row_id),
        created_at: Set(now),
        ..Default::default()
    }
}

async fn known<C: ConnectionTrait>(
    db: &C,
    dialect: Dialect,
    noun: Noun,
    row_ids: &[i64],
) -> Result<Vec<legacy_number::Model>> {
    let rows = Entity::find()
        .filter(Column::Dialect.eq(dialect))
        .filter(Column::Noun.eq(noun))
        .filter(Column::RowId.is_in(row_ids.iter().copied()));
    Ok(rows.all(db).await?)
}

/// The numbers of these rows by their ids, those that have one: for fields of things that the caller may see.
pub async fn numbers_of(app: &App, dialect: Dialect, noun: Noun, row_ids: &[i64]) -> Result<HashMap<i64, i64>> {
    let rows = known(app.db.read(), dialect, noun, row_ids).await?;
    app.numbers.keep(&rows);
    Ok(rows.into_iter().map(|row| (row.row_id, row.number)).collect())
}

/// The same, with numbers drawn for those that have none: what an older API shows for the first time gets one there.
pub async fn drawn_for(app: &App, dialect: Dialect, noun: Noun, row_ids: &[i64]) -> Result<HashMap<i64, i64>> {
    let known = numbers_of(app, dialect, noun, row_ids).await?;
    if row_ids.iter().all(|id| known.contains_key(id)) {
        return Ok(known);
    }
    // By ascending ids, so that what came first has the lower number.
    let mut ids = row_ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    app.db
        .write((dialect, noun, ids.clone()), |tx, (dialect, noun, ids)| {
            Box::pin(async move {
                for id in ids {
                    of(tx, *dialect, *noun, *id).await?;
                }
                Ok(())
            })
        })
        .await?;
    numbers_of(app, dialect, noun, &ids).await
}

/// The internal id of the row with this number; none when there is no such number. Whether the caller may see the row is
/// the next question.
pub async fn row_of(app: &App, dialect: Dialect, noun: Noun, number: i64) -> Result<Option<i64>> {
    let row = Entity::find()
        .select_only()
        .column(Column::RowId)
        .filter(Column::Dialect.eq(dialect))
        .filter(Column::Noun.eq(noun))
        .filter(Column::Number.eq(number));
    Ok(row.into_tuple().one(app.db.read()).await?)
}

/// How many jobs are at home in a dialect that numbers them: read from the counter, not counted.
pub(super) async fn jobs_in<C: ConnectionTrait>(db: &C, dialect: Dialect) -> Result<i64> {
    let counter = legacy_counter::Entity::find_by_id((dialect, Noun::Job)).one(db).await?;
    Ok(counter.map_or(0, |counter| counter.present))
}

/// What is wrong with the counters, in sentences; nothing when all is well.
pub async fn audit(db: &Db) -> Result<Vec<String>> {
    // Of the dialects that number jobs, and of each noun whose numbers lie in rows of their own.
    let jobs = "SELECT dialect, 'job' AS noun, COUNT(*) AS present, MAX(dialect_number) AS most FROM job \
                WHERE dialect_number IS NOT NULL GROUP BY dialect";
    let others = "SELECT dialect, noun, 0 AS present, MAX(number) AS most FROM legacy_number GROUP BY dialect, noun";
    let questions = [
        format!(
            "SELECT 'the counter of ' || n.dialect || ' could draw a number of a ' || n.noun || ' once more' FROM \
             ({jobs} UNION ALL {others}) n LEFT JOIN legacy_counter c ON c.dialect = n.dialect AND c.noun = n.noun \
             WHERE COALESCE(c.last, 0) < n.most"
        ),
        format!(
            "SELECT 'the counter of ' || c.dialect || ' does not count its jobs rightly' FROM legacy_counter c \
             LEFT JOIN ({jobs}) n ON n.dialect = c.dialect WHERE c.noun = 'job' AND \
             c.present <> COALESCE(n.present, 0)"
        ),
    ];
    let mut faults = Vec::new();
    for question in questions {
        let statement = Statement::from_string(db.read().get_database_backend(), question);
        for row in db.read().query_all_raw(statement).await? {
            faults.push(row.try_get_by_index(0)?);
        }
    }
    Ok(faults)
}
