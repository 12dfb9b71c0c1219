//! Looking at tokens and giving them back.

use entity::{audit_entry::Action, oauth_client, token, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::{ClientLogin, Failure, Refusal, authenticate, may_look};
use crate::{
    app::App,
    domain::{
        audit::{self, Actor, Subject},
        rights,
    },
    error::{Error, Result},
    infra::secret::{Secret, SecretKind},
    origin::Via,
    viewer::Viewer,
};

/// Microseconds.
const SECOND: i64 = 1_000_000;

/// Who asks about a token.
#[derive(Clone, Debug)]
pub enum Asker {
    /// A client, about those that it was given and those of its user.
    Client(ClientLogin),
    /// Somebody with a credential, about the own ones; an admin about all.
    Viewer(Viewer),
}

/// What is told of a token that opens something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introspection {
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// The outside id of the client that it was given to.
    pub client: Option<uuid::Uuid>,
    /// The user in whose name it acts.
    pub username: String,
    /// That user's outside id.
    pub user: uuid::Uuid,
    /// When it was made, in seconds since 1970.
    pub created_at: i64,
    /// When it ends, if it does by itself; the same.
    pub expires_at: Option<i64>,
}

/// What a token opens; none when it opens nothing, is no API token, or is none of the asker's business: who holds one that
/// was found somewhere learns nothing here.
pub async fn introspect(app: &App, via: &Via, asker: Asker, text: &str) -> Result<Option<Introspection>, Failure> {
    let client = match &asker {
        Asker::Client(login) => Some(authenticate(app, via, login).await?),
        Asker::Viewer(viewer) => {
            viewer.require_read(crate::viewer::Permission::Admin)?;
            None
        }
    };
    let Some(row) = find(app, text).await? else { return Ok(None) };
    let may_know = match (&asker, &client) {
        (Asker::Client(_), Some(client)) => row.client_id == Some(client.id) || row.user_id == Some(client.user_id),
        (Asker::Client(_), None) => false,
        (Asker::Viewer(viewer), _) => may_look(viewer, &row),
    };
    let is_over = row.revoked_at.is_some() || row.expires_at.is_some_and(|end| end.0 <= app.clock.now_micros());
    let Some(user_id) = row.user_id.filter(|_| may_know && !is_over) else { return Ok(None) };
    let user = user::Entity::find_by_id(user_id).one(app.db.read()).await.map_err(Error::from)?;
    let Some(user) = user.filter(|user| user.status == user::Status::Active) else { return Ok(None) };
    let given_to = match row.client_id {
        Some(id) => oauth_client::Entity::find_by_id(id).one(app.db.read()).await.map_err(Error::from)?,
        None => None,
    };
    Ok(Some(Introspection {
        scopes: row.scopes.0,
        client: given_to.map(|client| client.uid),
        username: user.username,
        user: user.uid,
        created_at: row.created_at.0 / SECOND,
        expires_at: row.expires_at.map(|end| end.0 / SECOND),
    }))
}

async fn find(app: &App, text: &str) -> Result<Option<token::Model>> {
    let Some(secret) = Secret::parse(text).filter(|secret| secret.kind() == SecretKind::Token) else { return Ok(None) };
    let query = token::Entity::find().filter(token::Column::TokenHash.eq(secret.digest().to_vec()));
    Ok(query.one(app.db.read()).await?)
}

/// Ends a token that this client was given. What is no token is ended already.
pub async fn revoke(app: &App, via: &Via, login: &ClientLogin, text: &str) -> Result<(), Failure> {
    let client = authenticate(app, via, login).await?;
    let Some(row) = find(app, text).await? else { return Ok(()) };
    if row.client_id != Some(client.id) {
        return Err(Refusal::UnauthorizedClient.because("This token was not given to this client."));
    }
    let input = (row, Actor::user(client.user_id, &via.client));
    app.db
        .write(input, |tx, (row, actor)| {
            Box::pin(async move {
                let ended = token::ActiveModel { revoked_at: Set(Some(tx.now)), ..Default::default() };
                let live = token::Entity::update_many().set(ended).filter(token::Column::Id.eq(row.id));
                let live = live.filter(token::Column::RevokedAt.is_null()).exec(&tx.db).await?;
                if live.rows_affected > 0 {
                    let subject = Subject::from(row).noting("By its OAuth client.");
                    audit::note(tx, actor, Action::TokenRevoked, subject).await?;
                }
                rights::note(tx).await
            })
        })
        .await?;
    app.known.forget();
    Ok(())
}
