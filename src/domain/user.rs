//! Users.

use entity::{Words, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, SqlErr};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::check::{Faults, LINE};
use crate::{
    app::App,
    db::Tx,
    error::{Error, Result},
    infra::secret,
    page::{self, Key, Order, Page, PageRequest},
    viewer::Viewer,
};

/// The role that lets a user make services.
pub const SERVICE_AUTHOR: &str = "service-author";

/// What it takes to make a user.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// 1 to 64 letters, digits, `_`, `.`, `-`; unique.
    pub username: String,
    /// Unique by lower case.
    pub email: Option<String>,
    /// None makes an account that no password opens.
    pub password: Option<SecretString>,
    /// At most [`LINE`] characters.
    pub first_name: Option<String>,
    /// At most [`LINE`] characters.
    pub last_name: Option<String>,
    /// May do everything.
    pub is_admin: bool,
    /// Words such as [`SERVICE_AUTHOR`].
    pub roles: Vec<String>,
}

/// How users are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserOrder {
    /// Oldest account first.
    CreatedAtAsc,
    /// Newest account first.
    CreatedAtDesc,
    /// By name.
    UsernameAsc,
}

/// Makes a user, with a personal project. Only an admin may.
pub async fn create(app: &App, viewer: &Viewer, new: NewUser) -> Result<user::Model> {
    viewer.require_admin()?;
    check(app, &new)?;
    let password_hash = match &new.password {
        Some(password) => Some(app.passwords.hash(password.clone()).await?),
        None => None,
    };
    app.db.write((new, password_hash), |tx, (new, hash)| Box::pin(insert(tx, new, hash.clone()))).await
}

fn check(app: &App, new: &NewUser) -> Result<()> {
    let mut faults = Faults::default();
    faults.slug("username", &new.username);
    for (path, name) in [("firstName", &new.first_name), ("lastName", &new.last_name)] {
        if let Some(name) = name {
            faults.line(path, name, 1, LINE);
        }
    }
    if let Some(email) = &new.email {
        check_email(&mut faults, email);
    }
    if let Some(password) = &new.password {
        check_password(app, &mut faults, "password", password);
    }
    for role in &new.roles {
        faults.slug("roles", role);
    }
    faults.into_result()
}

/// The shape only: whether mail arrives there is shown by sending some.
fn check_email(faults: &mut Faults, email: &str) {
    faults.line("email", email, 3, 254);
    let well_formed = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && local.len() <= 64
            && domain.contains('.')
            && !domain.contains('@')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
    });
    if !well_formed || email.contains(char::is_whitespace) {
        faults.add("email", "This is not an e-mail address; `ada@example.org` would be one.");
    }
}

fn check_password(app: &App, faults: &mut Faults, path: &str, password: &SecretString) {
    let length = password.expose_secret().chars().count();
    let least = app.config.passwords.min_length;
    if length < least {
        faults.add(path, format!("At least {least} characters are needed."));
    } else if length > 1024 {
        faults.add(path, "At most 1024 characters are taken.");
    }
}

async fn insert(tx: &Tx, new: &NewUser, password_hash: Option<String>) -> Result<user::Model> {
    let row = user::ActiveModel {
        uid: Set(secret::user_uid()),
        username: Set(new.username.clone()),
        email: Set(new.email.clone()),
        email_lower: Set(new.email.as_ref().map(|email| email.to_lowercase())),
        first_name: Set(new.first_name.clone()),
        last_name: Set(new.last_name.clone()),
        kind: Set(user::Kind::Authenticated),
        status: Set(user::Status::Active),
        status_message: Set(None),
        is_admin: Set(new.is_admin),
        roles: Set(Words(new.roles.clone())),
        password_hash: Set(password_hash),
        rights_revision: Set(0),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    let made = user::Entity::insert(row).exec_with_returning(&tx.db).await.map_err(|error| taken(error, new))?;
    super::project::insert_personal(tx, &made).await?;
    Ok(made)
}

/// Which unique value a constraint violation is about.
fn taken(error: DbErr, new: &NewUser) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(what)) if what.contains("username") => {
            Error::taken("username", format!("A user named {} exists already.", new.username))
        }
        Some(SqlErr::UniqueConstraintViolation(what)) if what.contains("email") => {
            Error::taken("email", "Another user has this address already.")
        }
        _ => error.into(),
    }
}

