//! Claiming work.

use std::time::Duration;

use entity::{Time, event, job};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use tokio::{sync::broadcast::error::RecvError, time::Instant};
use uuid::Uuid;

use super::Ticket;
use crate::{
    app::App,
    db::{Tx, raw},
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
                Ok(event) if event.detail.to == Some(job::Status::Queued) && event.service_id.is_some_and(|id| services.contains(&id)) => {}
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
        let statement = raw(
            app.db.read().get_database_backend(),
            "SELECT 1 FROM job WHERE status = 'queued' AND gate IN ('open', 'admitted') AND service_id = ? \
             AND requirement_id = 0 AND run_after <= ? \
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
    let sign = app.seen.sign(runner_id, app.clock.now_micros());
    let input = (runner_id, services.to_vec(), max, secret, sign);
    let jobs = app
        .db
        .write(input, |tx, (runner_id, services, max, secret, sign)| {
            Box::pin(async move {
                sign.note(tx).await?;
                take_rows(tx, *runner_id, services, *max, &Ticket::hash(secret)).await
            })
        })
        .await?;
    app.seen.remember(sign);
    let lease = |job: job::Model| Lease { token: Ticket { job_id: job.id, attempt: job.attempt, secret }.text(), job };
    Ok(jobs.into_iter().map(lease).collect())
}

async fn take_rows(tx: &Tx, runner_id: i64, services: &[i64], max: i32, hash: &[u8; 32]) -> Result<Vec<job::Model>> {
    let taken = Taken { now: tx.now, runner_id, services, max, hash };
    let statement = match tx.db.get_database_backend() {
        DbBackend::Postgres => {
            // Two claims of one runner must not fill the same slot: the second waits here, and the statement that takes
            // the rows counts what the first took.
            let free = runner::hold(tx, runner_id).await?.unwrap_or(0).min(i64::from(max));
            if free <= 0 {
                return Ok(Vec::new());
            }
            taken.postgres(free)
        }
        _ => taken.sqlite(),
    };
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

/// The statement that takes the rows and makes them the runner's.
///
/// Each service contributes the head of its own queue straight from the partial index `job_claim`, already in order,
/// so that the cost depends on `max` and the number of services, and on nothing else.
struct Taken<'a> {
    now: Time,
    runner_id: i64,
    services: &'a [i64],
    max: i32,
    hash: &'a [u8; 32],
}

const TAKE: &str = "UPDATE job SET status = 'claimed', attempt = attempt + 1, revision = revision + 1, runner_id = ?, \
                    lease_hash = ?, lease_expires_at = ? + lease_seconds * CAST(1000000 AS BIGINT), claimed_at = ?, \
                    updated_at = ? WHERE id IN";
const HELD: &str = "(SELECT COUNT(*) FROM job WHERE runner_id = ? AND lease_expires_at IS NOT NULL)";
/// The head of a queue is read from `job_claim`, whose words these are.
const WAITS: &str = "job.status = 'queued' AND job.gate IN ('open', 'admitted') AND job.requirement_id = 0";
const FIRST: &str = "ORDER BY priority DESC, run_after, id";

impl Taken<'_> {
    /// One writer: nobody else can take the rows meanwhile.
    fn sqlite(&self) -> Statement {
        let head = format!(
            "SELECT * FROM (SELECT id, priority, run_after FROM job WHERE {WAITS} AND service_id = ? AND run_after <= ? \
             {FIRST} LIMIT ?)"
        );
        let heads = vec![head; self.services.len()].join(" UNION ALL ");
        let sql = format!(
            "{TAKE} (SELECT id FROM ({heads}) {FIRST} \
             LIMIT MAX(0, MIN(?, COALESCE((SELECT slots FROM runner WHERE id = ?), 0) - {HELD}))) RETURNING *"
        );
        let mut values = self.change();
        for service_id in self.services {
            values.extend([Value::from(*service_id), self.now.0.into(), self.max.into()]);
        }
        values.extend([Value::from(self.max), self.runner_id.into(), self.runner_id.into()]);
        Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
    }

    /// Claims run side by side, so that each passes over the rows that others are taking. Everything stands in
    /// materialised CTEs: inlined, the planner may run a limited sub-select more than once, and take more than `max`.
    ///
    /// Each queue's head is locked as it is read, at most `free` rows of it; of several queues, those that are not the
    /// very first are let go again at the commit. The limit is a value, so that the planner knows that it is small:
    /// for one that it cannot know it might sort the whole queue.
    fn postgres(&self, free: i64) -> Statement {
        let sql = format!(
            "WITH room AS MATERIALIZED (SELECT GREATEST(0, LEAST(?::bigint, \
                 (SELECT slots FROM runner WHERE id = ?) - {HELD})) AS jobs), \
             heads AS MATERIALIZED (SELECT head.id, head.priority, head.run_after \
                 FROM unnest(?::bigint[]) AS service(id) CROSS JOIN LATERAL (SELECT id, priority, run_after \
                     FROM job WHERE {WAITS} AND job.service_id = service.id AND run_after <= ? \
                     {FIRST} LIMIT ? FOR UPDATE SKIP LOCKED) AS head), \
             first AS MATERIALIZED (SELECT id FROM heads {FIRST} LIMIT (SELECT jobs FROM room)) \
             {TAKE} (SELECT id FROM first) RETURNING job.*"
        );
        let most = [free.into(), self.runner_id.into(), self.runner_id.into()];
        let queues = [self.services.to_vec().into(), self.now.0.into(), free.into()];
        let values = most.into_iter().chain(queues).chain(self.change());
        raw(DbBackend::Postgres, &sql, values)
    }

    /// The values of [`TAKE`].
    fn change(&self) -> Vec<Value> {
        let now = self.now.0;
        vec![self.runner_id.into(), self.hash.to_vec().into(), now.into(), now.into(), now.into()]
    }
}
