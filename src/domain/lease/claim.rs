//! Claiming work.

use std::time::Duration;

use entity::{Time, event, job};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use tokio::{sync::broadcast::error::RecvError, time::Instant};
use uuid::Uuid;

use super::Ticket;
use crate::{
    app::App,
    db::Tx,
    domain::{check::Faults, event as log, runner, service},
    error::Result,
    infra::secret,
    viewer::Viewer,
};

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
    let services = if claim.service_ids.is_empty() {
        runner::service_ids(app, runner_id).await?
    } else {
        // A runner's finder shows only the services that it works for.
        let named = service::get_all(app, viewer, "serviceIds", &claim.service_ids).await?;
        named.into_iter().map(|service| service.id).collect()
    };
    let until = Instant::now() + Duration::from_secs(u64::try_from(claim.wait_seconds).unwrap_or(0));
    let mut news = app.events.subscribe();
    loop {
        // A stopping server gives out no work, and fails no worker for asking: the next server will answer.
        if app.shutdown.is_cancelled() {
            return Ok(Vec::new());
        }
        let leases = take(app, runner_id, &services, claim.max).await?;
        if !leases.is_empty() || Instant::now() >= until {
            return Ok(leases);
        }
        wait_for_work(app, &mut news, &services, until).await?;
        if Instant::now() >= until {
            return Ok(Vec::new());
        }
    }
}

/// Returns when a job of one of `services` may be there, when `until` has come, or when the server stops.
async fn wait_for_work(
    app: &App,
    news: &mut tokio::sync::broadcast::Receiver<std::sync::Arc<event::Model>>,
    services: &[i64],
    until: Instant,
) -> Result<()> {
    loop {
        let look_again = until.min(Instant::now() + LOOK_AGAIN);
        tokio::select! {
            () = app.shutdown.cancelled() => return Ok(()),
            event = news.recv() => match event {
                Ok(event) if event.detail.to == Some(job::Status::Queued) && services.contains(&event.service_id) => {}
                Ok(_) => continue,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
            () = tokio::time::sleep_until(look_again) => {}
        }
        // Many workers wait for the same job; asking a reader first spares the writer all but the race's winners.
        if Instant::now() >= until || any_waiting(app, services).await? {
            return Ok(());
        }
    }
}

async fn any_waiting(app: &App, services: &[i64]) -> Result<bool> {
    let now = app.clock.now_micros();
    for service_id in services {
        let statement = Statement::from_sql_and_values(
            app.db.read().get_database_backend(),
            "SELECT 1 FROM job WHERE status = 'queued' AND service_id = ? AND run_after <= ? \
             ORDER BY priority DESC, run_after, id LIMIT 1",
            [Value::from(*service_id), Value::from(now)],
        );
        if app.db.read().query_one_raw(statement).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn take(app: &App, runner_id: i64, services: &[i64], max: i32) -> Result<Vec<Lease>> {
    if services.is_empty() {
        return Ok(Vec::new());
    }
    let secret = secret::random_bytes::<32>();
    let input = (runner_id, services.to_vec(), max, secret, app.clone());
    let jobs = app
        .db
        .write(input, |tx, (runner_id, services, max, secret, app)| {
            Box::pin(async move {
                app.seen.note(tx, *runner_id).await?;
                take_rows(tx, *runner_id, services, *max, &Ticket::hash(secret)).await
            })
        })
        .await?;
    let lease = |job: job::Model| Lease { token: Ticket { job_id: job.id, attempt: job.attempt, secret }.text(), job };
    Ok(jobs.into_iter().map(lease).collect())
}

async fn take_rows(tx: &Tx, runner_id: i64, services: &[i64], max: i32, hash: &[u8; 32]) -> Result<Vec<job::Model>> {
    let statement = Statement::from_sql_and_values(
        tx.db.get_database_backend(),
        claim_sql(services.len()),
        claim_values(tx.now, runner_id, services, max, hash),
    );
    let mut jobs = job::Model::find_by_statement(statement).all(&tx.db).await?;
    // RETURNING has no order of its own.
    jobs.sort_by_key(|job| (-job.priority, job.run_after, job.id));
    let events = jobs.iter().map(|job| {
        let detail = event::Detail { from: Some(job::Status::Queued), to: Some(job.status), ..Default::default() };
        (job, event::Kind::StatusChanged, detail)
    });
    log::append_all(tx, events.collect()).await?;
    Ok(jobs)
}

/// One statement takes the rows and makes them the runner's.
///
/// Each service contributes the head of its own queue straight from the partial index `job_claim`, already in order,
/// so that the cost depends on `max` and the number of services, and on nothing else.
fn claim_sql(services: usize) -> String {
    let head = "SELECT * FROM (SELECT id, priority, run_after FROM job WHERE status = 'queued' AND service_id = ? \
                AND run_after <= ? ORDER BY priority DESC, run_after, id LIMIT ?)";
    let heads = vec![head; services].join(" UNION ALL ");
    format!(
        "UPDATE job SET status = 'claimed', attempt = attempt + 1, revision = revision + 1, runner_id = ?, \
         lease_hash = ?, lease_expires_at = ? + lease_seconds * 1000000, claimed_at = ?, updated_at = ? \
         WHERE id IN (SELECT id FROM ({heads}) ORDER BY priority DESC, run_after, id \
         LIMIT MAX(0, MIN(?, COALESCE((SELECT slots FROM runner WHERE id = ?), 0) \
         - (SELECT COUNT(*) FROM job WHERE runner_id = ? AND status IN ('claimed', 'running'))))) RETURNING *"
    )
}

fn claim_values(now: Time, runner_id: i64, services: &[i64], max: i32, hash: &[u8; 32]) -> Vec<Value> {
    let mut values: Vec<Value> = vec![runner_id.into(), hash.to_vec().into(), now.0.into(), now.0.into(), now.0.into()];
    for service_id in services {
        values.extend([Value::from(*service_id), now.0.into(), max.into()]);
    }
    values.extend([Value::from(max), runner_id.into(), runner_id.into()]);
    values
}
