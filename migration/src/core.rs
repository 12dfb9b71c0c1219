//! The core: users and their credentials, services, runners, jobs and the event log.

use sea_orm_migration::prelude::*;

use crate::tables::{
    bytes, flag, id, int, int_null, json, long, long_null, reference, text, text_null, uid, word, word_null,
};

/// See the module.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_core"
    }
}

/// What the table builder cannot say: partial indexes. The syntax is the same on SQLite and PostgreSQL.
///
/// `job_claim` is the queue: a claim reads its first rows and nothing else, however long the queue or the table.
/// `job_held` is what the sweeper looks through: only the jobs in workers' hands.
const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX user_email ON \"user\" (email_lower) WHERE email_lower IS NOT NULL",
    "CREATE INDEX session_user ON session (user_id)",
    "CREATE INDEX session_expiry ON session (expires_at)",
    "CREATE INDEX token_user ON token (user_id) WHERE user_id IS NOT NULL",
    "CREATE INDEX token_runner ON token (runner_id) WHERE runner_id IS NOT NULL",
    "CREATE UNIQUE INDEX service_name ON service (name) WHERE deleted_at IS NULL",
    "CREATE INDEX service_owner ON service (owner_id)",
    "CREATE UNIQUE INDEX service_version_number ON service_version (service_id, version)",
    "CREATE UNIQUE INDEX runner_name ON runner (owner_id, name)",
    "CREATE INDEX runner_service_service ON runner_service (service_id)",
    "CREATE INDEX job_claim ON job (service_id, priority DESC, run_after, id) WHERE status = 'queued'",
    "CREATE INDEX job_held ON job (lease_expires_at) WHERE status IN ('claimed', 'running')",
    "CREATE INDEX job_runner ON job (runner_id) WHERE status IN ('claimed', 'running')",
    "CREATE INDEX job_owner ON job (owner_id, id)",
    "CREATE INDEX job_service ON job (service_id, id)",
    "CREATE UNIQUE INDEX job_log_offset ON job_log (job_id, \"offset\")",
    "CREATE UNIQUE INDEX event_revision ON event (job_id, revision)",
    "CREATE INDEX event_owner ON event (owner_id, id)",
    "CREATE INDEX event_created ON event (created_at)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in identity().into_iter().chain(work()).chain([job(), job_log(), event(), setting()]) {
            manager.create_table(table).await?;
        }
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}

fn table(
    name: &'static str,
    columns: Vec<ColumnDef>,
    references: Vec<ForeignKeyCreateStatement>,
) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    for column in columns {
        table.col(column);
    }
    for mut reference in references {
        table.foreign_key(&mut reference);
    }
    table
}

fn identity() -> Vec<TableCreateStatement> {
    let user = table(
        "user",
        vec![
            id(),
            uid(),
            text("username").unique_key().take(),
            text_null("email"),
            text_null("email_lower"),
            text_null("first_name"),
            text_null("last_name"),
            word("kind", &["authenticated", "anonymous"]),
            word("status", &["pending", "active", "suspended"]),
            text_null("status_message"),
            flag("is_admin"),
            json("roles"),
            text_null("password_hash"),
            long("created_at"),
            long("updated_at"),
        ],
        vec![],
    );
    let session = table(
        "session",
        vec![
            id(),
            uid(),
            long("user_id"),
            bytes("token_hash").unique_key().take(),
            text_null("user_agent"),
            long("created_at"),
            long("last_used_at"),
            long("expires_at"),
        ],
        vec![reference("session", "user_id", "user")],
    );
    let one_holder = Expr::col("user_id").is_null().ne(Expr::col("runner_id").is_null());
    let mut token = table(
        "token",
        vec![
            id(),
            uid(),
            long_null("user_id"),
            long_null("runner_id"),
            text("name"),
            bytes("token_hash").unique_key().take(),
            json("scopes"),
            long("created_at"),
            long_null("last_used_at"),
            long_null("expires_at"),
            long_null("revoked_at"),
        ],
        vec![reference("token", "user_id", "user"), reference("token", "runner_id", "runner")],
    );
    token.check(one_holder);
    vec![user, session, runner(), token]
}

fn runner() -> TableCreateStatement {
    table(
        "runner",
        vec![
            id(),
            uid(),
            text("name"),
            long("owner_id"),
            int("slots").check(Expr::col("slots").gt(0)).take(),
            long_null("last_heartbeat_at"),
            long_null("registered_at"),
            long("created_at"),
            long("updated_at"),
        ],
        vec![reference("runner", "owner_id", "user")],
    )
}

