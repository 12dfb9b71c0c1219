//! Making users.

use entity::{Words, user};
use sea_orm::{ActiveValue::Set, DbErr, EntityTrait, SqlErr};
use secrecy::SecretString;

use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Actor},
        check::{Faults, LINE},
        policy::{Policy, check_password},
        project,
    },
    error::{Error, Result},
    infra::secret,
    origin::Origin,
    viewer::Viewer,
};
use entity::audit_entry::Action;

/// Roles that one user may have.
const ROLES: usize = 100;

/// What it takes to make a user.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    /// 1 to 64 letters, digits, `_`, `.`, `-`; unique.
    pub username: String,
    /// Unique by lower case; taken as confirmed, since an admin gives it.
    pub email: Option<String>,
    /// None makes an account that no password opens.
    pub password: Option<SecretString>,
    /// At most [`LINE`] characters.
    pub first_name: Option<String>,
    /// At most [`LINE`] characters.
    pub last_name: Option<String>,
    /// May do everything.
    pub is_admin: bool,
    /// Words such as [`super::SERVICE_AUTHOR`].
    pub roles: Vec<String>,
}

/// Makes a user, with a personal project. Only an admin may.
pub async fn create(app: &App, viewer: &Viewer, new: NewUser) -> Result<user::Model> {
    viewer.require_admin()?;
    let policy = Policy::of(app, Origin::GraphQl);
    let mut faults = Faults::default();
    faults.slug("username", &new.username);
    check_names(&mut faults, new.first_name.as_deref(), new.last_name.as_deref());
    if let Some(email) = &new.email {
        policy.email.of_any_domain().check(&mut faults, "email", email);
    }
    check_roles(&mut faults, &new.roles);
    if let Some(password) = &new.password {
        check_password(app, &mut faults, policy.password, "password", password, &[&new.username]).await?;
    }
    faults.into_result()?;
    let password_hash = match &new.password {
        Some(password) => Some(app.passwords.hash(password.clone()).await?),
        None => None,
    };
    app.db
        .write((new, password_hash, Actor::of(viewer)), |tx, (new, hash, actor)| {
            Box::pin(async move {
                let row = user::ActiveModel {
                    email_verified_at: Set(new.email.is_some().then_some(tx.now)),
                    is_admin: Set(new.is_admin),
                    roles: Set(Words(new.roles.clone())),
                    first_name: Set(new.first_name.clone()),
                    last_name: Set(new.last_name.clone()),
                    ..row(tx, &new.username, new.email.as_deref(), hash.clone())
                };
                let made = insert(tx, row).await?;
                project::insert_personal(tx, &made).await?;
                audit::note(tx, actor, Action::UserCreated, &made).await?;
                Ok(made)
            })
        })
        .await
}

pub(super) fn check_names(faults: &mut Faults, first: Option<&str>, last: Option<&str>) {
    for (path, name) in [("firstName", first), ("lastName", last)] {
        if let Some(name) = name {
            faults.line(path, name, 1, LINE);
        }
    }
}

pub(super) fn check_roles(faults: &mut Faults, roles: &[String]) {
    if roles.len() > ROLES {
        faults.add("roles", format!("{} roles are too many; at most {ROLES} are kept.", roles.len()));
    }
    for role in roles.iter().take(ROLES) {
        faults.slug("roles", role);
    }
}

/// A user who has just come, with nothing but these.
pub(super) fn row(tx: &Tx, username: &str, email: Option<&str>, password_hash: Option<String>) -> user::ActiveModel {
    let uid = secret::user_uid();
    let mut short_id = uid.simple().to_string();
    short_id.truncate(8);
    user::ActiveModel {
        uid: Set(uid),
        short_id: Set(short_id),
        username: Set(username.to_owned()),
        email: Set(email.map(str::to_owned)),
        email_lower: Set(email.map(str::to_lowercase)),
        email_verified_at: Set(None),
        first_name: Set(None),
        last_name: Set(None),
        kind: Set(user::Kind::Authenticated),
        authentication_type: Set(user::AuthenticationType::Native),
        ldap_uid: Set(None),
        metadata: Set(None),
        record_only: Set(false),
        status: Set(user::Status::Active),
        status_message: Set(None),
        is_admin: Set(false),
        roles: Set(Words(Vec::new())),
        password_hash: Set(password_hash),
        rights_revision: Set(0),
        last_login_at: Set(None),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
        deleted_at: Set(None),
        erased_at: Set(None),
        ..Default::default()
    }
}

/// Stores a new user. A short id that somebody has already is drawn anew.
pub(super) async fn insert(tx: &Tx, row: user::ActiveModel) -> Result<user::Model> {
    match user::Entity::insert(row).exec_with_returning(&tx.db).await {
        Err(error) if violates(&error, "short_id") => Err(tx.overtaken()),
        made => made.map_err(taken),
    }
}

/// Which unique value a constraint violation is about.
pub(super) fn taken(error: DbErr) -> Error {
    if violates(&error, "username") {
        Error::taken("username", "Another user has this name already.")
    } else if violates(&error, "email") {
        Error::taken("email", "Another user has this address already.")
    } else {
        error.into()
    }
}

pub(super) fn violates(error: &DbErr, column: &str) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(what)) if what.contains(column))
}
