//! Runners: worker processes with a token of their own.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use entity::{Words, job, project_member::Role, runner, runner_service, token};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, SqlErr,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType},
};
use uuid::Uuid;

use super::{
    audit::{self, Action, Actor},
    check::{Faults, LINE},
    job::labels,
    project, service,
};
use crate::{
    app::App,
    db::Tx,
    error::{Error, Result},
    infra::secret::{self, Secret, SecretDigest, SecretKind},
    page::{self, Key, Order, Page, PageRequest},
    viewer::{Permission, Viewer},
};

mod heir;
mod online;

pub(super) use heir::pass_on;
pub use online::{Report, register, unregister};
pub(super) use online::{drop_silent, keep_online, not_registered, note_idle, present, stays};

/// What it takes to make a runner.
#[derive(Clone, Debug)]
pub struct NewRunner {
    /// 1 to [`LINE`] characters, unique among its owner's runners.
    pub name: String,
    /// Outside ids of the services it works for, 1 to 100.
    pub service_ids: Vec<Uuid>,
    /// Jobs it may hold at once, 1 to 1,000.
    pub slots: i32,
    /// What it can do, as pairs of key and value: it gets only jobs that require some of these, or nothing.
    pub labels: Vec<(String, String)>,
}

/// How runners are listed: by number, oldest first or newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunnerOrder {
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
}

/// Microseconds between two notes of a runner's sign of life: a busy one gives thousands a second.
const SEEN_NOTED: i64 = 5_000_000;

/// When each runner's sign of life was last written down.
#[derive(Debug, Default)]
pub struct Seen(Mutex<HashMap<i64, i64>>);

/// One sign of life; see [`Seen::sign`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Sign {
    runner_id: i64,
    /// When it is to be written down; none when that was done within the last five seconds.
    due: Option<i64>,
}

impl Sign {
    /// Whether it is to be written down.
    pub(super) const fn is_due(&self) -> bool {
        self.due.is_some()
    }
}

impl Seen {
    /// A sign of life, before the write that may note it.
    pub(super) fn sign(&self, runner_id: i64, now: i64) -> Sign {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = seen.get(&runner_id).is_some_and(|at| (*at..*at + SEEN_NOTED).contains(&now));
        Sign { runner_id, due: (!fresh).then_some(now) }
    }

    /// Remembers that a sign was written down, once that is committed: what was rolled back must be written again.
    pub(super) fn remember(&self, sign: Sign) {
        if let Some(now) = sign.due {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(sign.runner_id, now);
        }
    }
}

impl Sign {
    /// Writes it down when that is due.
    pub async fn note(self, tx: &Tx) -> Result<()> {
        if self.due.is_none() {
            return Ok(());
        }
        // Not waiting for whoever changes the runner: a worker's call holds its job, and so might wait for one that
        // waits for the job.
        let free = runner::Entity::find_by_id(self.runner_id).select_only().column(runner::Column::Id);
        let free = free.lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked).into_query();
        let change = runner::ActiveModel { last_heartbeat_at: Set(Some(tx.now)), ..Default::default() };
        let change = runner::Entity::update_many().set(change);
        change.filter(runner::Column::Id.in_subquery(free)).exec(&tx.db).await?;
        Ok(())
    }
}

