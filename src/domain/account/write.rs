//! Making, changing and deleting accounts.

use entity::{
    Amount,
    account::{self, Overrun},
    event, job, ledger,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, SqlErr};
use uuid::Uuid;

use super::{
    book::{Book, Entry},
    kept, require_keeper,
};
use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Action, Actor},
        check::{Faults, TEXT},
        event as log,
    },
    error::{Error, Result},
    infra::secret,
    viewer::{Permission, Viewer},
};

/// What it takes to make an account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// 1 to 64 letters, digits, `_`, `.`, `-`; unique.
    pub name: String,
    /// A word of the operator's own, under the same rules.
    pub kind: String,
    /// At most [`TEXT`] characters.
    pub description: String,
    /// What happens when the money does not suffice.
    pub overrun: Overrun,
    /// Whether what a batch system reports is charged.
    pub charges_recorded: bool,
    /// What is granted at once, 0 or more.
    pub granted: Amount,
}

/// A change of an account; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// A new name.
    pub name: Option<String>,
    /// A new type.
    pub kind: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// Another rule.
    pub overrun: Option<Overrun>,
    /// Whether what a batch system reports is charged.
    pub charges_recorded: Option<bool>,
}

/// Makes an account. Admins and users with the role `accounting` may.
pub async fn create(app: &App, viewer: &Viewer, new: NewAccount) -> Result<account::Model> {
    viewer.require_write(Permission::AccountsWrite)?;
    require_keeper(viewer)?;
    let mut faults = Faults::default();
    check(&mut faults, Some(&new.name), Some(&new.kind), Some(&new.description));
    if new.granted < Amount::ZERO {
        faults.add("granted", format!("{} is less than 0.", new.granted));
    }
    faults.into_result()?;
    let made = app.db.write((new, viewer.user_id(), Actor::of(viewer)), |tx, (new, actor_id, actor)| {
        Box::pin(async move {
            let made = insert(tx, new, *actor_id).await?;
            audit::note(tx, actor, Action::AccountCreated, &made).await?;
            Ok(made)
        })
    });
    made.await
}

fn check(faults: &mut Faults, name: Option<&str>, kind: Option<&str>, description: Option<&str>) {
    for (path, word) in [("name", name), ("type", kind)] {
        if let Some(word) = word {
            faults.slug(path, word);
        }
    }
    if let Some(description) = description {
        faults.text("description", description, TEXT);
    }
}

async fn insert(tx: &Tx, new: &NewAccount, actor_id: Option<i64>) -> Result<account::Model> {
    let row = account::ActiveModel {
        uid: Set(secret::uid()),
        name: Set(new.name.clone()),
        title: Set(None),
        kind: Set(new.kind.clone()),
        description: Set(new.description.clone()),
        overrun: Set(new.overrun),
        charges_recorded: Set(new.charges_recorded),
        granted: Set(Amount::ZERO),
        held: Set(Amount::ZERO),
        spent: Set(Amount::ZERO),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
        deleted_at: Set(None),
        ..Default::default()
    };
    let made =
        account::Entity::insert(row).exec_with_returning(&tx.db).await.map_err(|error| taken(error, &new.name))?;
    tell(tx, made.id, event::AccountChange::Created).await?;
    let mut book = Book { account: made };
    if new.granted > Amount::ZERO {
        book.enter_by_hand(tx, granted(new.granted, Some("The opening grant.".to_owned()), actor_id)).await?;
    }
    Ok(book.account)
}

/// An entry that puts money in.
pub(super) fn granted(amount: Amount, reason: Option<String>, actor_id: Option<i64>) -> Entry<'static> {
    let deltas = [amount, Amount::ZERO, Amount::ZERO];
    Entry { kind: ledger::Kind::Grant, deltas, job: None, ran_micros: None, reason, actor_id }
}

fn taken(error: DbErr, name: &str) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => {
            Error::taken("name", format!("An account named {name} exists already."))
        }
        _ => error.into(),
    }
}

/// Tells those who follow an account what was done to it.
pub(super) async fn tell(tx: &Tx, account_id: i64, change: event::AccountChange) -> Result<()> {
    let detail = event::Detail { change: Some(change), ..Default::default() };
    log::append_account(tx, account_id, event::Kind::AccountChanged, detail).await
}

