//! Setting a job's state, results and message by hand.
//!
//! This is for whoever runs a service: a worker did its work and could not say so, or a job must be got out of the way. A
//! job that is to run again or has come to its end may be set so from any state. CLAIMED, RUNNING and SCHEDULED are not
//! set by hand: the first two mean that a runner holds the job under a lease, which only a claim gives, and a moment is
//! given at submission. Services that were made through TopChef's API are the exception: their workers know no leases and
//! say by hand that they work. Such a job is RUNNING without a lease, and nobody takes it back from them.

use entity::{
    Document,
    job::{self, Columns, FailureKind, Status},
    legacy_number::Dialect,
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    cancel::{whole, writable},
    change,
    retry::reopened,
};
use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Action, Actor, Subject},
        check::{Faults, LINE, MESSAGE, TEXT},
        lease,
        schema::{Part, Semantics},
        service,
    },
    error::{Error, FieldError, Result},
    viewer::Viewer,
};

/// What is to be true of a job; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct Overrule {
    /// QUEUED or a final state; RUNNING, too, of a service that was made through TopChef's API.
    pub status: Option<Status>,
    /// Results, which must fit the schema that the job was accepted under.
    pub results: Option<Value>,
    /// A message in place of the worker's, at most [`MESSAGE`] characters.
    pub message: Option<String>,
    /// Why it failed, with FAILED.
    pub failure: Option<SetFailure>,
}

/// A failure that is set by hand.
#[derive(Clone, Debug)]
pub struct SetFailure {
    /// Whose fault it is.
    pub kind: FailureKind,
    /// A code, at most [`LINE`] characters.
    pub code: Option<String>,
    /// What went wrong, at most [`TEXT`] characters.
    pub message: Option<String>,
}

/// Sets a job's state, results or message. Only those who manage its service may.
///
/// A live lease ends with that: its worker is told LEASE_LOST. A job that is queued again keeps its results, and its
/// attempts are counted anew. Fails with INVALID, changing nothing, for results that break the service's schema.
pub async fn overrule(app: &App, viewer: &Viewer, uid: Uuid, asked: Overrule) -> Result<job::Model> {
    let id = writable(app, viewer, uid).await?.id;
    let job = super::find(app, &viewer.scope(), uid, Columns::ALL).await?.ok_or(Error::NotFound("job"))?.row;
    let service_id = job.service_id.ok_or_else(|| Error::internal("a job that is no record has no service"))?;
    let service = service::by_ids(app, &[service_id]).await?.pop().ok_or(Error::NotFound("service"))?;
    // Not those of the job's project: everybody has one, and an end set by hand says what the job costs.
    if !viewer.may_manage(&service) {
        return Err(Error::Forbidden("Only those who manage the job's service set its state by hand.".into()));
    }
    let mut faults = Faults::default();
    // Whether the workers of its service set all states by hand.
    let by_hand = service.dialect == Some(Dialect::TopChef);
    check(&mut faults, &asked, by_hand);
    check_results(app, &mut faults, &job, &asked, by_hand).await?;
    faults.into_result()?;
    let seen = job.results;
    let set = app.db.write((id, asked, seen, Actor::of(viewer)), |tx, (id, asked, seen, actor)| {
        Box::pin(async move {
            let after = apply(tx, *id, asked, seen.as_ref()).await?;
            audit::note(tx, actor, Action::Overruled, Subject::from(&after).noting("override")).await?;
            Ok(after)
        })
    });
    set.await
}

fn check(faults: &mut Faults, asked: &Overrule, by_hand: bool) {
    if asked.status.is_none() && asked.results.is_none() && asked.message.is_none() {
        faults.add("status", "Give a status, results or a message: there is nothing to set.");
    }
    if asked.status.is_some_and(|status| !may_be_set(status, by_hand)) {
        let message = "Only QUEUED, SUCCEEDED, FAILED and CANCELLED can be set: a runner that holds a job has a lease, \
                       which only a claim gives.";
        faults.add("status", message);
    }
    if let Some(message) = &asked.message {
        faults.text("message", message, MESSAGE);
    }
    if let Some(failure) = &asked.failure {
        if asked.status != Some(Status::Failed) {
            faults.add("failure", "Only a job that is set to FAILED has a failure.");
        }
        if let Some(code) = &failure.code {
            faults.line("failure/code", code, 1, LINE);
        }
        if let Some(message) = &failure.message {
            faults.text("failure/message", message, TEXT);
        }
    }
}

