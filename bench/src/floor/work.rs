//! The life of a job by hand: submit, claim, complete. Each makes the rows that docket makes for it.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::caller::Caller;
use super::{Answer, Floor, Refusal};

/// The body of a submission.
#[derive(Deserialize)]
pub struct Submit {
    service: Uuid,
    parameters: Value,
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

/// A write, to be run in the writer's transaction.
pub enum Command {
    /// Queues a job.
    Submit { owner: i64, body: Submit },
    /// Takes the first job of the queue.
    Claim { runner: i64, body: Claim },
    /// Ends a job that is held.
    Complete { runner: i64, body: Complete },
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
    pub async fn run(self, tx: &mut SqliteConnection) -> Answer<Value> {
        match self {
            Self::Submit { owner, body } => insert(tx, owner, body).await,
            Self::Claim { runner, body } => take(tx, runner, &body).await,
            Self::Complete { runner, body } => finish(tx, runner, body).await,
        }
    }
}

const INSERT: &str = "INSERT INTO job (uid, service_id, service_version_id, owner_id, status, parameters, priority, \
    run_after, attempt, max_attempts, lease_seconds, max_run_seconds, retry_timeouts, losses, releases, backoffs, \
    cancel_requested, revision, log_bytes, log_truncated, submitted_at, updated_at) \
    SELECT ?1, id, version_id, ?2, 'queued', ?3, 0, ?4, 0, max_attempts, lease_seconds, max_run_seconds, \
    retry_timeouts, 0, 0, 0, 0, 1, 0, 0, ?4, ?4 FROM service WHERE uid = ?5 AND deleted_at IS NULL \
    RETURNING id, service_id";

async fn insert(tx: &mut SqliteConnection, owner: i64, body: Submit) -> Answer<Value> {
    let (uid, now) = (Uuid::now_v7(), now());
    let query = sqlx::query(INSERT).bind(uid).bind(owner).bind(body.parameters).bind(now).bind(body.service);
    let row = query.fetch_optional(&mut *tx).await?.ok_or_else(|| refuse("no such service"))?;
    let job = Held { id: row.get(0), uid, revision: 1, attempt: 0, service: row.get(1), owner, runner: None };
    log(tx, &job, json!({ "to": "queued" }), now).await?;
    Ok(json!({ "id": name(uid), "status": "QUEUED" }))
}

const TAKE: &str = "UPDATE job SET status = 'claimed', attempt = attempt + 1, runner_id = ?1, lease_hash = ?2, \
    lease_expires_at = ?3 + lease_seconds * 1000000, claimed_at = ?3, revision = revision + 1, updated_at = ?3 \
    WHERE id = (SELECT id FROM job WHERE status = 'queued' AND run_after <= ?3 \
    AND service_id = (SELECT id FROM service WHERE uid = ?4) ORDER BY priority DESC, run_after, id LIMIT 1) \
    RETURNING id, uid, revision, attempt, service_id, owner_id, parameters";

async fn take(tx: &mut SqliteConnection, runner: i64, body: &Claim) -> Answer<Value> {
    let (secret, now) = (Uuid::new_v4().simple().to_string(), now());
    let hash: &[u8] = &Sha256::digest(&secret);
    let query = sqlx::query(TAKE).bind(runner).bind(hash).bind(now).bind(body.service);
    let row = query.fetch_optional(&mut *tx).await?.ok_or_else(|| refuse("the queue is empty"))?;
    let job = Held::of(&row, runner);
    log(tx, &job, json!({ "from": "queued", "to": "claimed" }), now).await?;
    let (parameters, lease): (Value, _) = (row.get(6), format!("{}.{secret}", job.id));
    Ok(json!({ "id": name(job.uid), "lease": lease, "attempt": job.attempt, "parameters": parameters }))
}

const FINISH: &str = "UPDATE job SET status = 'succeeded', results = ?1, lease_hash = NULL, lease_expires_at = NULL, \
    progress = 1.0, revision = revision + 1, started_at = coalesce(started_at, claimed_at), claimed_at = NULL, \
    finished_at = ?2, updated_at = ?2 \
    WHERE id = ?5 AND lease_hash = ?3 AND runner_id = ?4 AND status IN ('claimed', 'running') \
    RETURNING id, uid, revision, attempt, service_id, owner_id";

async fn finish(tx: &mut SqliteConnection, runner: i64, body: Complete) -> Answer<Value> {
    let now = now();
    let (id, secret) = body.lease.split_once('.').ok_or_else(|| refuse("this is no lease"))?;
    let (id, hash): (i64, &[u8]) = (id.parse()?, &Sha256::digest(secret));
    let query = sqlx::query(FINISH).bind(body.results).bind(now).bind(hash).bind(runner).bind(id);
    let row = query.fetch_optional(&mut *tx).await?.ok_or_else(|| refuse("the lease is lost"))?;
    let job = Held::of(&row, runner);
    log(tx, &job, json!({ "from": "claimed", "to": "succeeded" }), now).await?;
    Ok(json!({ "id": name(job.uid), "status": "SUCCEEDED" }))
}

/// What an event says of its job.
struct Held {
    id: i64,
    uid: Uuid,
    revision: i64,
    attempt: i32,
    service: i64,
    owner: i64,
    runner: Option<i64>,
}

impl Held {
    fn of(row: &SqliteRow, runner: i64) -> Self {
        Self {
            id: row.get(0),
            uid: row.get(1),
            revision: row.get(2),
            attempt: row.get(3),
            service: row.get(4),
            owner: row.get(5),
            runner: Some(runner),
        }
    }
}

const EVENT: &str = "INSERT INTO event (job_id, job_uid, revision, kind, attempt, detail, service_id, owner_id, \
    runner_id, created_at) VALUES (?, ?, ?, 'status_changed', ?, ?, ?, ?, ?, ?)";

async fn log(tx: &mut SqliteConnection, job: &Held, detail: Value, now: i64) -> Answer<()> {
    let query = sqlx::query(EVENT).bind(job.id).bind(job.uid).bind(job.revision).bind(job.attempt);
    let query = query.bind(detail).bind(job.service).bind(job.owner).bind(job.runner).bind(now);
    query.execute(tx).await?;
    Ok(())
}

fn refuse(why: &str) -> Refusal {
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
