//! OAuth 2 for programs: short-lived API tokens by a client's id and secret (RFC 6749, 4.4) or, where the operator allows
//! it, by a user's name and password beside them (4.3); looking at tokens (RFC 7662) and giving them back (RFC 7009).
//!
//! The tokens are API tokens like those of `tokenCreate`: the same table, the same scopes, the same end.

use entity::{Time, Words, audit_entry::Action, oauth_client, token, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::LockType};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Actor, Subject},
        limit, session,
    },
    error::{Error, Result},
    infra::secret::{self, Secret, SecretDigest, SecretKind},
    origin::Via,
    viewer::Viewer,
};

pub mod client;
mod known;

pub use known::{Asker, Introspection, introspect, revoke};

/// What stands before the outside id of a client: its GraphQL id is the name that it calls itself.
pub const CLIENT_PREFIX: &str = "client_";
/// Days for which a token that is over is still known.
const KEPT_DAYS: i64 = 7;
/// Rows removed in one transaction.
const BATCH: u64 = 1_000;

/// Why a request is refused, in the words of RFC 6749, 5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Something is missing, given twice, or makes no sense.
    InvalidRequest,
    /// No such client, or not its secret.
    InvalidClient,
    /// The user's name or password is wrong, or the account may not be used.
    InvalidGrant,
    /// This client may not do this.
    UnauthorizedClient,
    /// There is no such grant here.
    UnsupportedGrantType,
    /// No such scope, or one that the client has not.
    InvalidScope,
}

impl Refusal {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
        }
    }

    /// With a sentence for people, in ASCII without `"` and `\`, as the RFC wants it.
    pub fn because(self, text: impl Into<String>) -> Failure {
        Failure::Refused(self, text.into())
    }
}

