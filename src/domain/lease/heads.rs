//! Which waiting jobs come next.
//!
//! A queue is read from its head, straight from a partial index whose words the conditions repeat, so that the cost
//! depends on how many jobs are wanted and how many queues there are, and not on how many jobs wait. Where a service
//! limits what one user may run, its queues are read user by user: the cost grows with the users who wait there.

use entity::Time;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};

use super::queues::{Limited, Queue};
use crate::{db::raw, error::Result};

/// A job that waits, with what it is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub(super) struct Head {
    pub id: i64,
    pub priority: i32,
    pub run_after: Time,
}

impl Head {
    /// The most urgent first, then the longest waiting.
    pub fn order(&self) -> impl Ord + use<> {
        (-self.priority, self.run_after, self.id)
    }
}

/// The words of `job_claim` and `job_turn`.
const WAITS: &str = "waiting.status = 'queued' AND waiting.origin = 'submitted'";
pub(super) const FIRST: &str = "ORDER BY priority DESC, run_after, id";
/// Up to here each queue is a sub-select of its own, which is a little quicker; SQLite takes 500 of them at most.
const ARMS: usize = 8;

/// The first `most` jobs of each of these queues, in no order: a text and its values.
pub(super) fn heads(backend: DbBackend, queues: &[Queue], now: Time, most: i64, lock: bool) -> (String, Vec<Value>) {
    let (now, most) = (Value::from(now.0), Value::from(most));
    let services = || queues.iter().map(|queue| queue.service_id);
    let requirements = || queues.iter().map(|queue| queue.requirement_id);
    let of = |service: &str, requirement: &str| {
        format!(
            "FROM job AS waiting WHERE {WAITS} AND waiting.service_id = {service} \
             AND waiting.requirement_id = {requirement} AND waiting.run_after <= ? {FIRST} LIMIT ?"
        )
    };
    if backend == DbBackend::Postgres {
        // The limit is a value, so that the planner knows that it is small: for one that it cannot know it might sort
        // the whole queue.
        let head = of("queue.service_id", "queue.requirement_id");
        let lock = if lock { " FOR UPDATE SKIP LOCKED" } else { "" };
        let sql = format!(
            "SELECT head.id, head.priority, head.run_after \
             FROM unnest(?::bigint[], ?::bigint[]) AS queue(service_id, requirement_id) \
             CROSS JOIN LATERAL (SELECT id, priority, run_after {head}{lock}) AS head"
        );
        let (services, requirements): (Vec<i64>, Vec<i64>) = (services().collect(), requirements().collect());
        return (sql, vec![services.into(), requirements.into(), now, most]);
    }
    if queues.len() <= ARMS {
        let head = format!("SELECT * FROM (SELECT id, priority, run_after {})", of("?", "?"));
        let values = services().zip(requirements()).flat_map(|(service, requirement)| {
            [service.into(), requirement.into(), now.clone(), most.clone()] // in the order of the text
        });
        return (vec![head; queues.len()].join(" UNION ALL "), values.collect());
    }
    let head = of("queue.value ->> 0", "queue.value ->> 1");
    let sql = format!(
        "SELECT job.id, job.priority, job.run_after FROM json_each(?) AS queue \
         CROSS JOIN job ON job.id IN (SELECT id {head})"
    );
    let pairs: Vec<[i64; 2]> = queues.iter().map(|queue| [queue.service_id, queue.requirement_id]).collect();
    (sql, vec![serde_json::json!(pairs).to_string().into(), now, most])
}

/// The first `most` jobs of some queues, at least.
pub(super) async fn first_of<C: ConnectionTrait>(
    db: &C,
    queues: &[Queue],
    now: Time,
    most: i64,
    lock: bool,
) -> Result<Vec<Head>> {
    if queues.is_empty() || most <= 0 {
        return Ok(Vec::new());
    }
    let backend = db.get_database_backend();
    let (sql, values) = heads(backend, queues, now, most, lock);
    Ok(Head::find_by_statement(raw(backend, &sql, values)).all(db).await?)
}

