//! Log-ins, and turning a credential into a viewer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use entity::{Time, runner, service, session, token, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use secrecy::SecretString;

use crate::{
    app::App,
    db::Tx,
    domain::rights,
    error::{Error, Result},
    infra::secret::{self, Secret, SecretDigest, SecretKind},
    viewer::{Credential, RunnerViewer, UserViewer, Viewer, log_in_first},
};

mod stand_in;

pub use stand_in::stand_in;

/// Microseconds for which a checked credential is believed without asking the database: revocation and suspension
/// take effect within this time.
const BELIEVED: i64 = 1_000_000;
/// Credentials that are believed at once; more are simply checked again.
const KNOWN: usize = 10_000;
/// Microseconds between two notes of a credential's last use.
const USE_NOTED: i64 = 60_000_000;

/// Credentials checked within the last second, by the digest of their token.
#[derive(Debug, Default)]
pub struct Known(Mutex<Believed>);

#[derive(Debug, Default)]
struct Believed {
    viewers: HashMap<SecretDigest, (i64, Viewer)>,
    /// How often all were forgotten.
    round: u64,
}

impl Known {
    /// Who is believed to send this token, or else the round in which to say so with [`Known::put`].
    fn get(&self, digest: &SecretDigest, now: i64) -> Result<Viewer, u64> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let viewer = known.viewers.get(digest).filter(|(at, _)| (*at..*at + BELIEVED).contains(&now));
        viewer.map(|(_, viewer)| viewer.clone()).ok_or(known.round)
    }

    /// Does nothing when all were forgotten since `round`: this may be what was to be forgotten.
    fn put(&self, digest: SecretDigest, now: i64, round: u64, viewer: &Viewer) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.round != round {
            return;
        }
        if known.viewers.len() >= KNOWN {
            known.viewers.retain(|_, (at, _)| (*at..*at + BELIEVED).contains(&now));
        }
        if known.viewers.len() < KNOWN {
            known.viewers.insert(digest, (now, viewer.clone()));
        }
    }

    /// Forgets what is known of one user, who may see more from now on.
    pub fn forget_user(&self, user_id: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.viewers.retain(|_, (_, viewer)| viewer.user_id() != Some(user_id));
        known.round += 1;
    }

    /// Forgets all of them, after a change of rights.
    pub fn forget(&self) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.viewers.clear();
        known.round += 1;
    }
}

/// A log-in and the token that it gives, which is shown this once.
#[derive(Debug)]
pub struct Login {
    /// The session.
    pub session: session::Model,
    /// Who logged in.
    pub user: user::Model,
    /// What to send as `Authorization: Bearer`.
    pub token: Secret,
}

/// Logs in with a user name or an e-mail address. The answer to a wrong name and to a wrong password is the same, and
/// takes the same work.
pub async fn create(app: &App, login: &str, password: SecretString, user_agent: Option<&str>) -> Result<Login> {
    let by_login =
        Condition::any().add(user::Column::Username.eq(login)).add(user::Column::EmailLower.eq(login.to_lowercase()));
    // A user name may look like somebody else's address: the name wins, whatever the order of the rows.
    let mut users = user::Entity::find().filter(by_login).order_by_asc(user::Column::Id).all(app.db.read()).await?;
    users.sort_by_key(|user| user.username != login);
    let user = users.into_iter().next();
    let stored = user.as_ref().and_then(|user| user.password_hash.as_deref());
    let right = app.passwords.verify(stored, password).await?;
    let Some(user) = user.filter(|_| right) else {
        return Err(Error::Unauthenticated("The user name or the password is wrong.".into()));
    };
    let token = Secret::new(SecretKind::Session);
    let agent = user_agent.map(|agent| agent.chars().filter(|c| !c.is_control()).take(200).collect::<String>());
    let hours = i64::from(app.config.sessions.absolute_hours);
    let input = (user.id, token.digest(), agent, hours);
    let session = app
        .db
        .write(input, |tx, (user_id, digest, agent, hours)| {
            Box::pin(async move {
                let row = session::ActiveModel {
                    uid: Set(secret::uid()),
                    user_id: Set(*user_id),
                    token_hash: Set(digest.to_vec()),
                    user_agent: Set(agent.clone()),
                    created_at: Set(tx.now),
                    last_used_at: Set(tx.now),
                    expires_at: Set(tx.now.plus_seconds(hours * 3600)),
                    ..Default::default()
                };
                Ok(session::Entity::insert(row).exec_with_returning(&tx.db).await?)
            })
        })
        .await?;
    Ok(Login { session, user, token })
}

/// Ends the session that the viewer came with. An API token cannot be logged out; it is revoked.
pub async fn delete(app: &App, viewer: &Viewer) -> Result<()> {
    let user = match viewer {
        Viewer::User(user) => user,
        Viewer::Anonymous => return Err(log_in_first()),
        Viewer::Runner(_) | Viewer::Operator => {
            return Err(Error::Forbidden("Only a log-in can be ended; runnerDelete ends a runner's token.".into()));
        }
    };
    let Credential::Session { id } = user.credential else {
        return Err(Error::InvalidState("This is an API token, not a session; tokenRevoke ends it.".into()));
    };
    app.db
        .write(id, |tx, id| {
            Box::pin(async move {
                session::Entity::delete_by_id(*id).exec(&tx.db).await?;
                rights::note(tx).await
            })
        })
        .await?;
    app.known.forget();
    Ok(())
}

