//! Claiming work.

use std::{sync::Arc, time::Duration};

use entity::{Time, event, job};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::Instant,
};
use uuid::Uuid;

use super::{
    Ticket,
    heads::{first_of, first_within},
    queues::Queues,
    take::Taker,
};
use crate::{app::App, domain::check::Faults, error::Result, infra::secret, viewer::Viewer};

/// What a worker asks for.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Outside ids of the services whose jobs are wanted; empty means all that the runner works for.
    pub service_ids: Vec<Uuid>,
    /// Jobs at most, 1 to 100; the runner's free slots bound it too.
    pub max: i32,
    /// Seconds to wait for a job when there is none, 0 to 30.
    pub wait_seconds: i32,
}

/// A job in a worker's hands.
#[derive(Clone, Debug)]
pub struct Lease {
    /// What to show with every call about this job.
    pub token: String,
    /// The job.
    pub job: job::Model,
}

/// How often a waiting claim looks by itself: a job's back-off ends without an event.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Claims up to `max` jobs, highest priority first, then the longest waiting; waits when there is none.
///
/// Returns nothing when the wait ends without a job, and when the server is stopping.
pub async fn claim(app: &App, viewer: &Viewer, claim: Claim) -> Result<Vec<Lease>> {
    let runner_id = viewer.require_runner()?.id;
    let mut faults = Faults::default();
    faults.range("max", i64::from(claim.max), 1, 100);
    faults.range("waitSeconds", i64::from(claim.wait_seconds), 0, 30);
    faults.into_result()?;
    let until = Instant::now() + Duration::from_secs(u64::try_from(claim.wait_seconds).unwrap_or(0));
    // Listen first, look then: what comes in between is met twice rather than never.
    let mut news = app.events.subscribe();
    let mut queues = Queues::of_runner(app, runner_id, &claim.service_ids).await?;
    loop {
        // A stopping server gives out no work, and fails no worker for asking: the next server will answer.
        if app.shutdown.is_cancelled() {
            return Ok(Vec::new());
        }
        let leases = take(app, runner_id, queues.clone(), claim.max).await?;
        if !leases.is_empty() || Instant::now() >= until {
            return Ok(leases);
        }
        // Many workers wait for the same job; asking a reader first spares the writer all but the race's winners.
        loop {
            wait_for_news(app, runner_id, &mut news, &queues, until).await;
            if app.shutdown.is_cancelled() || Instant::now() >= until {
                return Ok(Vec::new());
            }
            // Labels, limits and the sets that are asked for may have changed meanwhile.
            queues = Queues::of_runner(app, runner_id, &claim.service_ids).await?;
            if any_waiting(app, &queues).await? {
                break;
            }
        }
    }
}

/// Returns when a job of one of the queues may be there, when `until` has come, when the server stops, and now and then.
async fn wait_for_news(
    app: &App,
    runner_id: i64,
    news: &mut broadcast::Receiver<Arc<event::Model>>,
    queues: &Queues,
    until: Instant,
) {
    let look_again = until.min(Instant::now() + LOOK_AGAIN);
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            event = news.recv() => match event {
                Ok(event) if !may_bring_work(&event, runner_id, queues) => {}
                Ok(_) | Err(RecvError::Lagged(_)) => return,
                Err(RecvError::Closed) => return app.shutdown.cancelled().await,
            },
            () = tokio::time::sleep_until(look_again) => return,
        }
    }
}

/// A job enters one of the queues, or one that was held makes room: for its runner, or under its service's limits.
fn may_bring_work(event: &event::Model, runner_id: i64, queues: &Queues) -> bool {
    let (Some(to), Some(service_id)) = (event.detail.to, event.service_id) else { return false };
    let let_go = event.detail.from.is_some_and(job::Status::is_held) && !to.is_held();
    to == job::Status::Queued && queues.are_of(service_id)
        || let_go && (event.runner_id == Some(runner_id) || queues.are_limited(service_id))
}

/// Whether a claim would get something now, as far as a reader can tell: it looks at what the claim looks at.
async fn any_waiting(app: &App, queues: &Queues) -> Result<bool> {
    if queues.free <= 0 {
        return Ok(false);
    }
    let (db, now) = (app.db.read(), Time(app.clock.now_micros()));
    if !first_of(db, &queues.open, now, 1, false).await?.is_empty() {
        return Ok(true);
    }
    for limited in &queues.limited {
        if !first_within(db, limited, now, 1).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn take(app: &App, runner_id: i64, queues: Queues, max: i32) -> Result<Vec<Lease>> {
    let sign = app.seen.sign(runner_id, app.clock.now_micros());
    // A runner without a free slot that was heard of a moment ago needs no turn of the writer.
    if queues.is_empty() || queues.free <= 0 && !sign.is_due() {
        return Ok(Vec::new());
    }
    let secret = secret::random_bytes::<32>();
    let input = (runner_id, queues, max, secret, sign);
    let jobs = app
        .db
        .write(input, |tx, (runner_id, queues, max, secret, sign)| {
            Box::pin(async move {
                sign.note(tx).await?;
                Taker { runner_id: *runner_id, hash: &Ticket::hash(secret), now: tx.now }.take(tx, queues, *max).await
            })
        })
        .await?;
    app.seen.remember(sign);
    let lease = |job: job::Model| Lease { token: Ticket { job_id: job.id, attempt: job.attempt, secret }.text(), job };
    Ok(jobs.into_iter().map(lease).collect())
}
