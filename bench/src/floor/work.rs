//! The life of a job by hand: submit, claim, complete. Each makes the rows that docket makes for it.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::caller::Caller;
use super::db::Tx;
use super::{Answer, Floor, Refusal, money};

/// The body of a submission.
#[derive(Deserialize)]
pub struct Submit {
    service: Uuid,
    parameters: Value,
    account: Option<Uuid>,
}

/// The body of a claim.
#[derive(Deserialize)]
pub struct Claim {
    service: Uuid,
}

/// The body of a completion.
#[derive(Deserialize)]
pub struct Complete {
    lease: String,
    results: Value,
}

/// The body of a change of a recorded job.
#[derive(Deserialize)]
pub struct Change {
    amount: i64,
}

/// A write, to be run in the writer's transaction.
pub enum Command {
    /// Queues a job.
    Submit { owner: i64, body: Submit },
    /// Takes the first job of the queue.
    Claim { runner: i64, body: Claim },
    /// Ends a job that is held.
    Complete { runner: i64, body: Complete },
    /// Changes what a recorded job cost.
    Change { number: i64, body: Change },
}

/// Changes what the recorded job with this number cost.
pub async fn change(
    State(floor): State<Floor>,
    _: Caller,
    Path(number): Path<i64>,
    Json(body): Json<Change>,
) -> Answer<Json<Value>> {
    floor.writer.write(Command::Change { number, body }).await.map(Json)
}

/// Queues a job of the caller's.
pub async fn submit(State(floor): State<Floor>, caller: Caller, Json(body): Json<Submit>) -> Answer<Json<Value>> {
    floor.writer.write(Command::Submit { owner: caller.user, body }).await.map(Json)
}

/// Gives the calling runner the first job of a service's queue.
pub async fn claim(State(floor): State<Floor>, caller: Caller, Json(body): Json<Claim>) -> Answer<Json<Value>> {
    floor.writer.write(Command::Claim { runner: caller.runner, body }).await.map(Json)
}

/// Ends a job with its results.
pub async fn complete(State(floor): State<Floor>, caller: Caller, Json(body): Json<Complete>) -> Answer<Json<Value>> {
    floor.writer.write(Command::Complete { runner: caller.runner, body }).await.map(Json)
}

impl Command {
    /// Does it.
    pub async fn run(self, tx: &mut Tx<'_>) -> Answer<Value> {
        match self {
            Self::Submit { owner, body } => insert(tx, owner, body).await,
            Self::Claim { runner, body } => take(tx, runner, &body).await,
            Self::Complete { runner, body } => finish(tx, runner, &body).await,
            Self::Change { number, body } => amount(tx, number, &body).await,
        }
    }
}

const AMOUNT: &str = "UPDATE job SET amount = $1, updated_at = $2 WHERE dialect = 'mybrc' AND dialect_number = $3";

async fn amount(tx: &mut Tx<'_>, number: i64, body: &Change) -> Answer<Value> {
    let (amount, now) = (body.amount, now());
    let changed = either!(Tx, tx, db => {
        let query = sqlx::query(AMOUNT).bind(amount * 1_000_000).bind(now).bind(number);
        query.execute(&mut **db).await?.rows_affected()
    });
    if changed == 1 { Ok(json!({ "number": number, "amount": amount })) } else { Err(refuse("no such job")) }
}

const INSERT: &str = "INSERT INTO job (uid, origin, service_id, service_version_id, owner_id, status, labels, \
    requires, requirement_id, parameters, priority, run_after, attempt, max_attempts, lease_seconds, max_run_seconds, \
    retry_timeouts, pushed, losses, releases, backoffs, cancel_requested, revision, log_bytes, log_truncated, created_at, \
    submitted_at, updated_at, cpus, price_per_job, price_per_hour, ran_micros, account_id, held) \
    SELECT $1, 'submitted', service.id, version_id, $2, 'queued', '{}', '{}', 0, $3, 0, $4, 0, max_attempts, \
    lease_seconds, max_run_seconds, retry_timeouts, FALSE, 0, 0, 0, FALSE, CASE WHEN account.id IS NULL THEN 1 ELSE 2 END, 0, FALSE, $4, $4, $4, 1, \
    COALESCE(price_per_job, 0), 0, 0, account.id, CASE WHEN account.id IS NULL THEN NULL ELSE price_per_job END \
    FROM service LEFT JOIN account ON account.uid = $6 \
    WHERE service.uid = $5 AND NOT disabled AND service.deleted_at IS NULL RETURNING id, service_id, account_id, held";

