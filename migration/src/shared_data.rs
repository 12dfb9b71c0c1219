//! Data that everybody who logs in sees, whatever project it is of.

use sea_orm_migration::prelude::*;

use crate::tables::flag;

/// See the module.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0008_shared_data"
    }
}

/// It leads through all shared data of one type, oldest first.
const INDEX: &str = "CREATE INDEX project_data_shared ON project_data (kind, id) WHERE is_shared";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let shared = flag("is_shared").default(false).take();
        manager.alter_table(Table::alter().table("project_data").add_column(shared).take()).await?;
        manager.get_connection().execute_unprepared(INDEX).await.map(|_| ())
    }
}
