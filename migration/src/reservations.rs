//! What checks of jobs reserve, and what reports of jobs and their lists need to know.

use sea_orm_migration::prelude::*;

use crate::tables::{flag, id, long, reference, table};

/// See the module.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0009_reservations"
    }
}

/// `job_started*` lead through the recorded jobs that began in a span of time: all, a user's, an account's.
/// `ledger_entry_created` leads through what was booked on an account in one, `job_owner_dialect` through one's own jobs of
/// one API.
const INDEXES: &[&str] = &[
    "CREATE INDEX reservation_account ON reservation (account_id, user_id)",
    "CREATE INDEX reservation_end ON reservation (expires_at)",
    "CREATE INDEX job_started ON job (started_at) WHERE origin = 'recorded'",
    "CREATE INDEX job_started_owner ON job (owner_id, started_at) WHERE origin = 'recorded'",
    "CREATE INDEX job_started_account ON job (account_id, started_at) WHERE origin = 'recorded'",
    "CREATE INDEX job_owner_dialect ON job (owner_id, dialect, id) WHERE dialect IS NOT NULL",
    "CREATE INDEX ledger_entry_created ON ledger_entry (account_id, created_at)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(reservation()).await?;
        // Of the jobs that were reported until now, amounts were taken whatever was said.
        let told = flag("submission_told").default(true).take();
        manager.alter_table(Table::alter().table("job_slurm").add_column(told).take()).await?;
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}

fn reservation() -> TableCreateStatement {
    table(
        "reservation",
        vec![
            id(),
            long("account_id"),
            long("user_id"),
            long("amount").check(Expr::col("amount").gt(0)).take(),
            long("created_at"),
            long("expires_at"),
        ],
        vec![reference("reservation", "account_id", "account"), reference("reservation", "user_id", "user")],
    )
}
