//! OAuth clients: named programs of users, with an id and a secret.

use entity::{
    Words,
    audit_entry::{Action, SubjectKind},
    oauth_client, token,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::LockType};
use uuid::Uuid;

use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Actor, Subject},
        check::{Faults, LINE},
        rights,
        token::{check_scopes, refuse_wider},
        user,
    },
    error::{Error, Result},
    infra::secret::{self, Secret, SecretKind},
    viewer::{Permission, Viewer},
};

/// Clients that a list shows at most.
const LISTED: u64 = 1_000;

/// What it takes to make a client.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// Whose client (`user.id`); none means the viewer's own. Only an admin makes them for others.
    pub user_id: Option<i64>,
    /// 1 to [`LINE`] characters.
    pub name: String,
    /// What its tokens may be used for at most: words of [`Permission::scope`], at least one.
    pub scopes: Vec<String>,
}

/// Makes a client and returns it with its secret, which is shown this once.
pub async fn create(app: &App, viewer: &Viewer, new: NewClient) -> Result<(oauth_client::Model, Secret)> {
    let user_id = match (viewer.user_id(), new.user_id) {
        (own, Some(asked)) if own != Some(asked) => {
            viewer.require_admin()?;
            user::get_by(app, viewer, Some(asked), None, None).await?.id
        }
        // As with tokens: a narrow token must not make itself a wide client.
        _ => viewer.require(Permission::Admin)?.user.id,
    };
    let mut faults = Faults::default();
    faults.line("name", &new.name, 1, LINE);
    check_scopes(&mut faults, &new.scopes);
    if new.scopes.is_empty() {
        faults.add("scopes", "At least one is needed: without any, its tokens would open nothing.");
    }
    faults.into_result()?;
    refuse_wider(viewer, &new.scopes)?;
    let secret = Secret::new(SecretKind::Client);
    let input = (user_id, new, secret.digest(), Actor::of(viewer));
    let row = app.db.write(input, |tx, (user_id, new, digest, actor)| {
        Box::pin(async move {
            let mut scopes = new.scopes.clone();
            scopes.sort_unstable();
            scopes.dedup();
            let row = oauth_client::ActiveModel {
                uid: Set(secret::uid()),
                user_id: Set(*user_id),
                name: Set(new.name.clone()),
                secret_hash: Set(digest.to_vec()),
                scopes: Set(Words(scopes)),
                created_at: Set(tx.now),
                last_used_at: Set(None),
                revoked_at: Set(None),
                ..Default::default()
            };
            let made = oauth_client::Entity::insert(row).exec_with_returning(&tx.db).await?;
            audit::note(tx, actor, Action::ClientCreated, subject(&made)).await?;
            Ok(made)
        })
    });
    Ok((row.await?, secret))
}

fn subject(client: &oauth_client::Model) -> Subject {
    Subject::new(SubjectKind::Client, client.uid, &*client.name)
}

/// The clients of a user (`user.id`) that the viewer may see, newest first; at most 1,000.
pub async fn list(app: &App, viewer: &Viewer, user_id: i64) -> Result<Vec<oauth_client::Model>> {
    viewer.require_admin().or_else(|_| viewer.require(Permission::Admin).map(|_| ()))?;
    let own = oauth_client::Entity::visible_to(&viewer.scope()).filter(oauth_client::Column::UserId.eq(user_id));
    Ok(own.order_by_desc(oauth_client::Column::Id).limit(LISTED).all(app.db.read()).await?)
}

/// The viewer's own clients, newest first; at most 1,000.
pub async fn list_own(app: &App, viewer: &Viewer) -> Result<Vec<oauth_client::Model>> {
    let own = viewer.require(Permission::Admin)?.user.id;
    list(app, viewer, own).await
}

/// Removes a client; the tokens that it was given open nothing from now on.
pub async fn delete(app: &App, viewer: &Viewer, uid: Uuid) -> Result<oauth_client::Model> {
    viewer.require_admin().or_else(|_| viewer.require(Permission::Admin).map(|_| ()))?;
    let visible = oauth_client::Entity::visible_to(&viewer.scope()).filter(oauth_client::Column::Uid.eq(uid));
    let client = visible.one(app.db.read()).await?.ok_or(Error::NotFound("client"))?;
    let input = (client, Actor::of(viewer));
    let deleted = app.db.write(input, |tx, (client, actor)| {
        Box::pin(async move {
            let here = oauth_client::Entity::find_by_id(client.id).lock(LockType::NoKeyUpdate).one(&tx.db).await?;
            here.filter(|client| client.revoked_at.is_none()).ok_or(Error::NotFound("client"))?;
            end(tx, oauth_client::Column::Id.eq(client.id)).await?;
            audit::note(tx, actor, Action::ClientDeleted, subject(client)).await?;
            rights::note(tx).await?;
            Ok(client.clone())
        })
    });
    let deleted = deleted.await?;
    app.known.forget();
    Ok(deleted)
}

/// Ends these clients and all tokens that they were given.
pub(in crate::domain) async fn end(tx: &Tx, which: sea_orm::sea_query::SimpleExpr) -> Result<()> {
    let ids = oauth_client::Entity::find().select_only().column(oauth_client::Column::Id).filter(which);
    let ids: Vec<i64> = ids.into_tuple().all(&tx.db).await?;
    let ended = token::ActiveModel { revoked_at: Set(Some(tx.now)), ..Default::default() };
    let tokens = token::Entity::update_many().set(ended).filter(token::Column::ClientId.is_in(ids.iter().copied()));
    tokens.filter(token::Column::RevokedAt.is_null()).exec(&tx.db).await?;
    let ended = oauth_client::ActiveModel { revoked_at: Set(Some(tx.now)), ..Default::default() };
    let clients = oauth_client::Entity::update_many().set(ended).filter(oauth_client::Column::Id.is_in(ids));
    clients.filter(oauth_client::Column::RevokedAt.is_null()).exec(&tx.db).await?;
    Ok(())
}
