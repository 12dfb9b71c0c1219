//! Submitting a job.

use entity::{
    Amount, Labels, Time, event,
    job::{self, Origin},
    job_label,
    legacy_number::Noun,
    service,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    sea_query::{LockType, OnConflict},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    PRIORITY_LEAST, PRIORITY_MOST,
    idempotency::{self, Key},
    requirement,
    terms::Terms,
};
use crate::{
    app::App,
    db::Tx,
    domain::{
        account::{self, Payer, charge},
        check::Faults,
        event as log, file, legacy_number, project as projects,
        schema::Part,
        service as services,
    },
    error::{Error, FieldError, Result},
    infra::secret,
    viewer::{Permission, Viewer},
};

/// Seconds ahead that a job may be scheduled: a year.
pub const SCHEDULE_MOST: i64 = 366 * 86_400;

/// What it takes to submit a job.
#[derive(Clone, Debug, Default)]
pub struct NewJob {
    /// Outside id of the service.
    pub service_id: Uuid,
    /// Outside id of the project that it is a part of, in which the submitter is at least a contributor.
    pub project_id: Option<Uuid>,
    /// The input; must fit the service's parameters schema.
    pub parameters: Value,
    /// [`PRIORITY_LEAST`] to [`PRIORITY_MOST`]; higher goes first, 0 is usual.
    pub priority: i32,
    /// Not to be run before; at most `SCHEDULE_MOST` seconds ahead. None and what has passed mean at once.
    pub scheduled_at: Option<Time>,
    /// What the owner calls it by: pairs of key and value, at most `requirement::LABELS`.
    pub labels: Vec<(String, String)>,
    /// Labels that a runner must have to get it, under the same rules.
    pub requires: Vec<(String, String)>,
    /// Outside ids of its input files: the owner's own, attached to nothing; at most 100, each once.
    pub file_ids: Vec<Uuid>,
    /// The caller's own name for this submission: 1 to `idempotency::KEY` visible ASCII characters.
    pub idempotency_key: Option<String>,
    /// Outside id of the account that pays; needed when the service has a price, unless the project has one that the
    /// submitter may charge.
    pub account_id: Option<Uuid>,
    /// Processors that it occupies, 1 to [`super::CPUS_MOST`]; none means 1.
    pub cpus: Option<i32>,
    /// Seconds that one attempt may run, at most what the service allows; none takes that.
    pub max_run_seconds: Option<i32>,
}

/// A job that was submitted.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The job.
    pub job: job::Model,
    /// It had been submitted before, under the same idempotency key.
    pub replayed: bool,
}

/// A submission whose input was checked.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    owner_id: i64,
    project_id: Option<i64>,
    service: service::Model,
    version_id: i64,
    parameters: Value,
    priority: i32,
    scheduled_at: Option<Time>,
    labels: Labels,
    requires: Labels,
    file_ids: Vec<Uuid>,
    key: Option<Key>,
    terms: Terms,
    payer: Option<Payer>,
}

/// What the check of a submission comes to.
#[derive(Clone, Debug)]
pub(super) enum Checked {
    /// It is to be stored.
    Ready(Box<Ready>),
    /// It was stored before.
    Replayed(Box<job::Model>),
}

/// Submits a job. It is acknowledged when it is on disk, and will not be lost after that.
///
/// Fails with INVALID naming every violation of the service's schema by its JSON pointer, with INVALID_STATE when the
/// service takes no new jobs, with IDEMPOTENCY_MISMATCH when the key stands for another submission, and with
/// INSUFFICIENT_FUNDS when the account has not what the job may cost.
pub async fn submit(app: &App, viewer: &Viewer, new: NewJob) -> Result<Submitted> {
    match check(app, viewer, new).await? {
        Checked::Replayed(job) => Ok(Submitted { job: *job, replayed: true }),
        Checked::Ready(ready) => app.db.write(*ready, |tx, ready| Box::pin(insert(tx, ready))).await,
    }
}

fn closed() -> Error {
    Error::InvalidState("This service is disabled and takes no new jobs.".into())
}

