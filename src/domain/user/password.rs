//! Passwords: changing, resetting and setting them, and showing once more that one knows it.

use entity::{audit_entry::Action, oauth_client, one_time_token::Purpose, runner, token, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use secrecy::SecretString;
use uuid::Uuid;

use super::{Means, letter, link, locked, with_email};
use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Actor},
        check::Faults,
        limit,
        mail::Template,
        oauth, one_time_token,
        policy::{Policy, check_password},
        session,
    },
    error::{Error, Result},
    infra::secret::SecretDigest,
    origin::Via,
    viewer::{Permission, Viewer},
};

/// Asks a viewer for its own password before something that a stranger at its keyboard must not do. The operator, and
/// who has no password, have none to show.
///
/// Fails with INVALID on `confirmPassword`.
pub(super) async fn confirm(app: &App, viewer: &Viewer, given: Option<SecretString>) -> Result<()> {
    let Viewer::User(viewer) = viewer else { return Ok(()) };
    let Some(stored) = &viewer.user.password_hash else { return Ok(()) };
    let given = given.ok_or_else(|| Error::invalid("confirmPassword", "Give your own password with this change."))?;
    // Who has found an open session guesses here as well as at the log-in.
    let taken = limit::log_in(app, &viewer.client, &viewer.user.username, Some(viewer.user.id)).await?;
    if app.passwords.verify(Some(stored), given).await? {
        return limit::forgive(app, taken).await;
    }
    Err(Error::invalid("confirmPassword", "This is not your password."))
}

