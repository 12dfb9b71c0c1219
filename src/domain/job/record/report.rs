//! What a batch system reports of a job under its own key, again and again.
//!
//! The first report makes the job, later ones change it. Until the job ends, what it is said to cost is held on its
//! account; its end takes what it cost then. A report that was sent twice books nothing the second time. Until it was said
//! when a job was submitted and when it began, what it costs is only noted.

use entity::{
    Amount, Labels, Time, account_member, event,
    job::{self, Origin},
    job_slurm, user,
};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, SqlErr};
use serde_json::json;
use uuid::Uuid;

use super::{
    NewRecord, NewSlurm, Record, check_slurm, row, said, slurm_row, store,
    update::{NO_USER, Said, charge_difference, ended, found_account, require_payer, rewrite, slurm_of, terms},
};
use crate::{
    app::App,
    db::Tx,
    domain::{
        account::{report::Terms, reserve::take_back},
        check::Faults,
        event as log,
        job::{cancel::present, idempotency::Key},
    },
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// A report. Of a job that is known already, what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The key: 1 to 64 characters, one job's only.
    pub slurm_key: String,
    /// Outside id of the user whose job it is; a new job needs it, and a known one keeps it.
    pub owner_id: Option<Uuid>,
    /// Outside id of the account that pays; likewise.
    pub account_id: Option<Uuid>,
    /// When it was submitted there; for a new job of which that is not said, when it began, ended or was first
    /// reported, whichever came first.
    pub submitted_at: Option<Time>,
    /// When it began to run.
    pub started_at: Option<Time>,
    /// When it ended.
    pub finished_at: Option<Time>,
    /// What it costs as far as is known, 0 or more.
    pub amount: Option<Amount>,
    /// What else is said.
    pub slurm: NewSlurm,
    /// Whether the job must not be known yet.
    pub only_new: bool,
}

/// What a report came to.
#[derive(Clone, Debug)]
pub struct Reported {
    /// The job.
    pub job: job::Model,
    /// Whether this report made it.
    pub is_new: bool,
}

/// Takes a report. Admins and users with the role `accounting` may send one.
///
/// A report of a job that must be new is answered with the job when the same was said before, and fails with
/// IDEMPOTENCY_MISMATCH when it was something else. Fails with INVALID for an unknown user or account, for another user or
/// account than the job has, for a job that must be new of a user who is not a member of the account, and for dates that
/// are out of order.
pub async fn report(app: &App, viewer: &Viewer, report: Report) -> Result<Reported> {
    viewer.require_write(Permission::JobsWrite)?;
    if !viewer.keeps_accounts() {
        return Err(Error::Forbidden("Only admins and users with the role `accounting` report jobs.".into()));
    }
    let mut faults = Faults::default();
    faults.line("slurmKey", &report.slurm_key, 1, 64);
    check_slurm(&mut faults, &report.slurm);
    if report.amount.is_some_and(|amount| amount < Amount::ZERO) {
        faults.add("amount", "What a job costs is 0 or more.");
    }
    let owner = report_owner(app, &mut faults, report.owner_id).await?;
    let account_id = found_account(app, &mut faults, report.account_id).await?;
    faults.into_result()?;
    // No caller's own key has a blank in it.
    let key = Key::new(viewer.user_id().unwrap_or(0), &format!("slurm {}", report.slurm_key), body(&report));
    let told = Told { owner, account_id, key, report };
    app.db.write(told, |tx, told| Box::pin(take(tx, told))).await
}

/// The user whom a report names. One who was deleted meanwhile still has the jobs that are known.
async fn report_owner(app: &App, faults: &mut Faults, uid: Option<Uuid>) -> Result<Option<user::Model>> {
    let Some(uid) = uid else { return Ok(None) };
    let found = user::Entity::find().filter(user::Column::Uid.eq(uid)).one(app.db.read()).await?;
    if found.is_none() {
        faults.add("ownerId", NO_USER);
    }
    Ok(found)
}

/// A report whose input was checked.
#[derive(Clone, Debug)]
struct Told {
    owner: Option<user::Model>,
    account_id: Option<i64>,
    key: Key,
    report: Report,
}

