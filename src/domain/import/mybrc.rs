//! MyBRC: exports of its tables as comma-separated values, the first line of each naming the columns.

mod accounts;
mod jobs;
mod users;

use std::{collections::HashMap, path::Path};

use entity::legacy_number::{self, Dialect, Noun};
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{Progress, Report, Source, require_operator, take_time};
use crate::{
    app::App,
    db::{Tx, raw},
    domain::legacy_number::MOST,
    error::Result,
    viewer::Viewer,
};

/// Takes over the tables of `MyBRC` from a folder with `users.csv`, `accounts.csv`, `useraccountassociations.csv` and
/// `jobs.csv`. Every number is kept; moments are in UTC. What accounts have is booked as it stands in their table, and is
/// not computed from jobs; from then on nothing is charged to them for recorded jobs until somebody says so.
///
/// Only the operator may. Fails with [`crate::error::Error::BadRequest`] when a file or a column is missing.
pub async fn mybrc(app: &App, viewer: &Viewer, folder: &Path, progress: Progress) -> Result<Report> {
    require_operator(viewer)?;
    let source = Source::new(folder, progress);
    app.db.write(source, |tx, source| Box::pin(run(tx, source))).await
}

async fn run(tx: &Tx, source: &Source) -> Result<Report> {
    take_time(tx).await?;
    let mut report = Report::default();
    let mut users = numbers(tx, Noun::User).await?;
    let mut accounts = numbers(tx, Noun::Account).await?;
    users::run(tx, source, &mut users, &mut report).await?;
    accounts::run(tx, source, &mut accounts, &mut report).await?;
    accounts::members(tx, source, &users, &accounts, &mut report).await?;
    jobs::run(tx, source, &users, &accounts, &mut report).await?;
    Ok(report)
}

/// The rows that have a number, by their number.
async fn numbers(tx: &Tx, noun: Noun) -> Result<HashMap<i64, i64>> {
    let rows = legacy_number::Entity::find()
        .filter(legacy_number::Column::Dialect.eq(Dialect::Mybrc))
        .filter(legacy_number::Column::Noun.eq(noun));
    Ok(rows.all(&tx.db).await?.into_iter().map(|row| (row.number, row.row_id)).collect())
}

/// Gives a row its number.
async fn give(tx: &Tx, noun: Noun, number: i64, row_id: i64) -> Result<()> {
    let row = legacy_number::ActiveModel {
        dialect: sea_orm::ActiveValue::Set(Dialect::Mybrc),
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
async fn count(tx: &Tx, noun: Noun, last: i64, present: i64) -> Result<()> {
    let sql = "INSERT INTO legacy_counter (dialect, noun, last, present) VALUES (?, ?, ?, ?) \
               ON CONFLICT (dialect, noun) DO UPDATE SET present = legacy_counter.present + excluded.present, \
               last = CASE WHEN excluded.last > legacy_counter.last THEN excluded.last ELSE legacy_counter.last END";
    let values = [Dialect::Mybrc.to_value().into(), noun.to_value().into(), last.min(MOST).into(), present.into()];
    tx.db.execute_raw(raw(tx.db.get_database_backend(), sql, values)).await?;
    Ok(())
}
