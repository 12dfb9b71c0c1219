//! Settings: facts that the database remembers about itself.

use entity::{setting, user};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, PaginatorTrait, sea_query::OnConflict};

use crate::{
    app::App,
    db::{Tx, raw},
    error::{Error, Result},
    viewer::Viewer,
};

/// Who filled this database with its first rows, when that was a program.
const SEEDED_BY: &str = "seeded_by";

/// The value of a setting.
pub(super) async fn find(app: &App, name: &str) -> Result<Option<String>> {
    let row = setting::Entity::find_by_id(name.to_owned()).one(app.db.read()).await?;
    Ok(row.map(|row| row.value))
}

/// Replaces the value of a setting.
pub(super) async fn put(tx: &Tx, name: &str, value: &str) -> Result<()> {
    let row = setting::ActiveModel { name: Set(name.into()), value: Set(value.into()) };
    let replace = OnConflict::column(setting::Column::Name).update_column(setting::Column::Value).to_owned();
    setting::Entity::insert(row).on_conflict(replace).exec_without_returning(&tx.db).await?;
    Ok(())
}

/// Replaces the value of a setting that is a number, unless it is higher already.
pub(super) async fn raise(tx: &Tx, name: &str, value: i64) -> Result<()> {
    let sql = "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value \
               WHERE CAST(setting.value AS BIGINT) < CAST(excluded.value AS BIGINT)";
    tx.db.execute_raw(raw(tx.db.get_database_backend(), sql, [name.into(), value.to_string().into()])).await?;
    Ok(())
}

/// Whether `seeder` may fill this database: nobody uses it yet, or `seeder` was here before. Only an admin may ask.
pub async fn may_seed(app: &App, viewer: &Viewer, seeder: &str) -> Result<bool> {
    viewer.require_admin()?;
    if find(app, SEEDED_BY).await?.is_some_and(|by| by == seeder) {
        return Ok(true);
    }
    // Whatever else there is belongs to somebody.
    Ok(user::Entity::find().count(app.db.read()).await? == 0)
}

/// Notes that `seeder` fills this database. Only an admin may, and only where [`may_seed`] says so: fails with
/// INVALID_STATE otherwise.
pub async fn note_seed(app: &App, viewer: &Viewer, seeder: &'static str) -> Result<()> {
    if !may_seed(app, viewer, seeder).await? {
        return Err(Error::InvalidState("The database is in use already.".into()));
    }
    app.db.write(seeder, |tx, seeder| Box::pin(put(tx, SEEDED_BY, seeder))).await
}
