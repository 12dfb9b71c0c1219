//! The small types that a job is shown with.

use async_graphql::{Enum, SimpleObject};

use crate::graphql::scalar::Long;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "JobStatus", remote = "entity::job::Status")]
pub enum JobStatus {
    /// Waits for the moment that it was submitted for.
    Scheduled,
    /// Waits for a runner.
    Queued,
    /// A runner has it and has not yet said anything.
    Claimed,
    /// A runner works on it.
    Running,
    /// Done, with results. Final.
    Succeeded,
    /// Over, with a failure. Final.
    Failed,
    /// Stopped on request. Final.
    Cancelled,
}

/// How a job came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "JobOrigin", remote = "entity::job::Origin")]
pub enum JobOrigin {
    /// Somebody submitted it to a service, and runners work on it.
    Submitted,
    /// Another system ran it and reported it. It has no service, and nothing here works on it.
    Recorded,
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "FailureKind", remote = "entity::job::FailureKind")]
pub enum FailureKind {
    /// The input's, as the worker says.
    User,
    /// The worker's, as it says itself.
    System,
    /// An attempt ran longer than it may.
    Timeout,
    /// The results do not match the service's schema; they are kept as they came.
    ResultInvalid,
    /// Workers kept disappearing.
    Lost,
}

/// Why a job failed.
#[derive(Clone, Debug, SimpleObject)]
pub struct JobFailure {
    /// Whose fault it is.
    pub(super) kind: FailureKind,
    /// The worker's own code.
    pub(super) code: Option<String>,
    /// What went wrong, for the owner to read.
    pub(super) message: Option<String>,
}

/// What the viewer may do with a job.
#[expect(clippy::struct_excessive_bools, reason = "a right each, asked for by its name")]
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct JobPermissions {
    /// Ask for its cancellation now.
    pub(super) cancel: bool,
    /// Run it once more now.
    pub(super) retry: bool,
    /// Remove it now.
    pub(super) delete: bool,
    /// Read its log.
    pub(super) read_logs: bool,
}

/// A piece of a job's log.
#[derive(Clone, Debug, SimpleObject)]
pub struct JobLog {
    /// The text; at most about 320 KiB. `GET /jobs/{id}/log` gives the whole log as a file, and any range of it.
    pub(super) text: String,
    /// Where to read on: pass it as `offset`.
    pub(super) end_offset: Long,
    /// Bytes of the whole log so far.
    pub(super) size: Long,
    /// Whether the log reached its bound of 16 MiB, and later text was dropped.
    pub(super) is_truncated: bool,
}

/// Microseconds as seconds. Times of runs lie far within what a float holds exactly.
pub(in crate::graphql) fn seconds(micros: i64) -> f64 {
    std::time::Duration::from_micros(micros.unsigned_abs()).as_secs_f64()
}
