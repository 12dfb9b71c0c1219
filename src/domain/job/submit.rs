//! Submitting a job.

use entity::{Time, event, job, service};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect, TryIntoModel,
};
use serde_json::Value;
use uuid::Uuid;

use super::{PRIORITY_LEAST, PRIORITY_MOST};
use crate::{
    app::App,
    db::Tx,
    domain::{check::Faults, event as log, schema::Part, service as services},
    error::{Error, FieldError, Result},
    infra::secret,
    viewer::{Permission, Viewer},
};

/// What it takes to submit a job.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Outside id of the service.
    pub service_id: Uuid,
    /// The input; must fit the service's parameters schema.
    pub parameters: Value,
    /// [`PRIORITY_LEAST`] to [`PRIORITY_MOST`]; higher goes first, 0 is usual.
    pub priority: i32,
}

/// Submits a job. It is acknowledged when it is on disk, and will not be lost after that.
///
/// Fails with INVALID naming every violation of the service's schema by its JSON pointer, and with INVALID_STATE when
/// the service takes no new jobs.
pub async fn submit(app: &App, viewer: &Viewer, new: NewJob) -> Result<job::Model> {
    let owner_id = viewer.require(Permission::JobsWrite)?.user.id;
    let service = services::get(app, viewer, new.service_id).await?;
    if service.disabled {
        return Err(closed());
    }
    let version_id = service.version_id.ok_or_else(|| Error::internal("a service has no version"))?;
    check(app, version_id, &new).await?;
    let now_service = (service, version_id);
    app.db
        .write((owner_id, now_service, new), |tx, (owner_id, (service, version_id), new)| {
            Box::pin(insert(tx, *owner_id, service, *version_id, new))
        })
        .await
}

fn closed() -> Error {
    Error::InvalidState("This service is disabled and takes no new jobs.".into())
}

async fn check(app: &App, version_id: i64, new: &NewJob) -> Result<()> {
    let mut faults = Faults::default();
    faults.range("priority", i64::from(new.priority), i64::from(PRIORITY_LEAST), i64::from(PRIORITY_MOST));
    let bound = app.config.jobs.parameters_bytes;
    let size = crate::domain::json_size(&new.parameters);
    if size > bound {
        faults.add("parameters", format!("{size} bytes of JSON are too many; at most {bound} are taken."));
        return faults.into_result();
    }
    let validator = services::validator(app, version_id, Part::Parameters).await?;
    for FieldError { path, message } in validator.validate(&new.parameters, "parameters").err().unwrap_or_default() {
        faults.add(path, message);
    }
    faults.into_result()
}

async fn insert(tx: &Tx, owner_id: i64, service: &service::Model, version_id: i64, new: &NewJob) -> Result<job::Model> {
    // Again, inside the transaction: it may have been disabled or removed since the input was checked.
    let open = service::Entity::find_by_id(service.id).select_only().column(service::Column::Id);
    let open = open.filter(service::Column::Disabled.eq(false)).filter(service::Column::DeletedAt.is_null());
    if open.into_tuple::<i64>().one(&tx.db).await?.is_none() {
        return Err(closed());
    }
    let mut row = new_row(tx.now, owner_id, service, version_id, new);
    // Only the id is news; reading the whole row back would cost more than writing it.
    row.id = Set(job::Entity::insert(row.clone()).exec(&tx.db).await?.last_insert_id);
    let job = row.try_into_model()?;
    let detail = event::Detail { to: Some(job.status), ..Default::default() };
    log::append(tx, &job, event::Kind::StatusChanged, detail).await?;
    Ok(job)
}

fn new_row(now: Time, owner_id: i64, service: &service::Model, version_id: i64, new: &NewJob) -> job::ActiveModel {
    job::ActiveModel {
        id: NotSet,
        uid: Set(secret::uid()),
        service_id: Set(service.id),
        service_version_id: Set(version_id),
        owner_id: Set(owner_id),
        status: Set(job::Status::Queued),
        parameters: Set(new.parameters.clone()),
        results: Set(None),
        priority: Set(new.priority),
        run_after: Set(now),
        attempt: Set(0),
        max_attempts: Set(service.max_attempts),
        lease_seconds: Set(service.lease_seconds),
        max_run_seconds: Set(service.max_run_seconds),
        retry_timeouts: Set(service.retry_timeouts),
        losses: Set(0),
        releases: Set(0),
        backoffs: Set(0),
        progress: Set(None),
        message: Set(None),
        failure_kind: Set(None),
        failure_code: Set(None),
        failure_message: Set(None),
        cancel_requested: Set(false),
        revision: Set(1),
        log_bytes: Set(0),
        log_truncated: Set(false),
        runner_id: Set(None),
        lease_hash: Set(None),
        lease_expires_at: Set(None),
        claimed_at: Set(None),
        submitted_at: Set(now),
        started_at: Set(None),
        finished_at: Set(None),
        updated_at: Set(now),
    }
}
