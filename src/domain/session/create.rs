//! Logging in.

use entity::{audit_entry::Action, session, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use secrecy::SecretString;

use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Actor, Subject},
        policy::Policy,
        user as users,
    },
    error::{Error, Result},
    infra::secret::{self, Secret, SecretKind},
    origin::Via,
};

/// A log-in and the token that it gives, which is shown this once.
#[derive(Clone, Debug)]
pub struct Login {
    /// The session.
    pub session: session::Model,
    /// Who logged in.
    pub user: user::Model,
    /// What to send as `Authorization: Bearer`.
    pub token: Secret,
}

/// Logs in with a user name or an e-mail address. The answer to a wrong name and to a wrong password is the same, and
/// takes the same work; so is the answer to who must confirm the address first, where the policy says so.
pub async fn create(app: &App, via: &Via, login: &str, password: SecretString) -> Result<Login> {
    let policy = Policy::of(app, via.origin);
    let user = find(app, &policy, login).await?;
    let stored = user.as_ref().and_then(|user| user.password_hash.as_deref());
    let right = app.passwords.verify(stored, password).await?;
    let may = |user: &user::Model| policy.unverified_may_log_in || !user.is_unverified();
    let user = match user {
        Some(user) if right && may(&user) => user,
        refused => {
            note_refusal(app, via, refused).await?;
            return Err(wrong());
        }
    };
    let input = (user, policy, via.clone());
    app.db
        .write(input, |tx, (seen, policy, via)| {
            Box::pin(async move {
                let user = users::locked(tx, seen.id).await.map_err(|error| match error {
                    Error::NotFound(_) => wrong(),
                    other => other,
                })?;
                // Whoever changed the password meanwhile has ended the sessions, and this would be one more.
                if user.password_hash != seen.password_hash {
                    return Err(wrong());
                }
                insert(tx, user, policy, via).await
            })
        })
        .await
}

/// Notes a failed log-in; for a name that nobody has, too, which costs as much.
async fn note_refusal(app: &App, via: &Via, user: Option<user::Model>) -> Result<()> {
    let input = (Actor::anonymous(&via.client), user);
    app.db
        .write(input, |tx, (actor, user)| {
            Box::pin(async move {
                let subject = user.as_ref().map_or_else(Subject::unknown, Subject::from);
                audit::note(tx, actor, Action::SessionRefused, subject).await
            })
        })
        .await
}

fn wrong() -> Error {
    Error::Unauthenticated("The user name or the password is wrong.".into())
}

/// Who is meant: a user name may look like somebody else's address, and wins then, whatever the order of the rows.
async fn find(app: &App, policy: &Policy, login: &str) -> Result<Option<user::Model>> {
    let mut by_email = Condition::all().add(user::Column::EmailLower.eq(login.to_lowercase()));
    if policy.exact_email {
        by_email = by_email.add(user::Column::Email.eq(login));
    }
    let by_login = Condition::any().add(user::Column::Username.eq(login)).add(by_email);
    let found = user::Entity::find()
        .filter(by_login)
        .filter(user::Column::RecordOnly.eq(false))
        .filter(user::Column::Status.ne(user::Status::Deleted));
    let mut users = found.order_by_asc(user::Column::Id).all(app.db.read()).await?;
    users.sort_by_key(|user| user.username != login);
    Ok(users.into_iter().next())
}

/// Opens a session of a user who has proved to be one, whose row is locked.
pub(in crate::domain) async fn insert(tx: &Tx, user: user::Model, policy: &Policy, via: &Via) -> Result<Login> {
    let token = Secret::new(SecretKind::Session);
    let row = session::ActiveModel {
        uid: Set(secret::uid()),
        user_id: Set(user.id),
        token_hash: Set(token.digest().to_vec()),
        origin: Set(via.origin.word().to_owned()),
        user_agent: Set(via.client.agent()),
        created_at: Set(tx.now),
        last_used_at: Set(tx.now),
        idle_seconds: Set(policy.idle_seconds),
        expires_at: Set(tx.now.plus_seconds(policy.absolute_seconds)),
        ..Default::default()
    };
    let session = session::Entity::insert(row).exec_with_returning(&tx.db).await?;
    let actor = Actor::user(user.id, &via.client);
    audit::note(tx, &actor, Action::SessionCreated, Subject::from(&user).noting(via.origin.word())).await?;
    let seen = user::ActiveModel { last_login_at: Set(Some(tx.now)), ..Default::default() };
    user::Entity::update_many().set(seen).filter(user::Column::Id.eq(user.id)).exec(&tx.db).await?;
    Ok(Login { session, user: user::Model { last_login_at: Some(tx.now), ..user }, token })
}
