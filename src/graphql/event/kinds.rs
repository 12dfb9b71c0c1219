//! The members of the union of events.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, Union};
use entity::event;

use crate::{
    domain::{self, event::Gap},
    error::Error,
    graphql::{
        context::{app, loaders, nullable},
        id::Kind,
        job::{Job, JobStatus},
        scalar::{Cursor, DateTime, Long},
    },
};

/// Something that happened to a job, or to the stream itself.
#[derive(Clone, Debug, Union)]
pub enum JobEvent {
    /// A change of state.
    StatusChanged(JobStatusChanged),
    /// A report of progress.
    Progressed(JobProgressed),
    /// New log text.
    LogAppended(JobLogAppended),
    /// A hole in the stream.
    StreamGap(StreamGap),
}

impl From<Arc<event::Model>> for JobEvent {
    fn from(row: Arc<event::Model>) -> Self {
        match row.kind {
            event::Kind::StatusChanged => Self::StatusChanged(JobStatusChanged(row)),
            event::Kind::Progressed => Self::Progressed(JobProgressed(row)),
            event::Kind::LogAppended => Self::LogAppended(JobLogAppended(row)),
        }
    }
}

/// Defines an event type: what every event tells, and the fields of its own.
macro_rules! event {
    ($name:ident, $doc:literal; $($own:tt)*) => {
        #[doc = $doc]
        #[derive(Clone, Debug)]
        pub struct $name(Arc<event::Model>);

        #[doc = $doc]
        #[Object]
        impl $name {
            /// The job's global id.
            async fn job_id(&self) -> ID {
                Kind::Job.id(self.0.job_uid)
            }

            /// The job as it is now, not as it was then; null when it was removed, or may no longer be seen.
            async fn job(&self, ctx: &Context<'_>) -> Option<Result<Job>> {
                nullable(async move { Ok(loaders(ctx)?.job(self.0.job_id).await?.map(Job::shared)) }).await
            }

            /// The event's number within the job: 1, 2, 3.. without a gap.
            async fn revision(&self) -> Long {
                Long(self.0.revision)
            }

            /// The attempt it happened in; 0 before the first.
            async fn attempt(&self) -> i32 {
                self.0.attempt
            }

            /// When it happened.
            async fn at(&self) -> DateTime {
                self.0.created_at.into()
            }

            $($own)*
        }
    };
}

event! { JobStatusChanged, "A job is in another state, or something about its waiting changed (then `from` equals `to`).";
    /// The state before; null when the job was just submitted.
    async fn from(&self) -> Option<JobStatus> {
        self.0.detail.from.map(Into::into)
    }

    /// The state after.
    async fn to(&self) -> Result<JobStatus> {
        let to = self.0.detail.to.ok_or_else(|| Error::internal("a change of state has no state"))?;
        Ok(to.into())
    }

    /// Why, when there is something to say.
    async fn message(&self) -> Option<&str> {
        self.0.detail.message.as_deref()
    }
}

event! { JobProgressed, "A worker reported progress or a message.";
    /// 0 to 1; null while the worker reported none.
    async fn progress(&self) -> Option<f64> {
        self.0.detail.progress
    }

    /// The worker's message; at most 1,000 characters.
    async fn message(&self) -> Option<&str> {
        self.0.detail.message.as_deref()
    }
}

event! { JobLogAppended, "A job's log grew.";
    /// Bytes of the job's log before this text.
    async fn offset(&self) -> Long {
        Long(self.0.detail.offset.unwrap_or_default())
    }

    /// Bytes of this text.
    async fn length(&self) -> Long {
        Long(self.0.detail.length.unwrap_or_default())
    }

    /// The text; at most 64 KiB. Empty when the job was removed.
    async fn text(&self, ctx: &Context<'_>) -> Result<String> {
        let offset = self.0.detail.offset.unwrap_or_default();
        let until = offset + self.0.detail.length.unwrap_or_default();
        Ok(domain::job::log(app(ctx)?, self.0.job_id, offset, Some(until)).await?.text)
    }
}

/// Why a stream did not simply go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "StreamGapReason", remote = "crate::domain::event::GapReason")]
pub enum GapReason {
    /// The reader fell behind. What it has not seen is read from the log and follows: nothing is missing.
    TooSlow,
    /// The cursor is older than the log. The events between are gone: read the state again.
    Expired,
}

/// A hole in the stream, or the place where one would be.
#[derive(Clone, Debug, SimpleObject)]
pub struct StreamGap {
    /// Why.
    reason: GapReason,
    /// The last cursor before it.
    from: Cursor,
    /// The cursor up to which events are missing (EXPIRED) or come late (TOO_SLOW).
    to: Cursor,
}

impl From<Gap> for StreamGap {
    fn from(gap: Gap) -> Self {
        Self { reason: gap.reason.into(), from: Cursor(gap.from), to: Cursor(gap.to) }
    }
}