/// Ends every session of a user.
pub(super) async fn end_all(tx: &Tx, user_id: i64) -> Result<()> {
    session::Entity::delete_many().filter(session::Column::UserId.eq(user_id)).exec(&tx.db).await?;
    rights::note(tx).await
}

/// Who sends this bearer token; nobody without one.
///
/// Fails with UNAUTHENTICATED when there is a token and it opens nothing: a client that believes to be logged in must
/// learn that it is not.
pub async fn authenticate(app: &App, bearer: Option<&str>) -> Result<Viewer> {
    let Some(bearer) = bearer else { return Ok(Viewer::Anonymous) };
    let refused = || Error::Unauthenticated("The token is unknown, revoked or expired.".into());
    let secret = Secret::parse(bearer).ok_or_else(refused)?;
    let digest = secret.digest();
    let now = app.clock.now_micros();
    let round = match app.known.get(&digest, now) {
        Ok(viewer) => return Ok(viewer),
        Err(round) => round,
    };
    let found = match secret.kind() {
        SecretKind::Session => by_session(app, &digest, Time(now)).await?,
        SecretKind::Token | SecretKind::Runner => by_token(app, &digest, Time(now)).await?,
    };
    let viewer = found.ok_or_else(refused)?;
    app.known.put(digest, now, round, &viewer);
    Ok(viewer)
}

async fn by_session(app: &App, digest: &SecretDigest, now: Time) -> Result<Option<Viewer>> {
    let idle = now.plus_seconds(-3600 * i64::from(app.config.sessions.idle_hours));
    let live = session::Entity::find()
        .filter(session::Column::TokenHash.eq(digest.to_vec()))
        .filter(session::Column::ExpiresAt.gt(now))
        .filter(session::Column::LastUsedAt.gt(idle));
    let Some(session) = live.one(app.db.read()).await? else { return Ok(None) };
    let Some(user) = user::Entity::find_by_id(session.user_id).one(app.db.read()).await? else { return Ok(None) };
    if now.0 - session.last_used_at.0 > USE_NOTED {
        note_use(app, Used::Session(session.id));
    }
    let idle_hours = i64::from(app.config.sessions.idle_hours);
    let ends = session.expires_at.min(session.last_used_at.max(now).plus_seconds(3600 * idle_hours));
    user_viewer(app, user, Credential::Session { id: session.id }, Some(ends)).await.map(Some)
}

async fn user_viewer(app: &App, user: user::Model, credential: Credential, expires_at: Option<Time>) -> Result<Viewer> {
    let managed = service::Entity::managed_by(user.id).select_only().column(service::Column::Id);
    let services = managed.into_tuple().all(app.db.read()).await?;
    let projects = super::project::memberships(app, user.id).await?;
    Ok(Viewer::User(Arc::new(UserViewer { user, services, projects, credential, expires_at })))
}

async fn by_token(app: &App, digest: &SecretDigest, now: Time) -> Result<Option<Viewer>> {
    let live = token::Entity::find()
        .filter(token::Column::TokenHash.eq(digest.to_vec()))
        .filter(token::Column::RevokedAt.is_null())
        .filter(Condition::any().add(token::Column::ExpiresAt.is_null()).add(token::Column::ExpiresAt.gt(now)));
    let Some(token) = live.one(app.db.read()).await? else { return Ok(None) };
    if token.last_used_at.is_none_or(|used| now.0 - used.0 > USE_NOTED) {
        note_use(app, Used::Token(token.id));
    }
    if let Some(user_id) = token.user_id {
        let user = user::Entity::find_by_id(user_id).one(app.db.read()).await?;
        let credential = Credential::Token { id: token.id, scopes: token.scopes.0 };
        return match user {
            Some(user) => user_viewer(app, user, credential, token.expires_at).await.map(Some),
            None => Ok(None),
        };
    }
    let Some(runner_id) = token.runner_id else { return Ok(None) };
    let Some(runner) = runner::Entity::find_by_id(runner_id).one(app.db.read()).await? else { return Ok(None) };
    let owner = user::Entity::find_by_id(runner.owner_id).one(app.db.read()).await?;
    // A runner works with the rights of whoever made it: it stops when that account does.
    if owner.is_none_or(|owner| owner.status != user::Status::Active) {
        return Ok(None);
    }
    let viewer =
        RunnerViewer { id: runner.id, owner_id: runner.owner_id, name: runner.name, expires_at: token.expires_at };
    Ok(Some(Viewer::Runner(Arc::new(viewer))))
}

#[derive(Clone, Copy)]
enum Used {
    Session(i64),
    Token(i64),
}

/// Notes that a credential was used, in the background: no request waits for it, and losing one note harms nobody.
fn note_use(app: &App, used: Used) {
    let db = app.db.clone();
    tokio::spawn(async move {
        let noted = db
            .write(used, |tx, used| {
                Box::pin(async move {
                    match *used {
                        Used::Session(id) => {
                            let change = session::ActiveModel { last_used_at: Set(tx.now), ..Default::default() };
                            session::Entity::update_many()
                                .set(change)
                                .filter(session::Column::Id.eq(id))
                                .exec(&tx.db)
                                .await?;
                        }
                        Used::Token(id) => {
                            let change = token::ActiveModel { last_used_at: Set(Some(tx.now)), ..Default::default() };
                            token::Entity::update_many()
                                .set(change)
                                .filter(token::Column::Id.eq(id))
                                .exec(&tx.db)
                                .await?;
                        }
                    }
                    Ok(())
                })
            })
            .await;
        if let Err(error) = noted {
            tracing::debug!(%error, "the last use of a credential was not noted");
        }
    });
}
