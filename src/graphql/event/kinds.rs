//! The members of the union of events.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, Union};
use entity::{Amount, event};
use uuid::Uuid;

use crate::{
    domain::{self, event::Gap},
    error::Error,
    graphql::{
        context::{app, asked, loaders, nullable},
        file::File,
        id::Kind,
        job::{Job, JobStatus},
        ledger::{LedgerEntry, LedgerKind},
        scalar::{Cursor, DateTime, Decimal, Long},
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
    /// A new file.
    FileAdded(JobFileAdded),
    /// A booking.
    Charged(JobCharged),
    /// A hole in the stream.
    StreamGap(StreamGap),
}

impl TryFrom<Arc<event::Model>> for JobEvent {
    type Error = Error;

    fn try_from(row: Arc<event::Model>) -> Result<Self, Error> {
        let (Some(id), Some(uid), Some(revision)) = (row.job_id, row.job_uid, row.revision) else {
            return Err(Error::internal("an event of a job says nothing of it"));
        };
        let event = Told { id, uid, revision, row };
        Ok(match event.row.kind {
            event::Kind::StatusChanged => Self::StatusChanged(JobStatusChanged(event)),
            event::Kind::Progressed => Self::Progressed(JobProgressed(event)),
            event::Kind::LogAppended => Self::LogAppended(JobLogAppended(event)),
            event::Kind::FileAdded => Self::FileAdded(JobFileAdded(event)),
            event::Kind::Charged => Self::Charged(JobCharged(event)),
            event::Kind::Booked | event::Kind::AccountChanged => {
                return Err(Error::internal("an event of an account was taken for one of a job"));
            }
        })
    }
}

/// An event of a job.
#[derive(Clone, Debug)]
struct Told {
    id: i64,
    uid: Uuid,
    revision: i64,
    row: Arc<event::Model>,
}

/// Defines an event type: what every event tells, and the fields of its own.
macro_rules! event {
    ($name:ident, $doc:literal; $($own:tt)*) => {
        #[doc = $doc]
        #[derive(Clone, Debug)]
        pub struct $name(Told);

        #[doc = $doc]
        #[Object]
        impl $name {
            /// The job's global id.
            async fn job_id(&self) -> ID {
                Kind::Job.id(self.0.uid)
            }

            /// The job as it is now, not as it was then; null when it was removed, or may no longer be seen.
            async fn job(&self, ctx: &Context<'_>) -> Option<Result<Job>> {
                nullable(async move { Ok(loaders(ctx)?.job(self.0.id).await?.map(Job::shared)) }).await
            }

            /// The event's number within the job: 1, 2, 3.. without a gap.
            async fn revision(&self) -> Long {
                Long(self.0.revision)
            }

            /// The attempt it happened in; 0 before the first.
            async fn attempt(&self) -> i32 {
                self.0.row.attempt
            }

            /// When it happened.
            async fn at(&self) -> DateTime {
                self.0.row.created_at.into()
            }

            $($own)*
        }
    };
}

event! { JobStatusChanged, "A job is in another state, or something about its waiting changed (then `from` equals `to`).";
    /// The state before; null when the job was just submitted.
    async fn from(&self) -> Option<JobStatus> {
        self.0.row.detail.from.map(Into::into)
    }

    /// The state after.
    async fn to(&self) -> Result<JobStatus> {
        let to = self.0.row.detail.to.ok_or_else(|| Error::internal("a change of state has no state"))?;
        Ok(to.into())
    }

    /// Why, when there is something to say.
    async fn message(&self) -> Option<&str> {
        self.0.row.detail.message.as_deref()
    }
}

event! { JobProgressed, "A worker reported progress or a message.";
    /// 0 to 1; null while the worker reported none.
    async fn progress(&self) -> Option<f64> {
        self.0.row.detail.progress
    }

    /// The worker's message; at most 1,000 characters.
    async fn message(&self) -> Option<&str> {
        self.0.row.detail.message.as_deref()
    }
}

event! { JobLogAppended, "A job's log grew, or reached its bound.";
    /// Bytes of the job's log before this text.
    async fn offset(&self) -> Long {
        Long(self.0.row.detail.offset.unwrap_or_default())
    }

    /// Bytes of this text; 0 when the log was full already and this is the first text that was dropped.
    async fn length(&self) -> Long {
        Long(self.0.row.detail.length.unwrap_or_default())
    }

    /// Whether the log reached its bound here: a part of what the worker sent was dropped, and all that it sends from now
    /// on is. Nothing more is told of this log.
    async fn is_truncated(&self) -> bool {
        self.0.row.detail.truncated == Some(true)
    }

    /// The text; at most 64 KiB. Empty when the job was removed.
    async fn text(&self, ctx: &Context<'_>) -> Result<String> {
        let offset = self.0.row.detail.offset.unwrap_or_default();
        let until = offset + self.0.row.detail.length.unwrap_or_default();
        Ok(domain::job::log(app(ctx)?, self.0.id, offset, Some(until)).await?.text)
    }
}

event! { JobCharged, "Money was booked for a job on the account that pays for it, in service units.";
    /// What was booked.
    async fn kind(&self) -> Result<LedgerKind> {
        Ok(self.booking()?.kind.into())
    }

    /// The change of what is held for the job.
    async fn held(&self) -> Result<Decimal> {
        Ok(Amount(self.booking()?.deltas[1]).into())
    }

    /// The change of what was taken for the job.
    async fn spent(&self) -> Result<Decimal> {
        Ok(Amount(self.booking()?.deltas[2]).into())
    }

    /// The entry of the ledger; null for those who may not see it.
    async fn entry(&self, ctx: &Context<'_>) -> Option<Result<LedgerEntry>> {
        nullable(async move { Ok(loaders(ctx)?.entry(self.booking()?.entry_id).await?.map(LedgerEntry)) }).await
    }
}

impl JobCharged {
    fn booking(&self) -> Result<event::Booking> {
        Ok(self.0.row.detail.booking.ok_or_else(|| Error::internal("a booking says nothing of it"))?)
    }
}

event! { JobFileAdded, "A file was attached to a job.";
    /// The file's global id.
    async fn file_id(&self) -> ID {
        Kind::File.id(self.0.row.detail.file.unwrap_or_default())
    }

    /// The file's name.
    async fn name(&self) -> &str {
        self.0.row.detail.name.as_deref().unwrap_or_default()
    }

    /// The file as it is now; null when it was removed, or may no longer be seen.
    async fn file(&self, ctx: &Context<'_>) -> Option<Result<File>> {
        nullable(async move {
            let (app, viewer) = asked(ctx)?;
            let found = domain::file::find(app, viewer, self.0.row.detail.file.unwrap_or_default()).await?;
            Ok(found.map(|row| File(Arc::new(row))))
        })
        .await
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
