//! How many of one user's jobs of a service may run at once.
//!
//! A claim must not pass over the thousands of jobs that one user's limit keeps back. So only as many of a user's waiting
//! jobs stand in the claim index as could start now: they are *admitted*, the others *parked*. Every change that frees a
//! place, takes one or reorders the user's jobs settles anew who is admitted, in its own transaction.
//!
//! Places are counted for each set of required labels by itself, so that a job for which there is no runner keeps no other
//! one from running. The claim looks at the limit once more, and is what makes it exact.

use entity::{
    job::{self, Gate},
    service,
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    prelude::Expr,
    sea_query::{LockBehavior, LockType},
};

use crate::{db::Tx, error::Result};

/// The places of one user at one service that limits them.
#[derive(Clone, Copy, Debug)]
pub(in crate::domain) struct Places {
    service_id: i64,
    owner_id: i64,
    limit: i32,
}

impl Places {
    /// The places of this user, when the service limits them. Locks the service's row.
    pub async fn of_owner(tx: &Tx, service_id: i64, owner_id: i64) -> Result<Option<Self>> {
        Ok(limit(tx, service_id).await?.map(|limit| Self { service_id, owner_id, limit }))
    }

    /// Sets the gate of a job that waits from now on, as far as it does not depend on others, and says what must settle
    /// the rest once the row is stored. `limit` is the service's, whose row the caller has locked: two changes at once
    /// would both count the same places.
    pub fn of_new(tx: &Tx, job: &mut job::Model, limit: Option<i32>) -> Option<Self> {
        let service_id = job.service_id?;
        job.gate = match limit {
            None => Gate::Open,
            Some(_) if job.status == job::Status::Queued && job.run_after > tx.now => Gate::Later,
            Some(_) => Gate::Parked,
        };
        limit.map(|limit| Self { service_id, owner_id: job.owner_id, limit })
    }

    /// The same for a change of a job, when it can matter to its owner's places. Locks the service's row.
    pub(super) async fn of_change(tx: &Tx, before: &job::Model, after: &mut job::Model) -> Result<Option<Self>> {
        let same =
            before.status == after.status && before.priority == after.priority && before.run_after == after.run_after;
        let goes_on = before.status.is_held() && after.status.is_held();
        let reopened = before.status.is_final() && !after.status.is_final();
        if same || goes_on || !(before.gate.is_limited() || reopened) {
            return Ok(None);
        }
        let Some(service_id) = after.service_id else { return Ok(None) };
        let places = Self::of_new(tx, after, limit(tx, service_id).await?);
        if after.status.is_final() {
            after.gate = Gate::Open;
        }
        Ok(places)
    }

    /// Admits the first of the user's waiting jobs, as many as there are free places, and parks the others. When `job`
    /// is among them, its gate says so.
    pub async fn settle(self, tx: &Tx, job: &mut job::Model) -> Result<()> {
        let admitted = self.settle_all(tx).await?;
        if admitted.contains(&job.id) {
            job.gate = Gate::Admitted;
        }
        Ok(())
    }

    /// The same without a job to keep up; the ids of those that are admitted.
    pub(super) async fn settle_all(self, tx: &Tx) -> Result<Vec<i64>> {
        let running = i64::try_from(self.running(tx).await?).unwrap_or(i64::MAX);
        let free = u64::try_from(i64::from(self.limit) - running).unwrap_or(0);
        let mut all = Vec::new();
        for requirement_id in super::requirement::of_service(tx, self.service_id).await? {
            let first = self.first(tx, requirement_id, free).await?;
            let admitted = self.admitted(tx, requirement_id).await?;
            let late: Vec<i64> = admitted.iter().copied().filter(|id| !first.contains(id)).collect();
            let early: Vec<i64> = first.iter().copied().filter(|id| !admitted.contains(id)).collect();
            set(tx, &late, Gate::Parked).await?;
            set(tx, &early, Gate::Admitted).await?;
            all.extend(first);
        }
        Ok(all)
    }

    async fn running(self, tx: &Tx) -> Result<usize> {
        let most = u64::try_from(self.limit).unwrap_or(0);
        let held = self.jobs().filter(job::held()).limit(most).into_tuple::<i64>().all(&tx.db).await?;
        Ok(held.len())
    }

    /// Those of the user's jobs that go first.
    async fn first(self, tx: &Tx, requirement_id: i64, most: u64) -> Result<Vec<i64>> {
        if most == 0 {
            return Ok(Vec::new());
        }
        // In the words of the index `job_place`.
        let waiting = self.jobs().filter(Expr::cust("status = 'queued' AND gate IN ('admitted', 'parked')"));
        let first = waiting
            .filter(job::Column::RequirementId.eq(requirement_id))
            .order_by_desc(job::Column::Priority)
            .order_by_asc(job::Column::RunAfter)
            .order_by_asc(job::Column::Id)
            .limit(most);
        Ok(unlocked(first).into_tuple().all(&tx.db).await?)
    }

    async fn admitted(self, tx: &Tx, requirement_id: i64) -> Result<Vec<i64>> {
        // In the words of the index `job_admitted`.
        let admitted = self.jobs().filter(Expr::cust("status = 'queued' AND gate = 'admitted'"));
        let admitted = admitted.filter(job::Column::RequirementId.eq(requirement_id));
        Ok(unlocked(admitted).into_tuple().all(&tx.db).await?)
    }

    fn jobs(self) -> Select<job::Entity> {
        job::Entity::find()
            .select_only()
            .column(job::Column::Id)
            .filter(job::Column::ServiceId.eq(self.service_id))
            .filter(job::Column::OwnerId.eq(self.owner_id))
    }
}

/// The limit per user of a service, whose row is locked.
pub(super) async fn limit(tx: &Tx, service_id: i64) -> Result<Option<i32>> {
    let service = service::Entity::find_by_id(service_id).select_only().column(service::Column::MaxRunningPerUser);
    let limit = service.lock_exclusive().into_tuple::<Option<i32>>().one(&tx.db).await?;
    Ok(limit.flatten())
}

/// Locks rows and leaves out those that another transaction has: it will settle after its own change.
fn unlocked(query: Select<job::Entity>) -> Select<job::Entity> {
    query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
}

async fn set(tx: &Tx, ids: &[i64], gate: Gate) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let change = job::ActiveModel { gate: sea_orm::ActiveValue::Set(gate), ..Default::default() };
    let rows = job::Entity::update_many().set(change).filter(job::Column::Id.is_in(ids.iter().copied()));
    rows.exec(&tx.db).await?;
    Ok(())
}
