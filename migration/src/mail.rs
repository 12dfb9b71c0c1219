//! The outbox.

use sea_orm_migration::prelude::*;

use crate::tables::{id, int, long, long_null, table, text, text_null, uid, word};

/// See the module.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0006_mail"
    }
}

/// `mail_due` is what the sender looks through: only the mails that wait.
const INDEXES: &[&str] = &[
    "CREATE INDEX mail_due ON mail (due_at, id) WHERE state = 'queued'",
    "CREATE INDEX mail_user ON mail (user_id) WHERE state = 'queued' AND user_id IS NOT NULL",
    "CREATE INDEX mail_ended ON mail (ended_at) WHERE ended_at IS NOT NULL",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(mail()).await?;
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}

/// No reference to `user`: a mail may outlive the account that it is about by a moment, and is then not sent. What is
/// sealed is there exactly as long as the mail waits: the database itself refuses a secret that lies about for longer.
fn mail() -> TableCreateStatement {
    let waits = Expr::col("state").eq("queued");
    let mut mail = table(
        "mail",
        vec![
            id(),
            uid(),
            text("recipient"),
            text("template"),
            text("origin"),
            long_null("user_id"),
            ColumnDef::new("sealed").blob().null().take(),
            word("state", &["queued", "sent", "failed", "withdrawn"]),
            int("attempts"),
            long("due_at"),
            long_null("leased_until"),
            long("expires_at"),
            text_null("last_error"),
            long("created_at"),
            long_null("ended_at"),
        ],
        vec![],
    );
    mail.check(waits.eq(Expr::col("sealed").is_not_null()));
    mail
}