/// A request that came to nothing.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The request is wrong.
    Refused(Refusal, String),
    /// The server will not or cannot now: RATE_LIMITED, UNAVAILABLE, or a defect.
    Failed(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What a client shows.
#[derive(Clone, Debug)]
pub struct ClientLogin {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
}

/// By what right a token is asked for.
#[derive(Clone, Debug)]
pub enum Grant {
    /// The client's own.
    ClientCredentials,
    /// A user's, who gave the client name and password.
    Password {
        /// The user name or the address.
        username: String,
        /// The password.
        password: SecretString,
    },
}

/// A token that was given out.
#[derive(Clone, Debug)]
pub struct Issued {
    /// What to send as `Authorization: Bearer`, shown this once.
    pub token: Secret,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// Seconds until it ends.
    pub seconds: u32,
}

/// Gives a client a token. `scope` are words with single spaces between them; none means all that the client has.
pub async fn issue(
    app: &App,
    via: &Via,
    login: ClientLogin,
    grant: Grant,
    scope: Option<String>,
) -> Result<Issued, Failure> {
    let client = authenticate(app, via, &login).await?;
    let scopes = narrowed(&client, scope.as_deref())?;
    let (user_id, how, taken, seen) = match grant {
        Grant::ClientCredentials => (client.user_id, "client_credentials", limit::Taken::default(), None),
        Grant::Password { .. } if !app.config.oauth.password_grant => {
            return Err(Refusal::UnauthorizedClient.because("The password grant is off on this server."));
        }
        Grant::Password { username, password } => {
            let proved = session::prove(app, via, &username, password).await.map_err(|error| match error {
                Error::Unauthenticated(_) => Refusal::InvalidGrant.because("The user name or the password is wrong."),
                other => Failure::Failed(other),
            })?;
            (proved.user.id, "password", proved.taken, proved.user.password_hash)
        }
    };
    let secret = Secret::new(SecretKind::Token);
    let seconds = app.config.oauth.token_seconds;
    let new = New {
        client,
        user_id,
        how,
        scopes: scopes.clone(),
        digest: secret.digest(),
        seconds,
        via: via.clone(),
        taken,
        seen,
    };
    let given = app.db.write(new, |tx, new| Box::pin(insert(tx, new))).await?;
    if !given {
        return Err(Refusal::InvalidGrant.because("This account may not be used."));
    }
    Ok(Issued { token: secret, scopes, seconds })
}

/// What a token is stored from.
struct New {
    client: oauth_client::Model,
    user_id: i64,
    how: &'static str,
    scopes: Vec<String>,
    digest: SecretDigest,
    seconds: u32,
    via: Via,
    taken: limit::Taken,
    /// The hash of the password that was shown, if one was.
    seen: Option<String>,
}

/// Whether there is a token now: none for an account that may not be used.
async fn insert(tx: &Tx, new: &New) -> Result<bool> {
    // Whoever changed the password or removed the client meanwhile has ended its tokens, and this would be one more.
    let user = user::Entity::find_by_id(new.user_id).lock(LockType::NoKeyUpdate).one(&tx.db).await?;
    let Some(user) = user.filter(|user| user.status == user::Status::Active) else { return Ok(false) };
    if new.seen.is_some() && new.seen != user.password_hash {
        return Ok(false);
    }
    let client = oauth_client::Entity::find_by_id(new.client.id).lock(LockType::NoKeyUpdate).one(&tx.db).await?;
    if client.is_none_or(|client| client.revoked_at.is_some()) {
        return Ok(false);
    }
    let row = token::ActiveModel {
        uid: Set(secret::uid()),
        user_id: Set(Some(new.user_id)),
        runner_id: Set(None),
        name: Set(new.client.name.clone()),
        token_hash: Set(new.digest.to_vec()),
        scopes: Set(Words(new.scopes.clone())),
        created_at: Set(tx.now),
        last_used_at: Set(None),
        expires_at: Set(Some(tx.now.plus_seconds(new.seconds.into()))),
        revoked_at: Set(None),
        client_id: Set(Some(new.client.id)),
        ..Default::default()
    };
    let made = token::Entity::insert(row).exec_with_returning(&tx.db).await?;
    let noted = oauth_client::ActiveModel { last_used_at: Set(Some(tx.now)), ..Default::default() };
    let own = oauth_client::Entity::update_many().set(noted).filter(oauth_client::Column::Id.eq(new.client.id));
    own.exec(&tx.db).await?;
    limit::give_back(tx, &new.taken).await?;
    let actor = Actor::user(new.user_id, &new.via.client);
    let subject = Subject::from(&made).noting(format!("By an OAuth client, grant {}.", new.how));
    audit::note(tx, &actor, Action::TokenCreated, subject).await?;
    Ok(true)
}

/// The client that shows this, whose owner's account may be used.
pub(in crate::domain) async fn authenticate(
    app: &App,
    via: &Via,
    login: &ClientLogin,
) -> Result<oauth_client::Model, Failure> {
    let uid = login.id.strip_prefix(CLIENT_PREFIX).and_then(|uid| Uuid::try_parse(uid).ok());
    let given = Secret::parse(login.secret.expose_secret()).filter(|secret| secret.kind() == SecretKind::Client);
    if let (Some(uid), Some(given)) = (uid, given) {
        let query = oauth_client::Entity::find().filter(oauth_client::Column::RevokedAt.is_null());
        let found = query.filter(oauth_client::Column::Uid.eq(uid)).one(app.db.read()).await.map_err(Error::from)?;
        let is_its = |client: &oauth_client::Model| {
            SecretDigest::try_from(&*client.secret_hash).is_ok_and(|stored| secret::same(&stored, &given.digest()))
        };
        if let Some(client) = found.filter(is_its)
            && is_active(app, client.user_id).await?
        {
            return Ok(client);
        }
    }
    limit::wrong_secret(app, &via.client).await?;
    Err(Refusal::InvalidClient.because("There is no such client, or this is not its secret."))
}

async fn is_active(app: &App, user_id: i64) -> Result<bool> {
    let owner = user::Entity::find_by_id(user_id).one(app.db.read()).await?;
    Ok(owner.is_some_and(|owner| owner.status == user::Status::Active))
}

/// The scopes that are asked for, each of which the client must have.
fn narrowed(client: &oauth_client::Model, asked: Option<&str>) -> Result<Vec<String>, Failure> {
    let Some(asked) = asked else { return Ok(client.scopes.0.clone()) };
    let mut scopes: Vec<String> = asked.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() || scopes.iter().any(|scope| !client.scopes.has(scope)) {
        return Err(Refusal::InvalidScope.because("The client has not all of these scopes."));
    }
    Ok(scopes)
}

/// Whether a viewer may look at a token: one's own, or any as an admin.
fn may_look(viewer: &Viewer, row: &token::Model) -> bool {
    viewer.is_admin() || (row.user_id.is_some() && viewer.user_id() == row.user_id)
}

/// Removes a batch of the tokens of clients that were over a week ago, and says how many those were. The audit knows
/// that there were such.
pub async fn prune(app: &App) -> Result<u64> {
    let before = Time(app.clock.now_micros()).plus_seconds(-86_400 * KEPT_DAYS);
    let old = token::Entity::find()
        .select_only()
        .column(token::Column::Id)
        .filter(token::Column::ClientId.is_not_null())
        .filter(token::Column::ExpiresAt.lt(before))
        .limit(BATCH);
    let ids: Vec<i64> = old.into_tuple().all(app.db.read()).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    app.db
        .write(ids, |tx, ids| {
            Box::pin(async move {
                let old = token::Entity::delete_many().filter(token::Column::Id.is_in(ids.iter().copied()));
                Ok(old.exec(&tx.db).await?.rows_affected)
            })
        })
        .await
}
