//! Taking back what dead workers hold, and ending what runs too long.

use std::time::Duration;

use entity::{Time, job};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType},
};

use super::{
    assign_waiting, counted, counted_to,
    finish::{Failure, after_failure, attempts_left},
    requeued,
};
use crate::{
    app::App,
    db::Tx,
    domain::{
        account::reserve,
        audit,
        due::Due,
        event, file,
        job::{self as jobs, change},
        limit, mail, meter, oauth, one_time_token, session as sessions, user as users,
    },
    error::{Error, Result},
};

/// Sweeps between two counts of the unfinished jobs.
const COUNT_EVERY: u64 = 3;

/// Sweeps every `jobs.sweep_seconds` until the server stops. What is in dead hands comes first, and nothing that fails
/// keeps the rest from its turn.
pub async fn keep_sweeping(app: App) {
    let pause = Duration::from_secs(u64::from(app.config.jobs.sweep_seconds));
    for round in 0_u64.. {
        if let Err(error) = sweep(&app).await {
            tracing::warn!(?error, "the sweep failed; the next one tries again");
        }
        if let Err(error) = promote(&app).await {
            tracing::warn!(?error, "jobs whose time has come were not queued; the next sweep tries again");
        }
        if let Err(error) = assign_waiting(&app).await {
            tracing::warn!(?error, "jobs were not assigned to idle runners; the next sweep tries again");
        }
        if let Err(error) = file::sweep(&app).await {
            tracing::warn!(?error, "old files were not removed; the next sweep tries again");
        }
        if let Err(error) = users::sweep(&app).await {
            tracing::warn!(?error, "what users left behind was not removed; the next sweep tries again");
        }
        if let Err(error) = tidy(&app).await {
            tracing::warn!(?error, "old rows were not removed; the next sweep tries again");
        }
        if round.is_multiple_of(COUNT_EVERY)
            && let Err(error) = meter::count(&app).await
        {
            tracing::warn!(?error, "the unfinished jobs cannot be counted");
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Queues the jobs whose moment has come; says how many those were.
pub async fn promote(app: &App) -> Result<usize> {
    jobs::promote(app).await
}

/// Takes back every expired lease and ends every attempt past its time; says how many jobs that were.
pub async fn sweep(app: &App) -> Result<usize> {
    let backoff = i64::from(app.config.jobs.backoff_seconds);
    OVERDUE
        .each(app, |id| async move {
            let taken = app.db.write((id, backoff), |tx, (id, backoff)| Box::pin(take_back(tx, *id, *backoff))).await?;
            if taken {
                meter::taken_back();
            }
            Ok(taken)
        })
        .await
}

/// Straight from the index of held jobs: the planner would rather read the table in the order of ids.
const OVERDUE: Due = Due {
    what: "a held job",
    sql: "SELECT id, lease_expires_at FROM job INDEXED BY job_held WHERE lease_expires_at IS NOT NULL \
          AND (lease_expires_at <= ? OR claimed_at + max_run_seconds * CAST(1000000 AS BIGINT) <= ?) \
          AND (lease_expires_at, id) > (?, ?) ORDER BY lease_expires_at, id LIMIT ?",
    moments: 2,
};

/// A lease that ended without a word, or an attempt that has run for too long.
fn overdue(now: Time) -> Condition {
    let too_long =
        Expr::col(job::Column::ClaimedAt).add(Expr::col(job::Column::MaxRunSeconds).mul(1_000_000_i64)).lte(now.0);
    Condition::all().add(job::held()).add(Condition::any().add(job::Column::LeaseExpiresAt.lte(now)).add(too_long))
}

/// Whether it was there to be taken back. Every server sweeps: what another one has in its hands is left to it.
async fn take_back(tx: &Tx, id: i64, backoff: i64) -> Result<bool> {
    // A heartbeat or a result may have come between the look and this transaction.
    let due = job::Entity::find_by_id(id).filter(overdue(tx.now));
    let due = due.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let Some(job) = jobs::head(&tx.db, due).await? else { return Ok(false) };
    let lost = job.lease_expires_at.is_some_and(|end| end <= tx.now);
    let (after, message) = if lost { lose(&job, tx.now, backoff) } else { time_out(&job, tx.now, backoff) };
    change::transition(tx, &job, after, Some(message)).await?;
    Ok(true)
}

/// The first loss may be a worker that was restarted: it goes back at once. Later ones may be the job's doing, unless it is
/// assigned to workers that did not ask for it.
fn lose(job: &job::Model, now: Time, backoff: i64) -> (job::Model, String) {
    // It ran at most to the end of its lease, and not at all if its worker never spoke.
    let until = job.lease_expires_at.map_or(now, |end| Ord::min(end, now));
    let job = job::Model { losses: job.losses + 1, ..counted(job, job.running_since, until) };
    let message = format!("The worker was not heard of for {} s; its lease ended.", job.lease_seconds);
    let failure = Failure { kind: job::FailureKind::Lost, code: None, message: message.clone(), retryable: true };
    let after = if job.cancel_requested || !attempts_left(&job) || job.losses > 1 && !job.pushed {
        after_failure(&job, &failure, now, backoff)
    } else {
        requeued(&job, now)
    };
    (after, message)
}

fn time_out(job: &job::Model, now: Time, backoff: i64) -> (job::Model, String) {
    let message = format!("The attempt ran longer than {} s.", job.max_run_seconds.unwrap_or_default());
    let retryable = job.retry_timeouts;
    let failure = Failure { kind: job::FailureKind::Timeout, code: None, message: message.clone(), retryable };
    (after_failure(&counted_to(job, now), &failure, now, backoff), message)
}

/// Removes events past their retention, and what has ended long ago of sessions and one-time tokens.
async fn tidy(app: &App) -> Result<()> {
    let once = async || {
        let old = event::prune(app).await? + audit::prune(app).await? + mail::prune(app).await?;
        let old = old + limit::prune(app).await? + oauth::prune(app).await?;
        Ok::<u64, Error>(old + reserve::prune(app).await?)
    };
    while once().await? > 0 {
        if app.shutdown.is_cancelled() {
            return Ok(());
        }
    }
    one_time_token::prune(app).await?;
    sessions::prune(app).await
}
