//! The durable log of what happened to jobs and accounts, and its followers.
//!
//! The row is the truth: it is written in the transaction of the change that it tells of. What goes through memory
//! only says "look again": a lost, doubled or late hint costs latency, never an event.

use entity::{event, job, project, service, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use crate::{
    app::App,
    db::{EVENTS_LEFT_OUT, Insertion, Tx},
    domain::setting,
    error::{Error, Result},
    page::Page,
    viewer::{Permission, Viewer},
};

mod feed;
mod follow;
mod part;
mod prune;
mod seam;

pub use feed::{Feed, tail};
pub(super) use follow::follow_account;
pub use follow::{Delivery, Follower, Gap, GapReason, Item, follow};
pub use prune::prune;

/// Events that a query returns at most.
const PAGE: i64 = 100;

/// How an event of a job gets into the log.
static INSERTION: Insertion = Insertion::new();

/// Which events to follow or list; conditions are ANDed, absent ones do not bind.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Of one of these jobs (outside ids).
    pub job_ids: Option<Vec<Uuid>>,
    /// Of jobs of one of these services (outside ids).
    pub service_ids: Option<Vec<Uuid>>,
    /// Of jobs of one of these projects (outside ids).
    pub project_ids: Option<Vec<Uuid>>,
    /// Of jobs submitted by one of these users (outside ids).
    pub owner_ids: Option<Vec<Uuid>>,
    /// Of one of these kinds.
    pub kinds: Option<Vec<event::Kind>>,
}

/// A filter whose outside ids are looked up, so that matching an event in memory asks nobody.
#[derive(Clone, Debug, Default)]
struct Resolved {
    job_ids: Option<Vec<i64>>,
    service_ids: Option<Vec<i64>>,
    project_ids: Option<Vec<i64>>,
    owner_ids: Option<Vec<i64>>,
    kinds: Option<Vec<event::Kind>>,
}

/// The place of an event in the log, as clients see it.
#[must_use]
pub fn cursor(id: i64) -> String {
    format!("e{id:x}")
}

fn position(cursor: &str) -> Result<i64> {
    let digits = cursor.strip_prefix('e').filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let id = digits.and_then(|digits| i64::from_str_radix(digits, 16).ok());
    id.ok_or_else(|| {
        Error::invalid("after", "This is not a cursor of the event log. Take one that an event came with.")
    })
}

/// Appends one event about `job`, whose revision is already the event's.
pub(super) async fn append(tx: &Tx, job: &job::Model, kind: event::Kind, detail: event::Detail) -> Result<()> {
    tx.db.insert_soon(&INSERTION, &row(tx, job, kind, detail)).await?;
    tx.tell();
    Ok(())
}

/// Appends one event about each of several jobs, in their order.
pub(super) async fn append_all(tx: &Tx, events: Vec<(&job::Model, event::Kind, event::Detail)>) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let rows = events.into_iter().map(|(job, kind, detail)| row(tx, job, kind, detail));
    tx.db.soon(event::Entity::insert_many(rows)).await?;
    tx.tell();
    Ok(())
}

/// Appends one event about an account, and about no job.
pub(super) async fn append_account(tx: &Tx, account_id: i64, kind: event::Kind, detail: event::Detail) -> Result<()> {
    let row = event::ActiveModel {
        kind: Set(kind),
        attempt: Set(0),
        detail: Set(detail),
        account_id: Set(Some(account_id)),
        created_at: Set(tx.now),
        ..Default::default()
    };
    tx.db.soon(event::Entity::insert(row)).await?;
    tx.tell();
    Ok(())
}

fn row(tx: &Tx, job: &job::Model, kind: event::Kind, detail: event::Detail) -> event::ActiveModel {
    event::ActiveModel {
        job_id: Set(Some(job.id)),
        job_uid: Set(Some(job.uid)),
        revision: Set(Some(job.revision)),
        kind: Set(kind),
        attempt: Set(job.attempt),
        detail: Set(detail),
        service_id: Set(job.service_id),
        project_id: Set(job.project_id),
        owner_id: Set(Some(job.owner_id)),
        // Who follows the account hears of what was booked, and of nothing else that the job does.
        account_id: Set(job.account_id.filter(|_| kind == event::Kind::Charged)),
        // Of a job that nobody holds the row still says who held it last.
        runner_id: Set(job.runner_id.filter(|_| job.lease_expires_at.is_some())),
        created_at: Set(tx.now),
        ..Default::default()
    }
}

/// A page of the log.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The hole before the page, when the cursor is older than the log. It takes the place of one event.
    pub gap: Option<Gap>,
    /// The events.
    pub page: Page<event::Model>,
}

/// The next `first` (1 to 100) events of jobs after a cursor, or from the oldest on; `has_next` tells whether more
/// follow.
pub async fn list(app: &App, viewer: &Viewer, filter: &EventFilter, first: i64, after: Option<&str>) -> Result<Listed> {
    viewer.require_read(Permission::JobsRead)?;
    let filter = resolve(app, filter).await?;
    // In the personal project all jobs are the user's own.
    let shared = viewer.projects().iter().filter(|project| !project.personal);
    let projects: Vec<i64> = shared.map(|project| project.project_id).collect();
    let parts = part::parts(&viewer.scope(), viewer.own_services(), &projects, &filter);
    page_of(app, &parts, first, after).await
}

/// The same of an account that the caller may see (`account.id`).
pub(super) async fn list_of_account(app: &App, account_id: i64, first: i64, after: Option<&str>) -> Result<Listed> {
    page_of(app, &[of_account(account_id)], first, after).await
}

