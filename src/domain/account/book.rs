//! The one place where money moves: an entry, and the sums that it changes, in one transaction.
//!
//! Locks are taken in one order everywhere: jobs before accounts, and accounts of one transaction by their numbers. An
//! account's row guards its members and the order of its entries, too.

use entity::{Amount, account, account_member, event, job, ledger};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::LockType};

use crate::{
    db::Tx,
    domain::event as log,
    error::{Error, Result},
    infra::secret,
};

/// An account whose row is locked until the transaction ends.
#[derive(Debug)]
pub(super) struct Book {
    pub account: account::Model,
}

/// What is to be entered.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub kind: ledger::Kind,
    /// Changes of granted, held and spent.
    pub deltas: [Amount; 3],
    /// The job that it is about; its owner's sums change with the account's.
    pub job: Option<&'a job::Model>,
    /// Microseconds that it pays for.
    pub ran_micros: Option<i64>,
    /// Why.
    pub reason: Option<String>,
    /// Who does it by hand.
    pub actor_id: Option<i64>,
}

impl<'a> Entry<'a> {
    /// An entry about a job, made by docket itself.
    pub const fn about(job: &'a job::Model, kind: ledger::Kind, held: Amount, spent: Amount) -> Self {
        let deltas = [Amount::ZERO, held, spent];
        Self { kind, deltas, job: Some(job), ran_micros: None, reason: None, actor_id: None }
    }
}

impl Book {
    /// Locks an account, a deleted one too. Not `lock_exclusive`: on PostgreSQL a new job's reference to its account is a
    /// lock of its own, and two transactions that both hold one would wait for each other.
    pub async fn open(tx: &Tx, account_id: i64) -> Result<Self> {
        let account = account::Entity::find_by_id(account_id).lock(LockType::NoKeyUpdate).one(&tx.db).await?;
        Ok(Self { account: account.ok_or(Error::NotFound("account"))? })
    }

    /// A user's sums and limit. Only this account's lock lets them change.
    pub async fn member(&self, tx: &Tx, user_id: i64) -> Result<Option<account_member::Model>> {
        let query = account_member::Entity::find()
            .filter(account_member::Column::AccountId.eq(self.account.id))
            .filter(account_member::Column::UserId.eq(user_id));
        Ok(query.one(&tx.db).await?)
    }

    /// Enters, and changes the sums of the account and of the member. The caller tells of it with an event.
    ///
    /// Fails with INVALID on `amount` when a sum would be more than can be counted. Whether there is enough money is the
    /// caller's question; the database refuses to overdraw what may not be overdrawn.
    pub async fn enter(
        &mut self,
        tx: &Tx,
        member: Option<&account_member::Model>,
        entry: Entry<'_>,
    ) -> Result<event::Booking> {
        let before = [self.account.granted, self.account.held, self.account.spent];
        let sums = added(before, entry.deltas)?;
        let [granted, held, spent] = sums;
        // Also what is left must be a number that can be counted.
        Amount::new(granted.wide() - held.wide() - spent.wide()).ok_or_else(too_much)?;
        let change = account::ActiveModel {
            granted: Set(granted),
            held: Set(held),
            spent: Set(spent),
            updated_at: Set(tx.now),
            ..Default::default()
        };
        let update = account::Entity::update_many().set(change).filter(account::Column::Id.eq(self.account.id));
        tx.db.soon(update).await?;
        self.account = account::Model { granted, held, spent, updated_at: tx.now, ..self.account.clone() };
        if let Some(job) = entry.job {
            self.enter_member(tx, member, job.owner_id, &entry).await?;
        }
        let (kind, deltas) = (entry.kind, entry.deltas.map(|delta| delta.0));
        let entry_id = self.insert(tx, entry).await?;
        Ok(event::Booking { entry_id, kind, deltas, sums: sums.map(|sum| sum.0) })
    }

    async fn enter_member(
        &self,
        tx: &Tx,
        member: Option<&account_member::Model>,
        user_id: i64,
        entry: &Entry<'_>,
    ) -> Result<()> {
        let Some(member) = member else {
            // Somebody who may charge without being a member has sums, and no membership.
            let row = account_member::ActiveModel {
                account_id: Set(self.account.id),
                user_id: Set(user_id),
                is_manager: Set(false),
                spend_limit: Set(None),
                held: Set(entry.deltas[1]),
                spent: Set(entry.deltas[2]),
                created_at: Set(tx.now),
                updated_at: Set(tx.now),
                removed_at: Set(Some(tx.now)),
                ..Default::default()
            };
            tx.db.soon(account_member::Entity::insert(row)).await?;
            return Ok(());
        };
        let [_, held, spent] = added([Amount::ZERO, member.held, member.spent], entry.deltas)?;
        let change = account_member::ActiveModel {
            held: Set(held),
            spent: Set(spent),
            updated_at: Set(tx.now),
            ..Default::default()
        };
        let own = account_member::Entity::update_many().set(change).filter(account_member::Column::Id.eq(member.id));
        tx.db.soon(own).await?;
        Ok(())
    }

    async fn insert(&self, tx: &Tx, entry: Entry<'_>) -> Result<i64> {
        let Entry { kind, deltas: [granted, held, spent], job, ran_micros, reason, actor_id } = entry;
        let row = ledger::ActiveModel {
            uid: Set(secret::uid()),
            account_id: Set(self.account.id),
            kind: Set(kind),
            granted: Set(granted),
            held: Set(held),
            spent: Set(spent),
            job_id: Set(job.map(|job| job.id)),
            job_uid: Set(job.map(|job| job.uid)),
            user_id: Set(job.map(|job| job.owner_id)),
            service_id: Set(job.and_then(|job| job.service_id)),
            project_id: Set(job.and_then(|job| job.project_id)),
            ran_micros: Set(ran_micros),
            reason: Set(reason),
            actor_id: Set(actor_id),
            created_at: Set(tx.now),
            ..Default::default()
        };
        Ok(ledger::Entity::insert(row).exec(&tx.db).await?.last_insert_id)
    }

    /// Enters something that no job is about, and tells of it.
    pub async fn enter_by_hand(&mut self, tx: &Tx, entry: Entry<'_>) -> Result<i64> {
        let booking = self.enter(tx, None, entry).await?;
        let detail = event::Detail { booking: Some(booking), ..Default::default() };
        log::append_account(tx, self.account.id, event::Kind::Booked, detail).await?;
        Ok(booking.entry_id)
    }
}

fn added(sums: [Amount; 3], deltas: [Amount; 3]) -> Result<[Amount; 3]> {
    let mut after = sums;
    for (sum, delta) in after.iter_mut().zip(deltas) {
        *sum = Amount::new(sum.wide() + delta.wide()).ok_or_else(too_much)?;
    }
    Ok(after)
}

fn too_much() -> Error {
    Error::invalid("amount", format!("A sum of the account would go beyond {}, which is the most.", Amount::MOST))
}
