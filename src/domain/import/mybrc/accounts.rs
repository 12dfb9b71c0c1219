//! Accounts.

use std::collections::{HashMap, HashSet};

use entity::{
    Amount, Time,
    account::{self, Overrun},
    ledger,
    legacy_number::{Dialect, Noun},
};
use sea_orm::{ActiveValue::Set, EntityTrait, QuerySelect};

use crate::{
    db::Tx,
    domain::{
        import::{
            Report, Source,
            number::{count, give, numbers},
            table::{Row, Table},
        },
        legacy_number::MOST,
        slug,
    },
    error::{Error, Result},
    infra::secret,
};

const FILE: &str = "accounts.csv";
const COLUMNS: &[&str] =
    &["AccountID", "AccountName", "AccountAllocation", "AccountBalance", "Type", "Description", "Created", "Updated"];
/// What opening entries give as their reason.
pub(super) const REASON: &str = "Taken over from MyBRC.";

/// A row that was read.
struct Read {
    number: i64,
    title: String,
    allocation: Amount,
    balance: Amount,
    kind: String,
    description: String,
    created: Option<Time>,
    updated: Option<Time>,
}

fn read(row: &Row) -> Result<Read, String> {
    Ok(Read {
        number: row.number(0, "AccountID", 1, MOST)?,
        title: row.text(1).ok_or("AccountName is missing.")?.to_owned(),
        allocation: row.amount(2, "AccountAllocation")?,
        balance: row.amount(3, "AccountBalance")?,
        kind: row.text(4).unwrap_or("standard").to_owned(),
        description: row.text(5).unwrap_or_default().to_owned(),
        created: row.moment(6, "Created")?,
        updated: row.moment(7, "Updated")?,
    })
}

/// The accounts that were taken over, now or earlier, by their number, and no others.
pub(super) async fn run(tx: &Tx, source: &Source, report: &mut Report) -> Result<HashMap<i64, i64>> {
    count(tx, Dialect::Mybrc, Noun::Account, 0, 0).await?;
    report.added(FILE, 0);
    let mut table = Table::open(&source.path, FILE, COLUMNS, &source.progress)?;
    let names = account::Entity::find().select_only().column(account::Column::Name);
    let mut names: HashSet<String> = names.into_tuple().all(&tx.db).await?.into_iter().collect();
    let mut given = numbers(tx, Dialect::Mybrc, Noun::Account).await?;
    let (mut last, mut accounts) = (0, HashMap::new());
    while let Some(row) = table.next() {
        let read = row.and_then(|row| self::read(&row).map(|read| (row.line, read)).map_err(|why| (row.line, why)));
        let (line, read) = match read {
            Ok(read) => read,
            Err((line, why)) => {
                report.refuse(FILE, line, why);
                continue;
            }
        };
        if let Some(id) = given.get(&read.number) {
            let holder = account::Entity::find_by_id(*id).one(&tx.db).await?;
            if holder.is_some_and(|holder| holder.title.unwrap_or(holder.name) == read.title) {
                accounts.insert(read.number, *id);
                report.known(FILE);
            } else {
                report.refuse(FILE, line, format!("The AccountID {} belongs to another account already.", read.number));
            }
            continue;
        }
        let free = slug::near(&read.title, "account").find(|name| !names.contains(name));
        let name = free.unwrap_or_else(|| format!("account-{}", read.number));
        names.insert(name.clone());
        let id = insert(tx, &read, name).await?;
        give(tx, Dialect::Mybrc, Noun::Account, read.number, id).await?;
        given.insert(read.number, id);
        accounts.insert(read.number, id);
        last = last.max(read.number);
        report.added(FILE, 1);
    }
    count(tx, Dialect::Mybrc, Noun::Account, last, 0).await?;
    Ok(accounts)
}

async fn insert(tx: &Tx, read: &Read, name: String) -> Result<i64> {
    let spent = Amount::new(read.allocation.wide() - read.balance.wide())
        .ok_or_else(|| Error::internal("two amounts in range differ by more than fits"))?;
    let row = account::ActiveModel {
        uid: Set(secret::uid()),
        name: Set(name),
        title: Set(Some(read.title.clone())),
        kind: Set(read.kind.clone()),
        description: Set(read.description.clone()),
        overrun: Set(Overrun::Allow),
        charges_recorded: Set(false),
        granted: Set(read.allocation),
        held: Set(Amount::ZERO),
        spent: Set(spent),
        created_at: Set(read.created.unwrap_or(tx.now)),
        updated_at: Set(read.updated.or(read.created).unwrap_or(tx.now)),
        deleted_at: Set(None),
        ..Default::default()
    };
    let id = account::Entity::insert(row).exec(&tx.db).await?.last_insert_id;
    enter(tx, id, None, read.allocation, spent).await?;
    Ok(id)
}

/// An opening entry, where there is anything to enter.
pub(super) async fn enter(
    tx: &Tx,
    account_id: i64,
    user_id: Option<i64>,
    granted: Amount,
    spent: Amount,
) -> Result<()> {
    if granted == Amount::ZERO && spent == Amount::ZERO {
        return Ok(());
    }
    let row = ledger::ActiveModel {
        uid: Set(secret::uid()),
        account_id: Set(account_id),
        kind: Set(ledger::Kind::Adjustment),
        granted: Set(granted),
        held: Set(Amount::ZERO),
        spent: Set(spent),
        job_id: Set(None),
        job_uid: Set(None),
        user_id: Set(user_id),
        service_id: Set(None),
        project_id: Set(None),
        ran_micros: Set(None),
        reason: Set(Some(REASON.to_owned())),
        actor_id: Set(None),
        created_at: Set(tx.now),
        ..Default::default()
    };
    ledger::Entity::insert(row).exec_without_returning(&tx.db).await?;
    Ok(())
}