fn of_account(account_id: i64) -> Select<event::Entity> {
    event::Entity::find().filter(event::Column::AccountId.eq(account_id))
}

async fn page_of(app: &App, parts: &[Select<event::Entity>], first: i64, after: Option<&str>) -> Result<Listed> {
    let Some(limit) = u64::try_from(first).ok().filter(|_| (1..=PAGE).contains(&first)) else {
        return Err(Error::invalid("first", format!("{first} is not a page size; take 1 to {PAGE}.")));
    };
    let after = after.map(position).transpose()?;
    let to = if app.db.commits_in_order() { None } else { Some(newest(app).await?) };
    let (mut from, mut gap) = (after, None);
    loop {
        let limit = limit - u64::from(gap.is_some());
        let mut rows = part::read(app, parts, from.unwrap_or(0), to, limit + 1).await?;
        // Asked after the read: what was deleted just before it is not among the rows, and the reader must be told.
        if let Some(to) = expired_after(app, from).await? {
            from = Some(to);
            gap = after.map(|after| Gap { reason: GapReason::Expired, from: cursor(after), to: cursor(to) });
            continue;
        }
        let has_next = rows.len() as u64 > limit;
        if has_next {
            rows.pop();
        }
        return Ok(Listed { gap, page: Page { rows, has_next, has_previous: after.is_some() } });
    }
}

/// Where the log goes on for who stands at a place after which something is missing because its time is over. Who
/// begins with the oldest event that there is misses nothing.
async fn expired_after(app: &App, place: Option<i64>) -> Result<Option<i64>> {
    let Some(place) = place else { return Ok(None) };
    let pruned = prune::pruned_to(app).await?;
    if place < pruned {
        return Ok(Some(pruned));
    }
    // Who stands here has read what was lost with the database that a backup replaced.
    let left_out = setting::find(app, EVENTS_LEFT_OUT).await?.unwrap_or_default();
    let mut left_out = left_out.split(' ').filter_map(|pair| {
        let (from, to) = pair.split_once('-')?;
        Some((from.parse::<i64>().ok()?, to.parse::<i64>().ok()?))
    });
    Ok(left_out.find(|(from, to)| (from + 1..*to).contains(&place)).map(|(_, to)| to))
}

/// The newest event's place: where a follower that wants only news begins. The log is final up to there.
async fn newest(app: &App) -> Result<i64> {
    let end = end(app).await?;
    if !app.db.commits_in_order() {
        app.events.reach(end).await?;
    }
    Ok(end)
}

/// The place of the newest event that is there; on PostgreSQL an earlier one may still appear.
pub async fn end(app: &App) -> Result<i64> {
    let newest =
        event::Entity::find().select_only().column(event::Column::Id).order_by_desc(event::Column::Id).limit(1);
    let newest: Option<i64> = newest.into_tuple().one(app.db.read()).await?;
    // A log that was pruned to its end is not at its beginning.
    Ok(newest.unwrap_or(0).max(prune::pruned_to(app).await?))
}

async fn resolve(app: &App, filter: &EventFilter) -> Result<Resolved> {
    Ok(Resolved {
        // By number: that is what the log has an index of.
        job_ids: known::<job::Entity>(app, job::Column::Id, job::Column::Uid, filter.job_ids.as_deref()).await?,
        service_ids: {
            use service::Column::{Id, Uid};
            known::<service::Entity>(app, Id, Uid, filter.service_ids.as_deref()).await?
        },
        project_ids: {
            use project::Column::{Id, Uid};
            known::<project::Entity>(app, Id, Uid, filter.project_ids.as_deref()).await?
        },
        owner_ids: known::<user::Entity>(app, user::Column::Id, user::Column::Uid, filter.owner_ids.as_deref()).await?,
        kinds: filter.kinds.clone(),
    })
}

/// The internal ids of those of these rows that there are.
async fn known<E: EntityTrait>(
    app: &App,
    id: E::Column,
    uid: E::Column,
    uids: Option<&[Uuid]>,
) -> Result<Option<Vec<i64>>> {
    let Some(uids) = uids else { return Ok(None) };
    let rows = E::find().select_only().column(id).filter(uid.is_in(uids.iter().copied()));
    Ok(Some(rows.into_tuple().all(app.db.read()).await?))
}

fn filtered(mut query: Select<event::Entity>, filter: &Resolved) -> Select<event::Entity> {
    if let Some(ids) = &filter.job_ids {
        query = query.filter(event::Column::JobId.is_in(ids.iter().copied()));
    }
    if let Some(ids) = &filter.service_ids {
        query = query.filter(event::Column::ServiceId.is_in(ids.iter().copied()));
    }
    if let Some(ids) = &filter.project_ids {
        query = query.filter(event::Column::ProjectId.is_in(ids.iter().copied()));
    }
    if let Some(ids) = &filter.owner_ids {
        query = query.filter(event::Column::OwnerId.is_in(ids.iter().copied()));
    }
    if let Some(kinds) = &filter.kinds {
        query = query.filter(event::Column::Kind.is_in(kinds.iter().copied()));
    }
    query
}

impl Resolved {
    fn matches(&self, event: &event::Model) -> bool {
        let among = |ids: &Option<Vec<i64>>, id: Option<i64>| {
            ids.as_ref().is_none_or(|ids| id.is_some_and(|id| ids.contains(&id)))
        };
        among(&self.job_ids, event.job_id)
            && among(&self.service_ids, event.service_id)
            && among(&self.project_ids, event.project_id)
            && among(&self.owner_ids, event.owner_id)
            && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.kind))
    }
}
