//! Giving jobs to a runner.
//!
//! Where no service has a limit that is one statement: an UPDATE over the heads of the queues. Limits are counted in the
//! transaction that gives the jobs out, and stored nowhere, so that nothing can go stale.

use entity::{Time, event, job, service};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    Statement, Value, sea_query::LockType,
};

use super::{
    heads::{FIRST, Head, first_of, first_within, heads},
    queues::{Limited, Queue, Queues},
};
use crate::{
    db::{Tx, raw},
    domain::{event as log, runner},
    error::Result,
};

const TAKE: &str = "UPDATE job SET status = 'claimed', attempt = attempt + 1, revision = revision + 1, runner_id = ?, \
                    lease_hash = ?, lease_expires_at = ? + lease_seconds * CAST(1000000 AS BIGINT), claimed_at = ?, \
                    updated_at = ? WHERE id IN";

/// How many jobs the runner may take now.
fn room() -> String {
    let slots = runner::slots();
    format!(
        "COALESCE((SELECT {slots} FROM runner WHERE id = ?), 0) \
         - (SELECT COUNT(*) FROM job WHERE runner_id = ? AND lease_expires_at IS NOT NULL)"
    )
}

/// A runner that takes jobs under the lease with this hash.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taker<'a> {
    pub runner_id: i64,
    pub hash: &'a [u8; 32],
    /// When the lease begins, unless this has to wait for somebody; jobs that are due then are taken.
    pub now: Time,
}

impl Taker<'_> {
    /// Takes up to `max` jobs of these queues, and no more than the runner has free slots; the most urgent first.
    pub async fn take(self, tx: &Tx, queues: &Queues, max: i32) -> Result<Vec<job::Model>> {
        let max = i64::from(max);
        let backend = tx.db.get_database_backend();
        let statement = if backend == DbBackend::Sqlite && queues.limited.is_empty() {
            self.at_once(tx, &queues.open, max)
        } else {
            // Two claims of one runner must not fill the same slot: the second waits here, and what follows counts
            // what the first took.
            let free = runner::hold(tx, self.runner_id).await?.unwrap_or(0).min(max);
            if free <= 0 {
                return Ok(Vec::new());
            }
            // Whoever was waited for may have taken all that was due when this began, and left what has come since.
            if queues.limited.is_empty() {
                Self { now: tx.later(), ..self }.at_once(tx, &queues.open, free)
            } else {
                // Nobody writes beside SQLite's one writer.
                let free = match backend {
                    DbBackend::Postgres => free.min(runner::free(tx, self.runner_id).await?),
                    _ => free,
                };
                if free <= 0 {
                    return Ok(Vec::new());
                }
                let chosen = chosen(tx, queues, free).await?;
                if chosen.is_empty() {
                    return Ok(Vec::new());
                }
                Self { now: tx.later(), ..self }.of(tx, &chosen)
            }
        };
        self.taken(tx, statement).await
    }

    /// Gives the runner the most urgent job of these queues, if it has a free slot. Nobody else may give it one
    /// meanwhile: that is what [`super::push`] sees to, without locking the runner.
    pub async fn give(self, tx: &Tx, queues: &Queues) -> Result<Option<job::Model>> {
        if queues.free <= 0 || queues.is_empty() {
            return Ok(None);
        }
        let statement = if queues.limited.is_empty() {
            self.at_once(tx, &queues.open, 1)
        } else {
            let chosen = chosen(tx, queues, 1).await?;
            if chosen.is_empty() {
                return Ok(None);
            }
            self.of(tx, &chosen)
        };
        Ok(self.taken(tx, statement).await?.pop())
    }

    /// Runs the statement that takes jobs, and tells of it.
    async fn taken(self, tx: &Tx, statement: Statement) -> Result<Vec<job::Model>> {
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

    /// The statement that takes the first jobs of queues without limits.
    ///
    /// SQLite has one writer: nobody else can take the rows meanwhile. On PostgreSQL claims run side by side, so that
    /// each passes over the rows that others are taking. There everything stands in materialised CTEs: inlined, the
    /// planner may run a limited sub-select more than once, and take more than `most`. Each queue's head is locked as it
    /// is read; of several queues, those rows that are not the very first are let go again at the commit.
    fn at_once(self, tx: &Tx, queues: &[Queue], most: i64) -> Statement {
        let backend = tx.db.get_database_backend();
        let (heads, values) = heads(backend, queues, self.now, most, true);
        let free = room();
        let room: [Value; 3] = [most.into(), self.runner_id.into(), self.runner_id.into()];
        if backend == DbBackend::Sqlite {
            let sql = format!("{TAKE} (SELECT id FROM ({heads}) {FIRST} LIMIT MAX(0, MIN(?, {free}))) RETURNING *");
            let values = self.change().into_iter().chain(values).chain(room);
            return Statement::from_sql_and_values(backend, sql, values);
        }
        let sql = format!(
            "WITH heads AS MATERIALIZED ({heads}), first AS MATERIALIZED (SELECT id FROM heads {FIRST} \
             LIMIT GREATEST(0, LEAST(?::bigint, {free}))) {TAKE} (SELECT id FROM first) RETURNING job.*"
        );
        raw(backend, &sql, values.into_iter().chain(room).chain(self.change()))
    }

    /// The statement that takes these jobs, or those of them that are still there and in nobody's hands: it waits for
    /// no row.
    fn of(self, tx: &Tx, jobs: &[Head]) -> Statement {
        let backend = tx.db.get_database_backend();
        let places = vec!["?"; jobs.len()].join(", ");
        let lock = if backend == DbBackend::Postgres { " FOR UPDATE SKIP LOCKED" } else { "" };
        let sql = format!("{TAKE} (SELECT id FROM job WHERE status = 'queued' AND id IN ({places}){lock}) RETURNING *");
        raw(backend, &sql, self.change().into_iter().chain(jobs.iter().map(|job| job.id.into())))
    }

    /// The values of [`TAKE`].
    fn change(self) -> [Value; 5] {
        let now = Value::from(self.now.0);
        [self.runner_id.into(), self.hash.to_vec().into(), now.clone(), now.clone(), now]
    }
}

/// The jobs that come next where services have limits.
///
/// The limited services' rows are locked, so that no other claim gives out their jobs meanwhile: what is counted from
/// here on stays true until the commit.
async fn chosen(tx: &Tx, queues: &Queues, free: i64) -> Result<Vec<Head>> {
    let ids = queues.limited.iter().map(|limited| limited.service_id);
    let limits: Vec<(i64, Option<i32>, Option<i32>)> = service::Entity::find()
        .select_only()
        .columns([service::Column::Id, service::Column::MaxRunning, service::Column::MaxRunningPerUser])
        .filter(service::Column::Id.is_in(ids))
        .order_by_asc(service::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .into_tuple()
        .all(&tx.db)
        .await?;
    // As in `take`: what has come while this waited is due, too.
    let now = tx.later();
    let mut all = first_of(&tx.db, &queues.open, now, free, true).await?;
    for limited in &queues.limited {
        // The limits may have changed since the queues were looked up.
        let Some((_, max_running, max_running_per_user)) = limits.iter().find(|row| row.0 == limited.service_id) else {
            continue;
        };
        let limited =
            Limited { max_running: *max_running, max_running_per_user: *max_running_per_user, ..limited.clone() };
        all.extend(first_within(&tx.db, &limited, now, free).await?);
    }
    all.sort_by_key(Head::order);
    all.truncate(usize::try_from(free).unwrap_or(0));
    Ok(all)
}
