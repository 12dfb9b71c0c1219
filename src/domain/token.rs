//! API tokens: named credentials of a user, with scopes.

mod list;

pub use list::{TokenOrder, count, page_of};

use entity::{Time, Words, audit_entry::Action, token};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::{
    audit::{self, Actor},
    check::{Faults, LINE},
};
use crate::{
    app::App,
    db::Tx,
    error::{Error, Result},
    infra::secret::{self, Secret, SecretDigest, SecretKind},
    viewer::{Credential, Permission, Viewer},
};

/// What it takes to make an API token.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Whose token; none means the viewer's own. Only an admin makes them for others.
    pub user_id: Option<i64>,
    /// 1 to [`LINE`] characters.
    pub name: String,
    /// Words of [`Permission::scope`].
    pub scopes: Vec<String>,
    /// The end, if it is to have one; in the future.
    pub expires_at: Option<Time>,
}

/// Makes an API token and returns it with the text to send, which is shown this once.
pub async fn create(app: &App, viewer: &Viewer, new: NewToken) -> Result<(token::Model, Secret)> {
    let user_id = match (viewer.user_id(), new.user_id) {
        (own, Some(asked)) if own != Some(asked) => {
            viewer.require_admin()?;
            super::user::get_by(app, viewer, Some(asked), None, None).await?.id
        }
        // Managing credentials with a token that has no right to it would let a narrow token make itself a wide one.
        _ => viewer.require(Permission::Admin)?.user.id,
    };
    check(app, &new)?;
    refuse_wider(viewer, &new)?;
    let secret = Secret::new(SecretKind::Token);
    let input = (user_id, new, secret.digest(), Actor::of(viewer));
    let made = app.db.write(input, |tx, (user_id, new, digest, actor)| {
        Box::pin(async move {
            let row = insert(tx, *user_id, new, digest).await?;
            audit::note(tx, actor, Action::TokenCreated, &row).await?;
            Ok(row)
        })
    });
    let row = made.await?;
    Ok((row, secret))
}

/// Scopes only narrow: a token makes tokens that may do no more than itself.
fn refuse_wider(viewer: &Viewer, new: &NewToken) -> Result<()> {
    let Viewer::User(user) = viewer else { return Ok(()) };
    let Credential::Token { scopes, .. } = &user.credential else { return Ok(()) };
    match new.scopes.iter().find(|scope| !scopes.contains(scope)) {
        None => Ok(()),
        Some(wider) => Err(Error::Forbidden(format!("This token lacks the scope {wider}, and so cannot give it."))),
    }
}

fn check(app: &App, new: &NewToken) -> Result<()> {
    let mut faults = Faults::default();
    faults.line("name", &new.name, 1, LINE);
    if new.scopes.len() > 100 {
        faults.add("scopes", format!("{} scopes are too many; at most 100 are taken.", new.scopes.len()));
    }
    for scope in new.scopes.iter().take(100) {
        if !Permission::ALL.iter().any(|permission| permission.scope() == scope) {
            let known = Permission::ALL.map(Permission::scope).join(", ");
            faults.add(
                "scopes",
                format!("There is no scope `{}`; the scopes are {known}.", scope.chars().take(40).collect::<String>()),
            );
        }
    }
    if new.expires_at.is_some_and(|end| end.0 <= app.clock.now_micros()) {
        faults.add("expiresAt", "This moment has passed; give one in the future, or none.");
    }
    faults.into_result()
}

async fn insert(tx: &Tx, user_id: i64, new: &NewToken, digest: &SecretDigest) -> Result<token::Model> {
    let mut scopes = new.scopes.clone();
    scopes.sort_unstable();
    scopes.dedup();
    let row = token::ActiveModel {
        uid: Set(secret::uid()),
        user_id: Set(Some(user_id)),
        runner_id: Set(None),
        name: Set(new.name.clone()),
        token_hash: Set(digest.to_vec()),
        scopes: Set(Words(scopes)),
        created_at: Set(tx.now),
        last_used_at: Set(None),
        expires_at: Set(new.expires_at),
        revoked_at: Set(None),
        ..Default::default()
    };
    Ok(token::Entity::insert(row).exec_with_returning(&tx.db).await?)
}

/// The API tokens of a user, newest first, those revoked included; at most 1,000.
pub async fn list(app: &App, viewer: &Viewer, user_id: i64) -> Result<Vec<token::Model>> {
    use sea_orm::QuerySelect as _;
    let query = token::Entity::visible_to(&viewer.scope())
        .filter(token::Column::UserId.eq(user_id))
        .order_by_desc(token::Column::Id)
        .limit(1_000);
    Ok(query.all(app.db.read()).await?)
}

/// Revokes an API token. Doing it again changes nothing.
pub async fn revoke(app: &App, viewer: &Viewer, uid: Uuid) -> Result<token::Model> {
    viewer.require_admin().or_else(|_| viewer.require(Permission::Admin).map(|_| ()))?;
    let visible = token::Entity::visible_to(&viewer.scope()).filter(token::Column::UserId.is_not_null());
    let row = visible.filter(token::Column::Uid.eq(uid)).one(app.db.read()).await?.ok_or(Error::NotFound("token"))?;
    let revoked = app
        .db
        .write((row, Actor::of(viewer)), |tx, (row, actor)| {
            Box::pin(async move {
                if row.revoked_at.is_none() {
                    audit::note(tx, actor, Action::TokenRevoked, row).await?;
                }
                let mut row = row.clone();
                let at = row.revoked_at.unwrap_or(tx.now);
                row.revoked_at = Some(at);
                let change = token::ActiveModel { revoked_at: Set(Some(at)), ..Default::default() };
                // The first moment stays, should two revoke it at once.
                let live = token::Entity::update_many().filter(token::Column::RevokedAt.is_null());
                live.set(change).filter(token::Column::Id.eq(row.id)).exec(&tx.db).await?;
                super::rights::note(tx).await?;
                Ok(row)
            })
        })
        .await?;
    app.known.forget();
    Ok(revoked)
}
