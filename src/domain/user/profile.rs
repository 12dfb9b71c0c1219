//! Changing what is known of a user.

use entity::{Document, Words, audit_entry::Action, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use secrecy::SecretString;
use serde_json::Value;
use uuid::Uuid;

use super::{
    Means,
    activate::replace_email,
    create::{check_names, check_roles, taken},
    get, is_self, locked,
    password::confirm,
};
use crate::{
    app::App,
    db::Tx,
    domain::{
        audit,
        check::{Faults, LINE},
        json_size, rights, session,
    },
    error::{Error, Result},
    origin::Via,
    viewer::{Permission, Viewer},
};

/// Bytes of JSON that a user's metadata may have.
const METADATA: usize = 16_384;

/// A change of a user; what is absent stays, and `Some(None)` takes something away.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// Another user name.
    pub username: Option<String>,
    /// The given name.
    pub first_name: Option<Option<String>>,
    /// The family name.
    pub last_name: Option<Option<String>>,
    /// A JSON value, at most 16 KiB.
    pub metadata: Option<Option<Value>>,
    /// Another address, taken as confirmed. Only an admin may.
    pub email: Option<String>,
    /// Other roles. Only an admin may.
    pub roles: Option<Vec<String>>,
    /// What a directory calls the user. Only an admin may.
    pub ldap_uid: Option<Option<String>>,
    /// Who checks the password. Only an admin may.
    pub authentication_type: Option<user::AuthenticationType>,
}

impl UserChange {
    /// Whether it takes an admin.
    const fn is_for_admins(&self) -> bool {
        self.email.is_some() || self.roles.is_some() || self.ldap_uid.is_some() || self.authentication_type.is_some()
    }
}

/// Changes a user: oneself, or, as an admin, anybody. What only an admin changes takes the admin's own password.
pub async fn update(
    app: &App,
    viewer: &Viewer,
    via: &Via,
    user_uid: Option<Uuid>,
    change: UserChange,
    confirmed: Option<SecretString>,
) -> Result<user::Model> {
    let own = user_uid.is_none_or(|uid| is_self(viewer, uid));
    if !own || change.is_for_admins() {
        viewer.require_admin()?;
    }
    let user = match user_uid {
        Some(uid) if !own => get(app, viewer, uid).await?,
        _ => viewer.require(Permission::Admin)?.user.clone(),
    };
    if change.is_for_admins() {
        confirm(app, viewer, confirmed).await?;
    }
    let means = Means::new(app, viewer, via);
    check(&means, &change)?;
    let input = (means, user.id, change, viewer.session_id());
    let changed =
        app.db.write(input, |tx, (means, id, change, session)| Box::pin(apply(tx, means, *id, change, *session)));
    let changed = changed.await?;
    app.known.forget();
    Ok(changed)
}

fn check(means: &Means, change: &UserChange) -> Result<()> {
    let mut faults = Faults::default();
    if let Some(name) = &change.username {
        faults.slug("username", name);
    }
    let text = |field: &Option<Option<String>>| field.clone().flatten();
    check_names(&mut faults, text(&change.first_name).as_deref(), text(&change.last_name).as_deref());
    if let Some(email) = &change.email {
        means.policy.email.of_any_domain().check(&mut faults, "email", email);
    }
    if let Some(roles) = &change.roles {
        check_roles(&mut faults, roles);
    }
    if let Some(name) = text(&change.ldap_uid) {
        faults.line("ldapUid", &name, 1, LINE);
    }
    if let Some(Some(value)) = &change.metadata {
        let size = json_size(value);
        if size > METADATA {
            faults.add("metadata", format!("{size} bytes of JSON are too many; at most {METADATA} are kept."));
        }
    }
    faults.into_result()
}

async fn apply(tx: &Tx, means: &Means, id: i64, change: &UserChange, session: Option<i64>) -> Result<user::Model> {
    let before = locked(tx, id).await?;
    if before.kind == user::Kind::Anonymous && (change.username.is_some() || change.email.is_some()) {
        return Err(Error::InvalidState("An anonymous user gets a name and an address by signing up.".into()));
    }
    if before.record_only && change.email.is_some() {
        return Err(Error::InvalidState("This user is known from records only; nobody logs in as it.".into()));
    }
    let mut after = user::Model {
        username: change.username.clone().unwrap_or_else(|| before.username.clone()),
        first_name: change.first_name.clone().unwrap_or_else(|| before.first_name.clone()),
        last_name: change.last_name.clone().unwrap_or_else(|| before.last_name.clone()),
        metadata: change.metadata.clone().map_or(before.metadata.clone(), |value| value.map(Document)),
        roles: change.roles.clone().map_or(before.roles.clone(), Words),
        ldap_uid: change.ldap_uid.clone().unwrap_or_else(|| before.ldap_uid.clone()),
        authentication_type: change.authentication_type.unwrap_or(before.authentication_type),
        updated_at: tx.now,
        ..before.clone()
    };
    let row = user::ActiveModel {
        username: Set(after.username.clone()),
        first_name: Set(after.first_name.clone()),
        last_name: Set(after.last_name.clone()),
        metadata: Set(after.metadata.clone()),
        roles: Set(after.roles.clone()),
        ldap_uid: Set(after.ldap_uid.clone()),
        authentication_type: Set(after.authentication_type),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    user::Entity::update_many().set(row).filter(user::Column::Id.eq(id)).exec(&tx.db).await.map_err(taken)?;
    if let Some(email) = &change.email
        && before.email.as_deref() != Some(&**email)
    {
        after = replace_email(tx, means, after, email).await?;
        session::end_others(tx, id, session).await?;
        audit::note(tx, &means.actor, Action::EmailChanged, &after).await?;
    }
    let loses = before.roles.0.iter().any(|role| !after.roles.has(role));
    if after.roles == before.roles {
        audit::note(tx, &means.actor, Action::UserUpdated, &after).await?;
    } else {
        let words = format!("{} instead of {}", listed(&after.roles), listed(&before.roles));
        let subject = audit::Subject::from(&after).noting(words);
        audit::note(tx, &means.actor, Action::UserRolesChanged, subject).await?;
    }
    if loses {
        rights::shrink(tx, [id]).await?;
    }
    Ok(after)
}

fn listed(roles: &Words) -> String {
    if roles.0.is_empty() { "no roles".to_owned() } else { roles.0.join(", ") }
}
