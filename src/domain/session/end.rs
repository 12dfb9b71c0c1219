//! Ending log-ins.

use entity::{audit_entry::Action, session};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Actor},
        rights, user as users,
    },
    error::{Error, Result},
    viewer::{Credential, Permission, Viewer, log_in_first},
};

/// Ends the session that the viewer came with. An API token cannot be logged out; it is revoked.
pub async fn delete(app: &App, viewer: &Viewer) -> Result<()> {
    let user = match viewer {
        Viewer::User(user) => user,
        Viewer::Anonymous => return Err(log_in_first()),
        Viewer::Runner(_) | Viewer::Operator => {
            return Err(Error::Forbidden("Only a log-in can be ended; runnerDelete ends a runner's token.".into()));
        }
    };
    let Credential::Session { id } = user.credential else {
        return Err(Error::InvalidState("This is an API token, not a session; tokenRevoke ends it.".into()));
    };
    app.db.write((id, Actor::of(viewer)), |tx, (id, actor)| Box::pin(end_one(tx, *id, actor))).await?;
    app.known.forget();
    Ok(())
}

async fn end_one(tx: &Tx, id: i64, actor: &Actor) -> Result<()> {
    if let Some(row) = session::Entity::find_by_id(id).one(&tx.db).await? {
        session::Entity::delete_by_id(id).exec(&tx.db).await?;
        audit::note(tx, actor, Action::SessionDeleted, &row).await?;
    }
    rights::note(tx).await
}

/// Ends one session: one's own, or, for an admin, anybody's. Returns it as it was.
pub async fn revoke(app: &App, viewer: &Viewer, uid: Uuid) -> Result<session::Model> {
    viewer.require_admin().or_else(|_| viewer.require(Permission::Admin).map(|_| ()))?;
    let visible = session::Entity::visible_to(&viewer.scope()).filter(session::Column::Uid.eq(uid));
    let row = visible.one(app.db.read()).await?.ok_or(Error::NotFound("session"))?;
    app.db.write((row.id, Actor::of(viewer)), |tx, (id, actor)| Box::pin(end_one(tx, *id, actor))).await?;
    app.known.forget();
    Ok(row)
}

/// Ends every session of a user: one's own, or, for an admin, anybody's (`user.uid`); how many those were. `keep_current`
/// spares the one that asks.
pub async fn end_all_of(app: &App, viewer: &Viewer, user_uid: Option<Uuid>, keep_current: bool) -> Result<u64> {
    let user = match user_uid {
        Some(uid) if !users::is_self(viewer, uid) => {
            viewer.require_admin()?;
            users::get(app, viewer, uid).await?
        }
        _ => viewer.require(Permission::Admin)?.user.clone(),
    };
    let keep = if keep_current { viewer.session_id() } else { None };
    let ended = app.db.write((user, keep, Actor::of(viewer)), |tx, (user, keep, actor)| {
        Box::pin(async move {
            audit::note(tx, actor, Action::SessionsDeleted, user).await?;
            end_others(tx, user.id, *keep).await
        })
    });
    let ended = ended.await?;
    app.known.forget();
    Ok(ended)
}

/// Ends every session of a user.
pub(in crate::domain) async fn end_all(tx: &Tx, user_id: i64) -> Result<()> {
    end_others(tx, user_id, None).await.map(|_| ())
}

/// Ends every session of a user but these (`session.id`); how many those were.
pub(in crate::domain) async fn end_others(
    tx: &Tx,
    user_id: i64,
    keep: impl IntoIterator<Item = i64> + Send,
) -> Result<u64> {
    let keep: Vec<i64> = keep.into_iter().collect();
    let mut others = session::Entity::delete_many().filter(session::Column::UserId.eq(user_id));
    if !keep.is_empty() {
        others = others.filter(session::Column::Id.is_not_in(keep));
    }
    let ended = others.exec(&tx.db).await?.rows_affected;
    rights::note(tx).await?;
    Ok(ended)
}
