//! Money that is held for jobs that do not come to an end.

use entity::{
    Amount, Time, account, event,
    job::{self, Columns, Part},
    ledger,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{
    book::{Book, Entry},
    require_keeper,
};
use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Action, Actor},
        job::{self as jobs, change},
    },
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// Holds that one look returns at most.
const PAGE: u64 = 1_000;

/// A job that holds money.
#[derive(Clone, Debug)]
pub struct HeldJob {
    /// The job, without its parameters and results.
    pub job: job::Model,
    /// The name of the account that pays.
    pub account: String,
}

/// The jobs that hold money and were submitted before a moment, oldest first, from after a number on; at most 1,000.
/// Admins and users with the role `accounting` may ask.
pub async fn holds(app: &App, viewer: &Viewer, before: Time, after: i64) -> Result<Vec<HeldJob>> {
    viewer.require_read(Permission::AccountsRead)?;
    require_keeper(viewer)?;
    let query = job::Entity::find()
        .filter(job::Column::Held.gt(Amount::ZERO))
        .filter(job::Column::SubmittedAt.lt(before))
        .filter(job::Column::Id.gt(after))
        .order_by_asc(job::Column::Id)
        .limit(PAGE);
    let rows: Vec<Part> = Columns::head().select(query).into_model().all(app.db.read()).await?;
    let mut ids: Vec<i64> = rows.iter().filter_map(|part| part.row.account_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let accounts = account::Entity::find().filter(account::Column::Id.is_in(ids)).all(app.db.read()).await?;
    let name = |id| accounts.iter().find(|account| Some(account.id) == id).map(|account| account.name.clone());
    let held = |part: Part| HeldJob { account: name(part.row.account_id).unwrap_or_default(), job: part.row };
    Ok(rows.into_iter().map(held).collect())
}

/// Ends a job's hold without taking anything; when the job comes to its end after all, it is settled from what is
/// available then. Admins and users with the role `accounting` may. Fails with INVALID_STATE when nothing is held.
pub async fn release_hold(app: &App, viewer: &Viewer, job_uid: Uuid) -> Result<job::Model> {
    viewer.require_write(Permission::AccountsWrite)?;
    require_keeper(viewer)?;
    let input = (job_uid, viewer.user_id(), Actor::of(viewer));
    let released = app.db.write(input, |tx, (uid, actor_id, actor)| {
        Box::pin(async move {
            let job = release(tx, *uid, *actor_id).await?;
            audit::note(tx, actor, Action::JobHoldReleased, &job).await?;
            Ok(job)
        })
    });
    released.await
}

async fn release(tx: &Tx, job_uid: Uuid, actor_id: Option<i64>) -> Result<job::Model> {
    let query = job::Entity::find().filter(job::Column::Uid.eq(job_uid)).lock_exclusive();
    let job = jobs::head(&tx.db, query).await?.ok_or(Error::NotFound("job"))?;
    if job.held.is_none_or(|held| held <= Amount::ZERO) {
        return Err(Error::InvalidState("Nothing is held for this job.".into()));
    }
    let_go(tx, job, "The hold was released before the job's end.", actor_id).await
}

/// Gives back what a job holds, if it holds anything, and tells of it. The job's row must be locked.
pub(in crate::domain) async fn let_go(
    tx: &Tx,
    job: job::Model,
    reason: &str,
    actor_id: Option<i64>,
) -> Result<job::Model> {
    let held = job.held.filter(|held| *held > Amount::ZERO);
    let (Some(account_id), Some(held)) = (job.account_id, held) else { return Ok(job) };
    let mut book = Book::open(tx, account_id).await?;
    let member = book.member(tx, job.owner_id).await?;
    let reason = Some(reason.to_owned());
    let entry = Entry { reason, actor_id, ..Entry::about(&job, ledger::Kind::Release, held.negated(), Amount::ZERO) };
    let booking = book.enter(tx, member.as_ref(), entry).await?;
    let after = job::Model { held: Some(Amount::ZERO), ..job.clone() };
    let detail = event::Detail { booking: Some(booking), ..Default::default() };
    change::record(tx, &job, after, event::Kind::Charged, detail).await
}