/// The user with this outside id.
pub async fn get(app: &App, viewer: &Viewer, uid: Uuid) -> Result<user::Model> {
    visible(viewer).filter(user::Column::Uid.eq(uid)).one(app.db.read()).await?.ok_or(Error::NotFound("user"))
}

/// The user with this number, name or address, whichever is given.
pub async fn get_by(
    app: &App,
    viewer: &Viewer,
    number: Option<i64>,
    name: Option<&str>,
    email: Option<&str>,
) -> Result<user::Model> {
    let mut query = visible(viewer);
    if let Some(number) = number {
        query = query.filter(user::Column::Id.eq(number));
    }
    if let Some(name) = name {
        query = query.filter(user::Column::Username.eq(name));
    }
    if let Some(email) = email {
        query = query.filter(user::Column::EmailLower.eq(email.to_lowercase()));
    }
    query.one(app.db.read()).await?.ok_or(Error::NotFound("user"))
}

/// A page of the users that the viewer may see.
pub async fn list(app: &App, viewer: &Viewer, order: UserOrder, request: &PageRequest) -> Result<Page<user::Model>> {
    page::fetch(visible(viewer), order, request, app.db.read()).await
}

/// How many users the viewer may see.
pub async fn count(app: &App, viewer: &Viewer) -> Result<i64> {
    page::count(visible(viewer), app.db.read()).await
}

/// The users with these internal ids, whoever asks: for fields of rows that the caller may already see. What such a
/// field may show of a user is decided where it is shown.
pub async fn by_ids(app: &App, ids: &[i64]) -> Result<Vec<user::Model>> {
    Ok(user::Entity::find().filter(user::Column::Id.is_in(ids.iter().copied())).all(app.db.read()).await?)
}

/// The internal id of a user that an input names at `path`, whoever asks: users are known by their ids to everybody.
pub(super) async fn known(app: &App, path: &str, uid: Uuid) -> Result<i64> {
    let user = user::Entity::find().select_only().column(user::Column::Id).filter(user::Column::Uid.eq(uid));
    let id = user.into_tuple().one(app.db.read()).await?;
    id.ok_or_else(|| Error::invalid(path, "There is no such user."))
}

/// Replaces the password (none: no password opens the account any more) and ends every session of the user.
pub async fn set_password(app: &App, viewer: &Viewer, user_id: i64, password: Option<SecretString>) -> Result<()> {
    viewer.require_admin()?;
    let hash = match password {
        None => None,
        Some(password) => {
            let mut faults = Faults::default();
            check_password(app, &mut faults, "password", &password);
            faults.into_result()?;
            Some(app.passwords.hash(password).await?)
        }
    };
    app.db
        .write((user_id, hash), |tx, (user_id, hash)| {
            Box::pin(async move {
                let change = user::ActiveModel {
                    password_hash: Set(hash.clone()),
                    updated_at: Set(tx.now),
                    ..Default::default()
                };
                let changed =
                    user::Entity::update_many().set(change).filter(user::Column::Id.eq(*user_id)).exec(&tx.db).await?;
                if changed.rows_affected == 0 {
                    return Err(Error::NotFound("user"));
                }
                super::session::end_all(tx, *user_id).await
            })
        })
        .await?;
    app.known.forget();
    Ok(())
}

/// Suspends an account, with words for its user to read, or gives it back. A suspended user may log in and read itself,
/// and nothing else; what it follows ends. Only an admin may.
pub async fn set_status(
    app: &App,
    viewer: &Viewer,
    user_id: i64,
    status: user::Status,
    message: Option<String>,
) -> Result<user::Model> {
    viewer.require_admin()?;
    let mut faults = Faults::default();
    if let Some(message) = &message {
        faults.line("statusMessage", message, 1, LINE);
    }
    faults.into_result()?;
    let input = (user_id, status, message);
    let changed =
        app.db.write(input, |tx, (id, status, message)| Box::pin(store_status(tx, *id, *status, message.clone())));
    let changed = changed.await?;
    app.known.forget();
    Ok(changed)
}

