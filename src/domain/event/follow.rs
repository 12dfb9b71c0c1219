//! Following the log: from a cursor through what is stored, over the seam, into what is new.

use std::{collections::HashMap, sync::Arc};

use entity::{Scope, event, project_member::Role, service};
use sea_orm::{EntityTrait, QuerySelect, Select};
use tokio::sync::broadcast::{self, error::RecvError};

use super::{EventFilter, Resolved, cursor, expired_after, newest, of_account, part, position, prune, resolve};
use crate::{
    app::App,
    domain::project,
    error::Result,
    viewer::{Permission, Viewer},
};

/// Rows that a follower reads from the log at once, and so holds at most.
const BATCH: u64 = 100;

/// One thing that a follower is given.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Where to resume: pass it as `after` to get what follows this and nothing twice.
    pub cursor: String,
    /// Whether it was delivered as it happened, rather than read from the log.
    pub live: bool,
    /// The event or the gap.
    pub item: Item,
}

/// What is delivered.
#[derive(Clone, Debug)]
pub enum Item {
    /// An event.
    Event(Arc<event::Model>),
    /// A hole, or the place where one would be.
    Gap(Gap),
}

/// Why a stream does not simply go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Too slow, or too late.
    pub reason: GapReason,
    /// The last cursor before it.
    pub from: String,
    /// The first cursor after which delivery goes on.
    pub to: String,
}

/// See [`Gap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapReason {
    /// The reader fell behind; it is fed from the log from here on, and misses nothing.
    TooSlow,
    /// The cursor is older than the log: the events between are gone, and the state must be read again.
    Expired,
}

/// A reader of the log. It holds at most one batch of rows, whatever it is behind.
#[derive(Debug)]
pub struct Follower {
    app: App,
    wants: Wanted,
    position: i64,
    news: broadcast::Receiver<Arc<event::Model>>,
    /// What came out of `news` and was not looked at to the end.
    arrived: Option<Arc<event::Model>>,
    live: bool,
    waiting: std::vec::IntoIter<event::Model>,
    gap: Option<Gap>,
}

/// Which events a reader is after, and may see.
#[derive(Debug)]
enum Wanted {
    /// Of jobs.
    Jobs {
        /// The rights.
        sees: Sees,
        /// The wish.
        filter: Box<Resolved>,
    },
    /// Of one account (`account.id`), which the caller may see.
    Account(i64),
}

impl Wanted {
    async fn parts(&self, app: &App) -> Result<Vec<Select<event::Entity>>> {
        match self {
            Self::Jobs { sees, filter } => sees.parts(app, filter).await,
            Self::Account(id) => Ok(vec![of_account(*id)]),
        }
    }

    async fn takes(&mut self, app: &App, event: &event::Model) -> Result<bool> {
        Ok(match self {
            Self::Jobs { sees, filter } => {
                event.job_id.is_some() && filter.matches(event) && sees.sees(app, event).await?
            }
            Self::Account(id) => event.account_id == Some(*id),
        })
    }
}

/// Microseconds for which the roles of a caller are believed: a membership that begins or ends counts within this time.
const BELIEVED: i64 = 1_000_000;

/// What the caller may see, in a form that rarely needs a query for an event.
#[derive(Debug)]
struct Sees {
    scope: Scope,
    /// Whose the services are that were met so far: the user who manages one, or else its project. That never changes.
    services: HashMap<i64, (Option<i64>, Option<i64>)>,
    /// The caller's roles in its projects (`project.id`), and when they were read.
    roles: HashMap<i64, Role>,
    roles_at: Option<i64>,
}

impl Sees {
    fn new(scope: Scope) -> Self {
        Self { scope, services: HashMap::new(), roles: HashMap::new(), roles_at: None }
    }

    /// What the caller may see of the log just now.
    async fn parts(&self, app: &App, filter: &Resolved) -> Result<Vec<Select<event::Entity>>> {
        let Scope::User { id, .. } = self.scope else { return Ok(part::parts(&self.scope, &[], &[], filter)) };
        let services = service::Entity::managed_by(id).select_only().column(service::Column::Id);
        let services: Vec<i64> = services.into_tuple().all(app.db.read()).await?;
        // In the personal project all jobs are the user's own.
        let shared = project::memberships(app, id).await?.into_iter().filter(|project| !project.personal);
        let projects: Vec<i64> = shared.map(|project| project.project_id).collect();
        Ok(part::parts(&self.scope, &services, &projects, filter))
    }

    async fn sees(&mut self, app: &App, event: &event::Model) -> Result<bool> {
        Ok(match self.scope {
            Scope::All => true,
            Scope::Nobody => false,
            Scope::User { id, keeps_accounts, .. } => {
                event.owner_id == Some(id)
                    || match event.project_id {
                        Some(project_id) => self.has(app, id, project_id, Role::Watcher).await?,
                        None => false,
                    }
                    || match event.service_id {
                        Some(service_id) => self.manages(app, id, service_id).await?,
                        None => keeps_accounts,
                    }
            }
            Scope::Runner { id } => event.runner_id == Some(id),
        })
    }

    async fn manages(&mut self, app: &App, user_id: i64, service_id: i64) -> Result<bool> {
        let (owner_id, project_id) = if let Some(known) = self.services.get(&service_id) {
            *known
        } else {
            let whose = whose(app, service_id).await?;
            self.services.insert(service_id, whose);
            whose
        };
        match project_id {
            Some(project_id) => self.has(app, user_id, project_id, Role::Manager).await,
            None => Ok(owner_id == Some(user_id)),
        }
    }

