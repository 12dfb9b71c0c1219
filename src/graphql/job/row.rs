//! The rows behind a job.

use std::sync::Arc;

use async_graphql::{Context, Result};
use entity::{
    job::{self, Columns, Part},
    service,
};

use super::Job;
use crate::{error::Error, graphql::context::loaders};

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