fn work() -> Vec<TableCreateStatement> {
    let service = table(
        "service",
        vec![
            id(),
            uid(),
            text("name"),
            text("title"),
            text("description"),
            word("kind", &["program", "workflow", "widget"]),
            long("owner_id"),
            long_null("version_id"),
            flag("disabled"),
            flag("is_available"),
            int("timeout_seconds"),
            long_null("last_seen_at"),
            int_null("max_attempts"),
            int("lease_seconds"),
            int_null("max_run_seconds"),
            flag("retry_timeouts"),
            long("created_at"),
            long("updated_at"),
            long_null("deleted_at"),
        ],
        vec![reference("service", "owner_id", "user")],
    );
    let service_version = table(
        "service_version",
        vec![
            id(),
            long("service_id"),
            int("version"),
            word("semantics", &["declared"]),
            json("parameters_schema"),
            json("results_schema"),
            long("created_at"),
        ],
        vec![reference("service_version", "service_id", "service")],
    );
    let mut runner_service = table(
        "runner_service",
        vec![long("runner_id"), long("service_id")],
        vec![reference("runner_service", "runner_id", "runner"), reference("runner_service", "service_id", "service")],
    );
    runner_service.primary_key(Index::create().col("runner_id").col("service_id"));
    vec![service, service_version, runner_service]
}

/// The states are bound together by CHECKs: whatever a defect above does, a job cannot be held without a lease, be
/// final without an end, or have failed without a reason.
fn job() -> TableCreateStatement {
    let held = || Expr::col("status").is_in(["claimed", "running"]);
    let is_final = || Expr::col("status").is_in(["succeeded", "failed", "cancelled"]);
    let mut job = table(
        "job",
        vec![
            id(),
            uid(),
            long("service_id"),
            long("service_version_id"),
            long("owner_id"),
            word("status", &["queued", "claimed", "running", "succeeded", "failed", "cancelled"]),
            json("parameters"),
            ColumnDef::new("results").json().null().take(),
            int("priority").check(Expr::col("priority").between(-1000, 1000)).take(),
            long("run_after"),
            int("attempt"),
            int_null("max_attempts"),
            int("lease_seconds"),
            int_null("max_run_seconds"),
            flag("retry_timeouts"),
            int("losses"),
            int("releases"),
            int("backoffs"),
            ColumnDef::new("progress").double().null().check(Expr::col("progress").between(0, 1)).take(),
            text_null("message"),
            word_null("failure_kind", &["user", "system", "timeout", "result_invalid", "lost"]),
            text_null("failure_code"),
            text_null("failure_message"),
            flag("cancel_requested"),
            long("revision"),
            long("log_bytes"),
            flag("log_truncated"),
            long_null("runner_id"),
            ColumnDef::new("lease_hash").blob().null().take(),
            long_null("lease_expires_at"),
            long_null("claimed_at"),
            long("submitted_at"),
            long_null("started_at"),
            long_null("finished_at"),
            long("updated_at"),
        ],
        vec![
            reference("job", "service_id", "service"),
            reference("job", "service_version_id", "service_version"),
            reference("job", "owner_id", "user"),
        ],
    );
    job.check(held().eq(Expr::col("lease_hash").is_not_null()))
        .check(held().eq(Expr::col("lease_expires_at").is_not_null()))
        .check(is_final().eq(Expr::col("finished_at").is_not_null()))
        .check(Expr::col("status").eq("failed").eq(Expr::col("failure_kind").is_not_null()));
    job
}

fn job_log() -> TableCreateStatement {
    table(
        "job_log",
        vec![id(), long("job_id"), int("attempt"), long("offset"), text("text"), long("created_at")],
        vec![reference("job_log", "job_id", "job")],
    )
}

/// No reference to `job`: the log outlives a deleted job until its retention ends.
fn event() -> TableCreateStatement {
    table(
        "event",
        vec![
            id(),
            long("job_id"),
            ColumnDef::new("job_uid").uuid().not_null().take(),
            long("revision"),
            word("kind", &["status_changed", "progressed", "log_appended"]),
            int("attempt"),
            json("detail"),
            long("service_id"),
            long("owner_id"),
            long_null("runner_id"),
            long("created_at"),
        ],
        vec![],
    )
}

fn setting() -> TableCreateStatement {
    table("setting", vec![text("name").primary_key().take(), text("value")], vec![])
}
