//! Money that is moved by hand: grants, corrections, refunds.

use entity::{Amount, account, event, job, ledger};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::{
    book::{Book, Entry},
    charge::short,
    kept, positive, require_keeper,
    write::{granted, present},
};
use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Action, Actor},
        check::{Faults, LINE},
        job::{self as jobs, change},
    },
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// What came of a movement.
#[derive(Clone, Debug)]
pub struct Booked {
    /// The account after it.
    pub account: account::Model,
    /// The entry.
    pub entry: ledger::Model,
}

/// A correction; at least one of the two is not 0.
#[derive(Clone, Debug)]
pub struct Adjustment {
    /// Added to what was granted; negative takes from it.
    pub granted: Amount,
    /// Added to what was spent; negative takes from it.
    pub spent: Amount,
    /// Why, 1 to [`LINE`] characters.
    pub reason: String,
}

/// Puts money into an account. Admins and users with the role `accounting` may. `amount` is more than 0, `reason` has
/// at most [`LINE`] characters.
pub async fn grant(app: &App, viewer: &Viewer, uid: Uuid, amount: Amount, reason: Option<String>) -> Result<Booked> {
    let account = kept(app, viewer, uid).await?;
    let mut faults = Faults::default();
    faults.extend(positive(amount).map(|_| ()))?;
    check_reason(&mut faults, reason.as_deref());
    faults.into_result()?;
    let input = (account.id, amount, reason, viewer.user_id(), Actor::of(viewer));
    app.db
        .write(input, |tx, (id, amount, reason, actor_id, actor)| {
            Box::pin(async move {
                let booked = enter(tx, *id, granted(*amount, reason.clone(), *actor_id)).await?;
                audit::note(tx, actor, Action::AccountGranted, &booked.account).await?;
                Ok(booked)
            })
        })
        .await
}

fn check_reason(faults: &mut Faults, reason: Option<&str>) {
    if let Some(reason) = reason {
        faults.line("reason", reason, 1, LINE);
    }
}

/// Corrects what was granted or spent. Admins and users with the role `accounting` may.
///
/// Fails with INSUFFICIENT_FUNDS when it would overdraw an account whose rule is not ALLOW.
pub async fn adjust(app: &App, viewer: &Viewer, uid: Uuid, adjustment: Adjustment) -> Result<Booked> {
    let account = kept(app, viewer, uid).await?;
    let mut faults = Faults::default();
    if adjustment.granted == Amount::ZERO && adjustment.spent == Amount::ZERO {
        faults.add("granted", "Nothing would change: give an amount for `granted` or for `spent` that is not 0.");
    }
    check_reason(&mut faults, Some(&adjustment.reason));
    faults.into_result()?;
    let input = (account.id, adjustment, viewer.user_id(), Actor::of(viewer));
    app.db
        .write(input, |tx, (id, adjustment, actor_id, actor)| {
            Box::pin(async move {
                let deltas = [adjustment.granted, Amount::ZERO, adjustment.spent];
                let reason = Some(adjustment.reason.clone());
                let kind = ledger::Kind::Adjustment;
                let entry = Entry { kind, deltas, job: None, ran_micros: None, reason, actor_id: *actor_id };
                let booked = enter(tx, *id, entry).await?;
                audit::note(tx, actor, Action::AccountAdjusted, &booked.account).await?;
                Ok(booked)
            })
        })
        .await
}

async fn enter(tx: &Tx, account_id: i64, entry: Entry<'_>) -> Result<Booked> {
    let mut book = Book { account: present(tx, account_id).await? };
    let needed = entry.deltas[2].wide() - entry.deltas[0].wide();
    let available = book.account.available();
    if book.account.overrun != account::Overrun::Allow && needed > 0 && needed > available.wide() {
        return Err(short("granted", Amount::clamped(needed), available, "on the account"));
    }
    let entry_id = book.enter_by_hand(tx, entry).await?;
    booked(tx, book.account, entry_id).await
}

async fn booked(tx: &Tx, account: account::Model, entry_id: i64) -> Result<Booked> {
    let entry = ledger::Entity::find_by_id(entry_id).one(&tx.db).await?;
    Ok(Booked { account, entry: entry.ok_or_else(|| Error::internal("an entry is not there after it was made"))? })
}

/// Gives back what was taken for a job: `amount`, or all of it. Admins and users with the role `accounting` may, who
/// need not see the job otherwise; its account may have been deleted since. `reason` has at most [`LINE`] characters.
pub async fn refund(
    app: &App,
    viewer: &Viewer,
    job_uid: Uuid,
    amount: Option<Amount>,
    reason: Option<String>,
) -> Result<Booked> {
    viewer.require_write(Permission::AccountsWrite)?;
    require_keeper(viewer)?;
    let mut faults = Faults::default();
    if let Some(amount) = amount {
        faults.extend(positive(amount).map(|_| ()))?;
    }
    check_reason(&mut faults, reason.as_deref());
    faults.into_result()?;
    let input = (job_uid, amount, reason, viewer.user_id(), Actor::of(viewer));
    app.db
        .write(input, |tx, (uid, amount, reason, actor_id, actor)| {
            Box::pin(async move {
                let (job, booked) = give_back(tx, *uid, *amount, reason.clone(), *actor_id).await?;
                audit::note(tx, actor, Action::JobRefunded, &job).await?;
                Ok(booked)
            })
        })
        .await
}

async fn give_back(
    tx: &Tx,
    job_uid: Uuid,
    amount: Option<Amount>,
    reason: Option<String>,
    actor_id: Option<i64>,
) -> Result<(job::Model, Booked)> {
    let query = job::Entity::find().filter(job::Column::Uid.eq(job_uid)).lock_exclusive();
    let job = jobs::head(&tx.db, query).await?.ok_or(Error::NotFound("job"))?;
    let taken = taken(tx, &job).await?;
    let (Some(account_id), true) = (job.account_id, taken > Amount::ZERO) else {
        return Err(Error::InvalidState("Nothing was taken for this job, so there is nothing to give back.".into()));
    };
    let amount = amount.unwrap_or(taken);
    if amount > taken {
        return Err(Error::invalid("amount", format!("{amount} is more than the {taken} that was taken for the job.")));
    }
    let mut book = Book::open(tx, account_id).await?;
    let member = book.member(tx, job.owner_id).await?;
    let entry = Entry { reason, actor_id, ..Entry::about(&job, ledger::Kind::Refund, Amount::ZERO, amount.negated()) };
    let booking = book.enter(tx, member.as_ref(), entry).await?;
    let left = job.amount.unwrap_or_default().wide() - amount.wide();
    let after = job::Model { amount: Some(Amount::clamped(left)), ..job.clone() };
    let detail = event::Detail { booking: Some(booking), ..Default::default() };
    let job = change::record(tx, &job, after, event::Kind::Charged, detail).await?;
    Ok((job, booked(tx, book.account, booking.entry_id).await?))
}

/// What the ledger says was taken for a job: what a batch system reported need not have been charged.
async fn taken(tx: &Tx, job: &job::Model) -> Result<Amount> {
    let entries = ledger::Entity::find().filter(ledger::Column::JobUid.eq(job.uid)).all(&tx.db).await?;
    Ok(Amount::clamped(entries.iter().map(|entry| entry.spent.wide()).sum()))
}