async fn insert(tx: &mut Tx<'_>, owner: i64, body: Submit) -> Answer<Value> {
    let (uid, now, parameters) = (Uuid::now_v7(), now(), body.parameters.to_string());
    let row: Option<(i64, i64, Option<i64>, Option<i64>)> = either!(Tx, tx, db => {
        let query = sqlx::query_as(INSERT).bind(uid).bind(owner).bind(parameters).bind(now).bind(body.service);
        query.bind(body.account).fetch_optional(&mut **db).await?
    });
    let (id, service, account, held) = row.ok_or_else(|| refuse("no such service"))?;
    log(tx, &(id, uid, 1, 0, service, owner), CHANGED, None, json!({ "to": "queued" }), now).await?;
    if let (Some(account), Some(held)) = (account, held) {
        let job = (id, uid, 2, 0, service, owner);
        money::hold(tx, account, held, &job, now).await?;
        log(tx, &job, (CHARGED, Some(account)), None, json!({ "held": held }), now).await?;
    }
    Ok(json!({ "id": name(uid), "status": "QUEUED" }))
}

/// What a claim changes; the job's `id` comes after it.
macro_rules! take {
    ($queue:literal, $id:literal) => {
        concat!(
            $queue,
            "UPDATE job SET status = 'claimed', attempt = attempt + 1, runner_id = $1, lease_hash = $2, \
             lease_expires_at = $3 + lease_seconds * CAST(1000000 AS BIGINT), claimed_at = $3, \
             revision = revision + 1, updated_at = $3 WHERE id = ",
            $id,
            " RETURNING id, uid, revision, attempt, service_id, owner_id, parameters"
        )
    };
}

const TAKE_SQLITE: &str = take!(
    "",
    "(SELECT id FROM job WHERE status = 'queued' AND origin = 'submitted' AND requirement_id = 0 \
     AND run_after <= $3 AND service_id = (SELECT id FROM service WHERE uid = $4) \
     ORDER BY priority DESC, run_after, id LIMIT 1)"
);

/// Claims run side by side and pass over what others are taking.
const TAKE_POSTGRES: &str = take!(
    "WITH first AS MATERIALIZED (SELECT id FROM job WHERE status = 'queued' AND origin = 'submitted' \
     AND requirement_id = 0 AND run_after <= $3 AND service_id = (SELECT id FROM service WHERE uid = $4) \
     ORDER BY priority DESC, run_after, id LIMIT 1 FOR UPDATE SKIP LOCKED) ",
    "(SELECT id FROM first)"
);

async fn take(tx: &mut Tx<'_>, runner: i64, body: &Claim) -> Answer<Value> {
    let (secret, now) = (Uuid::new_v4().simple().to_string(), now());
    let hash: &[u8] = &Sha256::digest(&secret);
    let sql = if matches!(tx, Tx::Sqlite(_)) { TAKE_SQLITE } else { TAKE_POSTGRES };
    let row: Option<(i64, Uuid, i64, i32, i64, i64, String)> = either!(Tx, tx, db => {
        let query = sqlx::query_as(sql).bind(runner).bind(hash).bind(now).bind(body.service);
        query.fetch_optional(&mut **db).await?
    });
    let row = row.ok_or_else(|| refuse("the queue is empty"))?;
    let (id, uid, revision, attempt, service, owner, parameters) = row;
    let job = (id, uid, revision, attempt, service, owner);
    log(tx, &job, CHANGED, Some(runner), json!({ "from": "queued", "to": "claimed" }), now).await?;
    let (parameters, lease): (Value, _) = (serde_json::from_str(&parameters)?, format!("{id}.{secret}"));
    Ok(json!({ "id": name(uid), "lease": lease, "attempt": attempt, "parameters": parameters }))
}