/// Makes a runner and returns it with its token, which is shown this once.
///
/// Whoever runs a service's jobs reads their parameters: only the service's owner and admins may make runners for it.
pub async fn create(app: &App, viewer: &Viewer, new: NewRunner) -> Result<(runner::Model, Secret)> {
    let mut faults = Faults::default();
    faults.line("name", &new.name, 1, LINE);
    faults.range("slots", i64::from(new.slots), 1, 1_000);
    if new.service_ids.is_empty() || new.service_ids.len() > 100 {
        faults.add("serviceIds", "Name 1 to 100 services.");
    }
    let labels = labels(&mut faults, "labels", new.labels.clone());
    viewer.require_write(Permission::RunnersWrite)?;
    faults.into_result()?;
    let services = service::get_all(app, viewer, "serviceIds", &new.service_ids).await?;
    if !services.iter().all(|service| viewer.may_manage(service)) {
        return Err(Error::Forbidden(
            "Only a service's owner and admins make runners for it: they read its jobs.".into(),
        ));
    }
    let owner_id = match viewer.user_id() {
        Some(id) => id,
        // Who made a project's service need not manage it any more; the operator's runner goes on.
        None if services[0].project_id.is_some() => service::first_admin(app).await?,
        None => services[0].owner_id,
    };
    online::check_dispatch(&services, new.slots)?;
    let secret = Secret::new(SecretKind::Runner);
    let ids: Vec<i64> = services.iter().map(|service| service.id).collect();
    let row = runner::ActiveModel {
        name: Set(new.name),
        owner_id: Set(owner_id),
        slots: Set(new.slots),
        labels: Set(labels),
        ..Default::default()
    };
    let mut projects: Vec<i64> = services.iter().filter_map(|service| service.project_id).collect();
    projects.sort_unstable();
    projects.dedup();
    let manager = if viewer.is_admin() { None } else { viewer.user_id() };
    let input = (row, ids, secret.digest(), projects, manager, Actor::of(viewer));
    let runner = app.db.write(input, |tx, (row, ids, digest, projects, manager, actor)| {
        Box::pin(async move {
            // A role that was taken away a moment ago must not leave a runner behind.
            for project_id in projects {
                project::require_role(tx, *project_id, *manager, Role::Manager).await?;
            }
            let made = insert(tx, row, ids, digest).await?;
            audit::note(tx, actor, Action::RunnerCreated, &made).await?;
            Ok(made)
        })
    });
    let runner = runner.await?;
    Ok((runner, secret))
}

async fn insert(
    tx: &Tx,
    row: &runner::ActiveModel,
    service_ids: &[i64],
    digest: &SecretDigest,
) -> Result<runner::Model> {
    let row = runner::ActiveModel {
        uid: Set(secret::uid()),
        last_heartbeat_at: Set(None),
        registered_at: Set(None),
        online_until: Set(None),
        idle_since: Set(None),
        fetched_job_id: Set(None),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
        ..row.clone()
    };
    let runner = runner::Entity::insert(row.clone()).exec_with_returning(&tx.db).await;
    let runner = runner.map_err(|error| taken(error, row.name.as_ref()))?;
    let links = service_ids
        .iter()
        .map(|service_id| runner_service::ActiveModel { runner_id: Set(runner.id), service_id: Set(*service_id) });
    runner_service::Entity::insert_many(links).exec(&tx.db).await?;
    let token = token::ActiveModel {
        uid: Set(secret::uid()),
        user_id: Set(None),
        runner_id: Set(Some(runner.id)),
        name: Set(runner.name.clone()),
        token_hash: Set(digest.to_vec()),
        scopes: Set(Words::default()),
        created_at: Set(tx.now),
        last_used_at: Set(None),
        expires_at: Set(None),
        revoked_at: Set(None),
        ..Default::default()
    };
    token::Entity::insert(token).exec(&tx.db).await?;
    Ok(runner)
}

fn taken(error: DbErr, name: &str) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => {
            Error::taken("name", format!("You have a runner named {name} already."))
        }
        _ => error.into(),
    }
}

/// Whether a runner's owner may use its account: a runner works with its owner's rights, and gets nothing without them.
/// Credentials are believed for a while and a claim waits for up to 30 seconds, so that whoever gives jobs asks again.
pub(super) const WORKS: &str =
    "EXISTS (SELECT 1 FROM \"user\" WHERE \"user\".id = runner.owner_id AND \"user\".status = 'active')";

/// How many jobs a runner may hold.
pub(super) fn slots() -> String {
    format!("CASE WHEN {WORKS} THEN runner.slots ELSE 0 END")
}

/// Keeps other transactions from changing a runner or giving it jobs until this one ends. Says how many slots were free
/// just before: while this waited for another transaction, that one may have filled some. None when the runner is gone.
pub(super) async fn hold(tx: &Tx, id: i64) -> Result<Option<i64>> {
    Ok(free_slots(id).lock(LockType::NoKeyUpdate).into_tuple().one(&tx.db).await?)
}

