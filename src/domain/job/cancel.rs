//! What an owner does with a job after submitting it.

use entity::{
    Scope, Time, event,
    job::{self, Columns, Origin},
    job_label, job_log, job_slurm,
    project_member::Role,
    service as service_row,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Select};
use uuid::Uuid;

use super::{PRIORITY_LEAST, PRIORITY_MOST, Which, change, submit::check_schedule};
use crate::{
    app::App,
    db::Tx,
    domain::{account::holds, audit::Overruling, check::Faults, file, lease, legacy_number, project, service},
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// Cancels a job: at once while it waits; while a worker holds it, as a request that the worker's next heartbeat
/// answers. Cancelling a cancelled job, or asking twice, changes nothing; a job that ended otherwise is INVALID_STATE.
pub async fn cancel(app: &App, viewer: &Viewer, uid: Uuid) -> Result<job::Model> {
    let job = writable(app, viewer, uid).await?;
    app.db
        .write(job, |tx, job| {
            Box::pin(async move {
                let found = present(tx, job.id).await?;
                job.overruling.note(tx, "cancel").await?;
                cancel_one(tx, found).await
            })
        })
        .await
}

pub(super) async fn cancel_one(tx: &Tx, job: job::Model) -> Result<job::Model> {
    match job.status {
        job::Status::Cancelled => Ok(job),
        job::Status::Succeeded | job::Status::Failed => {
            Err(Error::InvalidState("The job has finished; there is nothing left to cancel.".into()))
        }
        job::Status::Claimed if job.pushed => {
            // Its runner has not fetched it, and need not: nobody works on it.
            let after = job::Model {
                cancel_requested: true,
                ..lease::ended(&lease::counted_to(&job, tx.now), job::Status::Cancelled, tx.now)
            };
            change::transition(tx, &job, after, None).await
        }
        job::Status::Claimed | job::Status::Running if job.cancel_requested => Ok(job),
        // Nobody would hear of it: its worker set its state by hand.
        job::Status::Running if job.lease_hash.is_none() => {
            let after = lease::ended(&lease::counted_to(&job, tx.now), job::Status::Cancelled, tx.now);
            let after = job::Model { cancel_requested: true, ..after };
            change::transition(tx, &job, after, None).await
        }
        job::Status::Claimed | job::Status::Running => {
            let after = job::Model { cancel_requested: true, ..job.clone() };
            change::transition(tx, &job, after, Some("Cancellation was requested.".into())).await
        }
        job::Status::Scheduled | job::Status::Queued => {
            let after = job::Model {
                status: job::Status::Cancelled,
                cancel_requested: true,
                finished_at: Some(tx.now),
                ..job.clone()
            };
            change::transition(tx, &job, after, None).await
        }
    }
}

/// A change of a job that waits; what is absent stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct JobChange {
    /// A new priority.
    pub priority: Option<i32>,
    /// Another moment to run a scheduled job at; one that has passed means at once.
    pub scheduled_at: Option<Time>,
}

/// Changes the priority of a job that waits, or the moment of one that is scheduled.
pub async fn update(app: &App, viewer: &Viewer, uid: Uuid, change: JobChange) -> Result<job::Model> {
    let mut faults = Faults::default();
    if let Some(priority) = change.priority {
        faults.range("priority", i64::from(priority), i64::from(PRIORITY_LEAST), i64::from(PRIORITY_MOST));
    } else if change.scheduled_at.is_none() {
        faults.add("priority", "Give a priority, scheduledAt or both: there is nothing to change.");
    }
    check_schedule(&mut faults, change.scheduled_at, Time(app.clock.now_micros()));
    faults.into_result()?;
    let job = writable(app, viewer, uid).await?;
    app.db.write((job, change), |tx, (job, change)| Box::pin(apply(tx, job, *change))).await
}

