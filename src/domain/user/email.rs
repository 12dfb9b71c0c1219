//! Changing an address.

use entity::{audit_entry::Action, one_time_token::Purpose};
use secrecy::SecretString;
use uuid::Uuid;

use super::{Means, get, is_self, letter, link, locked, password::confirm, with_email};
use crate::{
    app::App,
    domain::{audit, check::Faults, mail::Template},
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
    confirm(app, viewer, confirmed).await?;
    let mut faults = Faults::default();
    means.policy.email.check(&mut faults, "email", &email);
    faults.into_result()?;
    if user.email.as_deref() == Some(&*email) {
        // It is there already: nothing to confirm.
        return if means.policy.exact_email { Err(taken()) } else { Ok(()) };
    }
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

fn taken() -> Error {
    Error::taken("email", "Another user has this address already.")
}
