//! The queues that a runner may take jobs from.
//!
//! Each set of labels that jobs of a service require is a queue of its own. A runner looks at those whose labels are
//! among its own, so that it never passes over a job that it could not have.

use entity::{Labels, service::Dispatch};
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use crate::{
    app::App,
    db::{Tx, raw},
    domain::{check::Faults, runner},
    error::Result,
};

/// The waiting jobs of a service that require the same labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Queue {
    pub service_id: i64,
    /// `requirement.id`, or 0 for no labels.
    pub requirement_id: i64,
}

/// A service that bounds how many of its jobs are held at once.
#[derive(Clone, Debug)]
pub(super) struct Limited {
    pub service_id: i64,
    /// Its queues, by `requirement.id`.
    pub requirement_ids: Vec<i64>,
    pub max_running: Option<i32>,
    pub max_running_per_user: Option<i32>,
}

/// What a runner may take from, as it was when it was looked up.
#[derive(Clone, Debug, Default)]
pub(super) struct Queues {
    /// Jobs that the runner may still take; none when its owner may not use its account.
    pub free: i64,
    /// Queues of services without a limit.
    pub open: Vec<Queue>,
    /// The others, in the order of their services.
    pub limited: Vec<Limited>,
}

/// One row for each service that the runner works for, and one more for each set of labels that its jobs require.
/// Those of one way of dispatch.
fn queues() -> String {
    let slots = runner::slots();
    format!(
        "SELECT service.id, service.uid, service.max_running, service.max_running_per_user, \
         requirement.id, requirement.labels, runner.labels, \
         {slots} - (SELECT COUNT(*) FROM job WHERE runner_id = ? AND lease_expires_at IS NOT NULL) \
         FROM runner JOIN runner_service ON runner_service.runner_id = runner.id \
         JOIN service ON service.id = runner_service.service_id AND service.deleted_at IS NULL \
         LEFT JOIN requirement ON requirement.service_id = service.id \
         WHERE runner.id = ? AND service.dispatch = ? ORDER BY service.id, requirement.id"
    )
}

impl Queues {
    /// Looks up the queues of a runner from which it claims: of the services with these outside ids, or of all that it
    /// works for.
    ///
    /// Fails with INVALID for each named service that it does not work for.
    pub async fn of_runner(app: &App, runner_id: i64, named: &[Uuid]) -> Result<Self> {
        Self::look_up(app.db.read(), runner_id, Dispatch::Pull, named).await
    }

    /// The queues from which a runner is assigned jobs.
    pub async fn assigned_to(tx: &Tx, runner_id: i64) -> Result<Self> {
        Self::look_up(&tx.db, runner_id, Dispatch::Push, &[]).await
    }

    async fn look_up<C: ConnectionTrait>(db: &C, runner_id: i64, dispatch: Dispatch, named: &[Uuid]) -> Result<Self> {
        let values: [Value; 3] = [runner_id.into(), runner_id.into(), dispatch.into()];
        let statement = raw(db.get_database_backend(), &queues(), values);
        let mut queues = Self::default();
        let mut found: Vec<Uuid> = Vec::new();
        let mut has: Option<Labels> = None;
        for row in db.query_all_raw(statement).await? {
            let (service_id, uid): (i64, Uuid) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            if !named.is_empty() && !named.contains(&uid) {
                continue;
            }
            queues.free = row.try_get_by_index(7)?;
            if !found.contains(&uid) {
                found.push(uid);
                queues.add(service_id, 0, row.try_get_by_index(2)?, row.try_get_by_index(3)?);
            }
            let Some(requirement_id) = row.try_get_by_index::<Option<i64>>(4)? else { continue };
            let has = match &mut has {
                Some(has) => has,
                none => none.insert(row.try_get_by_index(6)?),
            };
            if row.try_get_by_index::<Labels>(5)?.are_among(has) {
                queues.add(service_id, requirement_id, row.try_get_by_index(2)?, row.try_get_by_index(3)?);
            }
        }
        let mut faults = Faults::default();
        for (index, uid) in named.iter().enumerate() {
            if !found.contains(uid) {
                faults.add(format!("serviceIds/{index}"), "There is no such service, or you may not see it.");
            }
        }
        faults.into_result().map(|()| queues)
    }

    /// Rows come in the order of their services.
    fn add(&mut self, service_id: i64, requirement_id: i64, running: Option<i32>, per_user: Option<i32>) {
        if running.is_none() && per_user.is_none() {
            return self.open.push(Queue { service_id, requirement_id });
        }
        match self.limited.last_mut().filter(|last| last.service_id == service_id) {
            Some(last) => last.requirement_ids.push(requirement_id),
            None => self.limited.push(Limited {
                service_id,
                requirement_ids: vec![requirement_id],
                max_running: running,
                max_running_per_user: per_user,
            }),
        }
    }

    /// Whether these are a service's.
    pub fn are_of(&self, service_id: i64) -> bool {
        self.open.iter().any(|queue| queue.service_id == service_id) || self.are_limited(service_id)
    }

    /// Whether these are a service's that has a limit.
    pub fn are_limited(&self, service_id: i64) -> bool {
        self.limited.iter().any(|limited| limited.service_id == service_id)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.limited.is_empty()
    }
}
