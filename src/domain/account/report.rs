//! What a batch system's reports of a job do to the account that pays for it.

use entity::{Amount, account::Overrun, event, job, ledger};

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

/// Books, on accounts that charge recorded jobs, the difference between what `before` says that the job holds and has cost and what `after` says; when another
/// account or another user is to pay, all of it moves there. Returns what was booked, in the order of the entries. Sets
/// `amount` of `after` to what was taken, where the account's rule bounds it.
///
/// Fails with INSUFFICIENT_FUNDS when the account may not be overdrawn and has not what a job begins to hold.
pub(in crate::domain) async fn restate(
    tx: &Tx,
    before: &job::Model,
    after: &mut job::Model,
) -> Result<Vec<event::Booking>> {
    let payer = |job: &job::Model| (job.account_id, job.owner_id);
    let sums = |job: &job::Model| (job.held.unwrap_or_default().wide(), job.amount.unwrap_or_default().wide());
    let ((held_before, spent_before), (held, spent)) = (sums(before), sums(after));
    let wanted = after.clone();
    let mut moves = Vec::with_capacity(2);
    if payer(before) == payer(after) {
        if let Some(account_id) = after.account_id {
            moves.push(Move { account_id, job: &wanted, held: held - held_before, spent: spent - spent_before });
        }
    } else {
        if let Some(account_id) = before.account_id {
            moves.push(Move { account_id, job: before, held: -held_before, spent: -spent_before });
        }
        if let Some(account_id) = after.account_id {
            moves.push(Move { account_id, job: &wanted, held, spent });
        }
        // Accounts of one transaction are locked by their numbers.
        moves.sort_by_key(|one| one.account_id);
    }
    let mut bookings = Vec::new();
    for one in moves.iter().filter(|one| one.held != 0 || one.spent != 0) {
        let untaken = book(tx, one, &mut bookings).await?;
        if untaken > 0 && one.account_id == after.account_id.unwrap_or_default() {
            after.amount = Some(Amount::clamped(after.amount.unwrap_or_default().wide() - untaken));
        }
    }
    Ok(bookings)
}

/// Enters one move; returns how much the account's rule kept from being taken.
async fn book(tx: &Tx, one: &Move<'_>, bookings: &mut Vec<event::Booking>) -> Result<i128> {
    let mut book = Book::open(tx, one.account_id).await?;
    if !book.account.charges_recorded {
        return Ok(0);
    }
    let mut member = book.member(tx, one.job.owner_id).await?;
    let mut spent = one.spent;
    if one.held > 0 || one.held == 0 && spent > 0 {
        let needed = Amount::new(one.held + spent).ok_or_else(uncountable)?;
        if book.account.deleted_at.is_some() {
            return Err(Error::NotFound("account"));
        }
        if book.account.overrun != Overrun::Allow && needed > Amount::ZERO {
            require(&book.account, member.as_ref(), needed)?;
        }
    } else if spent > 0 {
        let held = Amount::clamped(-one.held);
        spent = spent.min(bound(&book.account, member.as_ref(), held, held).wide());
    }
    let amounts = (Amount::new(one.held).ok_or_else(uncountable)?, Amount::new(spent).ok_or_else(uncountable)?);
    let reason = untaken(&book.account, Amount::clamped(one.spent), amounts.1);
    let ran = one.job.started_at.zip(one.job.finished_at).map(|(start, end)| end.0.saturating_sub(start.0));
    for (kind, held, spent) in entries(amounts) {
        let settles = kind == ledger::Kind::Settle;
        let entry = Entry {
            ran_micros: ran.filter(|_| settles),
            reason: reason.clone().filter(|_| settles),
            ..Entry::about(one.job, kind, held, spent)
        };
        bookings.push(book.enter(tx, member.as_ref(), entry).await?);
        member = book.member(tx, one.job.owner_id).await?;
    }
    Ok(one.spent - spent)
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
