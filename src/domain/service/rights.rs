//! What a caller may do with a service.

use entity::service;

use crate::viewer::{Permission, Viewer};

/// What a caller may do with a service now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Submit jobs to it.
    pub submit_jobs: bool,
    /// Change and delete it, and look at all its jobs.
    pub manage: bool,
}

/// What the viewer may do with a service that it sees.
#[must_use]
pub fn rights(viewer: &Viewer, service: &service::Model) -> Rights {
    let runs_here = service.server_id.is_none() && service.deleted_at.is_none();
    let submits = viewer.require(Permission::JobsWrite).is_ok() && viewer.may_use(service);
    let manages = viewer.require_write(Permission::ServicesWrite).is_ok() && viewer.may_manage(service);
    Rights { submit_jobs: runs_here && submits && !service.disabled, manage: runs_here && manages }
}
