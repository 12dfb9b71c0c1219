//! Changing what was recorded of a job.

use entity::{
    Amount, Time, Words, event,
    job::{self, Columns, Origin, Part},
    job_slurm, user,
};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

use super::{
    NewSlurm, check_slurm,
    locked::{Locked, locked},
    state,
};
use crate::{
    app::App,
    db::Tx,
    domain::{
        account::{
            self,
            report::{Terms, restate},
        },
        audit::{Overruling, Subject},
        check::Faults,
        job::{Texts, Which, cancel, change},
    },
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// What is said of a user who is not there, or not any more.
pub(super) const NO_USER: &str = "There is no such user.";

/// A change of a recorded job; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct RecordChange {
    /// Outside id of another owner.
    pub owner_id: Option<Uuid>,
    /// Outside id of another account.
    pub account_id: Option<Uuid>,
    /// When it was submitted there.
    pub submitted_at: Option<Time>,
    /// When it began to run; `Some(None)` takes that back.
    pub started_at: Option<Option<Time>>,
    /// When it ended; `Some(None)` takes that back.
    pub finished_at: Option<Option<Time>>,
    /// What it cost. The difference is booked where the account is charged for recorded jobs; of a job that is reported
    /// under a key it is what is held until its end.
    pub amount: Option<Amount>,
    /// What the batch system says; each absent value stays.
    pub slurm: NewSlurm,
}

/// A recorded job after a change.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The job, with the columns that were asked for and some more.
    pub job: Part,
    /// What the batch system says of it.
    pub slurm: job_slurm::Model,
}

/// Changes what was recorded of a job; answers with these columns of it. Admins and users with the role `accounting`
/// may. Its `updated_at` moves even when nothing else does.
///
/// Fails with INVALID_STATE for a job that was not recorded, and with INVALID for an unknown or deleted user, an
/// unknown account, and another user or account of a job that is reported under a key.
pub async fn update(
    app: &App,
    viewer: &Viewer,
    which: Which,
    change: RecordChange,
    columns: Columns,
) -> Result<Changed> {
    if let Which::Number(..) = which {
        viewer.require_read(Permission::JobsRead)?;
    }
    viewer.require_write(Permission::JobsWrite)?;
    let mut faults = Faults::default();
    check_slurm(&mut faults, &change.slurm);
    // Who keeps accounts changes every recorded job: what the transaction finds is one of them, as a rule.
    let is_plain = change.owner_id.is_none() && change.account_id.is_none() && faults.is_empty();
    if !is_plain || !viewer.keeps_accounts() {
        let job = changeable(app, viewer, which).await?;
        let owner_id = found_owner(app, &mut faults, change.owner_id, Some(job.owner_id)).await?;
        let account_id = found_account(app, &mut faults, change.account_id).await?;
        faults.into_result()?;
        return write(app, Change { owner_id, account_id, ..Change::of(app, viewer, which, change, columns) }).await;
    }
    let changed = write(app, Change::of(app, viewer, which, change, columns)).await;
    if let Err(Error::NotFound("job")) = changed {
        changeable(app, viewer, which).await?;
    }
    changed
}

async fn write(app: &App, change: Change) -> Result<Changed> {
    app.db.write(change, |tx, change| Box::pin(apply(tx, change))).await
}

/// A recorded job that the viewer changes; fails for all others, each in its own way.
async fn changeable(app: &App, viewer: &Viewer, which: Which) -> Result<job::Model> {
    let job = cancel::visible(app, viewer, which).await?;
    if job.origin != Origin::Recorded {
        return Err(Error::InvalidState("Runners work on this job; nobody else reports on it.".into()));
    }
    if !viewer.keeps_accounts() {
        return Err(Error::Forbidden("Only admins and users with the role `accounting` change recorded jobs.".into()));
    }
    Ok(job)
}

/// The user that is meant; one that is not there is a fault, and so is one that was deleted, unless it is `present`,
/// whose the job is already.
pub(super) async fn found_owner(
    app: &App,
    faults: &mut Faults,
    uid: Option<Uuid>,
    present: Option<i64>,
) -> Result<Option<i64>> {
    let Some(uid) = uid else { return Ok(None) };
    let found = user::Entity::find().filter(user::Column::Uid.eq(uid)).one(app.db.read()).await?;
    let found = found.filter(|user| user.deleted_at.is_none() || present == Some(user.id));
    if found.is_none() {
        faults.add("ownerId", NO_USER);
    }
    Ok(found.map(|user| user.id))
}

/// The account that is meant; one that is not there is a fault.
pub(super) async fn found_account(app: &App, faults: &mut Faults, uid: Option<Uuid>) -> Result<Option<i64>> {
    let Some(uid) = uid else { return Ok(None) };
    let found = account::find(app, uid).await?;
    if found.is_none() {
        faults.add("accountId", "There is no such account.");
    }
    Ok(found)
}

