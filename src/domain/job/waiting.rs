//! Why a job waits.

use entity::{Labels, Time, job, service};
use sea_orm::{ConnectionTrait, EntityTrait, Value};

use crate::{
    app::App,
    db::raw,
    domain::{lease, runner::WORKS},
    error::Result,
};

/// Why a job waits, as it was when it was asked for: it is computed and stored nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The first reason that holds, in the order of [`Reason`].
    pub reason: Reason,
    /// Its place in its queue, 1 for the next job, with [`Reason::Queue`]; none from [`FARTHEST`] on.
    pub position: Option<i32>,
    /// When the reason ends, with [`Reason::Scheduled`] and [`Reason::Backoff`].
    pub until: Option<Time>,
    /// The same in a sentence.
    pub message: String,
}

/// What keeps a job waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its moment has not come.
    Scheduled,
    /// An attempt failed, and the next one comes after a pause.
    Backoff,
    /// No runner that could have it gave a sign of life lately.
    NoRunner,
    /// Its service runs as many jobs as it may.
    ServiceLimit,
    /// Its service runs as many jobs of its owner as it may.
    UserLimit,
    /// Other jobs go first.
    Queue,
}

/// Jobs before one that are counted at most.
pub const FARTHEST: i64 = 1_000;
/// Seconds that a claim may wait, during which its runner gives no sign of life.
const CLAIM_WAITS: i64 = 30;

/// The labels of the runners of a service that gave a sign of life since a moment and may work, and that are there where
/// jobs are assigned.
fn runners() -> String {
    format!(
        "SELECT runner.labels FROM runner_service JOIN runner ON runner.id = runner_service.runner_id \
         WHERE runner_service.service_id = ? AND runner.last_heartbeat_at >= ? \
         AND (? = 0 OR runner.online_until > ?) AND {WORKS}"
    )
}

const HELD_OF_OWNER: &str =
    "SELECT COUNT(*) FROM job WHERE service_id = ? AND owner_id = ? AND lease_expires_at IS NOT NULL";
/// How many jobs stand before one in its queue, and how many of those may be claimed now. Each part is read in the order
/// of the index, and no further than it counts.
const BEFORE: &str = "SELECT COUNT(*), COUNT(*) FILTER (WHERE run_after <= ?) FROM \
    (SELECT * FROM (SELECT run_after FROM job INDEXED BY job_claim WHERE status = 'queued' AND origin = 'submitted' \
        AND service_id = ? AND requirement_id = ? AND priority > ? LIMIT ?) AS urgent \
    UNION ALL SELECT * FROM (SELECT run_after FROM job INDEXED BY job_claim WHERE status = 'queued' \
        AND origin = 'submitted' AND service_id = ? AND requirement_id = ? AND priority = ? \
        AND (run_after, id) < (?, ?) LIMIT ?) AS older) AS ahead";

/// Why a job waits; none when it is held, has finished, or runs elsewhere.
pub async fn waiting(app: &App, job: &job::Model) -> Result<Option<Waiting>> {
    let Some(service_id) = job.service_id else { return Ok(None) };
    let now = Time(app.clock.now_micros());
    let plain = |reason, message: &str| Waiting { reason, position: None, until: None, message: message.to_owned() };
    match job.status {
        job::Status::Queued if job.run_after > now => {
            let message = "An attempt failed; it is tried again after a pause.";
            return Ok(Some(Waiting { until: Some(job.run_after), ..plain(Reason::Backoff, message) }));
        }
        job::Status::Queued => {}
        job::Status::Scheduled => {
            let message = "Its moment has not come.";
            return Ok(Some(Waiting { until: Some(job.run_after), ..plain(Reason::Scheduled, message) }));
        }
        _ => return Ok(None),
    }
    let Some(service) = service::Entity::find_by_id(service_id).one(app.db.read()).await? else { return Ok(None) };
    if !has_runner(app, job, &service, now).await? {
        let message = "No runner that works for its service and has the labels that it requires was heard of lately.";
        return Ok(Some(plain(Reason::NoRunner, message)));
    }
    if let Some(limit) = service.max_running
        && lease::held_of_service(app.db.read(), service_id).await? >= i64::from(limit)
    {
        let message = format!("Its service runs {limit} jobs at once at most.");
        return Ok(Some(plain(Reason::ServiceLimit, &message)));
    }
    if let Some(limit) = service.max_running_per_user
        && numbers::<1>(app, HELD_OF_OWNER, [service_id.into(), job.owner_id.into()]).await?[0] >= i64::from(limit)
    {
        let message = format!("Its service runs {limit} jobs of one user at once at most.");
        return Ok(Some(plain(Reason::UserLimit, &message)));
    }
    in_queue(app, job, service_id, now).await.map(Some)
}

async fn has_runner(app: &App, job: &job::Model, service: &service::Model, now: Time) -> Result<bool> {
    let since = now.plus_seconds(-i64::from(service.timeout_seconds) - CLAIM_WAITS);
    let pushes = i64::from(service.dispatch == service::Dispatch::Push);
    let values = [service.id, since.0, pushes, now.0].map(Value::from);
    let statement = raw(app.db.read().get_database_backend(), &runners(), values);
    for row in app.db.read().query_all_raw(statement).await? {
        if job.requires.are_among(&row.try_get_by_index::<Labels>(0)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn in_queue(app: &App, job: &job::Model, service_id: i64, now: Time) -> Result<Waiting> {
    let queue: [Value; 3] = [service_id.into(), job.requirement_id.into(), job.priority.into()];
    let values = [now.0.into()].into_iter().chain(queue.clone()).chain([FARTHEST.into()]).chain(queue);
    let place: [Value; 3] = [job.run_after.0.into(), job.id.into(), FARTHEST.into()];
    let [met, before] = numbers(app, BEFORE, values.chain(place)).await?;
    let position = if met < FARTHEST { i32::try_from(before + 1).ok() } else { None };
    let message = match position {
        Some(1) => "It is the next of its queue.".to_owned(),
        Some(2) => "One job of its queue goes first.".to_owned(),
        Some(position) => format!("{} jobs of its queue go first.", position - 1),
        None => format!("At least {FARTHEST} jobs of its queue go first."),
    };
    Ok(Waiting { reason: Reason::Queue, position, until: None, message })
}

/// The numbers of the one row that a statement gives.
async fn numbers<const N: usize>(app: &App, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<[i64; N]> {
    let row = app.db.read().query_one_raw(raw(app.db.read().get_database_backend(), sql, values)).await?;
    let mut numbers = [0; N];
    if let Some(row) = row {
        for (index, number) in numbers.iter_mut().enumerate() {
            *number = row.try_get_by_index(index)?;
        }
    }
    Ok(numbers)
}