fn may_be_set(status: Status, by_hand: bool) -> bool {
    match status {
        Status::Queued | Status::Succeeded | Status::Failed | Status::Cancelled => true,
        Status::Running => by_hand,
        Status::Scheduled | Status::Claimed => false,
    }
}

/// Given results must fit the schema, and so must those that are there when the job is to have succeeded.
async fn check_results(
    app: &App,
    faults: &mut Faults,
    job: &job::Model,
    asked: &Overrule,
    by_hand: bool,
) -> Result<()> {
    let results = match (&asked.results, asked.status) {
        (Some(results), _) => results,
        (None, Some(Status::Succeeded)) if by_hand => return Ok(()),
        (None, Some(Status::Succeeded)) => job.results.as_deref().unwrap_or(&Value::Null),
        (None, _) => return Ok(()),
    };
    let version = job.service_version_id.ok_or_else(|| Error::internal("a job that is no record has no version"))?;
    let validator = service::validator(app, version, Part::Results).await?;
    let bound = match validator.semantics() {
        Semantics::Declared => app.config.jobs.results_bytes,
        Semantics::Draft4Legacy => app.config.topchef.body_bytes,
    };
    let size = crate::domain::json_size(results);
    if size > bound {
        faults.add("results", format!("{size} bytes of JSON are too many; at most {bound} are taken."));
        return Ok(());
    }
    for FieldError { path, message } in validator.validate(results, "results").err().unwrap_or_default() {
        faults.add(path, message);
    }
    Ok(())
}

async fn apply(tx: &Tx, id: i64, asked: &Overrule, seen: Option<&Document>) -> Result<job::Model> {
    let before = whole(tx, id).await?;
    let keeps = asked.results.is_none() && asked.status == Some(Status::Succeeded);
    if keeps && before.results.as_ref() != seen {
        return Err(Error::InvalidState("The job's results changed just now; look at them, and say it again.".into()));
    }
    let mut after = match asked.status {
        None => before.clone(),
        Some(Status::Queued) if before.status == Status::Queued => before.clone(),
        // The attempt that ends with this has run, and is paid for.
        Some(Status::Queued) => reopened(tx, &lease::counted_to(&before, tx.now)).await?,
        Some(Status::Running) => begun(tx, &before).await?,
        Some(end) => ended(&before, end, asked, tx),
    };
    if let Some(results) = &asked.results {
        after.results = Some(results.clone().into());
    } else if keeps && after.results.is_none() && before.dialect != Some(Dialect::TopChef) {
        after.results = Some(Value::Null.into());
    }
    if let Some(message) = &asked.message {
        after.message = Some(message.clone());
    }
    let told = asked.message.clone().unwrap_or_else(|| "Set by hand.".to_owned());
    change::transition(tx, &before, after, Some(told)).await
}

/// The job as its worker has begun it, which has no lease: it runs until somebody says otherwise.
async fn begun(tx: &Tx, before: &job::Model) -> Result<job::Model> {
    if before.status == Status::Running && before.lease_hash.is_none() {
        return Ok(before.clone());
    }
    let waiting = reopened(tx, &lease::counted_to(before, tx.now)).await?;
    Ok(job::Model {
        status: Status::Running,
        started_at: before.started_at.or(Some(tx.now)),
        running_since: Some(tx.now),
        ..waiting
    })
}

/// The job at its end, whatever it was before. An end that it had already keeps its moment.
fn ended(before: &job::Model, status: Status, asked: &Overrule, tx: &Tx) -> job::Model {
    let failed = status == Status::Failed;
    let failure = asked.failure.as_ref();
    let by_hand = || Some("Set by hand.".to_owned());
    job::Model {
        progress: if status == Status::Succeeded { Some(1.0) } else { before.progress },
        failure_kind: failed.then(|| failure.map_or(FailureKind::System, |failure| failure.kind)),
        failure_code: failure.filter(|_| failed).and_then(|failure| failure.code.clone()),
        failure_message: if failed {
            failure.and_then(|failure| failure.message.clone()).or_else(|| asked.message.clone()).or_else(by_hand)
        } else {
            None
        },
        ..lease::ended(&lease::counted_to(before, tx.now), status, before.finished_at.unwrap_or(tx.now))
    }
}
