//! Who may charge which account.

use std::collections::HashMap;

use entity::{Amount, Time, account_member, ledger};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::accounts::{REASON, enter};
use crate::{
    db::Tx,
    domain::{
        import::{
            Report, Source,
            table::{Row, Table},
        },
        legacy_number::MOST,
    },
    error::Result,
};

const FILE: &str = "useraccountassociations.csv";
const COLUMNS: &[&str] = &["id", "UserID", "AccountID", "UserAllocation", "UserBalance", "Created", "Updated"];

/// A row that was read.
struct Read {
    /// The account and the user.
    pair: (i64, i64),
    allocation: Amount,
    balance: Amount,
    spent: Amount,
    created: Option<Time>,
    updated: Option<Time>,
}

fn read(row: &Row, users: &HashMap<i64, i64>, accounts: &HashMap<i64, i64>) -> Result<Read, String> {
    let (user, account) = (row.number(1, "UserID", 1, MOST)?, row.number(2, "AccountID", 1, MOST)?);
    let user_id = *users.get(&user).ok_or_else(|| format!("There is no user {user}."))?;
    let account_id = *accounts.get(&account).ok_or_else(|| format!("There is no account {account}."))?;
    let (allocation, balance) = (row.amount(3, "UserAllocation")?, row.amount(4, "UserBalance")?);
    let spent = Amount::new(allocation.wide() - balance.wide());
    Ok(Read {
        pair: (account_id, user_id),
        allocation,
        balance,
        spent: spent.ok_or("UserAllocation and UserBalance are too far apart.")?,
        created: row.moment(5, "Created")?,
        updated: row.moment(6, "Updated")?,
    })
}

pub(super) async fn run(
    tx: &Tx,
    source: &Source,
    users: &HashMap<i64, i64>,
    accounts: &HashMap<i64, i64>,
    report: &mut Report,
) -> Result<()> {
    report.added(FILE, 0);
    let mut table = Table::open(&source.path, FILE, COLUMNS, &source.progress)?;
    let mut seen = HashMap::new();
    while let Some(row) = table.next() {
        let read = row.and_then(|row| {
            self::read(&row, users, accounts).map(|read| (row.line, read)).map_err(|why| (row.line, why))
        });
        let (line, read) = match read {
            Ok(read) => read,
            Err((line, why)) => {
                report.refuse(FILE, line, why);
                continue;
            }
        };
        let first = *seen.entry(read.pair).or_insert((line, read.allocation, read.balance));
        if first.0 != line && (first.1, first.2) != (read.allocation, read.balance) {
            report.refuse(FILE, line, format!("Line {} says of the same user and account something else.", first.0));
            continue;
        }
        if take(tx, &read).await? {
            report.added(FILE, 1);
        } else {
            report.known(FILE);
        }
    }
    Ok(())
}

/// Makes the user a member, where it is none; returns whether it was. One that is a member keeps what was agreed here.
async fn take(tx: &Tx, read: &Read) -> Result<bool> {
    let (account_id, user_id) = read.pair;
    let found = account_member::Entity::find()
        .filter(account_member::Column::AccountId.eq(account_id))
        .filter(account_member::Column::UserId.eq(user_id))
        .one(&tx.db)
        .await?;
    // No more than the user could spend there; an allocation below nothing bounds like one of nothing.
    let limit = Some(Ord::max(read.allocation, Amount::ZERO));
    let created = read.created.unwrap_or(tx.now);
    let Some(member) = found else {
        let row = account_member::ActiveModel {
            account_id: Set(account_id),
            user_id: Set(user_id),
            is_manager: Set(false),
            spend_limit: Set(limit),
            held: Set(Amount::ZERO),
            spent: Set(read.spent),
            created_at: Set(created),
            updated_at: Set(read.updated.unwrap_or(created)),
            removed_at: Set(None),
            ..Default::default()
        };
        account_member::Entity::insert(row).exec_without_returning(&tx.db).await?;
        open(tx, read).await?;
        return Ok(true);
    };
    if member.removed_at.is_none() {
        return Ok(false);
    }
    // Whoever has charged the account without being a member, or was removed, has a row with what was spent. What an
    // earlier import put there is there still.
    let opened = was_opened(tx, read).await?;
    let spent = if opened { member.spent } else { Amount::clamped(member.spent.wide() + read.spent.wide()) };
    let change = account_member::ActiveModel {
        is_manager: Set(false),
        spend_limit: Set(limit),
        spent: Set(spent),
        updated_at: Set(tx.now),
        removed_at: Set(None),
        ..Default::default()
    };
    let own = account_member::Entity::update_many().set(change).filter(account_member::Column::Id.eq(member.id));
    own.exec(&tx.db).await?;
    if !opened {
        open(tx, read).await?;
    }
    Ok(true)
}

/// What the user spent is a part of what the account's own entry says already.
async fn open(tx: &Tx, read: &Read) -> Result<()> {
    let (account_id, user_id) = read.pair;
    enter(tx, account_id, Some(user_id), Amount::ZERO, read.spent).await?;
    enter(tx, account_id, None, Amount::ZERO, read.spent.negated()).await
}

/// Whether an earlier import has entered what the user had spent.
async fn was_opened(tx: &Tx, read: &Read) -> Result<bool> {
    let (account_id, user_id) = read.pair;
    let entry = ledger::Entity::find()
        .filter(ledger::Column::UserId.eq(user_id))
        .filter(ledger::Column::AccountId.eq(account_id))
        .filter(ledger::Column::Reason.eq(REASON))
        .filter(ledger::Column::JobId.is_null());
    Ok(entry.one(&tx.db).await?.is_some())
}
