//! MyBRC: exports of its tables as comma-separated values, the first line of each naming the columns.

mod accounts;
mod jobs;
mod members;
mod users;

use std::path::Path;

use super::{Progress, Report, Source, require_operator, take_time};
use crate::{app::App, db::Tx, error::Result, viewer::Viewer};

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
    let users = users::run(tx, source, &mut report).await?;
    let accounts = accounts::run(tx, source, &mut report).await?;
    members::run(tx, source, &users, &accounts, &mut report).await?;
    jobs::run(tx, source, &users, &accounts, &mut report).await?;
    Ok(report)
}
