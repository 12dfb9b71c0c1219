//! The demo's users and their credentials: made when they are missing, and new at every start.
//!
//! Only hashes are kept, so that what an earlier start printed cannot be printed again.

use secrecy::SecretString;

use crate::{
    app::App,
    domain::{
        token::{self, NewToken},
        user::{self, NewPassword, NewUser, SERVICE_AUTHOR},
    },
    error::{Error, Result},
    infra::secret::{Secret, random_password},
    origin::Via,
    viewer::{Permission, Viewer},
};

const TOKEN_NAME: &str = "docket serve --demo";
/// All but the rights of an admin.
const SCOPES: [Permission; 6] = [
    Permission::JobsRead,
    Permission::JobsWrite,
    Permission::ServicesWrite,
    Permission::RunnersWrite,
    Permission::ProjectsRead,
    Permission::ProjectsWrite,
];

/// Who can be logged in as, and with what.
#[derive(Debug)]
pub(super) struct People {
    /// None when the operator chose it.
    pub admin_password: Option<SecretString>,
    pub demo_password: SecretString,
    /// Of `demo`.
    pub token: Secret,
}

impl People {
    /// Sets the passwords of both users and makes a token; what earlier starts gave out opens nothing any more.
    ///
    /// `chosen` is the operator's own password for `admin`; `fresh` the one that it has got already at this start.
    pub async fn prepare(app: &App, chosen: Option<SecretString>, fresh: Option<SecretString>) -> Result<Self> {
        let admin_password = match (chosen, fresh) {
            (None, Some(fresh)) => Some(fresh),
            (chosen, _) => {
                let made_up = chosen.is_none();
                let password = chosen.unwrap_or_else(random_password);
                put_user(app, "admin", password.clone()).await?;
                made_up.then_some(password)
            }
        };
        let demo_password = random_password();
        let demo_id = put_user(app, "demo", demo_password.clone()).await?;
        Ok(Self { admin_password, demo_password, token: new_token(app, demo_id).await? })
    }
}

/// Gives a user a password, and makes the user first if there is none. Returns its id.
async fn put_user(app: &App, name: &str, password: SecretString) -> Result<i64> {
    let operator = Viewer::local_operator();
    match user::get_by(app, &operator, None, Some(name), None).await {
        Ok(found) => {
            let new = NewPassword { password: Some(password), confirmed: None };
            user::set_password(app, &operator, &Via::console(), found.uid, new).await.map(|user| user.id)
        }
        Err(Error::NotFound(_)) => {
            let is_admin = name == "admin";
            let new = NewUser {
                username: name.into(),
                password: Some(password),
                is_admin,
                roles: if is_admin { Vec::new() } else { vec![SERVICE_AUTHOR.into()] },
                ..NewUser::default()
            };
            Ok(user::create(app, &operator, new).await?.id)
        }
        Err(other) => Err(other),
    }
}

async fn new_token(app: &App, user_id: i64) -> Result<Secret> {
    let operator = Viewer::local_operator();
    for old in token::list(app, &operator, user_id).await? {
        if old.name == TOKEN_NAME && old.revoked_at.is_none() {
            token::revoke(app, &operator, old.uid).await?;
        }
    }
    let scopes = SCOPES.map(|permission| permission.scope().to_owned()).to_vec();
    let new = NewToken { user_id: Some(user_id), name: TOKEN_NAME.into(), scopes, expires_at: None };
    Ok(token::create(app, &operator, new).await?.1)
}
