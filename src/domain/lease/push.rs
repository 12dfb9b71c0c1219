//! Assigning jobs to runners, for services that do not wait for runners to ask.
//!
//! Whatever makes a job wait, or a runner idle, ends with a look for a match, in the same transaction: no job waits
//! beside a runner that could have it. For that these looks must not run side by side. On SQLite nothing does; on
//! PostgreSQL each begins with one lock of the whole database, and sees what the one before it has committed. It is the
//! last lock that a transaction takes: who holds it waits for nobody, since jobs that others have in their hands are
//! passed over (their change ends with a look of its own) and runners are only read.

use entity::{Time, job, runner};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, Value};

use super::{Ticket, queues::Queues, take::Taker};
use crate::{
    app::App,
    db::{Tx, raw},
    domain::runner::{self as runners, WORKS},
    error::{Error, Result},
    infra::secret,
};

/// The number of the lock among PostgreSQL's advisory locks: `docket` and `push` in ASCII, each cut to four letters.
const LOCK: i64 = 0x646f_636b_7075_7368;
/// Rounds that one look takes at most. What is left then is looked for by the next sweep.
const ROUNDS: usize = 1_000;

/// Whether a job of a service waits that might be given to a runner now.
const WAITS: &str = "SELECT 1 FROM job AS waiting WHERE waiting.status = 'queued' AND waiting.origin = 'submitted' \
                     AND waiting.service_id = ? AND waiting.run_after <= ? LIMIT 1";
/// Where runners of a service are there, may work and hold nothing.
const FREE: &str = "FROM runner_service JOIN runner ON runner.id = runner_service.runner_id \
                    WHERE runner.online_until > ? AND NOT EXISTS \
                        (SELECT 1 FROM job WHERE job.runner_id = runner.id AND job.lease_expires_at IS NOT NULL)";

/// The free runners of a service, the longest idle first.
fn idle() -> String {
    format!(
        "SELECT runner.id, runner.online_until {FREE} AND {WORKS} AND runner_service.service_id = ? \
         ORDER BY runner.idle_since, runner.id"
    )
}

/// The services of which jobs wait beside free runners.
fn unmatched() -> String {
    format!(
        "SELECT service.id FROM service WHERE service.dispatch = 'push' AND EXISTS \
         (SELECT 1 FROM job AS waiting WHERE waiting.status = 'queued' AND waiting.origin = 'submitted' \
             AND waiting.service_id = service.id AND waiting.run_after <= ?) AND EXISTS \
         (SELECT 1 {FREE} AND {WORKS} AND runner_service.service_id = service.id)"
    )
}

/// A runner that is there.
#[derive(Clone, Copy, Debug, FromQueryResult)]
struct Idle {
    id: i64,
    online_until: i64,
}

/// A new job, with a runner if one is idle.
pub(in crate::domain) async fn assign_new(tx: &Tx, job: job::Model) -> Result<job::Model> {
    if job.pushed && job.status == job::Status::Queued { with_runner(tx, job).await } else { Ok(job) }
}

/// Looks for matches after a change of a job that is assigned: it waits, or its runner is free of it. Returns the job,
/// which may have a runner by then.
pub(in crate::domain) async fn assign_after(tx: &Tx, before: &job::Model, after: job::Model) -> Result<job::Model> {
    let let_go = before.status.is_held() && !after.status.is_held();
    if let_go && let Some(runner_id) = before.runner_id {
        runners::note_idle(tx, runner_id).await?;
    }
    let after = if let_go || after.status == job::Status::Queued { with_runner(tx, after).await? } else { after };
    // It may work for other services, whose jobs nobody else could have.
    if let_go && let Some(runner_id) = before.runner_id {
        assign_to(tx, runner_id).await?;
    }
    Ok(after)
}

async fn with_runner(tx: &Tx, job: job::Model) -> Result<job::Model> {
    let service_id = job.service_id.ok_or_else(|| Error::internal("a job that is assigned has no service"))?;
    let given = assign(tx, service_id).await?;
    Ok(given.into_iter().find(|given| given.id == job.id).unwrap_or(job))
}

