//! Submitting many jobs in one call.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};

use super::submit::{Checked, NewJob, Submitted, check, insert};
use crate::{
    app::App,
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// Jobs of one call at most.
pub const BATCH_MOST: usize = 1_000;
/// Submissions under way at once: on SQLite they share commits.
const AT_ONCE: usize = 32;

/// Submits each of 1 to [`BATCH_MOST`] jobs by itself, in about their order: one that is refused, or that could not even
/// be understood, keeps no other from its turn. All are checked before the first is stored.
///
/// Fails as a whole only for who may not submit anything, and for a number of jobs that is out of bounds.
pub async fn submit_all(app: &App, viewer: &Viewer, jobs: Vec<Result<NewJob>>) -> Result<Vec<Result<Submitted>>> {
    viewer.require(Permission::JobsWrite)?;
    if jobs.is_empty() || jobs.len() > BATCH_MOST {
        return Err(Error::invalid("jobs", format!("{} jobs are out of range; take 1 to {BATCH_MOST}.", jobs.len())));
    }
    // Of several with one key the first one counts, so that they must not overtake each other.
    let keys: Vec<_> = jobs.iter().flatten().filter_map(|new| new.idempotency_key.clone()).collect();
    let at_once = if keys.iter().collect::<HashSet<_>>().len() == keys.len() { AT_ONCE } else { 1 };
    let checks = stream::iter(jobs).map(|new| async move { check(app, viewer, new?).await });
    let checked: Vec<Result<Checked>> = checks.buffered(AT_ONCE).collect().await;
    Ok(stream::iter(checked).map(|checked| store(app, checked)).buffered(at_once).collect().await)
}

async fn store(app: &App, checked: Result<Checked>) -> Result<Submitted> {
    match checked? {
        Checked::Replayed(job) => Ok(Submitted { job: *job, replayed: true }),
        Checked::Ready(ready) => app.db.write(*ready, |tx, ready| Box::pin(insert(tx, ready))).await,
    }
}
