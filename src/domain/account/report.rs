//! What a batch system's reports of a job do to the account that pays for it.

use entity::{Amount, account::Overrun, account_member, event, job, ledger};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{
    book::{Book, Entry},
    charge::{bound, require, untaken},
};
use crate::{
    db::Tx,
    error::{Error, Result},
};

/// A change of what one user's job holds and has cost on one account.
struct Move<'a> {
    account_id: i64,
    job: &'a job::Model,
    held: i128,
    spent: i128,
}

/// How a change of what a job costs is booked.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is asked for by its name")]
pub(in crate::domain) struct Terms {
    /// Whether it was said before when the job was submitted and when it began. Where it was not, what was noted is
    /// booked now.
    pub was_dated: bool,
    /// Whether that is said now. Where it is not, what the job costs is only noted: what it holds stays held, and is taken
    /// at its end.
    pub is_dated: bool,
    /// Whether a batch system reports it under a key.
    pub is_reported: bool,
    /// An account that was seen not to charge recorded jobs, if it is the one: it is not locked for what it would not
    /// book.
    pub uncharged: Option<i64>,
    /// Whether a batch system tells what has happened, and not somebody what is to be: no end is refused then.
    pub has_run: bool,
}

/// Books, on accounts that charge recorded jobs, the difference between what `before` says that the job holds and has cost
/// and what `after` says; when another account or another user is to pay, all of it moves there. Returns what was booked,
/// in the order of the entries. Sets `amount` of `after` to what was taken, where the account's rule bounds it.
///
/// Fails with INSUFFICIENT_FUNDS when the account's rule is REFUSE and it has not what a job begins to hold; where the
/// rule is CAP, what is there is held.
pub(in crate::domain) async fn restate(
    tx: &Tx,
    before: &job::Model,
    after: &mut job::Model,
    terms: Terms,
) -> Result<Vec<event::Booking>> {
    let payer = |job: &job::Model| (job.account_id, job.owner_id, job.held, job.amount, job.status.is_final());
    let counts_anew = terms.is_dated && !terms.was_dated;
    if payer(before) == payer(after) && !counts_anew {
        return Ok(Vec::new());
    }
    if !terms.is_dated {
        return note(tx, before, after).await;
    }
    let (held_before, spent_before) =
        (before.held.unwrap_or_default().wide(), booked(tx, before, terms.is_reported).await?);
    let held = after.held.unwrap_or_default().wide();
    // Before its end, an amount that stays is what was noted of a job, and no news of what it cost.
    let stays = !after.status.is_final() && after.amount == before.amount;
    let spent = if stays { spent_before } else { after.amount.unwrap_or_default().wide() };
    let wanted = after.clone();
    let moves = moves([before, &wanted], [held_before, held], [spent_before, spent]);
    let settled = before.status.is_final() && before.amount.is_some() && terms.was_dated;
    let mut bookings = Vec::new();
    for one in moves.iter().filter(|one| one.held != 0 || one.spent != 0) {
        let left = if terms.uncharged == Some(one.account_id) && one.held >= 0 {
            Left { held: one.held, spent: 0 }
        } else {
            book(tx, one, (terms.has_run, settled), &mut bookings).await?
        };
        if one.account_id != after.account_id.unwrap_or_default() {
            continue;
        }
        if left.spent > 0 {
            after.amount = Some(Amount::clamped(after.amount.unwrap_or_default().wide() - left.spent));
        }
        if stays && held > 0 && left.held == 0 && spent == 0 {
            // What was only noted is held now.
            after.amount = None;
        }
        if left.held > 0 {
            // What such an account does not hold is only noted.
            after.amount = wanted.held;
            after.held = Some(Amount::clamped(wanted.held.unwrap_or_default().wide() - left.held));
        }
    }
    Ok(bookings)
}

/// The same for a job of which is not known when it was submitted and when it began, and which keeps its payer: nothing moves
/// but what its end takes of what it holds.
async fn note(tx: &Tx, before: &job::Model, after: &mut job::Model) -> Result<Vec<event::Booking>> {
    let mut bookings = Vec::new();
    if !after.status.is_final() {
        after.held = before.held.or(after.held);
        return Ok(bookings);
    }
    let held = before.held.unwrap_or_default().wide();
    if let Some(account_id) = after.account_id.filter(|_| held != 0) {
        let end = Move { account_id, job: after, held: -held, spent: held };
        book(tx, &end, (true, false), &mut bookings).await?;
    }
    Ok(bookings)
}

/// What changes on which account, from before to after.
fn moves<'a>([before, after]: [&'a job::Model; 2], held: [i128; 2], spent: [i128; 2]) -> Vec<Move<'a>> {
    let payer = |job: &job::Model| (job.account_id, job.owner_id);
    let one = |job: &'a job::Model, held, spent| job.account_id.map(|account_id| Move { account_id, job, held, spent });
    if payer(before) == payer(after) {
        return one(after, held[1] - held[0], spent[1] - spent[0]).into_iter().collect();
    }
    let both = [one(before, -held[0], -spent[0]), one(after, held[1], spent[1])];
    let mut moves: Vec<_> = both.into_iter().flatten().collect();
    // Accounts of one transaction are locked by their numbers.
    moves.sort_by_key(|one| one.account_id);
    moves
}

