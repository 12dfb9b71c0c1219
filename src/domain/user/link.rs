//! Mails with a link in them.

use entity::{one_time_token::Purpose, user};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use secrecy::SecretString;

use super::{Means, letter};
use crate::{
    db::Tx,
    domain::{
        mail::{self, Template},
        one_time_token::{self, NewToken},
    },
    error::Result,
};

/// Makes a one-time token for a user, whose row is locked, and writes the mail that carries it; the mail's id.
pub(super) async fn send(
    tx: &Tx,
    means: &Means,
    user: &user::Model,
    to: &str,
    purpose: Purpose,
    session_id: Option<i64>,
) -> Result<i64> {
    let seconds = means.policy.link_seconds(purpose);
    let new = NewToken { user_id: user.id, purpose, address: to, seconds, session_id };
    let secret = one_time_token::issue(tx, new).await?;
    let link = SecretString::from(means.policy.link(purpose, secret.expose()));
    let template = match purpose {
        Purpose::Activation => Template::Activation,
        Purpose::PasswordReset => Template::PasswordReset,
        Purpose::EmailChange => Template::EmailChange,
    };
    letter::write(tx, means, user, to, template, Some((link, seconds))).await
}

/// Takes a link back whose mail could not be sent.
pub(super) async fn withdraw(means: &Means, user_id: i64, purpose: Purpose, mail_id: Option<i64>) -> Result<()> {
    let input = (user_id, purpose, mail_id);
    means
        .app
        .db
        .write(input, |tx, (user_id, purpose, mail_id)| {
            Box::pin(async move {
                one_time_token::replace(tx, *user_id, &[*purpose]).await?;
                match mail_id {
                    Some(id) => mail::withdraw(tx, *id).await,
                    None => Ok(()),
                }
            })
        })
        .await
}

/// Removes everything of a user's that was mailed or is to be.
pub(super) async fn remove_all(tx: &Tx, user_id: i64) -> Result<()> {
    mail::withdraw_all(tx, user_id).await?;
    let own = entity::one_time_token::Entity::delete_many();
    own.filter(entity::one_time_token::Column::UserId.eq(user_id)).exec(&tx.db).await?;
    Ok(())
}