/// Whether this is the viewer's own password.
pub async fn is_password(app: &App, viewer: &Viewer, given: SecretString) -> Result<bool> {
    match confirm(app, viewer, Some(given)).await {
        Ok(()) => Ok(true),
        Err(Error::Invalid(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Replaces the viewer's own password, and ends its other sessions (where the policy says so, this one too).
pub async fn change(
    app: &App,
    viewer: &Viewer,
    via: &Via,
    confirmed: Option<SecretString>,
    password: SecretString,
) -> Result<user::Model> {
    let user = &viewer.require(Permission::Admin)?.user;
    if user.authentication_type != user::AuthenticationType::Native || user.kind == user::Kind::Anonymous {
        return Err(Error::InvalidState("No password of this server opens this account.".into()));
    }
    let means = Means::new(app, viewer, via);
    let mut faults = Faults::default();
    faults.extend(confirm(app, viewer, confirmed).await)?;
    check(app, &mut faults, &means.policy, &password, user).await?;
    faults.into_result()?;
    let hash = app.passwords.hash(password).await?;
    let spared = viewer.session_id().filter(|_| !means.policy.ends_own_session);
    let changed = app.db.write((means, user.id, hash, spared), |tx, (means, id, hash, spared)| {
        Box::pin(async move {
            let user = put(tx, locked(tx, *id).await?, Some(hash.clone())).await?;
            session::end_others(tx, *id, *spared).await?;
            audit::note(tx, &means.actor, Action::PasswordChanged, &user).await?;
            letter::tell(tx, means, &user, user.email.as_deref(), Template::PasswordChanged).await?;
            Ok(user)
        })
    });
    let changed = changed.await?;
    app.known.forget();
    Ok(changed)
}

/// Notes where a new password does not fit the policy.
async fn check(
    app: &App,
    faults: &mut Faults,
    policy: &Policy,
    password: &SecretString,
    user: &user::Model,
) -> Result<()> {
    let about = [Some(&*user.username), user.email.as_deref(), user.first_name.as_deref(), user.last_name.as_deref()];
    let about: Vec<&str> = about.into_iter().flatten().collect();
    check_password(app, faults, policy.password, "newPassword", password, &about).await
}

/// Stores a password of a user whose row is locked; links to set another one open nothing any more.
async fn put(tx: &Tx, before: user::Model, hash: Option<String>) -> Result<user::Model> {
    let change = user::ActiveModel { password_hash: Set(hash.clone()), updated_at: Set(tx.now), ..Default::default() };
    user::Entity::update_many().set(change).filter(user::Column::Id.eq(before.id)).exec(&tx.db).await?;
    // Neither does a change of the address go on that somebody asked for who knew the old one.
    one_time_token::replace(tx, before.id, &[Purpose::PasswordReset, Purpose::EmailChange]).await?;
    Ok(user::Model { password_hash: hash, updated_at: tx.now, ..before })
}

/// A password that an admin gives a user.
#[derive(Clone, Debug)]
pub struct NewPassword {
    /// The password; none means that no password opens the account any more.
    pub password: Option<SecretString>,
    /// The admin's own password; the operator has none.
    pub confirmed: Option<SecretString>,
}

/// Replaces the password of a user and ends every session of it. Only an admin may.
pub async fn set(app: &App, viewer: &Viewer, via: &Via, uid: Uuid, new: NewPassword) -> Result<user::Model> {
    viewer.require_admin()?;
    let user = super::get(app, viewer, uid).await?;
    confirm(app, viewer, new.confirmed).await?;
    let means = Means::new(app, viewer, via);
    if user.record_only {
        return Err(Error::InvalidState("This user is known from records only; nobody logs in as it.".into()));
    }
    let hash = match &new.password {
        None => None,
        Some(password) => {
            let mut faults = Faults::default();
            check(app, &mut faults, &means.policy, password, &user).await?;
            faults.into_result()?;
            Some(app.passwords.hash(password.clone()).await?)
        }
    };
    let changed = app.db.write((means, user.id, hash), |tx, (means, id, hash)| {
        Box::pin(async move {
            let user = put(tx, locked(tx, *id).await?, hash.clone()).await?;
            session::end_all(tx, *id).await?;
            audit::note(tx, &means.actor, Action::PasswordSet, &user).await?;
            Ok(user)
        })
    });
    let changed = changed.await?;
    app.known.forget();
    Ok(changed)
}

/// Mails a link to set a new password to an address, if it has an account. The answer tells nothing about that where the
/// policy does not reveal it.
///
/// Fails with INVALID_STATE when the policy waits for the mail and it cannot be sent.
pub async fn request_reset(app: &App, viewer: &Viewer, via: &Via, email: String) -> Result<()> {
    let means = Means::new(app, viewer, via);
    limit::mail(app, &via.client, &email).await?;
    let sent = app.db.write((means.clone(), email), |tx, (means, email)| {
        Box::pin(async move {
            let Some(user) = resettable(tx, &means.policy, email).await? else {
                return if means.policy.reveals_unknown { Err(Error::NotFound("user")) } else { Ok(None) };
            };
            let to = user.email.clone().unwrap_or_default();
            let mail = link::send(tx, means, &user, &to, Purpose::PasswordReset, None).await?;
            audit::note(tx, &means.actor, Action::PasswordResetRequested, &user).await?;
            Ok(Some((user.id, mail)))
        })
    });
    let Some((user_id, mail)) = sent.await? else { return Ok(()) };
    if letter::failed(&means, Some(mail)).await? {
        link::withdraw(&means, user_id, Purpose::PasswordReset, Some(mail)).await?;
        return Err(letter::undelivered());
    }
    Ok(())
}

/// The user with this address, whose row is locked, if it may set a new password here.
async fn resettable(tx: &Tx, policy: &Policy, email: &str) -> Result<Option<user::Model>> {
    let Some(found) = with_email(tx, email).await? else { return Ok(None) };
    let user = locked(tx, found.id).await?;
    let same = !policy.exact_email || user.email.as_deref() == Some(email);
    let native = user.authentication_type == user::AuthenticationType::Native;
    let may = same && native && (policy.unverified_may_reset || !user.is_unverified());
    Ok(may.then_some(user))
}

/// What a reset is stored from.
#[derive(Clone, Debug)]
struct Ready {
    means: Means,
    digest: SecretDigest,
    hash: String,
}

/// Sets a new password by what a mailed link carries, and ends every session of the user.
///
/// Fails with INVALID on `newPassword` or `token`, and with INVALID_STATE for a link that was used.
pub async fn reset(app: &App, viewer: &Viewer, via: &Via, token: &str, password: SecretString) -> Result<user::Model> {
    let means = Means::new(app, viewer, via);
    let mut faults = Faults::default();
    check_password(app, &mut faults, means.policy.password, "newPassword", &password, &[]).await?;
    faults.into_result()?;
    let digest = one_time_token::digest(token)?;
    // Before the work of hashing, which is not for whoever makes tokens up.
    one_time_token::look(app, &digest, &[Purpose::PasswordReset]).await?;
    let hash = app.passwords.hash(password).await?;
    let set = app.db.write(Ready { means, digest, hash }, |tx, ready| Box::pin(store_reset(tx, ready))).await?;
    app.known.forget();
    Ok(set)
}

async fn store_reset(tx: &Tx, ready: &Ready) -> Result<user::Model> {
    let Ready { means, digest, hash } = ready;
    let (token, before) = one_time_token::redeem(tx, digest, &[Purpose::PasswordReset]).await?;
    if before.email.as_deref() != Some(&token.address) {
        return Err(one_time_token::unknown());
    }
    let user = put(tx, before, Some(hash.clone())).await?;
    if user.is_unverified() {
        // Who signed up with this address need not be whose it is: nothing that was made before stays.
        let revoked = token::ActiveModel { revoked_at: Set(Some(tx.now)), ..Default::default() };
        let runners = runner::Entity::find().select_only().column(runner::Column::Id);
        let runners = runners.filter(runner::Column::OwnerId.eq(user.id));
        let own = Condition::any()
            .add(token::Column::UserId.eq(user.id))
            .add(token::Column::RunnerId.in_subquery(runners.into_query()));
        let live = token::Entity::update_many().set(revoked).filter(own);
        live.filter(token::Column::RevokedAt.is_null()).exec(&tx.db).await?;
        oauth::client::end(tx, oauth_client::Column::UserId.eq(user.id)).await?;
    }
    session::end_all(tx, user.id).await?;
    let actor = Actor::user(user.id, &means.via.client);
    audit::note(tx, &actor, Action::PasswordReset, &user).await?;
    letter::tell(tx, means, &user, user.email.as_deref(), Template::PasswordChanged).await?;
    Ok(user)
}
