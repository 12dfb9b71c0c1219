//! Why a job waits.

use async_graphql::{Enum, SimpleObject};

use crate::{domain::job::Waiting, graphql::scalar::DateTime};

/// What keeps a job waiting. Of several reasons the first of this list is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::job::Reason")]
pub enum WaitingReasonCode {
    /// The moment that it was submitted for has not come; see `until`.
    Scheduled,
    /// An attempt failed, and the next one comes after a pause; see `until`.
    Backoff,
    /// No runner that works for its service and has the labels that it requires gave a sign of life within the service's
    /// timeout, and the half minute that a claim may wait.
    NoRunner,
    /// Its service runs as many jobs as its `maxRunning` allows.
    ServiceLimit,
    /// Its service runs as many jobs of its owner as its `maxRunningPerUser` allows.
    UserLimit,
    /// Nothing but other jobs keeps it; see `position`.
    #[graphql(name = "QUEUE_POSITION")]
    Queue,
}

/// Why a job waits, as it is at the moment.
#[derive(Clone, Debug, SimpleObject)]
pub struct WaitingReason {
    /// The reason.
    code: WaitingReasonCode,
    /// With `QUEUE_POSITION`, its place among the jobs of its service that require the same labels, 1 for the next one;
    /// null when more than 999 go first.
    position: Option<i32>,
    /// With SCHEDULED and BACKOFF, when that ends.
    until: Option<DateTime>,
    /// The same in a sentence.
    message: String,
}

impl From<Waiting> for WaitingReason {
    fn from(waiting: Waiting) -> Self {
        let Waiting { reason, position, until, message } = waiting;
        Self { code: reason.into(), position, until: until.map(Into::into), message }
    }
}
