//! Forward-only migrations. They never import `entity`: entities move on, history must not.

use sea_orm_migration::prelude::*;

pub use sea_orm_migration::MigratorTrait;

mod core;
mod tables;

/// The list of migrations, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(core::Migration)]
    }
}
