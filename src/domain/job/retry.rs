//! Running a finished job once more.

use entity::job;
use uuid::Uuid;

use super::{
    cancel::{Changeable, may_run, whole},
    change, requirement,
    submit::open,
};
use crate::{
    app::App,
    db::Tx,
    domain::{lease, project},
    error::{Error, Result},
    viewer::Viewer,
};

/// Puts a job that failed or was cancelled back into the queue: as it was submitted, under the schemas and bounds that it
/// was accepted under. What came of it before is forgotten, but for its log; its attempts are counted anew, and go on
/// being numbered. It runs at once, whatever moment it was submitted for.
///
/// Fails with INVALID_STATE for a job that has not ended so, and when its service takes no new jobs; with FORBIDDEN when
/// the viewer could not submit it any more.
pub async fn retry(app: &App, viewer: &Viewer, uid: Uuid) -> Result<job::Model> {
    let job = may_run(app, viewer, uid).await?;
    app.db
        .write(job, |tx, Changeable { id, overruling }| {
            Box::pin(async move {
                let job = whole(tx, *id).await?;
                overruling.note(tx, "retry").await?;
                if !matches!(job.status, job::Status::Failed | job::Status::Cancelled) {
                    return Err(Error::InvalidState(
                        "Only a job that failed or was cancelled is run once more.".into(),
                    ));
                }
                let after = job::Model { results: None, ..reopened(tx, &job).await? };
                change::transition(tx, &job, after, Some("It is to be run once more.".into())).await
            })
        })
        .await
}

/// The job as it waits again from now on; its results stay.
pub(super) async fn reopened(tx: &Tx, job: &job::Model) -> Result<job::Model> {
    if let Some(project_id) = job.project_id {
        project::open(tx, project_id).await?;
    }
    let service_id = job.service_id.ok_or_else(|| Error::internal("a job that is no record has no service"))?;
    open(tx, service_id).await?;
    Ok(job::Model {
        requirement_id: requirement::number(tx, service_id, job.owner_id, &job.requires).await?,
        scheduled_at: None,
        run_after: tx.now,
        losses: 0,
        releases: job.attempt,
        backoffs: 0,
        progress: None,
        message: None,
        failure_kind: None,
        failure_code: None,
        failure_message: None,
        cancel_requested: false,
        started_at: None,
        finished_at: None,
        downloaded_at: None,
        ..lease::without_lease(job, job::Status::Queued)
    })
}