/// The first `most` jobs of a service that has a limit, as far as its limits let them run now. Nobody else may give out
/// its jobs meanwhile, or they would be counted twice.
pub(super) async fn first_within<C: ConnectionTrait>(
    db: &C,
    service: &Limited,
    now: Time,
    most: i64,
) -> Result<Vec<Head>> {
    let most = match service.max_running {
        None => most,
        Some(limit) => most.min(i64::from(limit) - held(db, service.service_id).await?),
    };
    if most <= 0 {
        return Ok(Vec::new());
    }
    let Some(limit) = service.max_running_per_user else {
        let queue = |id: &i64| Queue { service_id: service.service_id, requirement_id: *id };
        let queues: Vec<Queue> = service.requirement_ids.iter().map(queue).collect();
        // So many of each set of labels; the limit is the service's.
        let mut first = first_of(db, &queues, now, most, false).await?;
        first.sort_by_key(Head::order);
        first.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        return Ok(first);
    };
    Ok(Head::find_by_statement(by_users(db.get_database_backend(), service, limit, now, most)).all(db).await?)
}

/// How many of a service's jobs runners hold.
pub(in crate::domain) async fn held<C: ConnectionTrait>(db: &C, service_id: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM job WHERE service_id = ? AND lease_expires_at IS NOT NULL";
    let row = db.query_one_raw(raw(db.get_database_backend(), sql, [service_id.into()])).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

/// Goes from owner to owner of the waiting jobs by the index, takes the head of each one's queue, and of those heads the
/// first, of each owner as many as it may still run.
fn by_users(backend: DbBackend, service: &Limited, limit: i32, now: Time, most: i64) -> Statement {
    let next = |of: &str| {
        format!(
            "(SELECT MIN(owner_id) FROM job AS waiting INDEXED BY job_turn \
             WHERE {WAITS} AND waiting.service_id = ? AND waiting.requirement_id = {of})"
        )
    };
    let (first, other) = (next("queue.id"), next("turn.queue_id AND waiting.owner_id > turn.owner_id"));
    let head = format!(
        "FROM job AS waiting INDEXED BY job_turn WHERE {WAITS} AND waiting.service_id = ? \
         AND waiting.requirement_id = turn.queue_id AND waiting.owner_id = turn.owner_id AND waiting.run_after <= ? \
         {FIRST} LIMIT ?"
    );
    let (queue, head) = if backend == DbBackend::Postgres {
        let columns = "waiting.id, waiting.owner_id, waiting.priority, waiting.run_after";
        ("unnest(?::bigint[]) AS queue(id)", format!("LATERAL (SELECT {columns} {head}) AS job"))
    } else {
        ("(SELECT value AS id FROM json_each(?)) AS queue", format!("job ON job.id IN (SELECT id {head})"))
    };
    let sql = format!(
        "WITH RECURSIVE turn(queue_id, owner_id) AS (SELECT queue.id, {first} FROM {queue} \
             UNION ALL SELECT turn.queue_id, {other} FROM turn WHERE turn.owner_id IS NOT NULL), \
         head AS (SELECT job.id, job.owner_id, job.priority, job.run_after, \
             ROW_NUMBER() OVER (PARTITION BY job.owner_id ORDER BY job.priority DESC, job.run_after, job.id) AS place \
             FROM turn CROSS JOIN {head}) \
         SELECT id, priority, run_after FROM head WHERE place <= ? - (SELECT COUNT(*) FROM job \
             WHERE job.service_id = ? AND job.owner_id = head.owner_id AND job.lease_expires_at IS NOT NULL) \
         {FIRST} LIMIT ?"
    );
    let ids = service.requirement_ids.clone();
    let ids: Value =
        if backend == DbBackend::Postgres { ids.into() } else { serde_json::json!(ids).to_string().into() };
    let (id, limit) = (Value::from(service.service_id), Value::from(i64::from(limit)));
    let of_one = most.min(i64::from(service.max_running_per_user.unwrap_or(i32::MAX)));
    let values = [id.clone(), ids, id.clone(), id.clone(), now.0.into(), of_one.into(), limit, id, most.into()];
    raw(backend, &sql, values)
}
