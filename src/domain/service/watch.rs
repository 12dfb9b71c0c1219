//! Hints that work has arrived.

use std::{collections::HashMap, sync::Arc};

use entity::{event, job, service};
use tokio::sync::broadcast::{self, error::RecvError};
use uuid::Uuid;

use crate::{
    app::App,
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// Services whose queues are watched; see [`watch`].
#[derive(Debug)]
pub struct Watch {
    services: HashMap<i64, service::Model>,
    news: broadcast::Receiver<Arc<event::Model>>,
}

/// Watches the queues of services that the viewer works for or manages.
pub async fn watch(app: &App, viewer: &Viewer, uids: &[Uuid]) -> Result<Watch> {
    viewer.require_read(Permission::JobsRead)?;
    if uids.is_empty() {
        return Err(Error::invalid("serviceIds", "Name 1 to 100 services."));
    }
    let services = super::get_all(app, viewer, "serviceIds", uids).await?;
    // How busy a service is, is its owner's business.
    let may = |service: &service::Model| matches!(viewer, Viewer::Runner(_)) || viewer.may_manage(service);
    if !services.iter().all(may) {
        return Err(Error::Forbidden("Only a service's owner, its runners and admins watch its queue.".into()));
    }
    let services = services.into_iter().map(|service| (service.id, service)).collect();
    Ok(Watch { services, news: app.events.subscribe() })
}

impl Watch {
    /// The next service whose queue got a job; `None` when the server stops.
    pub async fn next(&mut self) -> Result<Option<service::Model>> {
        loop {
            match self.news.recv().await {
                Ok(event) if event.detail.to == Some(job::Status::Queued) => {
                    if let Some(service) = event.service_id.and_then(|id| self.services.get(&id)) {
                        return Ok(Some(service.clone()));
                    }
                }
                // A hint that was missed while this reader slept: any of them may have work.
                Err(RecvError::Lagged(_)) => return Ok(self.services.values().next().cloned()),
                Ok(_) => {}
                Err(RecvError::Closed) => return Ok(None),
            }
        }
    }
}
