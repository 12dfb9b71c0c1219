//! A worker's sign of life.

use entity::{event, job};

use super::{Ticket, held, running};
use crate::{
    app::App,
    db::Tx,
    domain::{
        check::{Faults, MESSAGE},
        job::change,
        runner::{self, Sign},
    },
    error::Result,
    viewer::{RunnerViewer, Viewer},
};

/// What a worker reports about an attempt.
#[derive(Clone, Debug, Default)]
pub struct Beat {
    /// 0 to 1; absent leaves what was reported before.
    pub progress: Option<f64>,
    /// At most [`MESSAGE`] characters; absent leaves what was reported before.
    pub message: Option<String>,
}

impl Beat {
    pub(in crate::domain) fn check(&self) -> Result<()> {
        let mut faults = Faults::default();
        if self.progress.is_some_and(|progress| !(0.0..=1.0).contains(&progress)) {
            faults.add("progress", "Progress goes from 0 to 1.");
        }
        if let Some(message) = &self.message {
            faults.text("message", message, MESSAGE);
        }
        faults.into_result()
    }
}

/// Extends the lease and notes progress. The returned job tells the worker when the lease ends and whether it was
/// asked to stop.
///
/// Fails with LEASE_LOST, changing nothing, when the lease is not (or no longer) the job's.
pub async fn heartbeat(app: &App, viewer: &Viewer, lease_token: &str, beat: Beat) -> Result<job::Model> {
    let runner = viewer.require_runner()?.clone();
    beat.check()?;
    let ticket = Ticket::parse(lease_token)?;
    let sign = app.seen.sign(runner.id, app.clock.now_micros());
    let input = (sign, runner, ticket, beat);
    let write =
        app.db.write(input, |tx, (sign, runner, ticket, beat)| Box::pin(apply(tx, *sign, runner, ticket, beat)));
    let job = write.await?;
    app.seen.remember(sign);
    Ok(job)
}

async fn apply(tx: &Tx, sign: Sign, worker: &RunnerViewer, ticket: &Ticket, beat: &Beat) -> Result<job::Model> {
    let before = held(tx, ticket, worker).await?;
    sign.note(tx).await?;
    let mut job = running(&before, tx.now);
    if before.pushed {
        runner::keep_online(tx, worker.id, job.lease_expires_at).await?;
    }
    if before.status == job::Status::Claimed {
        job = change::transition(tx, &before, job, None).await?;
    }
    let after = job::Model {
        progress: beat.progress.or(job.progress),
        message: beat.message.clone().or_else(|| job.message.clone()),
        ..job.clone()
    };
    if after.progress == before.progress && after.message == before.message {
        // Nothing to tell anybody: only the lease is extended.
        change::store(tx, &before, &after).await?;
        return Ok(after);
    }
    let detail = event::Detail { progress: after.progress, message: after.message.clone(), ..Default::default() };
    let told = if before.status == job::Status::Claimed { job } else { before };
    change::record(tx, &told, after, event::Kind::Progressed, detail).await
}