async fn apply(tx: &Tx, changeable: &Changeable, asked: JobChange) -> Result<job::Model> {
    let job = present(tx, changeable.id).await?;
    changeable.overruling.note(tx, "update").await?;
    if !matches!(job.status, job::Status::Scheduled | job::Status::Queued) {
        return Err(Error::InvalidState("Only a job that waits can be changed.".into()));
    }
    let mut after = job.clone();
    let mut said = Vec::new();
    if let Some(priority) = asked.priority {
        after.priority = priority;
        said.push(format!("The priority is now {priority}."));
    }
    if let Some(at) = asked.scheduled_at {
        if job.status != job::Status::Scheduled {
            return Err(Error::InvalidState("The job is queued already; only a scheduled one has a moment.".into()));
        }
        after.scheduled_at = Some(at);
        after.run_after = at.max(tx.now);
        after.status = if at > tx.now { job::Status::Scheduled } else { job::Status::Queued };
        said.push("It is scheduled for another moment.".to_owned());
    }
    let detail = event::Detail {
        from: Some(job.status),
        to: Some(after.status),
        message: Some(said.join(" ")),
        ..Default::default()
    };
    change::record(tx, &job, after, event::Kind::StatusChanged, detail).await
}

/// Removes a finished job with its log, results and files. Its events stay until their retention ends. A recorded job may
/// be removed before its end: nobody here would ever end it.
pub async fn delete(app: &App, viewer: &Viewer, uid: Uuid) -> Result<job::Model> {
    let job = visible(app, viewer, uid).await?;
    if job.origin == Origin::Recorded && !viewer.keeps_accounts() {
        return Err(Error::Forbidden("Only admins and users with the role `accounting` remove recorded jobs.".into()));
    }
    app.db
        .write((Changeable::by(viewer, &job), viewer.user_id()), |tx, (Changeable { id, overruling }, actor_id)| {
            Box::pin(async move {
                // Whole, since it is shown as it was.
                let job = whole(tx, *id).await?;
                overruling.note(tx, "delete").await?;
                if !job.status.is_final() && job.origin == Origin::Submitted {
                    return Err(Error::InvalidState("The job has not finished; cancel it first.".into()));
                }
                // Nobody could settle it any more.
                let job = holds::let_go(tx, job, "The job was removed before its end.", *actor_id).await?;
                file::remove_all(tx, *id).await?;
                job_log::Entity::delete_many().filter(job_log::Column::JobId.eq(*id)).exec(&tx.db).await?;
                job_label::Entity::delete_many().filter(job_label::Column::JobId.eq(*id)).exec(&tx.db).await?;
                job_slurm::Entity::delete_many().filter(job_slurm::Column::JobId.eq(*id)).exec(&tx.db).await?;
                job::Entity::delete_by_id(*id).exec(&tx.db).await?;
                legacy_number::gone(tx, &job).await?;
                Ok(job)
            })
        })
        .await
}

/// A job that the viewer may change.
#[derive(Clone, Debug)]
pub(in crate::domain) struct Changeable {
    /// Its internal id.
    pub id: i64,
    /// Whether the viewer may do so as an admin only: to be noted with the change.
    pub overruling: Overruling,
}

impl Changeable {
    fn by(viewer: &Viewer, job: &job::Model) -> Self {
        Self { id: job.id, overruling: Overruling::of(viewer, job, |viewer| viewer.may_change(job)) }
    }
}

/// A job that the viewer may change.
///
/// Fails with FORBIDDEN for a job that the viewer only sees, and with INVALID_STATE for a recorded job: it is what another
/// system says of it.
pub(in crate::domain) async fn writable(app: &App, viewer: &Viewer, uid: Uuid) -> Result<Changeable> {
    let job = visible(app, viewer, uid).await?;
    writable_one(&job)?;
    Ok(Changeable::by(viewer, &job))
}

fn writable_one(job: &job::Model) -> Result<()> {
    match job.origin {
        Origin::Submitted => Ok(()),
        Origin::Recorded => Err(Error::InvalidState(
            "Another system ran this job and recorded it here; nobody here works on it.".into(),
        )),
    }
}

