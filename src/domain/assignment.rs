//! What a runner does with the job that was assigned to it. It holds one at a time, so that its own token says which.
//!
//! Locks are taken in the order of everything here: the runner's row, then the job's.

use entity::{
    event,
    job::{self, Status},
    runner,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Select};
use serde_json::Value;

use super::{
    job::{change, head},
    lease::{self, Beat, Failure, Lease, Ticket},
    runner as runners,
};
use crate::{
    app::App,
    db::Tx,
    error::{Error, Result},
    infra::secret,
    viewer::Viewer,
};

/// A sign of life of a registered runner: it stays, and so does its hold on the job. Progress and message are of a job
/// that it has fetched, and go nowhere otherwise. Returns the runner with its job.
///
/// Fails with INVALID_STATE when the runner is not registered, or is not any more.
pub async fn heartbeat(app: &App, viewer: &Viewer, beat: Beat) -> Result<(runner::Model, Option<job::Model>)> {
    let id = viewer.require_runner()?.id;
    beat.check()?;
    app.db
        .write((id, beat), |tx, (id, beat)| {
            Box::pin(async move {
                let runner = stay(tx, *id, None).await?;
                let Some(before) = held(&tx.db, *id, true).await? else { return Ok((runner, None)) };
                let mut after = job::Model { lease_expires_at: runner.online_until, ..before.clone() };
                if before.status == Status::Running {
                    after.progress = beat.progress.or(after.progress);
                    after.message = beat.message.clone().or(after.message);
                }
                if (after.progress, &after.message) == (before.progress, &before.message) {
                    change::store(tx, &before, &after).await?;
                    return Ok((runner, Some(after)));
                }
                let detail =
                    event::Detail { progress: after.progress, message: after.message.clone(), ..Default::default() };
                let job = change::record(tx, &before, after, event::Kind::Progressed, detail).await?;
                Ok((runner, Some(job)))
            })
        })
        .await
}

/// Takes the assigned job in hand, with a lease for what else workers do; from then on it runs. May be said again: each
/// time gives another lease token, and the one before ends.
///
/// Fails with NOT_FOUND when nothing is assigned to the runner, and with INVALID_STATE when it is not registered.
pub async fn fetch(app: &App, viewer: &Viewer) -> Result<Lease> {
    let id = viewer.require_runner()?.id;
    let secret = secret::random_bytes::<32>();
    let job = app.db.write((id, secret), |tx, (id, secret)| {
        Box::pin(async move {
            stay(tx, *id, None).await?;
            let before = held(&tx.db, *id, true).await?.ok_or(Error::NotFound("assignment"))?;
            let runner = stay(tx, *id, Some(before.id)).await?;
            let after = job::Model {
                lease_hash: Some(Ticket::hash(secret).to_vec()),
                lease_expires_at: runner.online_until,
                ..lease::running(&before, tx.now)
            };
            if before.status == Status::Claimed {
                change::transition(tx, &before, after, None).await?;
            } else {
                change::store(tx, &before, &after).await?;
            }
            // Its parameters are what the worker came for.
            job::Entity::find_by_id(before.id).one(&tx.db).await?.ok_or(Error::NotFound("assignment"))
        })
    });
    let job = job.await?;
    Ok(Lease { token: Ticket { job_id: job.id, attempt: job.attempt, secret }.text(), job })
}

/// The job that is assigned to the runner, fetched or not; nothing changes.
pub async fn find(app: &App, viewer: &Viewer) -> Result<Option<job::Model>> {
    held(app.db.read(), viewer.require_runner()?.id, false).await
}

