//! Changing an address.

use entity::{audit_entry::Action, one_time_token::Purpose, user};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use secrecy::SecretString;
use uuid::Uuid;

use super::{Means, get, is_self, letter, link, locked, password::confirm, with_email};
use crate::{
    app::App,
    domain::{audit, check::Faults, limit, mail::Template, policy::Policy},
    error::{Error, Result},
    origin::Via,
    viewer::{Permission, Viewer},
};

/// Mails a link to the address that is to take the place of a user's present one; nothing changes before it is followed.
/// One's own, or, for an admin, anybody's.
///
/// Where the policy does not reveal it, an address that somebody else has gets the same answer. Fails with INVALID_STATE
/// when the policy waits for the mail and it cannot be sent.
pub async fn request_change(
    app: &App,
    viewer: &Viewer,
    via: &Via,
    user_uid: Option<Uuid>,
    email: String,
    confirmed: Option<SecretString>,
) -> Result<()> {
    let user = match user_uid {
        Some(uid) if !is_self(viewer, uid) => {
            viewer.require_admin()?;
            get(app, viewer, uid).await?
        }
        _ => viewer.require(Permission::Admin)?.user.clone(),
    };
    let means = Means::new(app, viewer, via);
    let mut faults = Faults::default();
    faults.extend(confirm(app, viewer, confirmed).await)?;
    means.policy.email.check(&mut faults, "email", &email);
    faults.into_result()?;
    if user.email.as_deref() == Some(&*email) {
        // It is there already: nothing to confirm.
        return if means.policy.exact_email { Err(taken()) } else { Ok(()) };
    }
    limit::mail(app, &via.client, &email).await?;
    let input = (means.clone(), user.id, email, viewer.session_id());
    let mail = app.db.write(input, |tx, (means, id, email, session_id)| {
        Box::pin(async move {
            let user = locked(tx, *id).await?;
            audit::note(tx, &means.actor, Action::EmailChangeRequested, &user).await?;
            match with_email(tx, email).await? {
                Some(twin) if twin.id != user.id && means.policy.reveals_taken => Err(taken()),
                Some(twin) if twin.id != user.id => {
                    let to = twin.email.clone().unwrap_or_default();
                    letter::write(tx, means, &twin, &to, Template::AddressTaken, None).await
                }
                Some(_) | None => link::send(tx, means, &user, email, Purpose::EmailChange, *session_id).await,
            }
        })
    });
    let mail = mail.await?;
    if letter::failed(&means, Some(mail)).await? {
        link::withdraw(&means, user.id, Purpose::EmailChange, Some(mail)).await?;
        return Err(letter::undelivered());
    }
    Ok(())
}

/// Whether somebody else has an address, for a surface that tells everything that is wrong with a request at once.
/// Where its policy does not reveal who has one, nobody has. It is limited as mails are, so that who asks for
/// many learns no more than by changing to them; who has asked too often is told of none.
pub async fn is_taken(app: &App, viewer: &Viewer, via: &Via, email: &str) -> Result<bool> {
    if !Policy::of(app, via.origin).reveals_taken {
        return Ok(false);
    }
    match limit::taken(app, &via.client, email).await {
        Err(Error::RateLimited { .. }) => return Ok(false),
        counted => counted?,
    }
    let twin = user::Entity::find().filter(user::Column::EmailLower.eq(email.to_lowercase())).one(app.db.read());
    Ok(twin.await?.is_some_and(|twin| viewer.user_id() != Some(twin.id)))
}

fn taken() -> Error {
    Error::taken("email", "Another user has this address already.")
}
