//! What mailed links carry: 256 random bits, of which the hash is kept, good for one thing, once, until its end. The row
//! of the user whom it is about guards it: whoever makes, uses or replaces one has locked that row.

use entity::{
    one_time_token::{self, Purpose},
    user,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use crate::{
    app::App,
    db::Tx,
    error::{Error, Result},
    infra::secret::{Secret, SecretDigest, SecretKind},
};

/// Seconds for which an ended one is remembered, so that its user is told what has become of it: a week.
const REMEMBERED: i64 = 7 * 86_400;

/// A one-time token to make.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewToken<'a> {
    /// `user.id`.
    pub user_id: i64,
    /// What it is good for.
    pub purpose: Purpose,
    /// Where it is sent.
    pub address: &'a str,
    /// Seconds until its end.
    pub seconds: i64,
    /// The session that asks for it (`session.id`).
    pub session_id: Option<i64>,
}

/// Makes one; older ones of the same user for the same purpose open nothing any more.
pub(super) async fn issue(tx: &Tx, new: NewToken<'_>) -> Result<Secret> {
    replace(tx, new.user_id, &[new.purpose]).await?;
    let secret = Secret::new(SecretKind::Link);
    let row = one_time_token::ActiveModel {
        user_id: Set(new.user_id),
        purpose: Set(new.purpose),
        address: Set(new.address.to_owned()),
        token_hash: Set(secret.digest().to_vec()),
        session_id: Set(new.session_id),
        created_at: Set(tx.now),
        expires_at: Set(tx.now.plus_seconds(new.seconds)),
        used_at: Set(None),
        replaced_at: Set(None),
        ..Default::default()
    };
    one_time_token::Entity::insert(row).exec_without_returning(&tx.db).await?;
    Ok(secret)
}

/// The address that a token was sent to, whatever has become of it; none for what is no token. Who holds one knows it.
pub(super) async fn address(app: &App, token: &str) -> Result<Option<String>> {
    let Ok(digest) = digest(token) else { return Ok(None) };
    Ok(by_digest(&digest).one(app.db.read()).await?.map(|token| token.address))
}

/// What a token is good for now, whatever that is. The same errors as of [`redeem`].
pub(super) async fn open(app: &App, token: &str) -> Result<one_time_token::Model> {
    let found = by_digest(&digest(token)?).one(app.db.read()).await?.ok_or_else(unknown)?;
    refuse(&found, &[found.purpose], app.clock.now_micros())?;
    Ok(found)
}

/// Ends what is open for these purposes.
pub(super) async fn replace(tx: &Tx, user_id: i64, purposes: &[Purpose]) -> Result<()> {
    let ended = one_time_token::ActiveModel { replaced_at: Set(Some(tx.now)), ..Default::default() };
    one_time_token::Entity::update_many()
        .set(ended)
        .filter(one_time_token::Column::UserId.eq(user_id))
        .filter(one_time_token::Column::Purpose.is_in(purposes.iter().copied()))
        .filter(one_time_token::Column::UsedAt.is_null())
        .filter(one_time_token::Column::ReplacedAt.is_null())
        .exec(&tx.db)
        .await?;
    Ok(())
}

/// What to look a token up by. Fails with INVALID on `token` for what has not the shape of one.
pub(super) fn digest(token: &str) -> Result<SecretDigest> {
    let secret = Secret::parse(token).filter(|secret| secret.kind() == SecretKind::Link);
    secret.map(|secret| secret.digest()).ok_or_else(unknown)
}

/// Whether a token would be taken now, before the work that its use takes. The same errors as of [`redeem`].
pub(super) async fn look(app: &App, digest: &SecretDigest, purposes: &[Purpose]) -> Result<()> {
    let token = by_digest(digest).one(app.db.read()).await?.ok_or_else(unknown)?;
    refuse(&token, purposes, app.clock.now_micros())
}

/// Uses a token up, and gives it with its user, whose row is locked.
///
/// Fails with INVALID on `token` for one that is unknown, for something else, over, or replaced by a newer one; with
/// INVALID_STATE for one that was used.
pub(super) async fn redeem(
    tx: &Tx,
    digest: &SecretDigest,
    purposes: &[Purpose],
) -> Result<(one_time_token::Model, user::Model)> {
    let seen = by_digest(digest).one(&tx.db).await?.ok_or_else(unknown)?;
    let user = super::user::locked(tx, seen.user_id).await.map_err(|error| match error {
        Error::NotFound(_) => unknown(),
        other => other,
    })?;
    // What it was before the lock may have changed meanwhile.
    let link = by_digest(digest).one(&tx.db).await?.ok_or_else(unknown)?;
    refuse(&link, purposes, tx.now.0)?;
    let spent = one_time_token::ActiveModel { used_at: Set(Some(tx.now)), ..Default::default() };
    let own = one_time_token::Entity::update_many().set(spent).filter(one_time_token::Column::Id.eq(link.id));
    own.exec(&tx.db).await?;
    Ok((link, user))
}

fn by_digest(digest: &SecretDigest) -> sea_orm::Select<one_time_token::Entity> {
    one_time_token::Entity::find().filter(one_time_token::Column::TokenHash.eq(digest.to_vec()))
}

fn refuse(token: &one_time_token::Model, purposes: &[Purpose], now: i64) -> Result<()> {
    if !purposes.contains(&token.purpose) {
        return Err(unknown());
    }
    if token.used_at.is_some() {
        return Err(Error::InvalidState("This link was used already; it works once.".into()));
    }
    if token.replaced_at.is_some() {
        return Err(Error::invalid("token", "A newer link took this one's place; use the newest mail."));
    }
    if token.expires_at.0 <= now {
        return Err(Error::invalid("token", "The time of this link is over; ask for a new one."));
    }
    Ok(())
}

/// The refusal of a token that is none, or none of this kind.
pub(super) fn unknown() -> Error {
    Error::invalid("token", "This link is not valid. Was all of it copied?")
}

/// Removes those that ended a week ago.
pub(super) async fn prune(app: &App) -> Result<()> {
    let over = || one_time_token::Column::ExpiresAt.lte(app.clock.now_micros() - REMEMBERED * 1_000_000);
    if one_time_token::Entity::find().filter(over()).one(app.db.read()).await?.is_none() {
        return Ok(());
    }
    let condition = over();
    app.db
        .write(condition, |tx, over| {
            Box::pin(async move {
                one_time_token::Entity::delete_many().filter(over.clone()).exec(&tx.db).await?;
                Ok(())
            })
        })
        .await
}
