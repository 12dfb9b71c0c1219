//! Asking once more, at the end of something that takes longer than a credential is believed.

use entity::{Time, runner, session, token, user};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, Select};

use crate::{
    db::Tx,
    error::{Error, Result},
    viewer::{Credential, Viewer},
};

/// Refuses a viewer whose credential has ended since it was checked, or whose account may not be used any more: of a
/// runner, its owner's.
///
/// Fails with UNAUTHENTICATED, and with FORBIDDEN when a user's account is suspended.
pub(in crate::domain) async fn still_opens(tx: &Tx, viewer: &Viewer) -> Result<()> {
    let refused = || Error::Unauthenticated("The token was revoked or has expired meanwhile.".into());
    match viewer {
        Viewer::Anonymous | Viewer::Operator => Ok(()),
        Viewer::Runner(runner) => {
            let live = token::Entity::find().filter(token::Column::RunnerId.eq(runner.id));
            let opens = exists(tx, unended(live, tx.now), token::Column::Id).await?;
            // It may have passed on to somebody else meanwhile.
            let owner = runner::Entity::find_by_id(runner.id).select_only().column(runner::Column::OwnerId);
            let owner = owner.into_tuple::<i64>().one(&tx.db).await?.unwrap_or(runner.owner_id);
            if opens && status(tx, owner).await? == Some(user::Status::Active) {
                return Ok(());
            }
            Err(refused())
        }
        Viewer::User(user) => {
            let opens = match &user.credential {
                Credential::StandIn => true,
                Credential::Session { id } => {
                    let session = session::Entity::find_by_id(*id).one(&tx.db).await?;
                    session.is_some_and(|session| session.ends_at() > tx.now)
                }
                Credential::Token { id, .. } => {
                    exists(tx, unended(token::Entity::find_by_id(*id), tx.now), token::Column::Id).await?
                }
            };
            match status(tx, user.user.id).await? {
                None | Some(user::Status::Deleted) => Err(refused()),
                Some(_) if !opens => Err(refused()),
                Some(user::Status::Active) => Ok(()),
                Some(user::Status::Pending | user::Status::Suspended) => {
                    Err(Error::Forbidden("This account may not be used any more.".into()))
                }
            }
        }
    }
}

fn unended(tokens: Select<token::Entity>, now: Time) -> Select<token::Entity> {
    let unexpired = Condition::any().add(token::Column::ExpiresAt.is_null()).add(token::Column::ExpiresAt.gt(now));
    tokens.filter(token::Column::RevokedAt.is_null()).filter(unexpired)
}

async fn exists<E: EntityTrait>(tx: &Tx, rows: Select<E>, id: E::Column) -> Result<bool> {
    Ok(rows.select_only().column(id).into_tuple::<i64>().one(&tx.db).await?.is_some())
}

async fn status(tx: &Tx, user_id: i64) -> Result<Option<user::Status>> {
    let status = user::Entity::find_by_id(user_id).select_only().column(user::Column::Status);
    Ok(status.into_tuple().one(&tx.db).await?)
}
