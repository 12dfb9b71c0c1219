//! What the life of a job does to the account that pays for it.
//!
//! A job that has an account holds what it may cost from its submission to its end, and is settled when it ends. Every
//! change of a job's state passes through [`follow`] (see `domain::job::change`), and the database refuses a finished
//! job that still holds money: no path can forget it, and none can do it twice.

use entity::{
    Amount,
    account::{self, Overrun},
    account_member, event, job, ledger, user,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{
    book::{Book, Entry},
    price::Price,
};
use crate::{
    db::Tx,
    error::{Error, Result},
};

/// Who pays for a new job.
#[derive(Clone, Copy, Debug)]
pub struct Payer {
    /// `account.id`.
    pub account_id: i64,
    /// Whether the owner may charge the account without being a member.
    pub without_membership: bool,
}

/// Holds what a new job may cost, which is in `job.held`. The job's row must be there already.
///
/// Fails with INSUFFICIENT_FUNDS when the account or the member's limit does not have it.
pub(in crate::domain) async fn hold(tx: &Tx, payer: Payer, job: &job::Model) -> Result<Option<event::Booking>> {
    let mut book = Book::open(tx, payer.account_id).await?;
    let member = book.member(tx, job.owner_id).await?;
    // Again, under the lock: the account may have been deleted, or the membership ended, since the input was checked.
    let is_member = member.as_ref().is_some_and(|member| member.removed_at.is_none());
    if book.account.deleted_at.is_some() || !(is_member || payer.without_membership) {
        return Err(Error::NotFound("account"));
    }
    enter_hold(tx, &mut book, member.as_ref(), job).await
}

async fn enter_hold(
    tx: &Tx,
    book: &mut Book,
    member: Option<&account_member::Model>,
    job: &job::Model,
) -> Result<Option<event::Booking>> {
    let Some(needed) = job.held.filter(|held| *held > Amount::ZERO) else { return Ok(None) };
    require(&book.account, member, needed)?;
    let entry = Entry::about(job, ledger::Kind::Hold, needed, Amount::ZERO);
    book.enter(tx, member, entry).await.map(Some)
}

/// Refuses what neither the account nor the member's limit has.
pub(super) fn require(account: &account::Model, member: Option<&account_member::Model>, needed: Amount) -> Result<()> {
    let available = account.available();
    if account.overrun != Overrun::Allow && needed > available {
        return Err(short("accountId", needed, available, "on the account"));
    }
    match member.and_then(room).filter(|room| needed > *room) {
        Some(room) => Err(short("accountId", needed, room, "within the member's limit")),
        None => Ok(()),
    }
}

/// What is left of a member's limit; none when there is no limit. Members that were removed have none.
fn room(member: &account_member::Model) -> Option<Amount> {
    let limit = member.spend_limit.filter(|_| member.removed_at.is_none())?;
    Some(Amount::clamped(limit.wide() - member.held.wide() - member.spent.wide()))
}

/// The refusal of what costs more than is there.
pub(super) fn short(path: &str, needed: Amount, available: Amount, place: &str) -> Error {
    Error::insufficient(path, format!("{needed} is needed and {available} is available {place}."))
}

/// Does what a change of a job's state asks for: settles a job that ends, and holds again for one that begins anew.
/// Sets `held` and `amount` of `after`; returns what was booked, for the job's event.
pub(in crate::domain) async fn follow(
    tx: &Tx,
    before: &job::Model,
    after: &mut job::Model,
) -> Result<Option<event::Booking>> {
    // What is recorded of a job is booked where it is recorded.
    let Some(account_id) = before.account_id.filter(|_| before.origin == job::Origin::Submitted) else {
        return Ok(None);
    };
    match (before.status.is_final(), after.status.is_final()) {
        (false, true) => settle(tx, account_id, before, after).await,
        // Another end is set by hand: what it costs more than the first one is taken.
        (true, true) if (before.status, before.failure_kind) != (after.status, after.failure_kind) => {
            settle(tx, account_id, before, after).await
        }
        (true, false) => {
            after.held = Some(Price::of_job(after).hold(after.max_run_seconds).ok_or_else(uncountable)?);
            let mut book = Book::open(tx, account_id).await?;
            if book.account.deleted_at.is_some() {
                return Err(Error::InvalidState("The account that paid for the job is deleted.".into()));
            }
            let member = book.member(tx, after.owner_id).await?;
            let is_member = member.as_ref().is_some_and(|member| member.removed_at.is_none());
            if !is_member && !charges_any(tx, after.owner_id).await? {
                return Err(Error::InvalidState("The job's owner may not charge its account any more.".into()));
            }
            enter_hold(tx, &mut book, member.as_ref(), after).await
        }
        (false, false) | (true, true) => Ok(None),
    }
}

/// Whether a user may charge accounts of which it is no member: the rule of `account::payer`, of somebody else than who
/// asks. Whoever keeps all accounts does not spend from them.
async fn charges_any(tx: &Tx, user_id: i64) -> Result<bool> {
    let user = user::Entity::find_by_id(user_id).one(&tx.db).await?;
    Ok(user.is_some_and(|user| user.is_admin && user.status == user::Status::Active))
}

fn uncountable() -> Error {
    Error::internal("a job costs more than could be held for it")
}

async fn settle(
    tx: &Tx,
    account_id: i64,
    before: &job::Model,
    after: &mut job::Model,
) -> Result<Option<event::Booking>> {
    let held = before.held.unwrap_or_default();
    let amount = before.amount.unwrap_or_default();
    after.held = None;
    after.amount = Some(amount);
    let paid = if before.amount.is_some() { settled(tx, before).await? } else { Settled::default() };
    // What earlier ends of the same job took stands, and what was given back of it since stands too: this end takes what
    // the job costs beyond all that was ever settled for it.
    let due = Price::of_job(before).due(after.status, after.failure_kind, after.ran_micros);
    let due = Amount::clamped((due.wide() - paid.spent).max(0));
    if due == Amount::ZERO && held == Amount::ZERO {
        return Ok(None);
    }
    let mut book = Book::open(tx, account_id).await?;
    let member = book.member(tx, before.owner_id).await?;
    let agreed = Price::of_job(before).hold(before.max_run_seconds).unwrap_or_default();
    let taken = due.min(bound(&book.account, member.as_ref(), held, agreed));
    after.amount = Some(Amount::clamped(amount.wide() + taken.wide()));
    let kind = if taken > Amount::ZERO { ledger::Kind::Settle } else { ledger::Kind::Release };
    if kind == ledger::Kind::Release && held == Amount::ZERO {
        return Ok(None);
    }
    let entry = Entry {
        ran_micros: (kind == ledger::Kind::Settle).then_some((after.ran_micros - paid.ran_micros).max(0)),
        reason: untaken(&book.account, due, taken),
        ..Entry::about(before, kind, held.negated(), taken)
    };
    book.enter(tx, member.as_ref(), entry).await.map(Some)
}

/// Books what a batch system reports of a job that it ran, without a hold; the price plays no part. Returns what was
/// booked, and how much was taken.
///
/// Fails with INSUFFICIENT_FUNDS when the account's rule is REFUSE and the money does not suffice.
pub(in crate::domain) async fn recorded(
    tx: &Tx,
    account_id: i64,
    job: &job::Model,
    reported: Amount,
) -> Result<(Option<event::Booking>, Amount)> {
    let mut book = Book::open(tx, account_id).await?;
    if book.account.deleted_at.is_some() {
        return Err(Error::NotFound("account"));
    }
    if !book.account.charges_recorded || reported == Amount::ZERO {
        return Ok((None, reported));
    }
    let member = book.member(tx, job.owner_id).await?;
    if book.account.overrun == Overrun::Refuse && reported > Amount::ZERO {
        require(&book.account, member.as_ref(), reported)?;
    }
    let taken = match book.account.overrun {
        Overrun::Allow | Overrun::Refuse => reported,
        Overrun::Cap => Ord::min(reported, bound(&book.account, member.as_ref(), Amount::ZERO, Amount::MOST)),
    };
    let ran = job.started_at.zip(job.finished_at).map(|(start, end)| end.0.saturating_sub(start.0));
    let entry = Entry {
        ran_micros: ran,
        reason: untaken(&book.account, reported, taken),
        ..Entry::about(job, ledger::Kind::Settle, Amount::ZERO, taken)
    };
    let booking = book.enter(tx, member.as_ref(), entry).await?;
    Ok((Some(booking), taken))
}

/// What earlier ends of a job took, refunds left out of account.
#[derive(Clone, Copy, Debug, Default)]
struct Settled {
    /// Millionths.
    spent: i128,
    /// The time that they paid for.
    ran_micros: i64,
}

/// Reads it from the ledger. The job's row is locked, and no other transaction settles it.
async fn settled(tx: &Tx, job: &job::Model) -> Result<Settled> {
    let entries = ledger::Entity::find()
        .filter(ledger::Column::JobUid.eq(job.uid))
        .filter(ledger::Column::Kind.eq(ledger::Kind::Settle));
    let entries = entries.all(&tx.db).await?;
    Ok(Settled {
        spent: entries.iter().map(|entry| entry.spent.wide()).sum(),
        ran_micros: entries.iter().filter_map(|entry| entry.ran_micros).sum(),
    })
}

/// The most that may be taken at its end for a job that holds `held`, and of which `agreed` was to be held at its
/// submission: it may be more, when an operator has released the hold since.
///
/// The last bound keeps every sum countable: the end of a job must never fail for its price.
pub(super) fn bound(
    account: &account::Model,
    member: Option<&account_member::Model>,
    held: Amount,
    agreed: Amount,
) -> Amount {
    let free = held.wide() + account.available().wide().max(0);
    let countable = |spent: Amount| Amount::MOST.wide() - spent.wide();
    let countable = countable(account.spent).min(member.map_or(i128::MAX, |member| countable(member.spent)));
    // What the member's limit leaves: where a hold was released, another job may have taken its place.
    let room = member.and_then(room).map_or(i128::MAX, |room| held.wide() + room.wide().max(0));
    let bound = match account.overrun {
        Overrun::Allow => held.wide() + Amount::MOST.wide() + account.available().wide(),
        Overrun::Cap => free.min(room),
        Overrun::Refuse => free.min(room).min(agreed.wide()),
    };
    Amount::clamped(bound.min(countable).max(0))
}

/// A note on what the account's rule kept from being taken.
pub(super) fn untaken(account: &account::Model, due: Amount, taken: Amount) -> Option<String> {
    if taken == due {
        return None;
    }
    let rest = Amount::clamped(due.wide() - taken.wide());
    let rule = match account.overrun {
        Overrun::Allow => "ALLOW",
        Overrun::Cap => "CAP",
        Overrun::Refuse => "REFUSE",
    };
    Some(format!("{due} was due; {rest} of it was not taken (overrun rule {rule})."))
}

#[cfg(test)]
mod tests {
    use entity::Time;
    use uuid::Uuid;

    use super::*;

    fn account(overrun: Overrun, granted: i64, held: i64, spent: i64) -> account::Model {
        account::Model {
            id: 1,
            uid: Uuid::nil(),
            name: String::new(),
            title: None,
            kind: String::new(),
            description: String::new(),
            overrun,
            charges_recorded: true,
            granted: Amount(granted),
            held: Amount(held),
            spent: Amount(spent),
            created_at: Time(0),
            updated_at: Time(0),
            deleted_at: None,
        }
    }

    #[test]
    fn each_rule_bounds_what_is_taken_in_its_own_way() {
        let bounded = |overrun| bound(&account(overrun, 10, 6, 0), None, Amount(6), Amount(6)).0;
        assert_eq!(bounded(Overrun::Refuse), 6, "no more than was held");
        assert_eq!(bounded(Overrun::Cap), 10, "the hold and what is available");
        assert!(bounded(Overrun::Allow) > 1_000_000_000_000_000_000, "whatever it costs");
    }

    #[test]
    fn a_released_hold_leaves_what_was_agreed_to_as_the_bound() {
        let bounded = |overrun, granted| bound(&account(overrun, granted, 0, 0), None, Amount(0), Amount(6)).0;
        assert_eq!(bounded(Overrun::Refuse, 10), 6);
        assert_eq!(bounded(Overrun::Refuse, 4), 4, "and what is there");
        assert_eq!(bounded(Overrun::Cap, 10), 10);
    }

    #[test]
    fn no_end_is_refused_for_its_price() {
        let most = Amount::MOST.0;
        for overrun in [Overrun::Allow, Overrun::Cap, Overrun::Refuse] {
            for (granted, held, spent) in [(0, 0, 0), (-most, 0, 0), (0, 0, most), (most, most, 0), (most, 0, -most)] {
                let account = account(overrun, granted, held, spent);
                let bound = bound(&account, None, Amount(held), Amount::MOST);
                assert!(bound.0 >= 0, "{account:?}: {bound}");
                let after = spent.checked_add(bound.0).map(Amount).filter(|sum| sum.in_bounds());
                assert!(after.is_some(), "{account:?}: {bound}");
                let left = Amount::new(i128::from(granted) - after.unwrap_or_default().wide());
                assert!(left.is_some(), "{account:?}: {bound}");
            }
        }
    }
}