/// What was taken for a job, in millionths. Of a job that is reported under a key the ledger says so: what was noted
/// while its account charged no recorded jobs was never taken. What is said of other ones stands: an account comes with
/// what it had spent, and an import books no jobs.
async fn booked(tx: &Tx, job: &job::Model, is_reported: bool) -> Result<i128> {
    let amount = job.amount.unwrap_or_default().wide();
    let Some(account_id) = job.account_id.filter(|_| is_reported && job.amount.is_some()) else { return Ok(amount) };
    let entries = ledger::Entity::find()
        .filter(ledger::Column::JobUid.eq(job.uid))
        .filter(ledger::Column::AccountId.eq(account_id))
        .filter(ledger::Column::UserId.eq(job.owner_id));
    Ok(entries.all(&tx.db).await?.iter().map(|entry| entry.spent.wide()).sum())
}

/// What of a move was not entered.
#[derive(Clone, Copy, Debug, Default)]
struct Left {
    held: i128,
    spent: i128,
}

/// Enters one move, of a job that has run, and was settled before, or not; returns what the account's rules kept from being
/// held and taken.
async fn book(
    tx: &Tx,
    one: &Move<'_>,
    (has_run, settled): (bool, bool),
    bookings: &mut Vec<event::Booking>,
) -> Result<Left> {
    let mut book = Book::open(tx, one.account_id).await?;
    let charges = book.account.charges_recorded;
    // Without an entry nobody's sums are looked at.
    let mut member = if charges || one.held < 0 { book.member(tx, one.job.owner_id).await? } else { None };
    let (held, spent) = if charges {
        takes(&book, member.as_ref(), one, (has_run, settled))?
    } else {
        // What it held when it still charged recorded jobs goes back all the same.
        (one.held.min(0), 0)
    };
    let amounts = (Amount::new(held).ok_or_else(uncountable)?, Amount::new(spent).ok_or_else(uncountable)?);
    let reason = untaken(&book.account, Amount::clamped(one.spent), amounts.1).filter(|_| charges);
    let ran = one.job.started_at.zip(one.job.finished_at).map(|(start, end)| end.0.saturating_sub(start.0));
    let mut entries = entries(amounts).into_iter().peekable();
    while let Some((kind, held, spent)) = entries.next() {
        let settles = kind == ledger::Kind::Settle;
        let entry = Entry {
            // The first settlement counts the time; later ones put the amount right.
            ran_micros: ran.filter(|_| settles && !settled),
            reason: reason.clone().filter(|_| settles),
            ..Entry::about(one.job, kind, held, spent)
        };
        bookings.push(book.enter(tx, member.as_ref(), entry).await?);
        if entries.peek().is_some() {
            member = book.member(tx, one.job.owner_id).await?;
        }
    }
    // What was reported to have cost something stays reported, also where nobody is charged for it.
    Ok(Left { held: one.held - held, spent: if charges { one.spent - spent } else { 0 } })
}

/// How much an account that charges recorded jobs holds and takes of a move. Fails with INSUFFICIENT_FUNDS when its rule
/// is REFUSE and it has not what a job begins to hold; of what has run it pays what it has, and no more when the same is
/// told again.
fn takes(
    book: &Book,
    member: Option<&account_member::Model>,
    one: &Move<'_>,
    (has_run, settled): (bool, bool),
) -> Result<(i128, i128)> {
    if has_run && settled && one.held == 0 && one.spent > 0 && book.account.overrun != Overrun::Allow {
        return Ok((0, 0));
    }
    if one.held > 0 || one.held == 0 && one.spent > 0 {
        let needed = Amount::new(one.held + one.spent).ok_or_else(uncountable)?;
        if book.account.deleted_at.is_some() {
            return Err(Error::NotFound("account"));
        }
        return match book.account.overrun {
            Overrun::Allow => Ok((one.held, one.spent)),
            Overrun::Refuse if !(has_run && one.job.status.is_final()) => {
                if needed > Amount::ZERO {
                    require(&book.account, member, needed)?;
                }
                Ok((one.held, one.spent))
            }
            Overrun::Cap | Overrun::Refuse => {
                // The batch system runs it all the same: what is there is held, and what was spent comes first.
                let most = bound(&book.account, member, Amount::ZERO, Amount::MOST).wide();
                let spent = one.spent.min(most);
                Ok((one.held.min(most - spent), spent))
            }
        };
    }
    if one.spent <= 0 {
        return Ok((one.held, one.spent));
    }
    let held = Amount::clamped(-one.held);
    Ok((one.held, one.spent.min(bound(&book.account, member, held, held).wide())))
}

/// What entries a change of both sums takes: each kind moves its own, in its own direction.
fn entries((held, spent): (Amount, Amount)) -> Vec<(ledger::Kind, Amount, Amount)> {
    use ledger::Kind::{Hold, Release, Settle};
    let zero = Amount::ZERO;
    if spent == zero {
        return match held.cmp(&zero) {
            std::cmp::Ordering::Greater => vec![(Hold, held, zero)],
            std::cmp::Ordering::Less => vec![(Release, held, zero)],
            std::cmp::Ordering::Equal => Vec::new(),
        };
    }
    if held > zero {
        return vec![(Settle, zero, spent), (Hold, held, zero)];
    }
    vec![(Settle, held, spent)]
}

fn uncountable() -> Error {
    Error::invalid("amount", format!("An amount would go beyond {}, which is the most.", Amount::MOST))
}