/// Changes an account. Admins and users with the role `accounting` may.
///
/// Fails with INVALID_STATE when the account is overdrawn and the new rule would not have let it be.
pub async fn update(app: &App, viewer: &Viewer, uid: Uuid, change: AccountChange) -> Result<account::Model> {
    let account = kept(app, viewer, uid).await?;
    let mut faults = Faults::default();
    check(&mut faults, change.name.as_deref(), change.kind.as_deref(), change.description.as_deref());
    faults.into_result()?;
    let changed = app.db.write((account.id, change, Actor::of(viewer)), |tx, (id, change, actor)| {
        Box::pin(async move {
            let after = apply(tx, *id, change).await?;
            audit::note(tx, actor, Action::AccountUpdated, &after).await?;
            Ok(after)
        })
    });
    changed.await
}

async fn apply(tx: &Tx, id: i64, change: &AccountChange) -> Result<account::Model> {
    let account = present(tx, id).await?;
    let after = account::Model {
        name: change.name.clone().unwrap_or_else(|| account.name.clone()),
        kind: change.kind.clone().unwrap_or_else(|| account.kind.clone()),
        description: change.description.clone().unwrap_or_else(|| account.description.clone()),
        overrun: change.overrun.unwrap_or(account.overrun),
        charges_recorded: change.charges_recorded.unwrap_or(account.charges_recorded),
        ..account
    };
    if after.overrun != Overrun::Allow && after.available() < Amount::ZERO {
        return Err(Error::InvalidState(format!(
            "The account is overdrawn by {}; only the rule ALLOW lets it be.",
            after.available().negated()
        )));
    }
    store(tx, after, event::AccountChange::Updated).await
}

/// Deletes an account that pays for no unfinished job. Its entries stay; its name is free again. Admins and users with
/// the role `accounting` may.
pub async fn delete(app: &App, viewer: &Viewer, uid: Uuid) -> Result<account::Model> {
    let account = kept(app, viewer, uid).await?;
    app.db
        .write((account.id, Actor::of(viewer)), |tx, (id, actor)| {
            Box::pin(async move {
                let account = present(tx, *id).await?;
                let live = job::Entity::find()
                    .select_only()
                    .column(job::Column::Id)
                    .filter(job::Column::AccountId.eq(*id))
                    .filter(job::Column::Held.is_not_null());
                if live.into_tuple::<i64>().one(&tx.db).await?.is_some() || account.held != Amount::ZERO {
                    return Err(Error::InvalidState(
                        "The account pays for jobs that are not finished; let or make them end first.".into(),
                    ));
                }
                audit::note(tx, actor, Action::AccountDeleted, &account).await?;
                store(tx, account::Model { deleted_at: Some(tx.now), ..account }, event::AccountChange::Deleted).await
            })
        })
        .await
}

/// An account that is not deleted, its row locked.
pub(super) async fn present(tx: &Tx, id: i64) -> Result<account::Model> {
    let account = Book::open(tx, id).await?.account;
    if account.deleted_at.is_some() {
        return Err(Error::NotFound("account"));
    }
    Ok(account)
}

/// Stores everything but the sums, which are the ledger's.
pub(super) async fn store(tx: &Tx, after: account::Model, told: event::AccountChange) -> Result<account::Model> {
    let after = account::Model { updated_at: tx.now, ..after };
    let change = account::ActiveModel {
        name: Set(after.name.clone()),
        title: Set(after.title.clone()),
        kind: Set(after.kind.clone()),
        description: Set(after.description.clone()),
        overrun: Set(after.overrun),
        charges_recorded: Set(after.charges_recorded),
        updated_at: Set(after.updated_at),
        deleted_at: Set(after.deleted_at),
        ..Default::default()
    };
    let stored = account::Entity::update_many().set(change).filter(account::Column::Id.eq(after.id)).exec(&tx.db).await;
    stored.map_err(|error| taken(error, &after.name))?;
    tell(tx, after.id, told).await?;
    Ok(after)
}
