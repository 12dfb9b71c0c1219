//! Accounts that MyBRC lists: those that were made through it, and those that somebody enrolled.

use entity::{
    Amount,
    account::{self, Overrun},
    account_member, event, ledger,
    legacy_number::{Dialect, Noun},
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::{
    book::{Book, Entry},
    charge::short,
    kept, require_keeper,
    write::{present, store, tell},
};
use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Action, Actor, Subject},
        check::{Faults, TEXT},
        legacy_number, slug,
    },
    error::{Error, Result},
    infra::secret,
    viewer::{Permission, Viewer},
};

/// Longest title and type of such an account, in characters.
const WORDS: usize = 64;

/// An account as `MyBRC` sees it. When it is made, all is needed; in a change what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// What it is called there: 1 to `WORDS` characters, not unique.
    pub title: Option<String>,
    /// What sort it is, 1 to `WORDS` characters.
    pub kind: Option<String>,
    /// At most [`TEXT`] characters.
    pub description: Option<String>,
    /// Whole units that were granted.
    pub allocation: Option<i64>,
    /// Whole units that are left.
    pub balance: Option<i64>,
}

impl Listed {
    fn check(&self) -> Result<()> {
        let mut faults = Faults::default();
        for (path, words) in [("title", &self.title), ("type", &self.kind)] {
            if let Some(words) = words {
                faults.line(path, words, 1, WORDS);
            }
        }
        if let Some(description) = &self.description {
            faults.text("description", description, TEXT);
        }
        let most = Amount::MOST.0 / Amount::UNIT;
        for (path, units) in [("allocation", self.allocation), ("balance", self.balance)] {
            if let Some(units) = units {
                faults.range(path, units, -most, most);
            }
        }
        faults.into_result()
    }
}

/// Makes an account that `MyBRC` lists. It may be overdrawn, what is reported of jobs is not charged to it, and its name is
/// made of the title. Admins and users with the role `accounting` may.
pub async fn record(app: &App, viewer: &Viewer, new: Listed) -> Result<account::Model> {
    viewer.require_write(Permission::AccountsWrite)?;
    require_keeper(viewer)?;
    new.check()?;
    let made = app.db.write((new, viewer.user_id(), Actor::of(viewer)), |tx, (new, actor_id, actor)| {
        Box::pin(async move {
            let made = insert(tx, new, *actor_id).await?;
            audit::note(tx, actor, Action::AccountCreated, &made).await?;
            Ok(made)
        })
    });
    made.await
}

async fn insert(tx: &Tx, new: &Listed, actor_id: Option<i64>) -> Result<account::Model> {
    let title = new.title.clone().unwrap_or_default();
    let row = account::ActiveModel {
        uid: Set(secret::uid()),
        name: Set(free_name(tx, &title).await?),
        title: Set(Some(title)),
        kind: Set(new.kind.clone().unwrap_or_default()),
        description: Set(new.description.clone().unwrap_or_default()),
        overrun: Set(Overrun::Allow),
        charges_recorded: Set(false),
        granted: Set(Amount::ZERO),
        held: Set(Amount::ZERO),
        spent: Set(Amount::ZERO),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
        deleted_at: Set(None),
        ..Default::default()
    };
    // A name that somebody took meanwhile is found at the next run.
    let made =
        account::Entity::insert(row).exec_with_returning(&tx.db).await.map_err(|error| match error.sql_err() {
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => tx.overtaken(),
            _ => error.into(),
        })?;
    legacy_number::of(tx, Dialect::Mybrc, Noun::Account, made.id).await?;
    tell(tx, made.id, event::AccountChange::Created).await?;
    restate(tx, made, new, "The opening balance.", actor_id).await
}

/// A slug of the title that no account has.
async fn free_name(tx: &Tx, title: &str) -> Result<String> {
    for name in slug::near(title, "account") {
        let taken = account::Entity::find()
            .filter(account::Column::Name.eq(&name))
            .filter(account::Column::DeletedAt.is_null())
            .one(&tx.db)
            .await?;
        if taken.is_none() {
            return Ok(name);
        }
    }
    Err(Error::taken("title", "Too many accounts have this title."))
}

