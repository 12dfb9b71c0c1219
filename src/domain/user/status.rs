//! Whether an account may be used, and who is an admin.

use entity::{audit_entry::Action, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use secrecy::SecretString;
use uuid::Uuid;

use super::{get, locked, password::confirm};
use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Actor},
        check::{Faults, LINE},
        project, rights, runner, session,
    },
    error::{Error, Result},
    viewer::Viewer,
};

/// Suspends an account or lets it wait, with words for its user to read, or gives it back. All log-ins of one that is
/// not in use end, so that none of them comes back with it; its user may log in anew and read itself, and nothing else.
/// Only an admin may. A user is deleted by [`super::delete()`].
pub async fn set_status(
    app: &App,
    viewer: &Viewer,
    uid: Uuid,
    status: user::Status,
    message: Option<String>,
) -> Result<user::Model> {
    viewer.require_admin()?;
    let mut faults = Faults::default();
    if let Some(message) = &message {
        faults.line("statusMessage", message, 1, LINE);
    }
    if status == user::Status::Deleted {
        faults.add("status", "userDelete deletes a user.");
    }
    faults.into_result()?;
    let user_id = get(app, viewer, uid).await?.id;
    let input = (user_id, status, message, Actor::of(viewer), matches!(viewer, Viewer::Operator));
    let changed = app.db.write(input, |tx, (id, status, message, actor, operator)| {
        Box::pin(async move {
            let before = locked(tx, *id).await?;
            if *status != user::Status::Active && !operator {
                keep_an_admin(tx, &before).await?;
            }
            let action = if *status == user::Status::Active { Action::UserReinstated } else { Action::UserSuspended };
            let changed = store(tx, before, *status, message.clone()).await?;
            audit::note(tx, actor, action, &changed).await?;
            Ok(changed)
        })
    });
    let changed = changed.await?;
    app.known.forget();
    Ok(changed)
}

async fn store(tx: &Tx, before: user::Model, status: user::Status, message: Option<String>) -> Result<user::Model> {
    let change = user::ActiveModel {
        status: Set(status),
        status_message: Set(message.clone()),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    user::Entity::update_many().set(change).filter(user::Column::Id.eq(before.id)).exec(&tx.db).await?;
    if status != user::Status::Active {
        session::end_all(tx, before.id).await?;
        runner::pass_on(tx, before.id).await?;
        rights::shrink(tx, [before.id]).await?;
    }
    user::Entity::find_by_id(before.id).one(&tx.db).await?.ok_or(Error::NotFound("user"))
}

/// Makes a user an admin, or an ordinary user again. Only an admin may.
pub async fn set_admin(
    app: &App,
    viewer: &Viewer,
    uid: Uuid,
    is_admin: bool,
    confirmed: Option<SecretString>,
) -> Result<user::Model> {
    viewer.require_admin()?;
    let user_id = get(app, viewer, uid).await?.id;
    confirm(app, viewer, confirmed).await?;
    let input = (user_id, is_admin, Actor::of(viewer), matches!(viewer, Viewer::Operator));
    let changed = app.db.write(input, |tx, (id, is_admin, actor, operator)| {
        Box::pin(async move {
            let before = locked(tx, *id).await?;
            if before.is_admin == *is_admin {
                return Ok(before);
            }
            if before.record_only || before.kind == user::Kind::Anonymous {
                return Err(Error::InvalidState("Only a user with a name of its own becomes an admin.".into()));
            }
            if !is_admin && !operator {
                keep_an_admin(tx, &before).await?;
            }
            let change = user::ActiveModel { is_admin: Set(*is_admin), updated_at: Set(tx.now), ..Default::default() };
            user::Entity::update_many().set(change).filter(user::Column::Id.eq(*id)).exec(&tx.db).await?;
            let changed = user::Model { is_admin: *is_admin, updated_at: tx.now, ..before };
            let action = if *is_admin { Action::UserPromoted } else { Action::UserDemoted };
            audit::note(tx, actor, action, &changed).await?;
            if !is_admin {
                // Project-W's runners are nobody's in its own API, and go on; others worked with an admin's rights.
                runner::pass_on(tx, *id).await?;
                project::release_runners_of(tx, *id).await?;
                rights::shrink(tx, [*id]).await?;
            }
            Ok(changed)
        })
    });
    let changed = changed.await?;
    app.known.forget();
    Ok(changed)
}

/// Refuses to take the last admin away who can log in: nobody would be left to make another. The operator may, who can
/// make one at the command line.
pub(super) async fn keep_an_admin(tx: &Tx, user: &user::Model) -> Result<()> {
    if !user.is_admin {
        return Ok(());
    }
    let others = user::Entity::find()
        .filter(user::Column::IsAdmin.eq(true))
        .filter(user::Column::Status.eq(user::Status::Active))
        .filter(user::Column::PasswordHash.is_not_null())
        .filter(user::Column::Id.ne(user.id));
    if others.one(&tx.db).await?.is_some() {
        return Ok(());
    }
    Err(Error::InvalidState("This is the last admin who can log in; make another one first.".into()))
}
