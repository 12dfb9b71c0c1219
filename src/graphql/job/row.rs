//! The rows behind a job.

use std::{sync::Arc, task::Poll};

use async_graphql::{Context, Result};
use entity::{
    job::{self, Columns, Part},
    service,
};
use serde_json::Value;

use super::Job;
use crate::{
    error::Error,
    graphql::{account::Account, context::loaders, project::Project, service::Service, user::User},
};

impl Job {
    /// A job whose related rows are loaded when they are asked for.
    pub fn new(row: job::Model) -> Self {
        Self::shared(Arc::new(row))
    }

    /// The same for a row that is shared already.
    pub fn shared(row: Arc<job::Model>) -> Self {
        Self { row, columns: Columns::ALL, owner: None, service: None, account: None, project: None }
    }

    /// The same for a row that a change of state has read: parameters and results are loaded when they are asked for.
    pub fn head(row: job::Model) -> Self {
        Self { columns: Columns::head(), ..Self::new(row) }
    }

    /// Parameters or results, from the row if it was read with them.
    pub(super) async fn body(&self, ctx: &Context<'_>, column: job::Column) -> Result<Arc<job::Model>> {
        if self.columns.has(column) {
            return Ok(Arc::clone(&self.row));
        }
        Ok(loaders(ctx)?.whole_job(self.row.id).await?.ok_or(Error::NotFound("job"))?)
    }
}

impl From<Part> for Job {
    fn from(part: Part) -> Self {
        Self { columns: part.columns, ..Self::new(part.row) }
    }
}

/// What is there without asking anybody; pending where it would have to be loaded.
impl Job {
    pub(super) fn parameters_here(&self) -> Poll<&Value> {
        self.row_with(job::Column::Parameters).map(|row| &row.parameters.0)
    }

    pub(super) fn results_here(&self) -> Poll<Option<&Value>> {
        self.row_with(job::Column::Results).map(|row| row.results.as_ref().map(|results| &results.0))
    }

    pub(super) fn owner_here(&self) -> Poll<Option<User>> {
        related(self.owner.as_ref(), Some(self.row.owner_id)).map(|row| row.map(User))
    }

    pub(super) fn service_here(&self) -> Poll<Option<Service>> {
        related(self.service.as_ref(), self.row.service_id).map(|row| row.map(Service))
    }

    pub(super) fn account_here(&self) -> Poll<Option<Account>> {
        related(self.account.as_ref(), self.row.account_id).map(|row| row.map(Account))
    }

    pub(super) fn project_here(&self) -> Poll<Option<Project>> {
        related(self.project.as_ref(), self.row.project_id).map(|row| row.map(Project::shared))
    }

    fn row_with(&self, column: job::Column) -> Poll<&job::Model> {
        if self.columns.has(column) { Poll::Ready(&self.row) } else { Poll::Pending }
    }
}

/// A related row: the one that came with the page, or none where the job names none.
fn related<M>(row: Option<&Arc<M>>, id: Option<i64>) -> Poll<Option<Arc<M>>> {
    match (row, id) {
        (Some(row), _) => Poll::Ready(Some(Arc::clone(row))),
        (None, Some(_)) => Poll::Pending,
        (None, None) => Poll::Ready(None),
    }
}

impl Job {
    /// The row of its service: the one that came with the page, or one of a batch.
    pub(super) async fn its_service(&self, ctx: &Context<'_>) -> Result<Option<Arc<service::Model>>> {
        match (&self.service, self.row.service_id) {
            (Some(row), _) => Ok(Some(Arc::clone(row))),
            (None, Some(id)) => Ok(loaders(ctx)?.service(id).await?),
            (None, None) => Ok(None),
        }
    }
}