/// Changes an account as `MyBRC` sees it: all of it or nothing. Admins and users with the role `accounting` may.
///
/// Allocation and balance are views of the ledger: setting them books a correction with the caller as its actor. Setting
/// the allocation leaves the balance as it is. What was read rounded down and is written back changes nothing but
/// `updated_at`, which always moves.
pub async fn record_update(app: &App, viewer: &Viewer, uid: Uuid, change: Listed) -> Result<account::Model> {
    let account = kept(app, viewer, uid).await?;
    change.check()?;
    app.db
        .write((account.id, change, viewer.user_id(), Actor::of(viewer)), |tx, (id, change, actor_id, actor)| {
            Box::pin(async move {
                let before = present(tx, *id).await?;
                let after = account::Model {
                    title: change.title.clone().or_else(|| before.title.clone()),
                    kind: change.kind.clone().unwrap_or_else(|| before.kind.clone()),
                    description: change.description.clone().unwrap_or_else(|| before.description.clone()),
                    ..before.clone()
                };
                let after = if after == before {
                    touch(tx, after).await?
                } else {
                    store(tx, after, event::AccountChange::Updated).await?
                };
                let after = restate(tx, after, change, "Set through MyBRC.", *actor_id).await?;
                audit::note(tx, actor, Action::AccountUpdated, &after).await?;
                Ok(after)
            })
        })
        .await
}

/// That somebody wrote the account is seen, also when nothing happened to it that its followers need to be told.
async fn touch(tx: &Tx, account: account::Model) -> Result<account::Model> {
    let change = account::ActiveModel { updated_at: Set(tx.now), ..Default::default() };
    account::Entity::update_many().set(change).filter(account::Column::Id.eq(account.id)).exec(&tx.db).await?;
    Ok(account::Model { updated_at: tx.now, ..account })
}

/// Whole units, rounded down: what `MyBRC` shows of an amount.
#[must_use]
pub fn units(amount: Amount) -> i64 {
    amount.0.div_euclid(Amount::UNIT)
}

/// Books what makes allocation and balance what they are to be.
async fn restate(
    tx: &Tx,
    account: account::Model,
    wanted: &Listed,
    reason: &str,
    actor_id: Option<i64>,
) -> Result<account::Model> {
    let unit = i128::from(Amount::UNIT);
    let of_units = |units: i64| i128::from(units) * unit;
    let granted = match wanted.allocation {
        Some(allocation) if allocation != units(account.granted) => of_units(allocation),
        _ => account.granted.wide(),
    };
    let available = match wanted.balance {
        Some(balance) if balance != units(account.available()) => of_units(balance),
        _ => account.available().wide(),
    };
    let spent = granted - account.held.wide() - available;
    let deltas = (granted - account.granted.wide(), spent - account.spent.wide());
    if deltas == (0, 0) {
        return Ok(account);
    }
    let amount = |path: &str, delta| {
        Amount::new(delta).ok_or_else(|| Error::invalid(path, "This is beyond what can be counted."))
    };
    let deltas = [amount("allocation", deltas.0)?, Amount::ZERO, amount("balance", deltas.1)?];
    if account.overrun != Overrun::Allow && available < 0 && available < account.available().wide() {
        return Err(short("balance", Amount::clamped(-available), Amount::ZERO, "on the account"));
    }
    let mut book = Book { account };
    let (kind, reason) = (ledger::Kind::Adjustment, Some(reason.to_owned()));
    book.enter_by_hand(tx, Entry { kind, deltas, job: None, ran_micros: None, reason, actor_id }).await?;
    Ok(book.account)
}

/// Has `MyBRC` list an account and its members from now on: they get numbers there, and the account may be overdrawn, as
/// all of them may. Admins and users with the role `accounting` may. Doing it twice changes nothing.
pub async fn enrol(app: &App, viewer: &Viewer, uid: Uuid) -> Result<account::Model> {
    let account = kept(app, viewer, uid).await?;
    app.db
        .write((account.id, Actor::of(viewer)), |tx, (id, actor)| {
            Box::pin(async move {
                let account = present(tx, *id).await?;
                let account = if account.overrun == Overrun::Allow {
                    account
                } else {
                    store(tx, account::Model { overrun: Overrun::Allow, ..account }, event::AccountChange::Updated)
                        .await?
                };
                legacy_number::of(tx, Dialect::Mybrc, Noun::Account, account.id).await?;
                let members = account_member::Entity::find()
                    .filter(account_member::Column::AccountId.eq(account.id))
                    .filter(account_member::Column::RemovedAt.is_null())
                    .order_by_asc(account_member::Column::Id);
                for member in members.all(&tx.db).await? {
                    legacy_number::of(tx, Dialect::Mybrc, Noun::User, member.user_id).await?;
                }
                audit::note(tx, actor, Action::AccountUpdated, Subject::from(&account).noting("enrolled in MyBRC"))
                    .await?;
                Ok(account)
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_rounded_down_also_below_nothing() {
        let of = |millionths| units(Amount(millionths));
        assert_eq!([of(1_999_999), of(0), of(-1), of(-1_000_000)], [1, 0, -1, -1]);
    }
}