/// Checks a submission, before the transaction that stores it: that takes longer than a write should.
pub(super) async fn check(app: &App, viewer: &Viewer, new: NewJob) -> Result<Checked> {
    let owner_id = viewer.require(Permission::JobsWrite)?.user.id;
    let mut faults = Faults::default();
    idempotency::check(&mut faults, new.idempotency_key.as_deref());
    let key = new.idempotency_key.as_deref().map(|key| Key::new(owner_id, key, body(&new)));
    if let Some(key) = &key {
        // Before anything else: the first submission stands, whatever has become of the service since.
        faults = proper(faults)?;
        if let Some(job) = key.find(app.db.read(), Origin::Submitted).await? {
            return Ok(Checked::Replayed(Box::new(job)));
        }
    }
    let service = services::get(app, viewer, new.service_id).await?;
    if service.disabled {
        return Err(closed());
    }
    let project = projects::of_job(app, viewer, &service, new.project_id).await?;
    let version_id = service.version_id.ok_or_else(|| Error::internal("a service has no version"))?;
    faults.range("priority", i64::from(new.priority), i64::from(PRIORITY_LEAST), i64::from(PRIORITY_MOST));
    check_schedule(&mut faults, new.scheduled_at, Time(app.clock.now_micros()));
    let labels = requirement::labels(&mut faults, "labels", new.labels);
    let requires = requirement::labels(&mut faults, "requires", new.requires);
    let terms = Terms::of(&service, new.cpus, new.max_run_seconds, &mut faults);
    let unnamed = !terms.price.is_free() && new.account_id.is_none();
    let default = if unnamed { account::default_payer(app, viewer, project.as_ref()).await? } else { None };
    if unnamed && default.is_none() {
        faults.add("accountId", "This service has a price: name the account that pays.");
    }
    check_parameters(app, &mut faults, version_id, &new.parameters).await?;
    faults.into_result()?;
    let payer = match new.account_id {
        None => default,
        Some(uid) => Some(account::payer(app, viewer, uid).await?),
    };
    let ready = Ready {
        owner_id,
        project_id: project.map(|project| project.id),
        service,
        version_id,
        parameters: new.parameters,
        priority: new.priority,
        scheduled_at: new.scheduled_at,
        labels,
        requires,
        file_ids: new.file_ids,
        key,
        terms,
        payer,
    };
    Ok(Checked::Ready(Box::new(ready)))
}

/// Nothing is wrong so far, or what is wrong.
fn proper(faults: Faults) -> Result<Faults> {
    faults.into_result().map(|()| Faults::default())
}

/// What a key stands for: all that the caller said.
fn body(new: &NewJob) -> Value {
    json!({
        "serviceId": new.service_id,
        "projectId": new.project_id,
        "parameters": new.parameters,
        "priority": new.priority,
        "scheduledAt": new.scheduled_at.map(|time| time.0),
        "labels": idempotency::unordered(&new.labels),
        "requires": idempotency::unordered(&new.requires),
        "accountId": new.account_id,
        "cpus": new.cpus,
        "maxRunSeconds": new.max_run_seconds,
        "fileIds": new.file_ids,
    })
}

/// A moment to run a job at lies at most a year ahead.
pub(super) fn check_schedule(faults: &mut Faults, at: Option<Time>, now: Time) {
    if at.is_some_and(|at| at > now.plus_seconds(SCHEDULE_MOST)) {
        faults.add("scheduledAt", "This is more than a year ahead; a job may be scheduled for a year at most.");
    }
}

async fn check_parameters(app: &App, faults: &mut Faults, version_id: i64, parameters: &Value) -> Result<()> {
    let bound = app.config.jobs.parameters_bytes;
    let size = crate::domain::json_size(parameters);
    if size > bound {
        faults.add("parameters", format!("{size} bytes of JSON are too many; at most {bound} are taken."));
        return Ok(());
    }
    let validator = services::validator(app, version_id, Part::Parameters).await?;
    for FieldError { path, message } in validator.validate(parameters, "parameters").err().unwrap_or_default() {
        faults.add(path, message);
    }
    Ok(())
}

/// Stores a submission, or finds the one that was quicker under the same key.
pub(super) async fn insert(tx: &Tx, ready: &Ready) -> Result<Submitted> {
    if let Some(key) = &ready.key
        && let Some(job) = key.find(&tx.db, Origin::Submitted).await?
    {
        return Ok(Submitted { job, replayed: true });
    }
    let mut job = new_row(tx.now, ready);
    if let Some(project_id) = job.project_id {
        projects::open(tx, project_id).await?;
    }
    open(tx, ready.service.id).await?;
    job.requirement_id = requirement::number(tx, ready.service.id, ready.owner_id, &ready.requires).await?;
    let Some(id) = store(tx, &mut job).await? else {
        // The other one has committed, or the index would not have spoken.
        let first = match &ready.key {
            Some(key) => key.find(&tx.db, Origin::Submitted).await?,
            None => None,
        };
        let job = first.ok_or_else(|| Error::internal("a new job is there already, under no key of its own"))?;
        return Ok(Submitted { job, replayed: true });
    };
    job.id = id;
    tell(tx, &job, ready.payer).await?;
    job = file::attach_inputs(tx, job, &ready.file_ids).await?;
    Ok(Submitted { job, replayed: false })
}

