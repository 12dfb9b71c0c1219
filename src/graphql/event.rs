//! Events of jobs: as a list, and live.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject, Subscription};
use entity::event::Kind;
use futures_util::Stream;

use super::{
    ResumePoint,
    connection::connection,
    context::{app, asked, viewer},
    filter::{IdFilter, both},
    id,
    loaders::Loaders,
    scalar::Cursor,
};
use crate::{
    app::App,
    domain::{
        self,
        event::{Delivery, EventFilter, Item, Listed, cursor},
    },
    error::Error,
    page::Page,
    viewer::Viewer,
};

mod kinds;

pub use kinds::{JobEvent, StreamGap};

connection!(JobEventConnection, JobEventEdge, JobEvent, "events");

/// What an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "JobEventKind")]
pub enum JobEventKind {
    /// The job is in another state, or a cancellation was asked for.
    StatusChanged,
    /// The worker reported progress or a message.
    Progressed,
    /// The job's log grew.
    LogAppended,
    /// A file was attached to the job.
    FileAdded,
    /// Money was booked for the job.
    Charged,
}

impl From<JobEventKind> for Kind {
    fn from(kind: JobEventKind) -> Self {
        match kind {
            JobEventKind::StatusChanged => Self::StatusChanged,
            JobEventKind::Progressed => Self::Progressed,
            JobEventKind::LogAppended => Self::LogAppended,
            JobEventKind::FileAdded => Self::FileAdded,
            JobEventKind::Charged => Self::Charged,
        }
    }
}

/// Matches a kind of event.
#[derive(Clone, Debug, Default, InputObject)]
pub struct JobEventKindFilter {
    /// Exactly this kind.
    eq: Option<JobEventKind>,
    /// One of these kinds.
    #[graphql(name = "in")]
    any_of: Option<Vec<JobEventKind>>,
}

/// Which events; conditions are ANDed.
#[derive(Clone, Debug, Default, InputObject)]
pub struct JobEventFilter {
    /// By job.
    job_id: Option<IdFilter>,
    /// By the job's service.
    service_id: Option<IdFilter>,
    /// By the job's project.
    project_id: Option<IdFilter>,
    /// By who submitted the job.
    owner_id: Option<IdFilter>,
    /// By kind.
    kind: Option<JobEventKindFilter>,
}

impl TryFrom<JobEventFilter> for EventFilter {
    type Error = Error;

    fn try_from(input: JobEventFilter) -> Result<Self, Error> {
        let kinds = input.kind.and_then(|kind| both(kind.eq, kind.any_of));
        Ok(Self {
            job_ids: IdFilter::uids(input.job_id, id::Kind::Job, "filter/jobId")?,
            service_ids: IdFilter::uids(input.service_id, id::Kind::Service, "filter/serviceId")?,
            project_ids: IdFilter::uids(input.project_id, id::Kind::Project, "filter/projectId")?,
            owner_ids: IdFilter::uids(input.owner_id, id::Kind::User, "filter/ownerId")?,
            kinds: kinds.map(|kinds| kinds.into_iter().map(Into::into).collect()),
        })
    }
}

/// One delivery of a live stream.
#[derive(Clone, Debug, SimpleObject)]
pub struct JobEventDelivery {
    /// Where to resume: pass it as `after` to get what follows this, and nothing twice.
    cursor: Cursor,
    /// Whether it was delivered as it happened, rather than read from the log.
    live: bool,
    /// The event.
    event: JobEvent,
}

/// Reading events.
#[derive(Debug, Default)]
pub struct EventQuery;

#[Object]
impl EventQuery {
    /// The events that the viewer may see, oldest first: the same that the subscription of this name delivers, with
    /// the same cursors. Events are kept for 30 days (a setting).
    async fn job_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<JobEventFilter>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "Only events after this cursor.")] after: Option<Cursor>,
    ) -> Result<JobEventConnection> {
        let (app, viewer) = asked(ctx)?;
        let filter = EventFilter::try_from(filter.unwrap_or_default())?;
        page_of_events(app, viewer, &filter, first, after).await
    }
}

/// A page of the log.
pub async fn page_of_events(
    app: &App,
    viewer: &Viewer,
    filter: &EventFilter,
    first: i32,
    after: Option<Cursor>,
) -> Result<JobEventConnection> {
    let after = after.as_ref().map(|after| after.0.as_str());
    let Listed { gap, page } = domain::event::list(app, viewer, filter, i64::from(first), after).await?;
    let Page { rows, has_next, has_previous } = page;
    let events = rows.into_iter().map(|row| Ok((cursor(row.id), JobEvent::try_from(Arc::new(row))?)));
    let mut rows = events.collect::<Result<Vec<_>, Error>>()?;
    if let Some(gap) = gap {
        rows.insert(0, (gap.to.clone(), JobEvent::StreamGap(gap.into())));
    }
    let events = Page { rows, has_next, has_previous };
    Ok(JobEventConnection::of(events, |(cursor, _)| cursor.clone(), |(_, event)| event, None))
}

/// Following events.
#[derive(Debug, Default)]
pub struct EventSubscription;

#[Subscription]
impl EventSubscription {
    /// Events as they happen. With `after`, first everything after that cursor, then on without a seam: a client that
    /// keeps the last cursor it saw misses nothing, whatever happens to its connection. Over server-sent events the
    /// `Last-Event-ID` header takes the place of `after`.
    async fn job_events<'a>(
        &self,
        ctx: &Context<'a>,
        #[graphql(desc = "Which ones.")] filter: Option<JobEventFilter>,
        #[graphql(desc = "Start after this cursor; without it, with what happens from now on.")] after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Result<JobEventDelivery, Error>> + use<'a>> {
        let (resume, after) = resumed(ctx, after);
        let filter = EventFilter::try_from(filter.unwrap_or_default())?;
        let follower = domain::event::follow(app(ctx)?, viewer(ctx)?, &filter, after.as_deref()).await?;
        let loaders = ctx.data::<Loaders>()?;
        Ok(futures_util::stream::try_unfold(follower, move |mut follower| async move {
            let Some(delivery) = follower.next().await? else { return Ok(None) };
            loaders.renew();
            if let Some(resume) = resume {
                resume.deliver(&delivery.cursor);
            }
            Ok(Some((JobEventDelivery::try_from(delivery)?, follower)))
        }))
    }
}

/// Where a stream resumes: after what the transport says that its client saw last, or else after `after`.
pub fn resumed<'a>(ctx: &Context<'a>, after: Option<Cursor>) -> (Option<&'a Arc<ResumePoint>>, Option<String>) {
    let resume = ctx.data_opt::<Arc<ResumePoint>>();
    let seen = resume.and_then(|resume| resume.last_event_id().map(str::to_owned));
    (resume, seen.or(after.map(|after| after.0)))
}

impl TryFrom<Delivery> for JobEventDelivery {
    type Error = Error;

    fn try_from(delivery: Delivery) -> Result<Self, Error> {
        let event = match delivery.item {
            Item::Event(row) => JobEvent::try_from(row)?,
            Item::Gap(gap) => JobEvent::StreamGap(gap.into()),
        };
        Ok(Self { cursor: Cursor(delivery.cursor), live: delivery.live, event })
    }
}
