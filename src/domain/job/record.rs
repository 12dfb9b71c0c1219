//! Recording a job that another system ran.

use entity::{
    Amount, Labels, Time, Words, event,
    job::{self, Origin, Status},
    job_slurm,
    legacy_number::Dialect,
};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::json;
use uuid::Uuid;

use super::{
    change,
    idempotency::{self, Key},
    requirement,
    submit::{Submitted, blank, store},
};
use crate::{
    app::App,
    db::Tx,
    domain::{
        account::charge,
        audit::{Overruling, Subject},
        check::Faults,
        event as log,
    },
    error::{Error, Result},
    infra::secret,
    viewer::{Permission, Viewer},
};

mod list;
mod locked;
mod report;
mod update;

pub(in crate::domain) use list::within_second;
pub use list::{Numbers, PAGE_MOST, RecordFilter, RecordSums, by_numbers, numbers, sums};
#[cfg(test)]
pub(super) use locked::locked_query;
pub use report::{Report, Reported, report};
pub use update::{Changed, RecordChange, update};

/// Hours of one job at most: over a thousand years on a thousand processors.
const HOURS: f64 = 1e10;
/// Names of nodes at most.
const NODES: usize = 10_000;

/// What it takes to record a job.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// Outside id of the user whose job it is.
    pub owner_id: Uuid,
    /// When it was submitted there; none means now.
    pub submitted_at: Option<Time>,
    /// When it began to run; none when it has not.
    pub started_at: Option<Time>,
    /// When it ended; none when it has not.
    pub finished_at: Option<Time>,
    /// What to call it by.
    pub labels: Vec<(String, String)>,
    /// What the batch system says of it.
    pub slurm: Option<NewSlurm>,
    /// The caller's own name for this record.
    pub idempotency_key: Option<String>,
    /// Outside id of the account that it is charged to.
    pub account_id: Option<Uuid>,
    /// What it cost, as the batch system says; negative gives money back.
    pub amount: Option<Amount>,
}

/// What a batch system says of a job.
#[derive(Clone, Debug, Default)]
pub struct NewSlurm {
    /// Its id there: 1 to 64 characters.
    pub job_id: Option<String>,
    /// The partition's number, -128 to 127.
    pub partition: Option<i32>,
    /// The number of the quality of service, -32768 to 32767.
    pub qos: Option<i32>,
    /// The number of the state, -128 to 127.
    pub state_code: Option<i32>,
    /// The partition's name, 1 to 64 characters.
    pub partition_name: Option<String>,
    /// The name of the quality of service, 1 to 64 characters.
    pub qos_name: Option<String>,
    /// The name of the state, 1 to 64 characters.
    pub state_name: Option<String>,
    /// The nodes that it ran on: at most `NODES` names of 1 to 64 characters.
    pub nodes: Vec<String>,
    /// How many nodes it asked for, 0 or more.
    pub nodes_requested: Option<i32>,
    /// How many nodes it was given, 0 or more.
    pub nodes_allocated: Option<i32>,
    /// Processors that it had, 0 or more.
    pub cpus: Option<i32>,
    /// Hours that it ran, 0 or more.
    pub raw_hours: Option<f64>,
    /// Hours times processors, 0 or more.
    pub cpu_hours: Option<f64>,
}

