//! Forward-only migrations. They never import `entity`: entities move on, history must not.

use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};

pub use sea_orm_migration::MigratorTrait;

mod audit;
mod core;
mod dialect_use;
mod files;
mod identity;
mod legacy;
mod mail;
mod money;
mod oauth;
mod projects;
mod reservations;
mod servers;
mod shared_data;
mod tables;

/// The list of migrations, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(core::Migration),
            Box::new(files::Migration),
            Box::new(audit::Migration),
            Box::new(mail::Migration),
            Box::new(oauth::Migration),
            Box::new(shared_data::Migration),
            Box::new(reservations::Migration),
        ]
    }
}

/// What every migration of PostgreSQL is followed by, since nothing portable says it.
///
/// Text is compared by its bytes, as SQLite does: lists have the same order on both, an index serves prefixes, and no
/// update of the system's locales breaks one.
pub async fn settle<C: ConnectionTrait>(db: &C) -> Result<(), DbErr> {
    let collate = "DO $$ DECLARE c record; BEGIN \
        FOR c IN SELECT table_name, column_name FROM information_schema.columns \
            WHERE table_schema = current_schema() AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C' \
            AND table_name IN (SELECT tablename FROM pg_tables WHERE schemaname = current_schema()) \
        LOOP EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE text COLLATE \"C\"', c.table_name, c.column_name); \
        END LOOP; END $$";
    db.execute_unprepared(collate).await.map(|_| ())
}
