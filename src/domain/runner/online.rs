//! Runners that come and go.

use entity::{Time, runner, runner_service, service};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{LockBehavior, LockType},
};

use crate::{
    app::App,
    db::Tx,
    domain::{check::Faults, due::Due, job::labels, lease},
    error::{Error, Result},
    viewer::Viewer,
};

/// What a worker process says of itself when it reports for work; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Jobs it can hold at once, 1 to 1,000; 1 where jobs are assigned.
    pub slots: Option<i32>,
    /// Its labels, all of them.
    pub labels: Option<Vec<(String, String)>>,
    /// Where jobs are assigned: whether to take the place of a process that is registered with the same token.
    pub take_over: bool,
}

/// Runners of which nothing was heard in time.
const SILENT: Due = Due {
    what: "a runner that left without a word",
    sql: "SELECT id, online_until FROM runner WHERE online_until <= ? AND (online_until, id) > (?, ?) \
          ORDER BY online_until, id LIMIT ?",
    moments: 1,
};

/// A runner either asks for jobs or has them assigned, and then one at a time.
pub(super) fn check_dispatch(services: &[service::Model], slots: i32) -> Result<()> {
    let pushes = services.iter().filter(|service| service.dispatch == service::Dispatch::Push).count();
    if pushes == 0 {
        return Ok(());
    }
    let mut faults = Faults::default();
    if pushes < services.len() {
        faults.add("serviceIds", "Some of these services assign jobs (PUSH), some do not: a runner is for one kind.");
    }
    check_slots(&mut faults, slots);
    faults.into_result()
}

fn check_slots(faults: &mut Faults, slots: i32) {
    if slots != 1 {
        faults.add("slots", "A runner to which jobs are assigned (PUSH) holds one at a time: its slots are 1.");
    }
}

/// A worker process reports for work: notes the sign of life, and what it says of itself. Where jobs are assigned, it gets
/// one at once if one waits.
///
/// Fails with INVALID_STATE where jobs are assigned and a process with the same token is registered, unless it is to be
/// taken over: what that one holds goes back to the queue.
pub async fn register(app: &App, viewer: &Viewer, report: Report) -> Result<runner::Model> {
    let id = viewer.require_runner()?.id;
    let mut faults = Faults::default();
    let mut change = runner::ActiveModel { id: Set(id), ..Default::default() };
    if let Some(slots) = report.slots {
        faults.range("slots", i64::from(slots), 1, 1_000);
        change.slots = Set(slots);
    }
    if let Some(given) = report.labels {
        change.labels = Set(labels(&mut faults, "labels", given));
    }
    faults.into_result()?;
    let input = (change, id, report.take_over);
    app.db.write(input, |tx, (change, id, take_over)| Box::pin(come(tx, change, *id, *take_over))).await
}

async fn come(tx: &Tx, change: &runner::ActiveModel, id: i64, take_over: bool) -> Result<runner::Model> {
    let mut change = runner::ActiveModel {
        last_heartbeat_at: Set(Some(tx.now)),
        registered_at: Set(Some(tx.now)),
        updated_at: Set(tx.now),
        ..change.clone()
    };
    let Some(stays) = stays(tx, id).await? else { return Ok(runner::Entity::update(change).exec(&tx.db).await?) };
    if let Some(slots) = change.slots.try_as_ref() {
        let mut faults = Faults::default();
        check_slots(&mut faults, *slots);
        faults.into_result()?;
    }
    let before = present(tx, id).await?;
    if before.online_until.is_some_and(|until| until > tx.now) && !take_over {
        let message = "A process with this token is registered already: it leaves first, or is taken over.";
        return Err(Error::InvalidState(message.into()));
    }
    leave(tx, id).await?;
    change.online_until = Set(Some(tx.now.plus_seconds(stays)));
    change.idle_since = Set(Some(tx.now));
    let runner = runner::Entity::update(change).exec(&tx.db).await?;
    lease::assign_to(tx, id).await?;
    Ok(runner)
}

/// Seconds for which a runner counts as there after a word from it: the longest lease of the services that assign it
/// jobs. None when there are none.
pub(in crate::domain) async fn stays(tx: &Tx, id: i64) -> Result<Option<i64>> {
    let works_for = runner_service::Entity::find().select_only().column(runner_service::Column::ServiceId);
    let works_for = works_for.filter(runner_service::Column::RunnerId.eq(id)).into_query();
    let leases = service::Entity::find()
        .select_only()
        .column_as(service::Column::LeaseSeconds.max(), "stays")
        .filter(service::Column::Id.in_subquery(works_for))
        .filter(service::Column::Dispatch.eq(service::Dispatch::Push));
    let stays: Option<Option<i32>> = leases.into_tuple().one(&tx.db).await?;
    Ok(stays.flatten().map(i64::from))
}

