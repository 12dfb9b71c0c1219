//! Confirming addresses.

use entity::{audit_entry::Action, one_time_token::Purpose, project, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{Means, create::taken, get, letter, locked, with_email};
use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Actor},
        mail::Template,
        one_time_token, project as projects,
        session::{self, Login},
    },
    error::{Error, Result},
    infra::secret::SecretDigest,
    origin::Via,
    viewer::Viewer,
};

/// An address that was confirmed.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// The user, as it is now.
    pub user: user::Model,
    /// The log-in that comes with it, where the policy says so.
    pub login: Option<Login>,
}

/// Confirms an address by what a mailed link carries: that of a new account, which is in full use from now on, or another
/// one of an old account, which takes the place of the present one.
///
/// Fails with INVALID on `token` for a link that is not valid or over, with INVALID_STATE for one that was used, and with
/// ALREADY_EXISTS when somebody else has the address by now.
pub async fn activate(app: &App, viewer: &Viewer, via: &Via, token: &str) -> Result<Confirmed> {
    confirm(app, viewer, via, token, &[Purpose::Activation, Purpose::EmailChange]).await
}

/// What a mailed link would do now. Fails as its use would: with INVALID on `token` for one that is not valid or over, and
/// with INVALID_STATE for one that was used.
pub async fn open_link(app: &App, token: &str) -> Result<entity::one_time_token::Model> {
    one_time_token::open(app, token).await
}

/// The address that a mailed link was about, also of one that was used.
pub async fn address_of_link(app: &App, token: &str) -> Result<Option<String>> {
    one_time_token::address(app, token).await
}

/// The same for a change of address only.
pub async fn confirm_email(app: &App, viewer: &Viewer, via: &Via, token: &str) -> Result<Confirmed> {
    confirm(app, viewer, via, token, &[Purpose::EmailChange]).await
}

/// What a confirmation is stored from.
#[derive(Clone, Debug)]
struct Ready {
    means: Means,
    digest: SecretDigest,
    purposes: &'static [Purpose],
    /// The user who confirms (`user.id`), if one is logged in, and with which session.
    caller: Option<i64>,
    session: Option<i64>,
}

async fn confirm(
    app: &App,
    viewer: &Viewer,
    via: &Via,
    token: &str,
    purposes: &'static [Purpose],
) -> Result<Confirmed> {
    let means = Means::new(app, viewer, via);
    let (caller, session) = (viewer.user_id(), viewer.session_id());
    let ready = Ready { means, digest: one_time_token::digest(token)?, purposes, caller, session };
    let confirmed = app.db.write(ready, |tx, ready| Box::pin(store(tx, ready))).await?;
    app.known.forget();
    Ok(confirmed)
}

async fn store(tx: &Tx, ready: &Ready) -> Result<Confirmed> {
    let Ready { means, digest, purposes, .. } = ready;
    let (token, before) = one_time_token::redeem(tx, digest, purposes).await?;
    let actor = Actor::user(before.id, &means.via.client);
    match token.purpose {
        Purpose::Activation => {
            if before.email.as_deref() != Some(&token.address) {
                return Err(one_time_token::unknown());
            }
            let user = verify(tx, before).await?;
            audit::note(tx, &actor, Action::UserActivated, &user).await?;
            let login = if means.policy.activation_logs_in {
                Some(session::insert(tx, user.clone(), &means.policy, &means.via).await?)
            } else {
                None
            };
            Ok(Confirmed { user, login })
        }
        Purpose::EmailChange => {
            if means.policy.email_change_needs_session && ready.caller != Some(before.id) {
                return Err(Error::Forbidden("Log in as the user whose address this is to be.".into()));
            }
            let user = replace_email(tx, means, before, &token.address).await?;
            let own = ready.session.filter(|_| ready.caller == Some(user.id));
            let spared = [own, token.session_id].into_iter().flatten().filter(|_| !means.policy.ends_own_session);
            session::end_others(tx, user.id, spared.collect::<Vec<_>>()).await?;
            audit::note(tx, &actor, Action::EmailChanged, &user).await?;
            Ok(Confirmed { user, login: None })
        }
        Purpose::PasswordReset => Err(one_time_token::unknown()),
    }
}

/// Notes that a user's present address is confirmed, and gives it what comes with that: its own project.
async fn verify(tx: &Tx, user: user::Model) -> Result<user::Model> {
    let at = user.email_verified_at.unwrap_or(tx.now);
    let change = user::ActiveModel { email_verified_at: Set(Some(at)), updated_at: Set(tx.now), ..Default::default() };
    user::Entity::update_many().set(change).filter(user::Column::Id.eq(user.id)).exec(&tx.db).await?;
    let own = project::Entity::find().filter(project::Column::PersonalOf.eq(user.id));
    if own.one(&tx.db).await?.is_none() {
        projects::insert_personal(tx, &user).await?;
    }
    Ok(user::Model { email_verified_at: Some(at), updated_at: tx.now, ..user })
}

/// Gives a user, whose row is locked, an address that is confirmed; the old one is told.
pub(super) async fn replace_email(tx: &Tx, means: &Means, before: user::Model, email: &str) -> Result<user::Model> {
    if with_email(tx, email).await?.is_some_and(|twin| twin.id != before.id) {
        return Err(Error::taken("email", "Another user has this address by now."));
    }
    let change = user::ActiveModel {
        email: Set(Some(email.to_owned())),
        email_lower: Set(Some(email.to_lowercase())),
        ..Default::default()
    };
    let stored = user::Entity::update_many().set(change).filter(user::Column::Id.eq(before.id)).exec(&tx.db).await;
    stored.map_err(taken)?;
    one_time_token::replace(tx, before.id, &[Purpose::Activation, Purpose::EmailChange, Purpose::PasswordReset])
        .await?;
    let old = before.email.clone();
    let after = user::Model { email: Some(email.to_owned()), email_lower: Some(email.to_lowercase()), ..before };
    let after = verify(tx, user::Model { email_verified_at: None, ..after }).await?;
    if old.as_deref() != Some(email) {
        letter::tell(tx, means, &after, old.as_deref(), Template::EmailChanged).await?;
    }
    Ok(after)
}

/// Takes the address of an account as confirmed, and an account that waits into use. Only an admin may.
pub async fn activate_by_hand(app: &App, viewer: &Viewer, via: &Via, uid: Uuid) -> Result<user::Model> {
    viewer.require_admin()?;
    let id = get(app, viewer, uid).await?.id;
    let activated = app.db.write((Means::new(app, viewer, via), id), |tx, (means, id)| {
        Box::pin(async move {
            let before = locked(tx, *id).await?;
            if before.record_only {
                return Err(Error::InvalidState("This user is known from records only; nobody logs in as it.".into()));
            }
            let mut user = verify(tx, before).await?;
            if user.status == user::Status::Pending {
                let change = user::ActiveModel {
                    status: Set(user::Status::Active),
                    status_message: Set(None),
                    ..Default::default()
                };
                user::Entity::update_many().set(change).filter(user::Column::Id.eq(user.id)).exec(&tx.db).await?;
                user = user::Model { status: user::Status::Active, status_message: None, ..user };
            }
            one_time_token::replace(tx, *id, &[Purpose::Activation]).await?;
            audit::note(tx, &means.actor, Action::UserActivated, &user).await?;
            Ok(user)
        })
    });
    let activated = activated.await?;
    app.known.forget_user(activated.id);
    Ok(activated)
}