/// What a batch system said. Where it gave a name, the number is not its word but that of a configuration, which may
/// change between two reports, or differ between two servers.
fn body(report: &Report) -> serde_json::Value {
    let time = |time: Option<Time>| time.map(|time| time.0);
    let own = |number: Option<i32>, name: &Option<String>| number.filter(|_| name.is_none());
    let slurm = NewSlurm {
        partition: own(report.slurm.partition, &report.slurm.partition_name),
        qos: own(report.slurm.qos, &report.slurm.qos_name),
        state_code: own(report.slurm.state_code, &report.slurm.state_name),
        ..report.slurm.clone()
    };
    json!({
        "owner": report.owner_id,
        "account": report.account_id,
        "dates": [time(report.submitted_at), time(report.started_at), time(report.finished_at)],
        "amount": report.amount.map(|amount| amount.0),
        "slurm": said(&slurm),
    })
}

async fn take(tx: &Tx, told: &Told) -> Result<Reported> {
    let known = job_slurm::Entity::find()
        .filter(job_slurm::Column::SlurmKey.eq(told.report.slurm_key.as_str()))
        .one(&tx.db)
        .await?;
    let Some(known) = known else {
        return Ok(Reported { job: insert(tx, told).await?, is_new: true });
    };
    let before = match present(tx, known.job_id).await {
        // It was removed between the two looks: the next try finds nothing, and makes it anew.
        Err(Error::NotFound(_)) => return Err(tx.overtaken()),
        found => found?,
    };
    if told.report.only_new {
        return if told.key.is_of(&before) {
            Ok(Reported { job: before, is_new: false })
        } else {
            Err(Error::IdempotencyMismatch)
        };
    }
    Ok(Reported { job: change(tx, told, &before).await?, is_new: false })
}

async fn insert(tx: &Tx, told: &Told) -> Result<job::Model> {
    let Told { owner, account_id, key, report } = told;
    let owner_id = owner.as_ref().map(|owner| owner.id);
    let mut faults = Faults::default();
    for (path, missing) in [("ownerId", owner_id.is_none()), ("accountId", account_id.is_none())] {
        if missing {
            faults.add(path, "The first report of a job says this.");
        }
    }
    if owner.as_ref().is_some_and(|owner| owner.deleted_at.is_some()) {
        faults.add("ownerId", NO_USER);
    } else if report.only_new
        && let (Some(account_id), Some(owner_id)) = (account_id, owner_id)
        && !is_member(tx, *account_id, owner_id).await?
    {
        faults.add("ownerId", "The user is not a member of the account.");
    }
    faults.into_result()?;
    let earliest = [report.started_at, report.finished_at].into_iter().flatten().fold(tx.now, Ord::min);
    let new = NewRecord {
        owner_id: report.owner_id.unwrap_or_default(),
        submitted_at: report.submitted_at.or(Some(earliest)),
        started_at: report.started_at,
        finished_at: report.finished_at,
        labels: Vec::new(),
        slurm: None,
        idempotency_key: None,
        account_id: report.account_id,
        amount: None,
    };
    let owner_id = owner_id.unwrap_or_default();
    let record = Record { owner_id, account_id: *account_id, labels: Labels::default(), key: None, new };
    let mut job = row(tx.now, &record);
    if report.only_new {
        key.mark(&mut job);
    }
    in_order(&job)?;
    // Somebody else reports the same job: whoever comes second finds it when it looks again.
    job.id = store(tx, &mut job).await?.ok_or_else(|| tx.overtaken())?;
    let slurm = job_slurm::Model {
        slurm_key: Some(report.slurm_key.clone()),
        submission_told: report.submitted_at.is_some(),
        slurm_id: Some(report.slurm_key.clone()),
        ..slurm_row(&job, report.slurm.clone())
    };
    let is_dated = slurm.submission_told && job.started_at.is_some();
    let terms = Terms { was_dated: true, is_dated, has_run: true, is_reported: true, uncharged: None };
    let inserted = job_slurm::Entity::insert(slurm.into_active_model().reset_all()).exec_without_returning(&tx.db);
    inserted.await.map_err(|error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => tx.overtaken(),
        _ => error.into(),
    })?;
    let detail = event::Detail { to: Some(job.status), ..Default::default() };
    log::append(tx, &job, event::Kind::StatusChanged, detail).await?;
    let mut after = costing(job.clone(), report.amount, terms);
    let stored = charge_difference(tx, &job, &mut after, terms).await?;
    if is_dated || job.status.is_final() {
        let_in(tx, &job, report.amount).await?;
    }
    keep(tx, stored, after).await
}