    async fn has(&mut self, app: &App, user_id: i64, project_id: i64, least: Role) -> Result<bool> {
        let now = app.clock.now_micros();
        if self.roles_at.is_none_or(|at| !(at..at + BELIEVED).contains(&now)) {
            let projects = project::memberships(app, user_id).await?;
            self.roles = projects.into_iter().map(|project| (project.project_id, project.role)).collect();
            self.roles_at = Some(now);
        }
        Ok(self.roles.get(&project_id).is_some_and(|role| *role >= least))
    }
}

/// The user who manages a service, or else its project.
async fn whose(app: &App, service_id: i64) -> Result<(Option<i64>, Option<i64>)> {
    let service = service::Entity::find_by_id(service_id).one(app.db.read()).await?;
    Ok(service.map_or((None, None), |service| match service.project_id {
        None => (Some(service.owner_id), None),
        of_project => (None, of_project),
    }))
}

/// Starts to follow: after `after` (exclusive), or with what happens from now on.
///
/// Fails with FORBIDDEN or UNAUTHENTICATED like reading a job does, and with INVALID for a cursor that is none.
pub async fn follow(app: &App, viewer: &Viewer, filter: &EventFilter, after: Option<&str>) -> Result<Follower> {
    viewer.require_read(Permission::JobsRead)?;
    // Listen first, read then: what is committed in between comes twice and is dropped by its place, never lost.
    let news = app.events.subscribe();
    let wants =
        Wanted::Jobs { sees: Sees::new(viewer.lasting().scope()), filter: Box::new(resolve(app, filter).await?) };
    start(app, wants, news, after).await
}

/// Starts to follow an account that the caller may see (`account.id`).
pub(in crate::domain) async fn follow_account(app: &App, account_id: i64, after: Option<&str>) -> Result<Follower> {
    start(app, Wanted::Account(account_id), app.events.subscribe(), after).await
}

async fn start(
    app: &App,
    wants: Wanted,
    news: broadcast::Receiver<Arc<event::Model>>,
    after: Option<&str>,
) -> Result<Follower> {
    let newest = newest(app).await?;
    let asked = after.map(position).transpose()?;
    let goes_on = expired_after(app, asked).await?;
    let gap =
        asked.zip(goes_on).map(|(asked, to)| Gap { reason: GapReason::Expired, from: cursor(asked), to: cursor(to) });
    let position = goes_on.or(asked).map_or(newest, |place| place.min(newest));
    Ok(Follower {
        app: app.clone(),
        wants,
        position,
        news,
        arrived: None,
        live: false,
        waiting: Vec::new().into_iter(),
        gap,
    })
}

impl Follower {
    /// The next thing, as soon as there is one. It is safe to drop the returned future: nothing is lost by it.
    ///
    /// Ends with `None` when the server stops.
    pub async fn next(&mut self) -> Result<Option<Delivery>> {
        loop {
            if let Some(gap) = self.gap.take() {
                // What lies in the gap is still to come when it is in the log: whoever resumes here must get it.
                let resume = match gap.reason {
                    GapReason::TooSlow => &gap.from,
                    GapReason::Expired => &gap.to,
                };
                return Ok(Some(Delivery { cursor: resume.clone(), live: false, item: Item::Gap(gap) }));
            }
            if let Some(row) = self.waiting.next() {
                self.position = row.id;
                return Ok(Some(Delivery { cursor: cursor(row.id), live: false, item: Item::Event(Arc::new(row)) }));
            }
            if !self.live {
                self.read().await?;
                continue;
            }
            if let Some(event) = self.arrived.clone() {
                let wanted = event.id > self.position && self.wants.takes(&self.app, &event).await?;
                // Only now: who drops this future while it asks for a service must find the event again.
                self.arrived = None;
                if wanted {
                    self.position = event.id;
                    return Ok(Some(Delivery { cursor: cursor(event.id), live: true, item: Item::Event(event) }));
                }
                continue;
            }
            match self.news.recv().await {
                Ok(event) => self.arrived = Some(event),
                Err(RecvError::Lagged(_)) => self.fall_behind().await?,
                Err(RecvError::Closed) => return Ok(None),
            }
        }
    }

    /// What is already there, without waiting: `None` when there is nothing more just now.
    pub async fn ready(&mut self) -> Result<Option<Delivery>> {
        tokio::select! {
            biased;
            next = self.next() => next,
            () = std::future::ready(()) => Ok(None),
        }
    }

    async fn read(&mut self) -> Result<()> {
        let parts = self.wants.parts(&self.app).await?;
        // What lies behind may be followed by something before it; once it is final, it comes as news.
        let to = (!self.app.db.commits_in_order()).then(|| self.app.events.settled());
        let rows = part::read(&self.app, &parts, self.position, to, BATCH).await?;
        // Asked after the read: what was deleted just before it is not among the rows, and the reader must be told. Then
        // the log is read again, from where it goes on.
        let pruned = prune::pruned_to(&self.app).await?;
        if self.position < pruned {
            let (from, to) = (cursor(self.position), cursor(pruned));
            self.gap = Some(Gap { reason: GapReason::Expired, from, to });
            self.position = pruned;
            return Ok(());
        }
        // A short batch is the log's end; whatever comes after it is in `news` already.
        self.live = (rows.len() as u64) < BATCH;
        self.waiting = rows.into_iter();
        Ok(())
    }

    async fn fall_behind(&mut self) -> Result<()> {
        // Before the await: whoever drops this future may go without the word of the gap, never without the events.
        self.live = false;
        self.news = self.news.resubscribe();
        let newest = newest(&self.app).await?;
        self.gap = Some(Gap {
            reason: GapReason::TooSlow,
            from: cursor(self.position),
            to: cursor(newest.max(self.position)),
        });
        Ok(())
    }
}