/// A job that the viewer may change and could still submit: in a project, or to a service of one, its
/// owner must still be a contributor.
pub(super) async fn may_run(app: &App, viewer: &Viewer, uid: Uuid) -> Result<Changeable> {
    let job = visible(app, viewer, uid).await?;
    writable_one(&job)?;
    let service = match job.service_id {
        Some(service_id) => service::by_ids(app, &[service_id]).await?.pop(),
        None => None,
    };
    runs_again(viewer, &job, service.as_ref())?;
    Ok(Changeable::by(viewer, &job))
}

/// Refuses who may change a job of this service but not run it once more.
fn runs_again(viewer: &Viewer, job: &job::Model, service: Option<&service_row::Model>) -> Result<()> {
    let manages = service.is_some_and(|service| viewer.may_manage(service));
    if job.account_id.is_some() && viewer.user_id() != Some(job.owner_id) && !manages {
        let message =
            "It is paid for by its owner's account: only the owner and those who manage its service run it again.";
        return Err(Error::Forbidden(message.into()));
    }
    if viewer.may_run_in_project_of(job) && service.is_some_and(|service| viewer.may_use(service)) {
        return Ok(());
    }
    Err(project::forbidden(Role::Contributor))
}

/// What somebody may do with a job now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Cancel it, or ask its worker to.
    pub cancel: bool,
    /// Run it once more.
    pub retry: bool,
    /// Remove it.
    pub delete: bool,
}

/// What the viewer may do with a job that it sees and with its service. Its account, owner, project, origin, state and
/// whether its end was asked for must have been read.
#[must_use]
pub fn rights(viewer: &Viewer, job: &job::Model, service: Option<&service_row::Model>) -> Rights {
    let changes = viewer.require_write(Permission::JobsWrite).is_ok() && viewer.may_change(job);
    let works = changes && writable_one(job).is_ok();
    let is_final = job.status.is_final();
    let unsuccessful = matches!(job.status, job::Status::Failed | job::Status::Cancelled);
    Rights {
        cancel: works && !is_final && !job.cancel_requested,
        retry: works && unsuccessful && runs_again(viewer, job, service).is_ok(),
        delete: if works { is_final } else { changes && viewer.keeps_accounts() },
    }
}

/// The jobs that `scope` may change; says the same as [`writable`].
pub(super) fn writable_by(scope: &Scope) -> Select<job::Entity> {
    job::Entity::changeable_by(scope).filter(job::Column::Origin.eq(Origin::Submitted))
}

/// What tells whether a job may be changed, of one that the viewer sees and may change.
pub(super) async fn visible(app: &App, viewer: &Viewer, which: impl Into<Which>) -> Result<job::Model> {
    use job::Column::{AccountId, Id, Origin, OwnerId, ProjectId, ServiceId, Uid};
    viewer.require_write(Permission::JobsWrite)?;
    let columns = Columns::of(&[Id, Uid, Origin, OwnerId, ProjectId, ServiceId, AccountId]);
    let job = super::find(app, &viewer.scope(), which, columns).await?.ok_or(Error::NotFound("job"))?.row;
    if viewer.may_change(&job) {
        return Ok(job);
    }
    Err(Error::Forbidden("Only the job's owner and those who manage its service or its project may do this.".into()))
}

/// A job that is about to be changed, without its parameters and results.
pub(in crate::domain) async fn present(tx: &Tx, id: i64) -> Result<job::Model> {
    super::head(&tx.db, job::Entity::find_by_id(id).lock_exclusive()).await?.ok_or(Error::NotFound("job"))
}

/// A job that is about to be changed, with everything.
pub(super) async fn whole(tx: &Tx, id: i64) -> Result<job::Model> {
    job::Entity::find_by_id(id).lock_exclusive().one(&tx.db).await?.ok_or(Error::NotFound("job"))
}