/// How many slots of a runner are free now: to be asked after [`hold`], where others may have filled some meanwhile.
pub(super) async fn free(tx: &Tx, id: i64) -> Result<i64> {
    Ok(free_slots(id).into_tuple().one(&tx.db).await?.unwrap_or(0))
}

fn free_slots(id: i64) -> Select<runner::Entity> {
    let held = job::Entity::find().select_only().column_as(job::Column::Id.count(), "held");
    let held = held.filter(job::Column::RunnerId.eq(id)).filter(job::held()).into_query();
    let free = Expr::cust(slots()).sub(Expr::SubQuery(None, Box::new(held.into())));
    runner::Entity::find_by_id(id).select_only().expr_as(free, "free")
}

/// Removes a runner: its token opens nothing any more and its jobs go back to the queue.
pub async fn delete(app: &App, viewer: &Viewer, uid: Uuid) -> Result<runner::Model> {
    viewer.require_write(Permission::RunnersWrite)?;
    let runner = get(app, viewer, uid).await?;
    let removed = app
        .db
        .write((runner, Actor::of(viewer)), |tx, (runner, actor)| {
            Box::pin(async move {
                online::leave(tx, runner.id).await?;
                runner_service::Entity::delete_many()
                    .filter(runner_service::Column::RunnerId.eq(runner.id))
                    .exec(&tx.db)
                    .await?;
                token::Entity::delete_many().filter(token::Column::RunnerId.eq(runner.id)).exec(&tx.db).await?;
                runner::Entity::delete_by_id(runner.id).exec(&tx.db).await?;
                audit::note(tx, actor, Action::RunnerDeleted, runner).await?;
                super::rights::note(tx).await?;
                Ok(runner.clone())
            })
        })
        .await?;
    app.known.forget();
    Ok(removed)
}

/// The runner with this outside id.
pub async fn get(app: &App, viewer: &Viewer, uid: Uuid) -> Result<runner::Model> {
    let query = runner::Entity::visible_to(&viewer.scope()).filter(runner::Column::Uid.eq(uid));
    query.one(app.db.read()).await?.ok_or(Error::NotFound("runner"))
}

/// The runner with this number.
pub async fn get_by_number(app: &App, viewer: &Viewer, number: i64) -> Result<runner::Model> {
    let query = runner::Entity::visible_to(&viewer.scope()).filter(runner::Column::Id.eq(number));
    query.one(app.db.read()).await?.ok_or(Error::NotFound("runner"))
}

/// A page of the runners that the viewer may see.
pub async fn list(
    app: &App,
    viewer: &Viewer,
    order: RunnerOrder,
    request: &PageRequest,
) -> Result<Page<runner::Model>> {
    page::fetch(runner::Entity::visible_to(&viewer.scope()), order, request, app.db.read()).await
}

/// How many runners the viewer may see.
pub async fn count(app: &App, viewer: &Viewer) -> Result<i64> {
    page::count(runner::Entity::visible_to(&viewer.scope()), app.db.read()).await
}

/// The runners with these internal ids, whoever asks: for fields of rows that the caller may already see.
pub async fn by_ids(app: &App, ids: &[i64]) -> Result<Vec<runner::Model>> {
    Ok(runner::Entity::find().filter(runner::Column::Id.is_in(ids.iter().copied())).all(app.db.read()).await?)
}

/// The internal ids of the services that a runner works for.
pub async fn service_ids(app: &App, runner_id: i64) -> Result<Vec<i64>> {
    let links = runner_service::Entity::find()
        .filter(runner_service::Column::RunnerId.eq(runner_id))
        .order_by_asc(runner_service::Column::ServiceId)
        .all(app.db.read())
        .await?;
    Ok(links.into_iter().map(|link| link.service_id).collect())
}

impl Order<runner::Entity> for RunnerOrder {
    fn column(self) -> Option<runner::Column> {
        None
    }

    fn id(self) -> runner::Column {
        runner::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, _: &runner::Model) -> Option<Key> {
        None
    }

    fn row_id(self, row: &runner::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::CreatedAtAsc => "c",
            Self::CreatedAtDesc => "cd",
        }
    }
}
