//! Leases: the right of one runner to work on one attempt of one job for a while.
//!
//! A claim gives a lease token. It names the job and the attempt and carries 256 random bits whose hash stands in the
//! job's row; every worker call shows it. A lease ends when the job is finished, handed back, or taken back by the
//! sweeper after it expired: from then on the token opens nothing. An expired lease that nobody took back yet still
//! counts, so that a server that was down for a minute does not throw away an hour's work.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::{Time, job};
use sea_orm::{EntityTrait, QuerySelect};
use sha2::{Digest, Sha256};

use crate::{
    app::App,
    db::Tx,
    error::{Error, Result},
    infra::secret,
    viewer::RunnerViewer,
};

mod claim;
mod finish;
mod heads;
mod heartbeat;
mod log;
mod push;
mod queues;
mod sweep;
mod take;

pub use claim::{Claim, Lease, claim};
pub(super) use finish::release_all;
pub use finish::{Failure, complete, fail, release};
pub(super) use finish::{check_results, with_results};
pub(super) use heads::held as held_of_service;
pub use heartbeat::{Beat, heartbeat};
pub use log::append_log;
pub use push::assign_waiting;
pub(super) use push::{alone as assign_alone, assign_after, assign_new, assign_to};
pub use sweep::{keep_sweeping, promote, sweep};

/// Bytes of one log chunk at most.
pub const LOG_CHUNK: i64 = 65_536;
/// Bytes of a job's log at most; what comes later is dropped, and the job says so.
pub const LOG_MOST: i64 = 16 * 1_048_576;

const PREFIX: &str = "dkl_";
const SECRET: usize = 32;

/// What a lease token says.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    pub job_id: i64,
    pub attempt: i32,
    pub secret: [u8; SECRET],
}

impl Ticket {
    pub(super) fn text(&self) -> String {
        let mut bytes = Vec::with_capacity(12 + SECRET);
        bytes.extend_from_slice(&self.job_id.to_be_bytes());
        bytes.extend_from_slice(&self.attempt.to_be_bytes());
        bytes.extend_from_slice(&self.secret);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let refuse = || Error::invalid("leaseToken", "This is not a lease token; workClaim gives them.");
        let bytes = text.strip_prefix(PREFIX).and_then(|body| URL_SAFE_NO_PAD.decode(body).ok()).ok_or_else(refuse)?;
        let (job_id, rest) = bytes.split_first_chunk::<8>().ok_or_else(refuse)?;
        let (attempt, rest) = rest.split_first_chunk::<4>().ok_or_else(refuse)?;
        let secret = rest.try_into().map_err(|_| refuse())?;
        Ok(Self { job_id: i64::from_be_bytes(*job_id), attempt: i32::from_be_bytes(*attempt), secret })
    }

    pub(super) fn hash(secret: &[u8; SECRET]) -> [u8; 32] {
        Sha256::digest(secret).into()
    }

    /// Whether the lease of this ticket is the one that lives on `job`.
    fn opens(&self, job: &job::Model, runner: &RunnerViewer) -> bool {
        let stored = job.lease_hash.as_deref().and_then(|hash| <&[u8; 32]>::try_from(hash).ok());
        job.status.is_held()
            && job.attempt == self.attempt
            && job.runner_id == Some(runner.id)
            && stored.is_some_and(|stored| secret::same(stored, &Self::hash(&self.secret)))
    }
}

/// The job under a ticket's lease, inside the transaction that will change it.
pub(super) async fn held(tx: &Tx, ticket: &Ticket, runner: &RunnerViewer) -> Result<job::Model> {
    let job = super::job::head(&tx.db, job::Entity::find_by_id(ticket.job_id).lock_exclusive()).await?;
    job.filter(|job| ticket.opens(job, runner)).ok_or(Error::LeaseLost)
}

/// The same from outside a transaction, for checks that need the job and may take long. It must be asked again inside.
pub(super) async fn held_now(app: &App, ticket: &Ticket, runner: &RunnerViewer) -> Result<job::Model> {
    let job = super::job::head(app.db.read(), job::Entity::find_by_id(ticket.job_id)).await?;
    job.filter(|job| ticket.opens(job, runner)).ok_or(Error::LeaseLost)
}

/// The job as it runs: the first word from its worker makes it RUNNING.
pub(super) fn running(job: &job::Model, now: Time) -> job::Model {
    job::Model {
        status: job::Status::Running,
        started_at: job.started_at.or(Some(now)),
        running_since: job.running_since.or(Some(now)),
        lease_expires_at: Some(now.plus_seconds(i64::from(job.lease_seconds))),
        ..job.clone()
    }
}

/// The job with the time of its current attempt counted, which began at `since` and ended at `until`: that is what is
/// paid for. An attempt that was noticed late to have run too long counts no longer than it might run.
fn counted(job: &job::Model, since: Option<Time>, until: Time) -> job::Model {
    let most = job.max_run_seconds.map_or(i64::MAX, |seconds| i64::from(seconds) * 1_000_000);
    let ran = since.map_or(0, |since| until.0.saturating_sub(since.0).clamp(0, most));
    job::Model { ran_micros: job.ran_micros.saturating_add(ran), ..job.clone() }
}

/// The same for an attempt that ends now, by its worker's word or for its time. One that never spoke began when it was
/// claimed.
pub(super) fn counted_to(job: &job::Model, now: Time) -> job::Model {
    counted(job, job.running_since.or(job.claimed_at), now)
}

/// The job with its lease ended, in `status`.
pub(super) fn without_lease(job: &job::Model, status: job::Status) -> job::Model {
    job::Model {
        status,
        lease_hash: None,
        lease_expires_at: None,
        claimed_at: None,
        running_since: None,
        ..job.clone()
    }
}

/// The job at its end. An attempt that never spoke began when it was claimed.
pub(super) fn ended(job: &job::Model, status: job::Status, now: Time) -> job::Model {
    job::Model { started_at: job.started_at.or(job.claimed_at), finished_at: Some(now), ..without_lease(job, status) }
}

/// The job back in the queue, not before `run_after`.
fn requeued(job: &job::Model, run_after: Time) -> job::Model {
    job::Model { run_after, progress: None, message: None, ..without_lease(job, job::Status::Queued) }
}
