//! Recording a job that another system ran.

use entity::{
    Amount, Labels, Time, Words, event,
    job::{self, Origin, Status},
    job_slurm,
    legacy_number::Dialect,
    user,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
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
        account::{self, charge},
        check::Faults,
        event as log,
    },
    error::{Error, Result},
    infra::secret,
    viewer::{Permission, Viewer},
};

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
    /// The number of the quality of service, -128 to 127.
    pub qos: Option<i32>,
    /// The number of the state, -128 to 127.
    pub state_code: Option<i32>,
    /// The nodes that it ran on: at most `NODES` names of 1 to 64 characters.
    pub nodes: Vec<String>,
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
/// Admins and users with the role `accounting` may. Fails with INVALID for an unknown user.
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
        faults.add("finishedAt", "It cannot have ended before it began; see startedAt.");
    }
    if let Some(slurm) = &new.slurm {
        check_slurm(&mut faults, slurm);
    }
    let caller = viewer.user_id().unwrap_or(0);
    let key = new.idempotency_key.as_deref().map(|key| Key::new(caller, key, body(&new)));
    let labels = requirement::labels(&mut faults, "labels", new.labels.clone());
    let owner = user::Entity::find().filter(user::Column::Uid.eq(new.owner_id)).one(app.db.read()).await?;
    if owner.is_none() {
        faults.add("ownerId", "There is no such user.");
    }
    let account_id = match new.account_id {
        None => None,
        Some(uid) => account::find(app, uid).await?,
    };
    if new.account_id.is_some() && account_id.is_none() {
        faults.add("accountId", "There is no such account.");
    }
    faults.into_result()?;
    let owner_id = owner.map(|owner| owner.id).ok_or(Error::NotFound("user"))?;
    let record = Record { owner_id, account_id, labels, key, new };
    app.db.write(record, |tx, record| Box::pin(insert(tx, record))).await
}

fn check_slurm(faults: &mut Faults, slurm: &NewSlurm) {
    if let Some(id) = &slurm.job_id {
        faults.line("slurm/jobId", id, 1, 64);
    }
    for (path, number) in
        [("slurm/partition", slurm.partition), ("slurm/qos", slurm.qos), ("slurm/stateCode", slurm.state_code)]
    {
        if let Some(number) = number {
            faults.range(path, i64::from(number), -128, 127);
        }
    }
    if let Some(cpus) = slurm.cpus {
        faults.range("slurm/cpus", i64::from(cpus), 0, i64::from(i32::MAX));
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
    let slurm = new.slurm.as_ref().map(|slurm| {
        json!([
            slurm.job_id,
            slurm.partition,
            slurm.qos,
            slurm.state_code,
            slurm.nodes,
            slurm.cpus,
            slurm.raw_hours,
            slurm.cpu_hours
        ])
    });
    json!({
        "ownerId": new.owner_id,
        "submittedAt": time(new.submitted_at),
        "startedAt": time(new.started_at),
        "finishedAt": time(new.finished_at),
        "labels": idempotency::unordered(&new.labels),
        "slurm": slurm,
        "accountId": new.account_id,
        "amount": new.amount.map(|amount| amount.0),
    })
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
    if let Some(slurm) = &new.slurm {
        job_slurm::Entity::insert(slurm_row(id, slurm)).exec_without_returning(&tx.db).await?;
    }
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
        status: match (new.started_at, new.finished_at) {
            (_, Some(_)) => Status::Succeeded,
            (Some(_), None) => Status::Running,
            (None, None) => Status::Queued,
        },
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

fn slurm_row(job_id: i64, slurm: &NewSlurm) -> job_slurm::ActiveModel {
    job_slurm::ActiveModel {
        job_id: Set(job_id),
        slurm_id: Set(slurm.job_id.clone()),
        partition: Set(slurm.partition),
        qos: Set(slurm.qos),
        state_code: Set(slurm.state_code),
        nodes: Set(Words(slurm.nodes.clone())),
        cpus: Set(slurm.cpus),
        raw_hours: Set(slurm.raw_hours),
        cpu_hours: Set(slurm.cpu_hours),
    }
}

/// What the batch system said of these jobs (internal ids), whoever asks: for fields of jobs that the caller may see.
pub async fn slurm_by_ids(app: &App, job_ids: &[i64]) -> Result<Vec<job_slurm::Model>> {
    let rows = job_slurm::Entity::find().filter(job_slurm::Column::JobId.is_in(job_ids.iter().copied()));
    Ok(rows.all(app.db.read()).await?)
}
