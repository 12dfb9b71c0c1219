//! Files: what is known of the bytes in the object store.

use sea_orm_migration::prelude::*;

use crate::tables::{id, long, long_null, reference, table, text, uid, word, word_null};

/// See the module.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0004_files"
    }
}

/// `file_end` is what the sweeper looks through: only the files that are to go.
const INDEXES: &[&str] = &[
    "CREATE INDEX file_owner ON file (owner_id, id)",
    "CREATE INDEX file_job ON file (job_id, id) WHERE job_id IS NOT NULL",
    "CREATE UNIQUE INDEX file_data ON file (data_id) WHERE data_id IS NOT NULL",
    "CREATE INDEX file_end ON file (expires_at) WHERE expires_at IS NOT NULL",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(file()).await?;
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}

/// No reference to `job`: a deleted job leaves its files behind for the sweeper, who needs the rows to find the bytes.
fn file() -> TableCreateStatement {
    let is = |state: &'static str| Expr::col("state").eq(state);
    let mut file = table(
        "file",
        vec![
            id(),
            uid(),
            text("name"),
            text("media_type"),
            long("size").check(Expr::col("size").gte(0)).take(),
            ColumnDef::new("sha256").blob().null().take(),
            long("owner_id"),
            long_null("job_id"),
            long_null("data_id"),
            word_null("role", &["input", "output"]),
            word("state", &["uploading", "ready", "removed"]),
            long("created_at"),
            long_null("attached_at"),
            long_null("expires_at"),
        ],
        vec![reference("file", "owner_id", "user"), reference("file", "data_id", "project_data")],
    );
    file.check(is("ready").not().or(Expr::col("sha256").is_not_null()))
        .check(is("ready").or(Expr::col("expires_at").is_not_null()))
        .check(Expr::col("job_id").is_null().eq(Expr::col("role").is_null()))
        .check(Expr::col("job_id").is_null().or(Expr::col("data_id").is_null()))
        .check(
            Expr::col("job_id").is_null().and(Expr::col("data_id").is_null()).eq(Expr::col("attached_at").is_null()),
        );
    file
}
