//! What a batch system's reports of a job do to the account that pays for it.

use entity::{Amount, account::Overrun, account_member, event, job, ledger};

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
        let left = book(tx, one, &mut bookings).await?;
        if one.account_id != after.account_id.unwrap_or_default() {
            continue;
        }
        if left.spent > 0 {
            after.amount = Some(Amount::clamped(after.amount.unwrap_or_default().wide() - left.spent));
        }
        if left.held > 0 {
            // What such an account does not hold is only noted.
            after.amount = wanted.held;
            after.held = Some(Amount::clamped(wanted.held.unwrap_or_default().wide() - left.held));
        }
    }
    Ok(bookings)
}

/// What of a move was not entered.
#[derive(Clone, Copy, Debug, Default)]
struct Left {
    held: i128,
    spent: i128,
}

/// Enters one move; returns what the account's rules kept from being held and taken.
async fn book(tx: &Tx, one: &Move<'_>, bookings: &mut Vec<event::Booking>) -> Result<Left> {
    let mut book = Book::open(tx, one.account_id).await?;
    let mut member = book.member(tx, one.job.owner_id).await?;
    let (held, spent) = if book.account.charges_recorded {
        (one.held, takes(&book, member.as_ref(), one)?)
    } else {
        // What it held when it still charged recorded jobs goes back all the same.
        (one.held.min(0), 0)
    };
    let amounts = (Amount::new(held).ok_or_else(uncountable)?, Amount::new(spent).ok_or_else(uncountable)?);
    let charges = book.account.charges_recorded;
    let reason = untaken(&book.account, Amount::clamped(one.spent), amounts.1).filter(|_| charges);
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
    // What was reported to have cost something stays reported, also where nobody is charged for it.
    Ok(Left { held: one.held - held, spent: if charges { one.spent - spent } else { 0 } })
}

/// How much an account that charges recorded jobs takes of a move. Fails with INSUFFICIENT_FUNDS when it may not be
/// overdrawn and has not what a job begins to hold.
fn takes(book: &Book, member: Option<&account_member::Model>, one: &Move<'_>) -> Result<i128> {
    if one.held > 0 || one.held == 0 && one.spent > 0 {
        let needed = Amount::new(one.held + one.spent).ok_or_else(uncountable)?;
        if book.account.deleted_at.is_some() {
            return Err(Error::NotFound("account"));
        }
        if book.account.overrun != Overrun::Allow && needed > Amount::ZERO {
            require(&book.account, member, needed)?;
        }
        return Ok(one.spent);
    }
    if one.spent <= 0 {
        return Ok(one.spent);
    }
    let held = Amount::clamped(-one.held);
    Ok(one.spent.min(bound(&book.account, member, held, held).wide()))
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