#[derive(Clone, Debug)]
struct Change {
    texts: Texts,
    which: Which,
    owner_id: Option<i64>,
    account_id: Option<i64>,
    wanted: RecordChange,
    columns: Columns,
    overruling: Overruling,
}

impl Change {
    fn of(app: &App, viewer: &Viewer, which: Which, wanted: RecordChange, columns: Columns) -> Self {
        let overruling = Overruling::of(viewer, Subject::unknown(), Viewer::keeps_accounts);
        Self { texts: app.job_texts.clone(), which, owner_id: None, account_id: None, wanted, columns, overruling }
    }
}

async fn apply(tx: &Tx, input: &Change) -> Result<Changed> {
    let Change { texts, which, owner_id, account_id, wanted: change, columns, overruling } = input;
    let Locked { part: Part { columns, row: before, size }, slurm: row, charges } =
        locked(tx, texts, *which, *columns).await?;
    overruling.note_about(tx, &before, "update the record").await?;
    let is_reported = row.slurm_key.is_some();
    if is_reported {
        require_payer(&before, *owner_id, *account_id)?;
    }
    let after = job::Model {
        owner_id: owner_id.unwrap_or(before.owner_id),
        account_id: account_id.or(before.account_id),
        submitted_at: change.submitted_at.unwrap_or(before.submitted_at),
        started_at: change.started_at.unwrap_or(before.started_at),
        finished_at: change.finished_at.unwrap_or(before.finished_at),
        ..before.clone()
    };
    let submission_told = change.submitted_at.is_some();
    // Behind a report that it had to wait for, PostgreSQL shows the account as it was before that: then it is asked again.
    let uncharged = before.account_id.filter(|_| charges == Some(false) && !is_reported);
    let terms = Terms { uncharged, ..terms(&row, &before, &after, submission_told) };
    let after = costing(after, is_reported, change.amount, terms)?;
    let mut said = Said { slurm: &change.slurm, row, submission_told, terms };
    let stored = rewrite(tx, &before, after, &mut said).await?;
    let touched = job::Model { updated_at: tx.now, ..stored.clone() };
    if stored.updated_at != tx.now {
        // Nothing happened to the job that anybody needs to be told; that somebody wrote it is seen all the same.
        change::store(tx, &stored, &touched).await?;
    }
    Ok(Changed { job: Part { columns, row: touched, size }, slurm: said.row })
}

/// Refuses another user or account than a job has that is reported under a key: its next report, which names those that
/// it began with, would be refused, and its hold would stay for ever.
pub(super) fn require_payer(job: &job::Model, owner_id: Option<i64>, account_id: Option<i64>) -> Result<()> {
    let mut faults = Faults::default();
    if owner_id.is_some_and(|id| id != job.owner_id) {
        faults.add("ownerId", "The user of a job that was reported does not change.");
    }
    if account_id.is_some() && account_id != job.account_id {
        faults.add("accountId", "The account of a job that was reported does not change.");
    }
    faults.into_result()
}

/// A changed job with what it costs now. Before its end a reported one holds that and has taken nothing, also where it
/// had come to an end before; as long as its dates are missing that is only noted.
fn costing(job: job::Model, is_reported: bool, amount: Option<Amount>, terms: Terms) -> Result<job::Model> {
    let holds = is_reported || job.held.is_some_and(|held| held > Amount::ZERO);
    let is_final = state(job.started_at, job.finished_at).is_final();
    if holds && !is_final && amount.is_some_and(|amount| amount < Amount::ZERO) {
        return Err(Error::invalid("amount", "What a job holds before its end is 0 or more."));
    }
    if !is_final && job.amount.is_none() && amount.is_some_and(|amount| amount > Amount::ZERO) && amount == job.held {
        // It is held already, and taken at its end: there is nothing to note.
        return Ok(job);
    }
    if is_final || !holds || !terms.is_dated {
        return Ok(job::Model { amount: amount.or(job.amount), ..job });
    }
    let had_cost = job.amount.filter(|cost| job.status.is_final() && *cost >= Amount::ZERO);
    let noted = job.amount.filter(|cost| !terms.was_dated && *cost >= Amount::ZERO);
    let Some(held) = amount.or(had_cost).or(noted) else { return Ok(job) };
    Ok(job::Model { held: Some(held), amount: None, ..job })
}

/// What is known of a job at its batch system. The job's row must be locked.
pub(super) async fn slurm_of(tx: &Tx, job: &job::Model) -> Result<job_slurm::Model> {
    let row = job_slurm::Entity::find_by_id(job.id).one(&tx.db).await?;
    row.ok_or_else(|| Error::internal("a recorded job has no row of what was recorded"))
}

