//! Projects that a user wants to find quickly. Nobody else learns of it.

use entity::{favorite, project};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use uuid::Uuid;

use super::project as projects;
use crate::{
    app::App,
    error::Result,
    viewer::{Permission, Viewer},
};

/// Marks a project that the viewer may see. Doing it again changes nothing.
pub async fn add(app: &App, viewer: &Viewer, uid: Uuid) -> Result<project::Model> {
    let (user_id, project) = marked(app, viewer, uid).await?;
    app.db
        .write((user_id, project.id), |tx, (user_id, project_id)| {
            Box::pin(async move {
                let row = favorite::ActiveModel {
                    user_id: Set(*user_id),
                    project_id: Set(*project_id),
                    created_at: Set(tx.now),
                    ..Default::default()
                };
                let once = OnConflict::new().do_nothing().to_owned();
                favorite::Entity::insert(row).on_conflict(once).exec_without_returning(&tx.db).await?;
                Ok(())
            })
        })
        .await?;
    Ok(project)
}

/// Takes the mark away. Doing it again changes nothing.
pub async fn remove(app: &App, viewer: &Viewer, uid: Uuid) -> Result<project::Model> {
    let (user_id, project) = marked(app, viewer, uid).await?;
    app.db
        .write((user_id, project.id), |tx, (user_id, project_id)| {
            Box::pin(async move {
                let own = favorite::Entity::delete_many().filter(favorite::Column::UserId.eq(*user_id));
                own.filter(favorite::Column::ProjectId.eq(*project_id)).exec(&tx.db).await?;
                Ok(())
            })
        })
        .await?;
    Ok(project)
}

async fn marked(app: &App, viewer: &Viewer, uid: Uuid) -> Result<(i64, project::Model)> {
    let user_id = viewer.require(Permission::ProjectsWrite)?.user.id;
    Ok((user_id, projects::seen_or_absent(app, viewer, uid).await?))
}
