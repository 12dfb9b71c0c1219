//! Figures about jobs, for `/metrics`. Every server that reads the same log counts the same events.

use std::time::Instant;

use entity::{event, job};
use metrics::{counter, describe_counter, describe_gauge, gauge};
use sea_orm::ConnectionTrait;

use crate::{app::App, db::raw, error::Result};

/// Says what the figures mean, once the recorder is there.
pub fn describe() {
    describe_counter!("docket_jobs_submitted_total", "Jobs accepted.");
    describe_counter!("docket_jobs_claimed_total", "Attempts given to runners.");
    describe_counter!("docket_jobs_finished_total", "Jobs that reached a final state, by state.");
    describe_counter!(
        "docket_leases_taken_back_total",
        "Leases that ended without a word from their worker, or ran too long."
    );
    describe_counter!("docket_server_probes_total", "Probes of other servers, by what came of them.");
    describe_gauge!(
        "docket_event_lag_seconds",
        "How long an unfinished transaction has held back the log of events; 0 while nothing does."
    );
    describe_gauge!("docket_jobs", "Jobs that wait (queued) and that runners hold (held), counted every few sweeps.");
}

pub(super) fn probed(well: bool) {
    counter!("docket_server_probes_total", "outcome" => if well { "active" } else { "failed" }).increment(1);
}

pub(super) fn taken_back() {
    counter!("docket_leases_taken_back_total").increment(1);
}

/// Notes for how long the log of events has been held back.
pub(super) fn held_back(since: Option<Instant>) {
    gauge!("docket_event_lag_seconds").set(since.map_or(0.0, |since| since.elapsed().as_secs_f64()));
}

/// Counts what an event of the log tells. The one reader of the log calls it, so that it does not matter which process
/// made the change.
pub(super) fn told(event: &event::Model) {
    if event.kind != event::Kind::StatusChanged || event.detail.from == event.detail.to {
        return;
    }
    let word = match event.detail.to {
        Some(job::Status::Queued | job::Status::Scheduled) if event.detail.from.is_none() => {
            return counter!("docket_jobs_submitted_total").increment(1);
        }
        Some(job::Status::Claimed) => return counter!("docket_jobs_claimed_total").increment(1),
        Some(job::Status::Succeeded) => "succeeded",
        Some(job::Status::Failed) => "failed",
        Some(job::Status::Cancelled) => "cancelled",
        Some(job::Status::Scheduled | job::Status::Queued | job::Status::Running) | None => return,
    };
    counter!("docket_jobs_finished_total", "status" => word).increment(1);
}

/// Counts the unfinished jobs. Reads an entry of a partial index for each, so it is not done at every sweep.
pub async fn count(app: &App) -> Result<()> {
    let counts = [
        ("queued", "SELECT COUNT(*) FROM job INDEXED BY job_claim WHERE status = 'queued' AND origin = 'submitted'"),
        ("held", "SELECT COUNT(*) FROM job INDEXED BY job_held WHERE lease_expires_at IS NOT NULL"),
    ];
    for (word, sql) in counts {
        let statement = raw(app.db.read().get_database_backend(), sql, []);
        let row = app.db.read().query_one_raw(statement).await?;
        let jobs: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        // A gauge is a float; a table has fewer rows than an i32 counts.
        gauge!("docket_jobs", "status" => word).set(i32::try_from(jobs).map_or(f64::MAX, f64::from));
    }
    Ok(())
}
