//! Noting that results were fetched, and what an older API says of those that were not found.

use entity::{
    job,
    legacy_number::{Dialect, Noun},
};
use uuid::Uuid;

use super::{
    cancel::{Changeable, present, writable},
    change,
};
use crate::{
    app::App,
    domain::legacy_number,
    error::{Error, Result},
    viewer::Viewer,
};

/// Notes that somebody has fetched the results of a job; the first time counts. Who may change the job may say so.
///
/// Fails with INVALID_STATE for a job that has not SUCCEEDED.
pub async fn mark_downloaded(app: &App, viewer: &Viewer, uid: Uuid) -> Result<job::Model> {
    let job = writable(app, viewer, uid).await?;
    app.db
        .write(job, |tx, Changeable { id, overruling }| {
            Box::pin(async move {
                let job = present(tx, *id).await?;
                if job.status != job::Status::Succeeded {
                    return Err(Error::InvalidState(
                        "The job has not succeeded; there are no results to fetch.".into(),
                    ));
                }
                if job.downloaded_at.is_some() {
                    return Ok(job);
                }
                overruling.note(tx, "mark as downloaded").await?;
                let after = job::Model { downloaded_at: Some(tx.now), ..job.clone() };
                change::transition(tx, &job, after, Some("Its results were fetched.".into())).await
            })
        })
        .await
}

/// The highest number that Project-W has given a job so far; 0 before the first.
pub async fn last_of_project_w(app: &App) -> Result<i64> {
    legacy_number::last(app, Dialect::ProjectW, Noun::Job).await
}
