//! The first admin.

use entity::user;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use secrecy::SecretString;

use super::{NewUser, create, get_by};
use crate::{
    app::App,
    domain::{
        check::Faults,
        policy::{Policy, check_password},
    },
    error::{Error, Result},
    infra::secret,
    origin::Origin,
    viewer::Viewer,
};

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
        let rule = Policy::of(app, Origin::GraphQl).password;
        check_password(app, &mut faults, rule, "DOCKET_ADMIN_PASSWORD", given, &["admin", "docket"]).await?;
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
    let new =
        NewUser { username: "admin".into(), password: Some(password.clone()), is_admin: true, ..NewUser::default() };
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