/// Finishes the job that was fetched. Results that break the service's schema end it FAILED with RESULT_INVALID.
///
/// A job that was taken back from the runner, assigned to it again and not fetched again is finished, too: it is the one
/// that it worked on. Any other result comes too late: LEASE_LOST, and an event of the job tells of it. Fails with
/// INVALID_STATE when the runner is not registered.
pub async fn complete(app: &App, viewer: &Viewer, results: Value) -> Result<job::Model> {
    let id = viewer.require_runner()?.id;
    // Checking a large result takes a while: it happens before the write, not inside it.
    let seen = held(app.db.read(), id, false).await?;
    let checked = match &seen {
        Some(job) => Some((job.id, lease::check_results(app, job, &results).await?)),
        None => None,
    };
    let ended = app.db.write((id, results, checked), |tx, (id, results, checked)| {
        Box::pin(async move {
            let Some(before) = to_end(tx, *id).await? else { return Ok(None) };
            let Some((_, invalid)) = checked.as_ref().filter(|(job, _)| *job == before.id) else {
                return Err(Error::unavailable("The job was assigned just now. Try again."));
            };
            let after = lease::with_results(&before, results, invalid.as_deref(), tx.now);
            change::transition(tx, &before, after, None).await.map(Some)
        })
    });
    ended.await?.ok_or(Error::LeaseLost)
}

/// Ends the attempt, which failed; as [`complete`] does for one that did not.
pub async fn fail(app: &App, viewer: &Viewer, failure: Failure) -> Result<job::Model> {
    let id = viewer.require_runner()?.id;
    failure.check()?;
    let backoff = i64::from(app.config.jobs.backoff_seconds);
    let ended = app.db.write((id, failure, backoff), |tx, (id, failure, backoff)| {
        Box::pin(async move {
            let Some(before) = to_end(tx, *id).await? else { return Ok(None) };
            let (after, told) = failure.end(&before, tx.now, *backoff);
            change::transition(tx, &before, after, Some(told)).await.map(Some)
        })
    });
    ended.await?.ok_or(Error::LeaseLost)
}

/// Lets the runner stay for another while. `fetched` is the job that it takes in hand, if it does.
async fn stay(tx: &Tx, id: i64, fetched: Option<i64>) -> Result<runner::Model> {
    let runner = runners::present(tx, id).await?;
    let seconds = runners::stays(tx, id).await?;
    let (Some(_), Some(seconds)) = (runner.online_until, seconds) else { return Err(runners::not_registered()) };
    let change = runner::ActiveModel {
        id: Set(id),
        online_until: Set(Some(tx.now.plus_seconds(seconds))),
        last_heartbeat_at: Set(Some(tx.now)),
        fetched_job_id: Set(fetched.or(runner.fetched_job_id)),
        ..Default::default()
    };
    Ok(runner::Entity::update(change).exec(&tx.db).await?)
}

/// The job that the runner holds, without its parameters and results.
async fn held<C: ConnectionTrait>(db: &C, runner_id: i64, lock: bool) -> Result<Option<job::Model>> {
    let held: Select<job::Entity> =
        job::Entity::find().filter(job::Column::RunnerId.eq(runner_id)).filter(job::held()).filter(pushed());
    head(db, if lock { held.lock_exclusive() } else { held }).await
}

fn pushed() -> sea_orm::sea_query::SimpleExpr {
    job::Column::Pushed.eq(true)
}

/// The job that a word of its end is about. None when that comes too late; an event of the job that it must have been
/// about tells so.
async fn to_end(tx: &Tx, runner_id: i64) -> Result<Option<job::Model>> {
    let runner = runners::present(tx, runner_id).await?;
    runner.online_until.ok_or_else(runners::not_registered)?;
    let held = held(&tx.db, runner_id, true).await?;
    let fetched = runner.fetched_job_id;
    if let Some(job) = held.filter(|job| job.status == Status::Running || fetched == Some(job.id)) {
        let change = runner::ActiveModel { id: Set(runner_id), fetched_job_id: Set(None), ..Default::default() };
        runner::Entity::update(change).exec(&tx.db).await?;
        return Ok(Some(job));
    }
    if let Some(late) = fetched
        && let Some(job) = head(&tx.db, job::Entity::find_by_id(late).lock_exclusive()).await?
    {
        let told = format!("The runner {} sent a result after the job was taken back; it was not taken.", runner.name);
        change::transition(tx, &job, job.clone(), Some(told)).await?;
        let change = runner::ActiveModel { id: Set(runner_id), fetched_job_id: Set(None), ..Default::default() };
        runner::Entity::update(change).exec(&tx.db).await?;
    }
    Ok(None)
}
