//! Hints that work has arrived.

use std::{collections::HashMap, sync::Arc};

use entity::{event, job, service};
use tokio::sync::broadcast::{self, error::RecvError};
use uuid::Uuid;

use crate::{
    app::App,
    domain::runner,
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// Services whose queues are watched; see [`watch`].
#[derive(Debug)]
pub struct Watch {
    app: App,
    /// The runner that asks, if one does: what it works for can be taken from it.
    runner_id: Option<i64>,
    services: HashMap<i64, service::Model>,
    /// Services that are to be told of before anything else is heard.
    due: Vec<i64>,
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
    let runner_id = viewer.require_runner().map(|runner| runner.id).ok();
    Ok(Watch { app: app.clone(), runner_id, services, due: Vec::new(), news: app.events.subscribe() })
}

impl Watch {
    /// The next service whose queue got a job; `None` when the server stops, and for a runner that works for none of
    /// them any more.
    pub async fn next(&mut self) -> Result<Option<service::Model>> {
        loop {
            let Some(id) = self.due.pop() else {
                match self.news.recv().await {
                    Ok(event) if event.detail.to == Some(job::Status::Queued) => {
                        self.due.extend(event.service_id.filter(|id| self.services.contains_key(id)));
                    }
                    // Hints were missed while this reader slept: any of them may have work.
                    Err(RecvError::Lagged(_)) => self.due = self.services.keys().copied().collect(),
                    Ok(_) => {}
                    Err(RecvError::Closed) => return Ok(None),
                }
                continue;
            };
            if let Some(runner_id) = self.runner_id {
                let kept = runner::service_ids(&self.app, runner_id).await?;
                self.services.retain(|id, _| kept.contains(id));
            }
            match self.services.get(&id) {
                Some(service) => return Ok(Some(service.clone())),
                None if self.services.is_empty() => return Ok(None),
                None => {}
            }
        }
    }
}
