//! Users whom only another system's records know.

use entity::{
    account_member,
    audit_entry::Action,
    job,
    legacy_number::{Dialect, Noun},
    user,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::Value;
use uuid::Uuid;

use super::{create, delete, locked, visible};
use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Actor},
        check::{Faults, TEXT},
        legacy_number,
    },
    error::{Error, Result},
    viewer::{Permission, Viewer},
};

/// What another system knows of a user whom it wants recorded.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// 1 to 64 characters, not unique.
    pub username: String,
    /// At most 254 characters, not checked and not unique.
    pub email: Option<String>,
    /// At most [`TEXT`] characters.
    pub metadata: Option<String>,
    /// At most 64 characters.
    pub ldap_uid: Option<String>,
}

/// A change of that; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct RecordedChange {
    /// See [`Recorded`].
    pub username: Option<String>,
    /// See [`Recorded`].
    pub email: Option<String>,
    /// See [`Recorded`].
    pub metadata: Option<String>,
    /// See [`Recorded`].
    pub ldap_uid: Option<String>,
}

fn check(change: &RecordedChange) -> Result<()> {
    let mut faults = Faults::default();
    for (path, text, most) in
        [("username", &change.username, 64), ("email", &change.email, 254), ("ldapUid", &change.ldap_uid, 64)]
    {
        if let Some(text) = text {
            faults.line(path, text, 1, most);
        }
    }
    if let Some(metadata) = &change.metadata {
        faults.text("metadata", metadata, TEXT);
    }
    faults.into_result()
}

fn require_keeper(viewer: &Viewer) -> Result<()> {
    viewer.require_write(Permission::AccountsWrite)?;
    if viewer.keeps_accounts() {
        return Ok(());
    }
    Err(Error::Forbidden("Only admins and users with the role `accounting` may do this.".into()))
}

/// Records a user who never logs in here, and who has a number in `MyBRC`. Admins and users with the role `accounting` may.
pub async fn record(app: &App, viewer: &Viewer, new: Recorded) -> Result<user::Model> {
    require_keeper(viewer)?;
    let Recorded { username, email, metadata, ldap_uid } = new.clone();
    check(&RecordedChange { username: Some(username), email, metadata, ldap_uid })?;
    app.db
        .write((new, Actor::of(viewer)), |tx, (new, actor)| {
            Box::pin(async move {
                let row = user::ActiveModel {
                    email: Set(new.email.clone()),
                    metadata: Set(new.metadata.clone().map(|text| Value::String(text).into())),
                    ldap_uid: Set(new.ldap_uid.clone()),
                    record_only: Set(true),
                    ..create::row(tx, &new.username, None, None)
                };
                let made = create::insert(tx, row).await?;
                legacy_number::of(tx, Dialect::Mybrc, Noun::User, made.id).await?;
                audit::note(tx, actor, Action::UserCreated, &made).await?;
                Ok(made)
            })
        })
        .await
}

/// A user whom the viewer may change so. Somebody who logs in keeps name and address: they would open the account.
async fn kept(app: &App, viewer: &Viewer, uid: Uuid) -> Result<user::Model> {
    require_keeper(viewer)?;
    let found = visible(viewer).filter(user::Column::Uid.eq(uid)).one(app.db.read()).await?;
    found.filter(|user| user.deleted_at.is_none()).ok_or(Error::NotFound("user"))
}

/// Changes what is known of a user whom `MyBRC` lists. Admins and users with the role `accounting` may. Its
/// `updated_at` moves even when nothing else does.
///
/// Fails with FORBIDDEN for name or address of a user who logs in.
pub async fn record_update(app: &App, viewer: &Viewer, uid: Uuid, change: RecordedChange) -> Result<user::Model> {
    let user = kept(app, viewer, uid).await?;
    check(&change)?;
    let changed = app.db.write((user.id, change, Actor::of(viewer)), |tx, (id, change, actor)| {
        Box::pin(async move {
            let after = apply(tx, *id, change).await?;
            audit::note(tx, actor, Action::UserUpdated, &after).await?;
            Ok(after)
        })
    });
    changed.await
}

async fn apply(tx: &Tx, id: i64, change: &RecordedChange) -> Result<user::Model> {
    let before = locked(tx, id).await?;
    let after = user::Model {
        username: change.username.clone().unwrap_or_else(|| before.username.clone()),
        email: change.email.clone().or_else(|| before.email.clone()),
        metadata: change.metadata.clone().map(|text| Value::String(text).into()).or_else(|| before.metadata.clone()),
        ldap_uid: change.ldap_uid.clone().or_else(|| before.ldap_uid.clone()),
        ..before.clone()
    };
    if !before.record_only && (&after.username, &after.email) != (&before.username, &before.email) {
        return Err(Error::Forbidden("This user logs in: nobody else changes the name or the address.".into()));
    }
    let after = user::Model { updated_at: tx.now, ..after };
    let stored = user::ActiveModel {
        username: Set(after.username.clone()),
        email: Set(after.email.clone()),
        metadata: Set(after.metadata.clone()),
        ldap_uid: Set(after.ldap_uid.clone()),
        updated_at: Set(after.updated_at),
        ..Default::default()
    };
    user::Entity::update_many().set(stored).filter(user::Column::Id.eq(id)).exec(&tx.db).await?;
    Ok(after)
}

/// Removes a user who is only recorded, is a member of no account, and to whom no job belongs. Admins and users with the role `accounting` may.
///
/// Fails with FORBIDDEN for a user who logs in, and with INVALID_STATE for a member and an owner of jobs.
pub async fn record_delete(app: &App, viewer: &Viewer, uid: Uuid) -> Result<user::Model> {
    let user = kept(app, viewer, uid).await?;
    if !user.record_only {
        return Err(Error::Forbidden("This user logs in: only an admin deletes it.".into()));
    }
    delete::remove_recorded(app, viewer, user.id).await
}

/// Refuses to remove a user, whose row is locked, who is a member of accounts or to whom jobs belong.
pub(super) async fn require_unused(tx: &Tx, user: &user::Model) -> Result<()> {
    let memberships = account_member::Entity::find()
        .filter(account_member::Column::UserId.eq(user.id))
        .filter(account_member::Column::RemovedAt.is_null());
    if memberships.one(&tx.db).await?.is_some() {
        return Err(Error::InvalidState("The user is a member of accounts; end the memberships first.".into()));
    }
    // Jobs name whom they were for, and stay.
    let jobs = job::Entity::find().select_only().column(job::Column::Id).filter(job::Column::OwnerId.eq(user.id));
    if jobs.limit(1).into_tuple::<i64>().one(&tx.db).await?.is_some() {
        return Err(Error::InvalidState("Jobs are recorded for the user; it stays as long as they do.".into()));
    }
    Ok(())
}