/// Keeps other looks for matches away until this transaction ends. Returns the moment by which to judge what is due: a
/// job that was submitted while this one waited for the lock is younger than [`Tx::now`], and whoever submitted it has
/// looked for a runner already.
pub(in crate::domain) async fn alone(tx: &Tx) -> Result<Time> {
    if tx.db.get_database_backend() != DbBackend::Postgres {
        return Ok(tx.now);
    }
    tx.db.execute_raw(raw(DbBackend::Postgres, "SELECT pg_advisory_xact_lock(?)", [LOCK.into()])).await?;
    Ok(tx.later())
}

/// Gives the waiting jobs of a service to its idle runners; those that were given.
async fn assign(tx: &Tx, service_id: i64) -> Result<Vec<job::Model>> {
    let now = alone(tx).await?;
    let backend = tx.db.get_database_backend();
    let values = || [Value::from(service_id), Value::from(now.0)];
    let mut given = Vec::new();
    if tx.db.query_one_raw(raw(backend, WAITS, values())).await?.is_none() {
        return Ok(given);
    }
    let idle = raw(backend, &idle(), [Value::from(now.0), Value::from(service_id)]);
    for runner in Idle::find_by_statement(idle).all(&tx.db).await?.into_iter().take(ROUNDS) {
        if let Some(job) = give(tx, runner, now).await? {
            given.push(job);
            if tx.db.query_one_raw(raw(backend, WAITS, values())).await?.is_none() {
                break;
            }
        }
    }
    Ok(given)
}

/// Gives a runner that is there and holds nothing the next job of all services that assign it jobs.
pub(in crate::domain) async fn assign_to(tx: &Tx, runner_id: i64) -> Result<Option<job::Model>> {
    let now = alone(tx).await?;
    let runner = runner::Entity::find_by_id(runner_id).filter(runner::Column::OnlineUntil.gt(now));
    let Some(online_until) = runner.one(&tx.db).await?.and_then(|runner| runner.online_until) else { return Ok(None) };
    give(tx, Idle { id: runner_id, online_until: online_until.0 }, now).await
}

/// The lease is its runner's time to be there: both end together. Nobody knows the lease's secret until the runner
/// fetches the job, which draws another.
async fn give(tx: &Tx, runner: Idle, now: Time) -> Result<Option<job::Model>> {
    let queues = Queues::assigned_to(tx, runner.id).await?;
    let taker = Taker { runner_id: runner.id, hash: &Ticket::hash(&secret::random_bytes()), now };
    let Some(job) = taker.give(tx, &queues).await? else { return Ok(None) };
    let lease_expires_at = Some(Time(runner.online_until));
    let change = job::ActiveModel { lease_expires_at: sea_orm::Set(lease_expires_at), ..Default::default() };
    job::Entity::update_many().set(change).filter(job::Column::Id.eq(job.id)).exec(&tx.db).await?;
    Ok(Some(job::Model { lease_expires_at, ..job }))
}

/// Ends the registration of runners that were not heard of in time, and gives out what waits beside idle runners all the
/// same: a job whose delay has ended, or that was locked when it was looked for, and runners whose owner may work again. Says how many jobs that were. Their own
/// jobs are taken back by [`super::sweep()`].
pub async fn assign_waiting(app: &App) -> Result<usize> {
    runners::drop_silent(app).await?;
    let (db, now) = (app.db.read(), Value::from(app.clock.now_micros()));
    let mut given = 0;
    for row in db.query_all_raw(raw(db.get_database_backend(), &unmatched(), [now.clone(), now])).await? {
        let service_id: i64 = row.try_get_by_index(0)?;
        given += app.db.write(service_id, |tx, id| Box::pin(async move { Ok(assign(tx, *id).await?.len()) })).await?;
    }
    Ok(given)
}
