//! The same caller, seen in another way.

use std::sync::Arc;

use super::Viewer;
use crate::origin::Client;

impl Viewer {
    /// The same caller, known to call from there. (Who was checked a moment ago may call from somewhere else now.)
    #[must_use]
    pub fn at(mut self, client: &Client) -> Self {
        match &mut self {
            Self::User(viewer) => Arc::make_mut(viewer).client = client.clone(),
            Self::Runner(viewer) => Arc::make_mut(viewer).client = client.clone(),
            Self::Anonymous | Self::Operator => {}
        }
        self
    }

    /// The same caller for as long as a stream lasts: the first service may be made meanwhile and the first project joined,
    /// so that finders ask for them whether there are any now or not.
    #[must_use]
    pub fn lasting(&self) -> Self {
        let mut viewer = self.clone();
        if let Self::User(viewer) = &mut viewer {
            Arc::make_mut(viewer).lasting = true;
        }
        viewer
    }

    /// The same caller without the rights of an admin; nobody instead of the operator, who has no others.
    #[must_use]
    pub fn without_admin(&self) -> Self {
        let mut viewer = self.clone();
        match &mut viewer {
            Self::User(viewer) => Arc::make_mut(viewer).user.is_admin = false,
            Self::Operator => return Self::Anonymous,
            Self::Anonymous | Self::Runner(_) => {}
        }
        viewer
    }
}
