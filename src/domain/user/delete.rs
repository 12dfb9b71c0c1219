//! Deleting users.

use entity::{
    Words,
    audit_entry::Action,
    favorite, group_member,
    project_member::{self, Role},
    runner, session, token, user,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use secrecy::SecretString;
use uuid::Uuid;

use super::{erase, get, is_self, link, locked, password::confirm, record, status::keep_an_admin};
use crate::{
    app::App,
    db::Tx,
    domain::{
        audit::{self, Actor},
        project, rights, runner as runners,
    },
    error::Result,
    viewer::{Permission, Viewer},
};

/// Deletes a user: oneself, or, as an admin, anybody.
///
/// The row stays, without names, address and password, for the entries that name it; the address is free again. Sessions,
/// tokens and roles end at once. Projects pass to the longest-serving manager. What the user leaves behind (the contents of
/// its jobs, its files, and projects that nobody else manages) is erased after that, or by the sweeper should the server
/// stop in between.
pub async fn delete(
    app: &App,
    viewer: &Viewer,
    user_uid: Option<Uuid>,
    confirmed: Option<SecretString>,
) -> Result<user::Model> {
    let user = match user_uid {
        Some(uid) if !is_self(viewer, uid) => {
            viewer.require_admin()?;
            get(app, viewer, uid).await?
        }
        _ => viewer.require(Permission::Admin)?.user.clone(),
    };
    confirm(app, viewer, confirmed).await?;
    remove(app, viewer, user.id).await
}

/// The same for a user (`user.id`) who may be deleted.
pub(super) async fn remove(app: &App, viewer: &Viewer, id: i64) -> Result<user::Model> {
    let input = (id, Actor::of(viewer), matches!(viewer, Viewer::Operator));
    let deleted = app.db.write(input, |tx, (id, actor, operator)| {
        Box::pin(async move {
            let user = locked(tx, *id).await?;
            store(tx, user, actor, *operator).await
        })
    });
    finish(app, id, deleted.await?).await
}

/// The same for a user (`user.id`) who is only recorded, unless something is by then that keeps it.
pub(super) async fn remove_recorded(app: &App, viewer: &Viewer, id: i64) -> Result<user::Model> {
    let deleted = app.db.write((id, Actor::of(viewer)), |tx, (id, actor)| {
        Box::pin(async move {
            let user = locked(tx, *id).await?;
            record::require_unused(tx, &user).await?;
            store(tx, user, actor, false).await
        })
    });
    finish(app, id, deleted.await?).await
}

async fn finish(app: &App, id: i64, deleted: user::Model) -> Result<user::Model> {
    app.known.forget();
    if let Err(error) = erase::erase(app, id).await {
        tracing::warn!(?error, id, "what a deleted user left behind was not erased; the sweep tries again");
    }
    Ok(deleted)
}

/// Deletes a user whose row is locked.
async fn store(tx: &Tx, before: user::Model, actor: &Actor, operator: bool) -> Result<user::Model> {
    let id = before.id;
    if !operator {
        keep_an_admin(tx, &before).await?;
    }
    audit::note(tx, actor, Action::UserDeleted, &before).await?;
    runners::pass_on(tx, id).await?;
    end_credentials(tx, id).await?;
    link::remove_all(tx, id).await?;
    favorite::Entity::delete_many().filter(favorite::Column::UserId.eq(id)).exec(&tx.db).await?;
    hand_over(tx, id).await?;
    group_member::Entity::delete_many().filter(group_member::Column::UserId.eq(id)).exec(&tx.db).await?;
    let bare = user::ActiveModel {
        username: Set(format!("deleted-{id}")),
        email: Set(None),
        email_lower: Set(None),
        email_verified_at: Set(None),
        first_name: Set(None),
        last_name: Set(None),
        ldap_uid: Set(None),
        metadata: Set(None),
        status: Set(user::Status::Deleted),
        status_message: Set(None),
        is_admin: Set(false),
        roles: Set(Words(Vec::new())),
        password_hash: Set(None),
        last_login_at: Set(None),
        updated_at: Set(tx.now),
        deleted_at: Set(Some(tx.now)),
        ..Default::default()
    };
    user::Entity::update_many().set(bare).filter(user::Column::Id.eq(id)).exec(&tx.db).await?;
    rights::shrink(tx, [id]).await?;
    user::Entity::find_by_id(id).one(&tx.db).await?.ok_or(crate::error::Error::NotFound("user"))
}

/// Sessions, API tokens, and the tokens of the user's runners. That something ended is noted at the end of the transaction.
async fn end_credentials(tx: &Tx, id: i64) -> Result<()> {
    session::Entity::delete_many().filter(session::Column::UserId.eq(id)).exec(&tx.db).await?;
    token::Entity::delete_many().filter(token::Column::UserId.eq(id)).exec(&tx.db).await?;
    let runners =
        runner::Entity::find().select_only().column(runner::Column::Id).filter(runner::Column::OwnerId.eq(id));
    token::Entity::delete_many().filter(token::Column::RunnerId.in_subquery(runners.into_query())).exec(&tx.db).await?;
    Ok(())
}

/// Ends the user's roles. A project that is left without an owner passes to the manager who has been one for the longest;
/// one without managers is left to the erasing.
async fn hand_over(tx: &Tx, id: i64) -> Result<()> {
    let own = project_member::Entity::find().filter(project_member::Column::UserId.eq(id));
    let roles = own.order_by_asc(project_member::Column::ProjectId).all(&tx.db).await?;
    for role in roles {
        project::require_role(tx, role.project_id, None, Role::Owner).await?;
        project_member::Entity::delete_by_id(role.id).exec(&tx.db).await?;
        if role.role == Role::Owner {
            pass_on(tx, role.project_id).await?;
        }
        if role.role >= Role::Manager {
            project::release_runners(tx, role.project_id).await?;
        }
    }
    Ok(())
}

async fn pass_on(tx: &Tx, project_id: i64) -> Result<()> {
    let members = || {
        project_member::Entity::find()
            .filter(project_member::Column::ProjectId.eq(project_id))
            .filter(project_member::Column::UserId.is_not_null())
    };
    if members().filter(project_member::Column::Role.eq(Role::Owner)).one(&tx.db).await?.is_some() {
        return Ok(());
    }
    let managers = members().filter(project_member::Column::Role.eq(Role::Manager));
    let Some(next) = managers.order_by_asc(project_member::Column::Id).one(&tx.db).await? else { return Ok(()) };
    let change = project_member::ActiveModel { role: Set(Role::Owner), updated_at: Set(tx.now), ..Default::default() };
    let own = project_member::Entity::update_many().set(change).filter(project_member::Column::Id.eq(next.id));
    own.exec(&tx.db).await?;
    Ok(())
}