/// Records a job that another system ran, or runs. Its state follows from its dates, and nothing here works on it: it is
/// claimed, swept, cancelled and run again by nobody, and takes no place of any limit.
///
/// Admins and users with the role `accounting` may. Fails with INVALID for an unknown or deleted user.
pub async fn record(app: &App, viewer: &Viewer, new: NewRecord) -> Result<Submitted> {
    viewer.require_write(Permission::JobsWrite)?;
    if !viewer.keeps_accounts() {
        return Err(Error::Forbidden("Only admins and users with the role `accounting` record jobs.".into()));
    }
    let mut faults = Faults::default();
    idempotency::check(&mut faults, new.idempotency_key.as_deref());
    if let (Some(started), Some(finished)) = (new.started_at, new.finished_at)
        && finished < started
    {
        faults.add("finishedAt", "It cannot have ended before it began.");
    }
    if let Some(slurm) = &new.slurm {
        check_slurm(&mut faults, slurm);
    }
    let caller = viewer.user_id().unwrap_or(0);
    let key = new.idempotency_key.as_deref().map(|key| Key::new(caller, key, body(&new)));
    let labels = requirement::labels(&mut faults, "labels", new.labels.clone());
    let owner_id = update::found_owner(app, &mut faults, Some(new.owner_id), None).await?;
    let account_id = update::found_account(app, &mut faults, new.account_id).await?;
    faults.into_result()?;
    let owner_id = owner_id.ok_or(Error::NotFound("user"))?;
    // The job that is made names its owner only. What a batch system reports under keys is not noted: it comes by thousands.
    let is_own = viewer.user_id() == Some(owner_id);
    let overruling = Overruling::of(viewer, Subject::unknown(), |viewer| is_own || viewer.keeps_accounts());
    let record = Record { owner_id, account_id, labels, key, new };
    app.db
        .write((record, overruling), |tx, (record, overruling)| {
            Box::pin(async move {
                let made = insert(tx, record).await?;
                if !made.replayed {
                    overruling.note_about(tx, &made.job, "record").await?;
                }
                Ok(made)
            })
        })
        .await
}

fn check_slurm(faults: &mut Faults, slurm: &NewSlurm) {
    for (path, words) in [
        ("slurm/jobId", &slurm.job_id),
        ("slurm/partitionName", &slurm.partition_name),
        ("slurm/qosName", &slurm.qos_name),
        ("slurm/stateName", &slurm.state_name),
    ] {
        if let Some(words) = words {
            faults.line(path, words, 1, 64);
        }
    }
    for (path, number, most) in [
        ("slurm/partition", slurm.partition, 127),
        ("slurm/qos", slurm.qos, 32_767),
        ("slurm/stateCode", slurm.state_code, 127),
    ] {
        if let Some(number) = number {
            faults.range(path, i64::from(number), -most - 1, most);
        }
    }
    for (path, number) in [
        ("slurm/cpus", slurm.cpus),
        ("slurm/nodesRequested", slurm.nodes_requested),
        ("slurm/nodesAllocated", slurm.nodes_allocated),
    ] {
        if let Some(number) = number {
            faults.range(path, i64::from(number), 0, i64::from(i32::MAX));
        }
    }
    for (path, hours) in [("slurm/rawHours", slurm.raw_hours), ("slurm/cpuHours", slurm.cpu_hours)] {
        if hours.is_some_and(|hours| !(0.0..=HOURS).contains(&hours)) {
            faults.add(path, "A number of hours from 0 to 10000000000 is needed.");
        }
    }
    if slurm.nodes.len() > NODES {
        faults.add("slurm/nodes", format!("{} names are too many; at most {NODES} are kept.", slurm.nodes.len()));
    }
    for (index, node) in slurm.nodes.iter().enumerate().take(NODES) {
        faults.line(&format!("slurm/nodes/{index}"), node, 1, 64);
    }
}

/// What a key stands for: all that the caller said.
fn body(new: &NewRecord) -> serde_json::Value {
    let time = |time: Option<Time>| time.map(|time| time.0);
    json!({
        "ownerId": new.owner_id,
        "submittedAt": time(new.submitted_at),
        "startedAt": time(new.started_at),
        "finishedAt": time(new.finished_at),
        "labels": idempotency::unordered(&new.labels),
        "slurm": new.slurm.as_ref().map(said),
        "accountId": new.account_id,
        "amount": new.amount.map(|amount| amount.0),
    })
}

/// What a batch system says, as a part of what a key stands for.
fn said(slurm: &NewSlurm) -> serde_json::Value {
    json!([
        [slurm.job_id, slurm.partition_name, slurm.qos_name, slurm.state_name],
        [slurm.partition, slurm.qos, slurm.state_code, slurm.cpus, slurm.nodes_requested, slurm.nodes_allocated],
        slurm.nodes,
        [slurm.raw_hours, slurm.cpu_hours],
    ])
}

/// A record whose input was checked.
#[derive(Clone, Debug)]
struct Record {
    owner_id: i64,
    account_id: Option<i64>,
    labels: Labels,
    key: Option<Key>,
    new: NewRecord,
}

