//! The audit.

use sea_orm_migration::prelude::*;

use crate::tables::{id, long, long_null, table, text, text_null, uid, uid_null};

/// See the module.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0005_audit"
    }
}

const INDEXES: &[&str] = &[
    "CREATE INDEX audit_entry_actor ON audit_entry (actor_id, id) WHERE actor_id IS NOT NULL",
    "CREATE INDEX audit_entry_subject ON audit_entry (subject_uid, id) WHERE subject_uid IS NOT NULL",
    "CREATE INDEX audit_entry_action ON audit_entry (action, id)",
    "CREATE INDEX audit_entry_created ON audit_entry (created_at)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(audit_entry()).await?;
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}

/// It refers to no other table: an entry outlives what it is about. The words for actions and kinds are not listed here:
/// a newer docket may know more of them.
fn audit_entry() -> TableCreateStatement {
    table(
        "audit_entry",
        vec![
            id(),
            uid(),
            text("action"),
            text("actor_kind"),
            long_null("actor_id"),
            text_null("subject_kind"),
            uid_null("subject_uid"),
            text_null("subject_name"),
            text_null("detail"),
            text_null("address"),
            text_null("user_agent"),
            long("created_at"),
        ],
        vec![],
    )
}