/// Ends the reservation that was made for a job when it was let in, now that the job itself is booked.
async fn let_in(tx: &Tx, job: &job::Model, amount: Option<Amount>) -> Result<()> {
    let Some(account_id) = job.account_id else { return Ok(()) };
    take_back(tx, account_id, job.owner_id, amount).await
}

/// Whether a user is a member of an account. Nobody else begins a job that it pays for; what has run is paid for all the
/// same.
async fn is_member(tx: &Tx, account_id: i64, user_id: i64) -> Result<bool> {
    let member = account_member::Entity::find()
        .filter(account_member::Column::AccountId.eq(account_id))
        .filter(account_member::Column::UserId.eq(user_id))
        .filter(account_member::Column::RemovedAt.is_null());
    Ok(member.one(&tx.db).await?.is_some())
}

/// What a job is to hold, or to have cost, after a report.
fn costing(job: job::Model, reported: Option<Amount>, terms: Terms) -> job::Model {
    if job.status.is_final() {
        return ended(job::Model { amount: reported.or(job.amount), ..job });
    }
    if !terms.is_dated {
        return job::Model { amount: reported.or(job.amount), held: job.held.or(Some(Amount::ZERO)), ..job };
    }
    // What was noted while the dates were missing counts from now on.
    let noted = job.amount.filter(|amount| !terms.was_dated && *amount >= Amount::ZERO);
    let held = reported.or(noted).or(job.held).or(Some(Amount::ZERO));
    job::Model { held, amount: job.amount.filter(|_| terms.was_dated), ..job }
}

/// Stores an amount that nothing was booked for: of an account that is not charged for recorded jobs.
async fn keep(tx: &Tx, stored: job::Model, after: job::Model) -> Result<job::Model> {
    if (stored.held, stored.amount) == (after.held, after.amount) {
        return Ok(stored);
    }
    let after = job::Model { held: after.held, amount: after.amount, ..stored.clone() };
    crate::domain::job::change::store(tx, &stored, &after).await?;
    Ok(after)
}

async fn change(tx: &Tx, told: &Told, before: &job::Model) -> Result<job::Model> {
    let Told { owner, account_id, report, .. } = told;
    require_payer(before, owner.as_ref().map(|owner| owner.id), *account_id)?;
    let (started_at, finished_at) =
        (report.started_at.or(before.started_at), report.finished_at.or(before.finished_at));
    let row = slurm_of(tx, before).await?;
    // What nobody has told was guessed, and gives way to what is told now.
    let earliest = [started_at, finished_at].into_iter().flatten().fold(before.submitted_at, Ord::min);
    let known = if row.submission_told { before.submitted_at } else { earliest };
    let after = job::Model {
        submitted_at: report.submitted_at.unwrap_or(known),
        started_at,
        finished_at,
        status: super::state(started_at, finished_at),
        ..before.clone()
    };
    in_order(&after)?;
    let submission_told = report.submitted_at.is_some();
    let terms = Terms { has_run: true, ..terms(&row, before, &after, submission_told) };
    if terms.is_dated && !terms.was_dated && !before.status.is_final() {
        let_in(tx, before, report.amount.or(before.amount)).await?;
    }
    let mut said = Said { slurm: &report.slurm, row, submission_told, terms };
    rewrite(tx, before, costing(after, report.amount, terms), &mut said).await
}

fn in_order(job: &job::Model) -> Result<()> {
    debug_assert_eq!(job.origin, Origin::Recorded, "reports are of recorded jobs");
    let mut faults = Faults::default();
    if job.started_at.is_some_and(|started| started < job.submitted_at) {
        faults.add("startedAt", "It cannot have begun before it was submitted.");
    }
    let begun = job.started_at.unwrap_or(job.submitted_at);
    if job.finished_at.is_some_and(|finished| finished < begun) {
        faults.add("finishedAt", "It cannot have ended before it began.");
    }
    faults.into_result()
}
