//! Jobs whose moment has come, and gates that are to be set anew.

use std::collections::BTreeSet;

use entity::{
    Time,
    job::{self, Columns, Gate, Part},
    service,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, prelude::Expr,
};

use super::{admission::Places, change};
use crate::{app::App, db::Tx, error::Result};

/// Jobs that one transaction moves.
const BATCH: u64 = 200;

/// Queues the scheduled jobs whose moment has come, lets those compete again whose back-off is over, and finishes what a
/// change of a limit has begun.
pub(in crate::domain) async fn promote(app: &App) -> Result<()> {
    while step(app, scheduled, |tx, ids| Box::pin(queue(tx, ids))).await? {}
    while step(app, later, |tx, ids| Box::pin(compete(tx, ids))).await? {}
    let changed = service::Entity::find().filter(service::Column::RegateSince.is_not_null());
    let changed = changed.select_only().column(service::Column::Id);
    for service_id in changed.into_tuple::<i64>().all(app.db.read()).await? {
        regate(app, service_id).await?;
    }
    Ok(())
}

/// Moves one batch; says whether there may be more.
async fn step<W>(app: &App, due: fn(Time) -> Select<job::Entity>, work: W) -> Result<bool>
where
    W: for<'a> Fn(&'a Tx, &'a Vec<i64>) -> futures_util::future::BoxFuture<'a, Result<()>> + Send + 'static,
{
    let ids = ids(due(Time(app.clock.now_micros())).order_by_asc(job::Column::RunAfter).limit(BATCH));
    let ids: Vec<i64> = ids.into_tuple().all(app.db.read()).await?;
    let full = ids.len() as u64 == BATCH;
    if !ids.is_empty() {
        app.db.write(ids, work).await?;
    }
    Ok(full)
}

fn ids(query: Select<job::Entity>) -> Select<job::Entity> {
    query.select_only().column(job::Column::Id)
}

/// In the words of the index `job_scheduled`.
fn scheduled(now: Time) -> Select<job::Entity> {
    job::Entity::find().filter(Expr::cust("status = 'scheduled'")).filter(job::Column::RunAfter.lte(now))
}

/// In the words of the index `job_later`.
fn later(now: Time) -> Select<job::Entity> {
    let later = job::Entity::find().filter(Expr::cust("status = 'queued' AND gate = 'later'"));
    later.filter(job::Column::RunAfter.lte(now))
}

async fn queue(tx: &Tx, ids: &[i64]) -> Result<()> {
    for id in ids {
        // It may have been cancelled, put off or queued by another server since it was looked for.
        let due = scheduled(tx.now).filter(job::Column::Id.eq(*id)).lock_exclusive();
        if let Some(job) = super::head(&tx.db, due).await? {
            let after = job::Model { status: job::Status::Queued, ..job.clone() };
            change::transition(tx, &job, after, None).await?;
        }
    }
    Ok(())
}

async fn compete(tx: &Tx, ids: &[i64]) -> Result<()> {
    let jobs = later(tx.now).select_only().column(job::Column::ServiceId).column(job::Column::OwnerId);
    let jobs = jobs.filter(job::Column::Id.is_in(ids.iter().copied()));
    let owners: BTreeSet<(i64, i64)> = jobs.into_tuple().all(&tx.db).await?.into_iter().collect();
    // The services first, and in one order: whoever waits for another's lock must not be waited for.
    for (service_id, owner_id) in owners {
        let places = Places::of_owner(tx, service_id, owner_id).await?;
        let due = Expr::cust("status = 'queued' AND gate = 'later'");
        let gate = if places.is_some() { Gate::Parked } else { Gate::Open };
        let change = job::ActiveModel { gate: Set(gate), ..Default::default() };
        job::Entity::update_many()
            .set(change)
            .filter(due)
            .filter(job::Column::RunAfter.lte(tx.now))
            .filter(job::Column::Id.is_in(ids.iter().copied()))
            .filter(job::Column::ServiceId.eq(service_id))
            .filter(job::Column::OwnerId.eq(owner_id))
            .exec(&tx.db)
            .await?;
        if let Some(places) = places {
            places.settle_all(tx).await?;
        }
    }
    Ok(())
}

/// Sets the gates of all unfinished jobs of a service whose limit per user was changed, batch by batch: there may be
/// millions. Meanwhile the claim itself keeps to the limit.
pub(in crate::domain) async fn regate(app: &App, service_id: i64) -> Result<()> {
    let service = service::Entity::find_by_id(service_id).one(app.db.read()).await?;
    let Some(since) = service.and_then(|service| service.regate_since) else { return Ok(()) };
    let mut last = 0;
    loop {
        // In the words of the index `job_unfinished`.
        let unfinished = job::Entity::find().filter(Expr::cust("finished_at IS NULL"));
        let unfinished = unfinished.filter(job::Column::ServiceId.eq(service_id)).filter(job::Column::Id.gt(last));
        let batch = ids(unfinished.order_by_asc(job::Column::Id).limit(BATCH));
        let batch: Vec<i64> = batch.into_tuple().all(app.db.read()).await?;
        let Some(end) = batch.last() else { break };
        last = *end;
        app.db.write((service_id, batch), |tx, (id, batch)| Box::pin(set_gates(tx, *id, batch))).await?;
    }
    app.db.write((service_id, since), |tx, (id, since)| Box::pin(settled(tx, *id, *since))).await
}

async fn set_gates(tx: &Tx, service_id: i64, ids: &[i64]) -> Result<()> {
    let limit = super::admission::limit(tx, service_id).await?;
    let unfinished = job::Entity::find().filter(job::Column::Id.is_in(ids.iter().copied()));
    let unfinished = unfinished.filter(job::Column::FinishedAt.is_null()).order_by_asc(job::Column::Id);
    let mut owners = BTreeSet::new();
    for before in Columns::head().select(unfinished.lock_exclusive()).into_model::<Part>().all(&tx.db).await? {
        let mut after = before.row.clone();
        let kept = limit.is_some() && before.row.gate.is_limited();
        if Places::of_new(tx, &mut after, limit).is_some() {
            owners.insert(after.owner_id);
        }
        if !kept {
            change::store(tx, &before.row, &after).await?;
        }
    }
    for owner_id in owners {
        if let Some(places) = Places::of_owner(tx, service_id, owner_id).await? {
            places.settle_all(tx).await?;
        }
    }
    Ok(())
}

/// The gates are set, unless the limit was changed once more meanwhile.
async fn settled(tx: &Tx, service_id: i64, since: Time) -> Result<()> {
    let done = service::ActiveModel { regate_since: Set(None), ..Default::default() };
    service::Entity::update_many()
        .set(done)
        .filter(service::Column::Id.eq(service_id))
        .filter(service::Column::RegateSince.eq(since))
        .exec(&tx.db)
        .await?;
    Ok(())
}