const FINISH: &str = "UPDATE job SET status = 'succeeded', results = $1, lease_hash = NULL, lease_expires_at = NULL, \
    progress = 1.0, revision = revision + CASE WHEN account_id IS NULL THEN 1 ELSE 2 END, started_at = coalesce(started_at, claimed_at), claimed_at = NULL, \
    finished_at = $2, updated_at = $2, held = NULL, amount = CASE WHEN account_id IS NULL THEN amount ELSE held END \
    WHERE id = $5 AND lease_hash = $3 AND runner_id = $4 AND status IN ('claimed', 'running') \
    RETURNING id, uid, revision, attempt, service_id, owner_id, account_id, amount";

async fn finish(tx: &mut Tx<'_>, runner: i64, body: &Complete) -> Answer<Value> {
    let now = now();
    let (id, secret) = body.lease.split_once('.').ok_or_else(|| refuse("this is no lease"))?;
    let (id, hash, results): (i64, &[u8], _) = (id.parse()?, &Sha256::digest(secret), body.results.to_string());
    let row: Option<Ended> = either!(Tx, tx, db => {
        let query = sqlx::query_as(FINISH).bind(results).bind(now).bind(hash).bind(runner).bind(id);
        query.fetch_optional(&mut **db).await?
    });
    let (id, uid, revision, attempt, service, owner, account, amount) =
        row.ok_or_else(|| refuse("the lease is lost"))?;
    let job = (id, uid, revision, attempt, service, owner);
    if let (Some(account), Some(amount)) = (account, amount) {
        money::settle(tx, account, amount, &job, now).await?;
        let job = (id, uid, revision - 1, attempt, service, owner);
        log(tx, &job, (CHARGED, Some(account)), Some(runner), json!({ "held": -amount, "spent": amount }), now).await?;
    }
    log(tx, &job, CHANGED, Some(runner), json!({ "from": "claimed", "to": "succeeded" }), now).await?;
    Ok(json!({ "id": name(uid), "status": "SUCCEEDED" }))
}

/// The row of a job that has ended: what its event says, who pays and how much.
type Ended = (i64, Uuid, i64, i32, i64, i64, Option<i64>, Option<i64>);

/// What an event says of its job: id, outside id, revision, attempt, service and owner.
pub type Changed = (i64, Uuid, i64, i32, i64, i64);

const EVENT: &str = "INSERT INTO event (job_id, job_uid, revision, kind, attempt, detail, service_id, owner_id, \
    runner_id, created_at, account_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// The kind of an event, and the account that it is about, too.
type Kind = (&'static str, Option<i64>);
const CHANGED: Kind = ("status_changed", None);
const CHARGED: &str = "charged";

async fn log(
    tx: &mut Tx<'_>,
    job: &Changed,
    (kind, account): Kind,
    runner: Option<i64>,
    detail: Value,
    now: i64,
) -> Answer<()> {
    let (id, uid, revision, attempt, service, owner) = *job;
    either!(Tx, tx, db => {
        let query = sqlx::query(EVENT).bind(id).bind(uid).bind(revision).bind(kind).bind(attempt);
        let query = query.bind(detail).bind(service).bind(owner).bind(runner).bind(now).bind(account);
        query.execute(&mut **db).await?;
    });
    Ok(())
}

/// Why not.
pub fn refuse(why: &str) -> Refusal {
    Refusal(StatusCode::CONFLICT, why.to_owned())
}

fn name(uid: Uuid) -> String {
    format!("job_{}", uid.simple())
}

/// Microseconds since the epoch, as docket's tables have them.
fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)
}