/// Tells of a new job, and holds what it may cost: that is an event of its own.
async fn tell(tx: &Tx, job: &job::Model, payer: Option<Payer>) -> Result<()> {
    let submitted = job::Model { revision: 1, ..job.clone() };
    let detail = event::Detail { to: Some(job.status), ..Default::default() };
    let mut events = vec![(&submitted, event::Kind::StatusChanged, detail)];
    if let Some(payer) = payer
        && let Some(booking) = charge::hold(tx, payer, job).await?
    {
        let detail = event::Detail { booking: Some(booking), ..Default::default() };
        events.push((job, event::Kind::Charged, detail));
    }
    log::append_all(tx, events).await
}

/// Refuses when the service takes no new jobs: it may have been disabled or removed since the input was checked. Its row
/// is locked, so that whoever disables it can wait for this transaction.
pub(super) async fn open(tx: &Tx, service_id: i64) -> Result<()> {
    let open = service::Entity::find_by_id(service_id)
        .select_only()
        .column(service::Column::Id)
        .filter(service::Column::Disabled.eq(false))
        .filter(service::Column::DeletedAt.is_null())
        .lock(LockType::KeyShare);
    open.into_tuple::<i64>().one(&tx.db).await?.map(|_| ()).ok_or_else(closed)
}

/// Inserts a job with its labels, under a number of its home's; none when another one has its idempotency key.
pub(super) async fn store(tx: &Tx, job: &mut job::Model) -> Result<Option<i64>> {
    if let Some(dialect) = job.dialect.filter(|dialect| dialect.numbers_jobs()) {
        job.dialect_number = Some(legacy_number::draw(tx, dialect, Noun::Job).await?);
    }
    let mut row = job.clone().into_active_model().reset_all();
    row.id = NotSet;
    let mut insert = job::Entity::insert(row);
    if job.idempotency_key.is_some() {
        // A failed statement would be the end of a transaction in PostgreSQL.
        insert = insert.on_conflict(OnConflict::new().do_nothing().to_owned());
    }
    // Only the id is news; reading the whole row back would cost more than writing it.
    let id = match insert.exec(&tx.db).await {
        Ok(inserted) => inserted.last_insert_id,
        Err(DbErr::RecordNotInserted) => {
            legacy_number::gone(tx, job).await?;
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    if !job.labels.is_empty() {
        let rows = job.labels.0.iter().map(|(key, value)| job_label::ActiveModel {
            job_id: Set(id),
            key: Set(key.clone()),
            value: Set(value.clone()),
        });
        job_label::Entity::insert_many(rows.collect::<Vec<_>>()).exec_without_returning(&tx.db).await?;
    }
    Ok(Some(id))
}

fn new_row(now: Time, ready: &Ready) -> job::Model {
    let service = &ready.service;
    let later = ready.scheduled_at.filter(|at| *at > now);
    let held = ready.payer.map(|_| ready.terms.hold);
    let mut row = job::Model {
        project_id: ready.project_id,
        dialect: service.dialect,
        service_id: Some(service.id),
        service_version_id: Some(ready.version_id),
        status: if later.is_some() { job::Status::Scheduled } else { job::Status::Queued },
        labels: ready.labels.clone(),
        requires: ready.requires.clone(),
        parameters: ready.parameters.clone().into(),
        priority: ready.priority,
        scheduled_at: ready.scheduled_at,
        run_after: later.unwrap_or(now),
        max_attempts: service.max_attempts,
        lease_seconds: service.lease_seconds,
        max_run_seconds: ready.terms.max_run_seconds,
        retry_timeouts: service.retry_timeouts,
        revision: 1 + i64::from(held.is_some_and(|held| held > Amount::ZERO)),
        account_id: ready.payer.map(|payer| payer.account_id),
        cpus: ready.terms.cpus,
        price_per_job: ready.terms.price.per_job,
        price_per_hour: ready.terms.price.per_hour,
        held,
        ..blank(Origin::Submitted, ready.owner_id, now)
    };
    if let Some(key) = &ready.key {
        key.mark(&mut row);
    }
    row
}

/// A job to which nothing has happened yet.
pub(super) fn blank(origin: Origin, owner_id: i64, now: Time) -> job::Model {
    job::Model {
        uid: secret::uid(),
        origin,
        owner_id,
        parameters: Value::Object(serde_json::Map::new()).into(),
        run_after: now,
        revision: 1,
        created_at: now,
        submitted_at: now,
        updated_at: now,
        cpus: 1,
        ..job::Model::blank()
    }
}