/// A runner inside the transaction that changes it.
pub(in crate::domain) async fn present(tx: &Tx, id: i64) -> Result<runner::Model> {
    let runner = runner::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(&tx.db).await?;
    runner.ok_or_else(|| Error::Unauthenticated("This runner was removed.".into()))
}

/// A worker process leaves: the jobs that it still holds go back to the queue at once.
///
/// Fails with INVALID_STATE where jobs are assigned and it is not registered.
pub async fn unregister(app: &App, viewer: &Viewer) -> Result<runner::Model> {
    let id = viewer.require_runner()?.id;
    app.db
        .write(id, |tx, id| {
            Box::pin(async move {
                if stays(tx, *id).await?.is_some() {
                    present(tx, *id).await?.online_until.ok_or_else(not_registered)?;
                }
                leave(tx, *id).await?;
                let change = runner::ActiveModel {
                    id: Set(*id),
                    registered_at: Set(None),
                    updated_at: Set(tx.now),
                    ..Default::default()
                };
                Ok(runner::Entity::update(change).exec(&tx.db).await?)
            })
        })
        .await
}

/// What a runner is told that is no longer there, or not yet.
pub(in crate::domain) fn not_registered() -> Error {
    Error::InvalidState("This runner is not registered; `runnerRegister` comes first.".into())
}

/// Nothing is assigned to the runner from now on, and what it holds goes back to the queue.
pub(super) async fn leave(tx: &Tx, id: i64) -> Result<()> {
    super::hold(tx, id).await?;
    let gone = runner::ActiveModel { online_until: Set(None), idle_since: Set(None), ..Default::default() };
    runner::Entity::update_many().set(gone).filter(runner::Column::Id.eq(id)).exec(&tx.db).await?;
    lease::release_all(tx, id).await?;
    // Another transaction may have found it idle meanwhile; from here on none can.
    lease::assign_alone(tx).await?;
    lease::release_all(tx, id).await
}

/// Notes that a runner holds nothing any more. Whoever changes it meanwhile is not waited for: here a job is held, and
/// that one may want it.
pub(in crate::domain) async fn note_idle(tx: &Tx, id: i64) -> Result<()> {
    in_passing(tx, id, runner::ActiveModel { idle_since: Set(Some(tx.now)), ..Default::default() }).await
}

/// Lets a runner that is there stay until `until`. Whoever changes it meanwhile is not waited for.
pub(in crate::domain) async fn keep_online(tx: &Tx, id: i64, until: Option<Time>) -> Result<()> {
    in_passing(tx, id, runner::ActiveModel { online_until: Set(until), ..Default::default() }).await
}

async fn in_passing(tx: &Tx, id: i64, change: runner::ActiveModel) -> Result<()> {
    let free = runner::Entity::find_by_id(id).filter(runner::Column::OnlineUntil.is_not_null());
    let free = free.select_only().column(runner::Column::Id);
    let free = free.lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked).into_query();
    runner::Entity::update_many().set(change).filter(runner::Column::Id.in_subquery(free)).exec(&tx.db).await?;
    Ok(())
}

/// Ends the registration of runners of which nothing was heard in time; says how many those were.
pub(in crate::domain) async fn drop_silent(app: &App) -> Result<usize> {
    SILENT.each(app, |id| app.db.write(id, |tx, id| Box::pin(drop_one(tx, *id)))).await
}

/// What it held is taken back by the sweep of leases, which end with the registration.
async fn drop_one(tx: &Tx, id: i64) -> Result<bool> {
    let silent = runner::Entity::find_by_id(id).filter(runner::Column::OnlineUntil.lte(tx.now));
    let silent = silent.lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked);
    if silent.one(&tx.db).await?.is_none() {
        return Ok(false);
    }
    let gone = runner::ActiveModel {
        registered_at: Set(None),
        online_until: Set(None),
        idle_since: Set(None),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    runner::Entity::update_many().set(gone).filter(runner::Column::Id.eq(id)).exec(&tx.db).await?;
    Ok(true)
}