async fn insert(tx: &Tx, record: &Record) -> Result<Submitted> {
    let Record { account_id, key, new, .. } = record;
    if let Some(key) = key
        && let Some(job) = key.find(&tx.db, Origin::Recorded).await?
    {
        return Ok(Submitted { job, replayed: true });
    }
    let mut job = row(tx.now, record);
    if let Some(key) = key {
        key.mark(&mut job);
    }
    let Some(id) = store(tx, &mut job).await? else {
        // The other one has committed, or the index would not have spoken.
        let first = match key {
            Some(key) => key.find(&tx.db, Origin::Recorded).await?,
            None => None,
        };
        let job = first.ok_or_else(|| Error::internal("a new job is there already, under no key of its own"))?;
        return Ok(Submitted { job, replayed: true });
    };
    job.id = id;
    let slurm = job_slurm::Model {
        submission_told: new.submitted_at.is_some(),
        ..slurm_row(&job, new.slurm.clone().unwrap_or_default())
    };
    job_slurm::Entity::insert(slurm.into_active_model().reset_all()).exec_without_returning(&tx.db).await?;
    let detail = event::Detail { to: Some(job.status), ..Default::default() };
    log::append(tx, &job, event::Kind::StatusChanged, detail).await?;
    if let (Some(account_id), Some(amount)) = (*account_id, new.amount) {
        job = book(tx, job, account_id, amount).await?;
    }
    Ok(Submitted { job, replayed: false })
}

/// Charges what was reported. The account may have had less than that, and the job then cost less.
async fn book(tx: &Tx, job: job::Model, account_id: i64, amount: Amount) -> Result<job::Model> {
    let (booking, taken) = charge::recorded(tx, account_id, &job, amount).await?;
    let Some(booking) = booking else { return Ok(job) };
    let after = job::Model { amount: Some(taken), ..job.clone() };
    let detail = event::Detail { booking: Some(booking), ..Default::default() };
    change::record(tx, &job, after, event::Kind::Charged, detail).await
}

fn row(now: Time, record: &Record) -> job::Model {
    let Record { owner_id, account_id, labels, new, .. } = record;
    let held = account_id.filter(|_| new.finished_at.is_none()).map(|_| Amount::ZERO);
    let submitted_at = new.submitted_at.unwrap_or(now);
    job::Model {
        uid: secret::uid(),
        dialect: Some(Dialect::Mybrc),
        status: state(new.started_at, new.finished_at),
        labels: labels.clone(),
        submitted_at,
        run_after: submitted_at,
        started_at: new.started_at,
        finished_at: new.finished_at,
        account_id: *account_id,
        held,
        amount: new.amount,
        ..blank(Origin::Recorded, *owner_id, now)
    }
}

/// The state that the dates of a recorded job mean.
fn state(started_at: Option<Time>, finished_at: Option<Time>) -> Status {
    match (started_at, finished_at) {
        (_, Some(_)) => Status::Succeeded,
        (Some(_), None) => Status::Running,
        (None, None) => Status::Queued,
    }
}

fn slurm_row(job: &job::Model, slurm: NewSlurm) -> job_slurm::Model {
    job_slurm::Model {
        job_id: job.id,
        // All recorded jobs have one.
        number: job.dialect_number.unwrap_or_default(),
        owner_id: job.owner_id,
        account_id: job.account_id,
        listed_code: slurm.state_code.unwrap_or(0),
        slurm_key: None,
        submission_told: false,
        slurm_id: slurm.job_id,
        partition: slurm.partition,
        qos: slurm.qos,
        state_code: slurm.state_code,
        partition_name: slurm.partition_name,
        qos_name: slurm.qos_name,
        state_name: slurm.state_name,
        nodes: Words(slurm.nodes),
        nodes_requested: slurm.nodes_requested,
        nodes_allocated: slurm.nodes_allocated,
        cpus: slurm.cpus,
        raw_hours: slurm.raw_hours,
        cpu_hours: slurm.cpu_hours,
    }
}

/// What the batch system said of these jobs (internal ids), those of which it said anything, whoever asks: for fields of jobs that the caller may see.
pub async fn slurm_by_ids(app: &App, job_ids: &[i64]) -> Result<Vec<job_slurm::Model>> {
    let rows = job_slurm::Entity::find().filter(job_slurm::Column::JobId.is_in(job_ids.iter().copied()));
    Ok(rows.all(app.db.read()).await?.into_iter().filter(|row| !row.is_blank()).collect())
}
