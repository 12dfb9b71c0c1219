//! Which jobs are meant.

use entity::{Labels, Scope, Time, job, job_label, legacy_number::Dialect, project, runner, service, user};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select, sea_query::SelectStatement,
};
use uuid::Uuid;

use super::requirement;
use crate::{
    domain::{check::Faults, ids_of},
    error::Result,
};

/// Which jobs to list; conditions are ANDed, absent ones do not bind.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// One of these states.
    pub statuses: Option<Vec<job::Status>>,
    /// Of one of these services (outside ids).
    pub service_ids: Option<Vec<Uuid>>,
    /// Of one of these projects (outside ids).
    pub project_ids: Option<Vec<Uuid>>,
    /// Submitted by one of these users (outside ids).
    pub owner_ids: Option<Vec<Uuid>>,
    /// Held, or last held, by one of these runners (outside ids).
    pub runner_ids: Option<Vec<Uuid>>,
    /// Held now by this runner (internal id).
    pub held_by: Option<i64>,
    /// Having each of these labels.
    pub labels: Labels,
    /// With one of these numbers in the older API that they are at home in.
    pub dialect_numbers: Option<Vec<i32>>,
    /// Submitted or recorded.
    pub origin: Option<job::Origin>,
    /// At home in one of these older APIs.
    pub homes: Option<Vec<Dialect>>,
    /// At home in none of these.
    pub other_homes: Option<Vec<Dialect>>,
    /// Lowest priority.
    pub priority_least: Option<i32>,
    /// Highest priority.
    pub priority_most: Option<i32>,
    /// One of these priorities.
    pub priorities: Option<Vec<i32>>,
    /// Submitted at or after.
    pub submitted_from: Option<Time>,
    /// Submitted before.
    pub submitted_before: Option<Time>,
    /// Submitted at one of these moments.
    pub submitted_at: Option<Vec<Time>>,
    /// Finished at or after.
    pub finished_from: Option<Time>,
    /// Finished before.
    pub finished_before: Option<Time>,
    /// Finished at one of these moments.
    pub finished_at: Option<Vec<Time>>,
}

impl JobFilter {
    /// Whether every job matches.
    pub(super) fn is_empty(&self) -> bool {
        let Self { statuses, service_ids, project_ids, owner_ids, runner_ids, labels, origin, .. } = self;
        let homes = [&self.homes, &self.other_homes].into_iter().any(Option::is_some) || self.dialect_numbers.is_some();
        let lists = [service_ids, project_ids, owner_ids, runner_ids].into_iter().any(Option::is_some);
        let priorities = [self.priority_least, self.priority_most];
        let times = [self.submitted_from, self.submitted_before, self.finished_from, self.finished_before];
        let bounds = priorities.iter().any(Option::is_some) || times.iter().any(Option::is_some);
        let moments = [&self.submitted_at, &self.finished_at].into_iter().any(Option::is_some);
        let lists = lists || moments || self.priorities.is_some() || self.held_by.is_some();
        !(lists || bounds || homes || statuses.is_some() || origin.is_some() || !labels.is_empty())
    }
}

/// The labels of a filter, from pairs of key and value.
pub fn filter_labels(given: Vec<(String, String)>) -> Result<Labels> {
    let mut faults = Faults::default();
    let labels = requirement::labels(&mut faults, "filter/labels", given);
    faults.into_result().map(|()| labels)
}

pub(super) fn filtered(scope: &Scope, filter: &JobFilter) -> Select<job::Entity> {
    narrowed(job::Entity::seen_by(scope), filter)
}

/// What the filter's lists of outside ids come to, by column.
fn lists(filter: &JobFilter) -> [(job::Column, Option<SelectStatement>); 4] {
    let ids = |uids: &Option<Vec<Uuid>>, query: fn(&[Uuid]) -> SelectStatement| uids.as_deref().map(query);
    let services = |uids: &[Uuid]| ids_of::<service::Entity>(service::Column::Id, service::Column::Uid, uids);
    let projects = |uids: &[Uuid]| ids_of::<project::Entity>(project::Column::Id, project::Column::Uid, uids);
    let owners = |uids: &[Uuid]| ids_of::<user::Entity>(user::Column::Id, user::Column::Uid, uids);
    let runners = |uids: &[Uuid]| ids_of::<runner::Entity>(runner::Column::Id, runner::Column::Uid, uids);
    [
        (job::Column::ServiceId, ids(&filter.service_ids, services)),
        (job::Column::ProjectId, ids(&filter.project_ids, projects)),
        (job::Column::OwnerId, ids(&filter.owner_ids, owners)),
        (job::Column::RunnerId, ids(&filter.runner_ids, runners)),
    ]
}

pub(super) fn narrowed(mut query: Select<job::Entity>, filter: &JobFilter) -> Select<job::Entity> {
    if let Some(statuses) = &filter.statuses {
        query = query.filter(job::Column::Status.is_in(statuses.iter().copied()));
    }
    for (column, ids) in lists(filter) {
        if let Some(ids) = ids {
            query = query.filter(column.in_subquery(ids));
        }
    }
    for (key, value) in &filter.labels.0 {
        let labelled = job_label::Entity::find()
            .select_only()
            .column(job_label::Column::JobId)
            .filter(job_label::Column::Key.eq(key))
            .filter(job_label::Column::Value.eq(value));
        query = query.filter(job::Column::Id.in_subquery(labelled.into_query()));
    }
    if let Some(numbers) = &filter.dialect_numbers {
        query = query.filter(job::Column::DialectNumber.is_in(numbers.iter().copied().map(i64::from)));
    }
    if let Some(runner) = filter.held_by {
        query = query.filter(job::Column::RunnerId.eq(runner)).filter(job::held());
    }
    if let Some(origin) = filter.origin {
        query = query.filter(job::Column::Origin.eq(origin));
    }
    if let Some(homes) = &filter.homes {
        query = query.filter(job::Column::Dialect.is_in(homes.iter().copied()));
    }
    if let Some(homes) = &filter.other_homes {
        let elsewhere = job::Column::Dialect.is_not_in(homes.iter().copied());
        query = query.filter(Condition::any().add(job::Column::Dialect.is_null()).add(elsewhere));
    }
    if let Some(priorities) = &filter.priorities {
        query = query.filter(job::Column::Priority.is_in(priorities.iter().copied()));
    }
    for (column, moments) in
        [(job::Column::SubmittedAt, &filter.submitted_at), (job::Column::FinishedAt, &filter.finished_at)]
    {
        if let Some(moments) = moments {
            query = query.filter(column.is_in(moments.iter().copied()));
        }
    }
    bounded(query, filter)
}

/// What the filter's bounds leave.
fn bounded(mut query: Select<job::Entity>, filter: &JobFilter) -> Select<job::Entity> {
    let at_least = [
        (job::Column::Priority, filter.priority_least.map(i64::from)),
        (job::Column::SubmittedAt, filter.submitted_from.map(|time| time.0)),
        (job::Column::FinishedAt, filter.finished_from.map(|time| time.0)),
    ];
    for (column, bound) in at_least {
        if let Some(bound) = bound {
            query = query.filter(column.gte(bound));
        }
    }
    let below = [
        (job::Column::Priority, filter.priority_most.map(|most| i64::from(most) + 1)),
        (job::Column::SubmittedAt, filter.submitted_before.map(|time| time.0)),
        (job::Column::FinishedAt, filter.finished_before.map(|time| time.0)),
    ];
    for (column, bound) in below {
        if let Some(bound) = bound {
            query = query.filter(column.lt(bound));
        }
    }
    query
}
