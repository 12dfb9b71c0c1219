//! The names of services: unique among the server's, and among those of each project.

use entity::service;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, SqlErr, sea_query::ExprTrait as _};

use crate::{
    db::Tx,
    domain::slug,
    error::{Error, Result},
};

/// Whether somebody else was quicker, between the look and the change: a service has the name, or is the one that an
/// older API takes to be there.
pub(super) fn is_taken(error: &DbErr) -> bool {
    let unique = |what: &str| what.contains("name") || what.contains("service_standing");
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(what)) if unique(&what))
}

pub(super) fn name_taken(error: DbErr) -> Error {
    if is_taken(&error) { Error::taken("name", "Another service took this name just now.") } else { error.into() }
}

pub(super) async fn refuse_taken(tx: &Tx, name: &str, project_id: Option<i64>, except: Option<i64>) -> Result<()> {
    let level = match project_id {
        Some(id) => service::Column::ProjectId.eq(id),
        None => service::Column::ProjectId.is_null().and(service::Column::ServerId.is_null()),
    };
    let taken = service::Entity::find()
        .filter(level)
        .filter(service::Column::DeletedAt.is_null())
        .filter(service::Column::Name.eq(name))
        .one(&tx.db)
        .await?;
    match taken {
        Some(other) if Some(other.id) != except => {
            Err(Error::taken("name", format!("A service named {name} exists already.")))
        }
        _ => Ok(()),
    }
}

/// A slug of the title that nobody has: `Word statistics` becomes `word-statistics`, then `word-statistics-2`.
pub(super) async fn free_name(tx: &Tx, title: &str, project_id: Option<i64>) -> Result<String> {
    for name in slug::names(title, "service") {
        if refuse_taken(tx, &name, project_id, None).await.is_ok() {
            return Ok(name);
        }
    }
    Err(Error::taken("title", "Too many services have this title; give this one a name."))
}
