//! The end of an attempt: done, failed, or handed back.

use entity::{
    Time,
    job::{self, Columns, Part},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use super::{Ticket, counted_to, ended, held, held_now, requeued};
use crate::{
    app::App,
    db::Tx,
    domain::{
        check::{Faults, LINE, TEXT},
        job::change,
        schema, service,
    },
    error::{Error, FieldError, Result},
    viewer::Viewer,
};

/// What a worker says when it cannot finish a job.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Whose fault: the input's (`User`) or the worker's (`System`).
    pub kind: job::FailureKind,
    /// The worker's own code, at most [`LINE`] characters.
    pub code: Option<String>,
    /// What went wrong, for the owner to read; 1 to [`TEXT`] characters.
    pub message: String,
    /// Whether another attempt may help.
    pub retryable: bool,
}

/// Finishes a job with its results.
///
/// Results that break the service's schema end the job FAILED with kind RESULT_INVALID and are kept as they came: the
/// returned job says so. Fails with LEASE_LOST, changing nothing, when the lease is not (or no longer) the job's.
pub async fn complete(app: &App, viewer: &Viewer, lease_token: &str, results: Value) -> Result<job::Model> {
    let runner = viewer.require_runner()?.clone();
    let ticket = Ticket::parse(lease_token)?;
    let bound = app.config.jobs.results_bytes;
    let size = crate::domain::json_size(&results);
    let mut faults = Faults::default();
    if size > bound {
        faults.add("results", format!("{size} bytes of JSON are too many; at most {bound} are taken."));
    }
    faults.into_result()?;
    // Checking a large result takes a while: it happens before the write, not inside it.
    let job = held_now(app, &ticket, &runner).await?;
    let version = job.service_version_id.ok_or_else(|| Error::internal("a held job has no service"))?;
    let validator = service::validator(app, version, schema::Part::Results).await?;
    let violations = validator.validate(&results, "results").err().unwrap_or_default();
    let invalid = (!violations.is_empty()).then(|| describe(&violations));
    let input = (runner, ticket, results, invalid);
    app.db
        .write(input, |tx, (runner, ticket, results, invalid)| {
            Box::pin(async move {
                let before = held(tx, ticket, runner).await?;
                let status = if invalid.is_some() { job::Status::Failed } else { job::Status::Succeeded };
                let after = job::Model {
                    results: Some(results.clone().into()),
                    progress: if invalid.is_some() { before.progress } else { Some(1.0) },
                    failure_kind: invalid.as_ref().map(|_| job::FailureKind::ResultInvalid),
                    failure_message: invalid.clone(),
                    ..ended(&counted_to(&before, tx.now), status, tx.now)
                };
                change::transition(tx, &before, after, None).await
            })
        })
        .await
}

/// The violations in one text that a person can read, at most [`TEXT`] characters.
fn describe(violations: &[FieldError]) -> String {
    let lines: Vec<String> = violations.iter().map(|fault| format!("{}: {}", fault.path, fault.message)).collect();
    lines.join("\n").chars().take(TEXT).collect()
}

/// Ends an attempt that failed. A retryable failure goes back to the queue with a growing delay while attempts are
/// left; after a request to cancel it ends CANCELLED.
pub async fn fail(app: &App, viewer: &Viewer, lease_token: &str, failure: Failure) -> Result<job::Model> {
    let runner = viewer.require_runner()?.clone();
    let mut faults = Faults::default();
    faults.length("message", &failure.message, 1, TEXT);
    if let Some(code) = &failure.code {
        faults.line("code", code, 1, LINE);
    }
    if !matches!(failure.kind, job::FailureKind::User | job::FailureKind::System) {
        faults.add("kind", "A worker reports USER or SYSTEM; the other kinds are docket's own.");
    }
    faults.into_result()?;
    let ticket = Ticket::parse(lease_token)?;
    let backoff = i64::from(app.config.jobs.backoff_seconds);
    app.db
        .write((runner, ticket, failure, backoff), |tx, (runner, ticket, failure, backoff)| {
            Box::pin(async move {
                let before = held(tx, ticket, runner).await?;
                let after = after_failure(&counted_to(&before, tx.now), failure, tx.now, *backoff);
                change::transition(tx, &before, after, Some(short(&failure.message))).await
            })
        })
        .await
}

/// An event's message is bounded more tightly than a failure's.
fn short(message: &str) -> String {
    message.chars().take(crate::domain::check::MESSAGE).collect()
}

/// Where a job goes when an attempt failed: cancelled if that was asked for, back to the queue if that may help and
/// attempts are left, else to its end.
pub(super) fn after_failure(job: &job::Model, failure: &Failure, now: Time, backoff_seconds: i64) -> job::Model {
    if job.cancel_requested {
        return ended(job, job::Status::Cancelled, now);
    }
    if failure.retryable && attempts_left(job) {
        return backed_off(job, now, backoff_seconds);
    }
    job::Model {
        failure_kind: Some(failure.kind),
        failure_code: failure.code.clone(),
        failure_message: Some(failure.message.clone()),
        ..ended(job, job::Status::Failed, now)
    }
}

/// Back in the queue after `backoff_seconds`, doubled for each time before, a day at most.
pub(super) fn backed_off(job: &job::Model, now: Time, backoff_seconds: i64) -> job::Model {
    let doublings = u32::try_from(job.backoffs).unwrap_or(0).min(20);
    let delay = backoff_seconds.saturating_mul(1 << doublings).min(86_400);
    job::Model { backoffs: job.backoffs.saturating_add(1), ..requeued(job, now.plus_seconds(delay)) }
}

/// Attempts that a worker handed back unharmed do not count.
pub(super) fn attempts_left(job: &job::Model) -> bool {
    job.max_attempts.is_none_or(|most| job.attempt - job.releases < most)
}

/// Hands a job back unharmed: it goes to the queue at once and the attempt does not count, nor does its time. After a
/// request to cancel it ends CANCELLED.
pub async fn release(app: &App, viewer: &Viewer, lease_token: &str) -> Result<job::Model> {
    let runner = viewer.require_runner()?.clone();
    let ticket = Ticket::parse(lease_token)?;
    app.db
        .write((runner, ticket), |tx, (runner, ticket)| {
            Box::pin(async move {
                let before = held(tx, ticket, runner).await?;
                hand_back(tx, &before).await
            })
        })
        .await
}

/// Hands back everything that a runner holds.
pub(in crate::domain) async fn release_all(tx: &Tx, runner_id: i64) -> Result<()> {
    let held = job::Entity::find().filter(job::Column::RunnerId.eq(runner_id)).filter(job::held());
    let held = held.order_by_asc(job::Column::Id).lock_exclusive();
    let mut held: Vec<Part> = Columns::head().select(held).into_model().all(&tx.db).await?;
    // Accounts are locked in the order of their numbers, so that no two transactions wait for each other.
    held.sort_by_key(|part| part.row.account_id);
    for part in held {
        hand_back(tx, &part.row).await?;
    }
    Ok(())
}

async fn hand_back(tx: &Tx, before: &job::Model) -> Result<job::Model> {
    let after = if before.cancel_requested {
        ended(&counted_to(before, tx.now), job::Status::Cancelled, tx.now)
    } else {
        job::Model { releases: before.releases + 1, ..requeued(before, tx.now) }
    };
    change::transition(tx, before, after, Some("The worker handed the job back.".into())).await
}