/// On which terms a change of a recorded job is booked: one that is reported under a key costs nothing until it was said
/// when it was submitted and when it began.
pub(super) fn terms(row: &job_slurm::Model, before: &job::Model, after: &job::Model, submission_told: bool) -> Terms {
    let is_reported = row.slurm_key.is_some();
    Terms {
        was_dated: !is_reported || row.submission_told && before.started_at.is_some(),
        is_dated: !is_reported || (row.submission_told || submission_told) && after.started_at.is_some(),
        is_reported,
        uncharged: None,
        has_run: false,
    }
}

/// A change of what is known of a job.
pub(super) struct Said<'a> {
    /// What the batch system says now.
    pub slurm: &'a NewSlurm,
    /// What it said before; once that is stored, what it says.
    pub row: job_slurm::Model,
    /// Whether it says when the job was submitted.
    pub submission_told: bool,
    /// How that is booked.
    pub terms: Terms,
}

/// Stores what is now known of a recorded job, and books what that changes.
pub(super) async fn rewrite(
    tx: &Tx,
    before: &job::Model,
    mut after: job::Model,
    said: &mut Said<'_>,
) -> Result<job::Model> {
    if let (Some(started), Some(finished)) = (after.started_at, after.finished_at)
        && finished < started
        && (before.started_at, before.finished_at) != (after.started_at, after.finished_at)
    {
        return Err(Error::invalid("finishedAt", "It cannot have ended before it began."));
    }
    after.status = state(after.started_at, after.finished_at);
    after = if after.status.is_final() {
        ended(after)
    } else {
        job::Model { held: after.account_id.map(|_| after.held.unwrap_or_default()), ..after }
    };
    let says_more = store_slurm(tx, &after, said).await?;
    if !says_more && after == *before {
        return Ok(after);
    }
    let last = charge_difference(tx, before, &mut after, said.terms).await?;
    if before.status == after.status && last.revision != before.revision {
        return Ok(last);
    }
    let message = (before.status == after.status).then(|| "The batch system reported it anew.".to_owned());
    let detail = event::Detail { from: Some(before.status), to: Some(after.status), message, ..Default::default() };
    let step = job::Model { revision: last.revision, ..after };
    change::record(tx, &last, step, event::Kind::StatusChanged, detail).await
}

/// A job at its end, which holds nothing: one that does not say what it cost takes what was held for it.
pub(super) fn ended(job: job::Model) -> job::Model {
    let amount = job.amount.or(job.held.filter(|held| *held > Amount::ZERO));
    job::Model { held: None, amount, ..job }
}

/// Books what a change costs. Where that is anything, the row is stored with it; returns it as it is then.
pub(super) async fn charge_difference(
    tx: &Tx,
    before: &job::Model,
    after: &mut job::Model,
    terms: Terms,
) -> Result<job::Model> {
    let bookings = restate(tx, before, after, terms).await?;
    // One after the other, since each event has a revision of its own; the first of them stores the row.
    let mut last = before.clone();
    for booking in bookings {
        let detail = event::Detail { booking: Some(booking), ..Default::default() };
        let step = job::Model { revision: last.revision, ..after.clone() };
        last = change::record(tx, &last, step, event::Kind::Charged, detail).await?;
    }
    Ok(last)
}

/// Stores what a batch system says now; tells whether that is anything new.
async fn store_slurm(
    tx: &Tx,
    job: &job::Model,
    Said { slurm: said, row, submission_told, .. }: &mut Said<'_>,
) -> Result<bool> {
    let nodes = if said.nodes.is_empty() { row.nodes.clone() } else { Words(said.nodes.clone()) };
    let state_code = said.state_code.or(row.state_code);
    let after = job_slurm::Model {
        owner_id: job.owner_id,
        account_id: job.account_id,
        listed_code: state_code.unwrap_or(0),
        submission_told: row.submission_told || *submission_told,
        slurm_id: said.job_id.clone().or_else(|| row.slurm_id.clone()),
        partition: said.partition.or(row.partition),
        qos: said.qos.or(row.qos),
        state_code,
        partition_name: said.partition_name.clone().or_else(|| row.partition_name.clone()),
        qos_name: said.qos_name.clone().or_else(|| row.qos_name.clone()),
        state_name: said.state_name.clone().or_else(|| row.state_name.clone()),
        nodes,
        nodes_requested: said.nodes_requested.or(row.nodes_requested),
        nodes_allocated: said.nodes_allocated.or(row.nodes_allocated),
        cpus: said.cpus.or(row.cpus),
        raw_hours: said.raw_hours.or(row.raw_hours),
        cpu_hours: said.cpu_hours.or(row.cpu_hours),
        ..row.clone()
    };
    if after == *row {
        return Ok(false);
    }
    row.clone_from(&after);
    job_slurm::Entity::update(after.into_active_model().reset_all()).exec_without_returning(&tx.db).await?;
    Ok(true)
}
