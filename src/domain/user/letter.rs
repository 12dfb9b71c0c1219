//! Mails to users.

use entity::user;
use secrecy::SecretString;

use super::Means;
use crate::{
    db::Tx,
    domain::mail::{self, Attempt, NewMail, Template},
    error::{Error, Result},
};

/// Writes a mail about a user into the outbox.
pub(super) async fn write(
    tx: &Tx,
    means: &Means,
    user: &user::Model,
    to: &str,
    template: Template,
    link: Option<(SecretString, i64)>,
) -> Result<i64> {
    let hours = link.as_ref().map_or(0, |(_, seconds)| u32::try_from(seconds / 3600).unwrap_or(u32::MAX));
    let new = NewMail {
        to: to.to_owned(),
        template,
        origin: means.via.origin,
        user_id: Some(user.id),
        link: link.map(|(link, _)| link),
        username: user.username.clone(),
        name: user.first_name.clone(),
        address: to.to_owned(),
        hours,
    };
    mail::enqueue(&means.app, tx, new).await
}

/// Tells a user of a change that it had better have made itself; whether that mail arrives holds nothing up.
pub(super) async fn tell(
    tx: &Tx,
    means: &Means,
    user: &user::Model,
    to: Option<&str>,
    template: Template,
) -> Result<()> {
    let Some(to) = to else { return Ok(()) };
    match write(tx, means, user, to, template, None).await {
        // An address of old data, to which no mail can go.
        Ok(_) | Err(Error::Invalid(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Where the policy says so, waits for the first attempt to send a mail; whether it failed.
pub(super) async fn failed(means: &Means, mail_id: Option<i64>) -> Result<bool> {
    let (true, Some(id)) = (means.policy.waits_for_mail, mail_id) else { return Ok(false) };
    Ok(matches!(mail::first_attempt(&means.app, id).await?, Attempt::Failed(_)))
}

/// The refusal of what took a mail that could not be sent. Nothing of it remains.
pub(super) fn undelivered() -> Error {
    Error::InvalidState("The mail could not be sent to this address; nothing was changed.".into())
}