async fn store_status(tx: &Tx, id: i64, status: user::Status, message: Option<String>) -> Result<user::Model> {
    let change = user::ActiveModel {
        status: Set(status),
        status_message: Set(message),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    user::Entity::update_many().set(change).filter(user::Column::Id.eq(id)).exec(&tx.db).await?;
    if status != user::Status::Active {
        super::rights::shrink(tx, [id]).await?;
    }
    user::Entity::find_by_id(id).one(&tx.db).await?.ok_or(Error::NotFound("user"))
}

/// When no admin with a password exists, makes `admin` (or gives an existing `admin` a password) and returns the
/// password when it was made up here, so that the caller can print it once.
pub async fn bootstrap(app: &App, given: Option<SecretString>) -> Result<Option<SecretString>> {
    let with_password =
        user::Entity::find().filter(user::Column::IsAdmin.eq(true)).filter(user::Column::PasswordHash.is_not_null());
    if with_password.one(app.db.read()).await?.is_some() {
        if given.is_some() {
            tracing::warn!(
                "DOCKET_ADMIN_PASSWORD is ignored: there is an admin already; `docket user set-password` changes one"
            );
        }
        return Ok(None);
    }
    if let Some(given) = &given {
        // Named as the operator gave it.
        let mut faults = Faults::default();
        check_password(app, &mut faults, "DOCKET_ADMIN_PASSWORD", given);
        faults.into_result()?;
    }
    let made_up = given.is_none();
    let password = given.unwrap_or_else(secret::random_password);
    let operator = Viewer::local_operator();
    if let Ok(admin) = get_by(app, &operator, None, Some("admin"), None).await {
        if !admin.is_admin {
            return Err(Error::InvalidState(
                "There is no admin, and the name `admin` belongs to a user who is none. Make an admin with \
                 `docket user create NAME --admin`."
                    .into(),
            ));
        }
        let first = first_password(app, admin.id, password.clone()).await?;
        return Ok((made_up && first).then_some(password));
    }
    let new = NewUser {
        username: "admin".into(),
        email: None,
        password: Some(password.clone()),
        first_name: None,
        last_name: None,
        is_admin: true,
        roles: Vec::new(),
    };
    match create(app, &operator, new).await {
        Ok(_) => Ok(made_up.then_some(password)),
        // Of servers that start together one makes the admin, and says the password.
        Err(Error::AlreadyExists(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives an account without a password its first; whether it had none.
async fn first_password(app: &App, user_id: i64, password: SecretString) -> Result<bool> {
    let hash = app.passwords.hash(password).await?;
    app.db
        .write((user_id, hash), |tx, (user_id, hash)| {
            Box::pin(async move {
                let change = user::ActiveModel {
                    password_hash: Set(Some(hash.clone())),
                    updated_at: Set(tx.now),
                    ..Default::default()
                };
                let without = user::Entity::update_many().filter(user::Column::PasswordHash.is_null());
                let given = without.set(change).filter(user::Column::Id.eq(*user_id)).exec(&tx.db).await?;
                Ok(given.rows_affected > 0)
            })
        })
        .await
}

fn visible(viewer: &Viewer) -> sea_orm::Select<user::Entity> {
    // A user that is not active still sees itself, and why.
    match viewer.user_id() {
        Some(id) if !viewer.is_admin() => user::Entity::find().filter(user::Column::Id.eq(id)),
        _ => user::Entity::visible_to(&viewer.scope()),
    }
}

impl Order<user::Entity> for UserOrder {
    fn column(self) -> Option<user::Column> {
        (self == Self::UsernameAsc).then_some(user::Column::Username)
    }

    fn id(self) -> user::Column {
        user::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, row: &user::Model) -> Option<Key> {
        (self == Self::UsernameAsc).then(|| Key::Text(row.username.clone()))
    }

    fn row_id(self, row: &user::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::CreatedAtAsc => "c",
            Self::CreatedAtDesc => "cd",
            Self::UsernameAsc => "u",
        }
    }
}
