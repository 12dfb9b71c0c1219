//! Log-ins, and turning a credential into a viewer.

mod again;
mod create;
mod end;
mod list;
mod prune;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

pub(super) use again::still_opens;
pub(super) use create::insert;
pub(super) use create::prove;
pub use create::{Login, create};
pub use end::{delete, end_all_of, revoke};
pub(super) use end::{end_all, end_others};
pub use list::{SessionOrder, count, current, list};
pub(super) use prune::prune;

use entity::{Time, runner, service, session, token, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};

use crate::{
    app::App,
    error::{Error, Result},
    infra::secret::{Secret, SecretDigest, SecretKind},
    origin::Client,
    viewer::{Credential, RunnerViewer, UserViewer, Viewer},
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
        // It stands in a mail, and opens what its link says; or it gets tokens, and opens nothing else.
        SecretKind::Link | SecretKind::Client => None,
    };
    let viewer = found.ok_or_else(refused)?;
    app.known.put(digest, now, round, &viewer);
    Ok(viewer)
}

async fn by_session(app: &App, digest: &SecretDigest, now: Time) -> Result<Option<Viewer>> {
    let Some(session) = by_digest(app, digest).await? else { return Ok(None) };
    if session.ends_at() <= now {
        return Ok(None);
    }
    let Some(user) = user::Entity::find_by_id(session.user_id).one(app.db.read()).await? else { return Ok(None) };
    if user.status == user::Status::Deleted {
        return Ok(None);
    }
    if now.0 - session.last_used_at.0 > USE_NOTED {
        note_use(app, Used::Session(session.id));
    }
    let open = session::Model { last_used_at: session.last_used_at.max(now), ..session };
    user_viewer(app, user, Credential::Session { id: open.id }, Some(open.ends_at())).await.map(Some)
}

async fn by_digest(app: &App, digest: &SecretDigest) -> Result<Option<session::Model>> {
    let own = session::Entity::find().filter(session::Column::TokenHash.eq(digest.to_vec()));
    Ok(own.one(app.db.read()).await?)
}

/// Whether a token opened a session whose time is over: it is known for a week after, so that its user can be told from
/// one whose token never opened anything.
pub async fn is_over(app: &App, bearer: &str) -> Result<bool> {
    let Some(secret) = Secret::parse(bearer).filter(|secret| secret.kind() == SecretKind::Session) else {
        return Ok(false);
    };
    let session = by_digest(app, &secret.digest()).await?;
    Ok(session.is_some_and(|session| session.ends_at().0 <= app.clock.now_micros()))
}

async fn user_viewer(app: &App, user: user::Model, credential: Credential, expires_at: Option<Time>) -> Result<Viewer> {
    let managed = service::Entity::managed_by(user.id).select_only().column(service::Column::Id);
    let services = managed.into_tuple().all(app.db.read()).await?;
    let projects = super::project::memberships(app, user.id).await?;
    Ok(Viewer::User(Arc::new(UserViewer {
        user,
        services,
        projects,
        credential,
        expires_at,
        client: Client::default(),
        lasting: false,
    })))
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
            Some(user) if user.status != user::Status::Deleted => {
                user_viewer(app, user, credential, token.expires_at).await.map(Some)
            }
            Some(_) | None => Ok(None),
        };
    }
    let Some(runner_id) = token.runner_id else { return Ok(None) };
    let Some(runner) = runner::Entity::find_by_id(runner_id).one(app.db.read()).await? else { return Ok(None) };
    let owner = user::Entity::find_by_id(runner.owner_id).one(app.db.read()).await?;
    // A runner works with the rights of whoever made it: it stops when that account does.
    if owner.is_none_or(|owner| owner.status != user::Status::Active) {
        return Ok(None);
    }
    let viewer = RunnerViewer {
        id: runner.id,
        owner_id: runner.owner_id,
        name: runner.name,
        expires_at: token.expires_at,
        client: Client::default(),
    };
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
