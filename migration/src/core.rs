//! The core: services, runners, jobs and the event log; users and their credentials lie in `identity`, accounts in
//! `money`, projects in `projects`.

use sea_orm_migration::prelude::*;

use crate::{
    dialect_use, identity, legacy, money, projects, servers,
    tables::{
        bytes, flag, id, int, int_null, json, long, long_null, reference, table, text, text_null, uid, uid_null, word,
        word_null,
    },
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
/// `job_turn` is the same queue by owners, for services that limit what one of them may run; `job_running` counts what
/// is held against both limits. `job_held` is what the sweeper looks through: only the jobs in workers' hands, which are
/// those with a lease.
const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX service_standing ON service (dialect) WHERE dialect = 'project_w' AND project_id IS NULL \
     AND deleted_at IS NULL",
    "CREATE INDEX service_owner ON service (owner_id)",
    "CREATE UNIQUE INDEX service_version_number ON service_version (service_id, version)",
    "CREATE UNIQUE INDEX runner_name ON runner (owner_id, name)",
    "CREATE INDEX runner_service_service ON runner_service (service_id)",
    "CREATE INDEX runner_online ON runner (online_until, id) WHERE online_until IS NOT NULL",
    "CREATE INDEX job_claim ON job (service_id, requirement_id, priority DESC, run_after, id) \
     WHERE status = 'queued' AND origin = 'submitted'",
    "CREATE INDEX job_turn ON job (service_id, requirement_id, owner_id, priority DESC, run_after, id) \
     WHERE status = 'queued' AND origin = 'submitted'",
    "CREATE INDEX job_scheduled ON job (run_after, id) WHERE status = 'scheduled'",
    "CREATE INDEX job_held ON job (lease_expires_at, id) WHERE lease_expires_at IS NOT NULL",
    "CREATE INDEX job_runner ON job (runner_id) WHERE lease_expires_at IS NOT NULL",
    "CREATE INDEX job_running ON job (service_id, owner_id) WHERE lease_expires_at IS NOT NULL",
    "CREATE INDEX job_requirement ON job (requirement_id, owner_id) WHERE requirement_id > 0 AND finished_at IS NULL",
    "CREATE UNIQUE INDEX job_idempotency ON job (key_owner_id, origin, idempotency_key) \
     WHERE idempotency_key IS NOT NULL",
    "CREATE INDEX job_recorded ON job (id) WHERE origin = 'recorded'",
    "CREATE INDEX job_unfinished ON job (service_id, id) WHERE finished_at IS NULL",
    "CREATE INDEX job_unfinished_owner ON job (owner_id, id) WHERE finished_at IS NULL",
    "CREATE INDEX job_owner ON job (owner_id, id)",
    "CREATE INDEX job_service ON job (service_id, id)",
    "CREATE INDEX job_label_value ON job_label (\"key\", value, job_id)",
    "CREATE UNIQUE INDEX job_slurm_number ON job_slurm (number)",
    "CREATE UNIQUE INDEX job_slurm_key ON job_slurm (slurm_key) WHERE slurm_key IS NOT NULL",
    "CREATE INDEX job_slurm_listed ON job_slurm (listed_code, number)",
    "CREATE INDEX job_slurm_id ON job_slurm (slurm_id, listed_code, number)",
    "CREATE INDEX job_slurm_owner ON job_slurm (owner_id, listed_code, number)",
    "CREATE INDEX job_slurm_account ON job_slurm (account_id, listed_code, number)",
    "CREATE INDEX job_slurm_partition ON job_slurm (\"partition\", listed_code, number)",
    "CREATE INDEX job_slurm_qos ON job_slurm (qos, listed_code, number)",
    "CREATE UNIQUE INDEX requirement_labels ON requirement (service_id, labels_hash)",
    "CREATE INDEX requirement_owner ON requirement (service_id, owner_id)",
    "CREATE UNIQUE INDEX job_log_offset ON job_log (job_id, \"offset\")",
    "CREATE UNIQUE INDEX event_revision ON event (job_id, revision)",
    "CREATE INDEX event_owner ON event (owner_id, id)",
    "CREATE INDEX event_service ON event (service_id, id) WHERE service_id IS NOT NULL",
    "CREATE INDEX event_runner ON event (runner_id, id) WHERE runner_id IS NOT NULL",
    "CREATE INDEX event_recorded ON event (id) WHERE job_id IS NOT NULL AND service_id IS NULL",
    "CREATE INDEX event_created ON event (created_at)",
    "CREATE INDEX event_account ON event (account_id, id) WHERE account_id IS NOT NULL",
];

/// What an event may tell.
const EVENTS: &[&str] =
    &["status_changed", "progressed", "log_appended", "file_added", "charged", "booked", "account_changed"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = identity::tables()
            .into_iter()
            .chain([runner(), identity::token()])
            .chain(money::accounts())
            .chain(projects::tables())
            .chain([servers::table_of_servers()])
            .chain(work());
        let jobs = [job(), job_label(), job_slurm(), job_log(), event(), setting()];
        for table in
            tables.chain([money::ledger()]).chain(jobs).chain(legacy::tables()).chain([dialect_use::table_of_uses()])
        {
            manager.create_table(table).await?;
        }
        for index in INDEXES
            .iter()
            .chain(identity::INDEXES)
            .chain(money::INDEXES)
            .chain(projects::INDEXES)
            .chain(servers::INDEXES)
            .chain(legacy::INDEXES)
            .chain(dialect_use::INDEXES)
        {
            manager.get_connection().execute_unprepared(index).await?;
        }
        money::protect_ledger(manager).await
    }
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
            json("labels"),
            long_null("last_heartbeat_at"),
            long_null("registered_at"),
            long_null("online_until"),
            long_null("idle_since"),
            long_null("fetched_job_id"),
            long("created_at"),
            long("updated_at"),
        ],
        vec![reference("runner", "owner_id", "user")],
    )
}

fn work() -> Vec<TableCreateStatement> {
    let mut service = table(
        "service",
        vec![
            id(),
            uid(),
            text("name"),
            text("title"),
            text("description"),
            word("kind", &["program", "workflow", "widget"]),
            word("dispatch", &["pull", "push"]),
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
            int_null("max_result_bytes"),
            int_null("max_running"),
            int_null("max_running_per_user"),
            long("created_at"),
            long("updated_at"),
            long_null("deleted_at"),
        ],
        vec![reference("service", "owner_id", "user")],
    );
    money::add_to_service(&mut service);
    projects::add_to_service(&mut service);
    servers::add_to_service(&mut service);
    legacy::add_to_service(&mut service);
    let service_version = table(
        "service_version",
        vec![
            id(),
            long("service_id"),
            int("version"),
            word("semantics", &["declared", "draft4_legacy"]),
            text("parameters_schema"),
            text("results_schema"),
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
    let requirement = table(
        "requirement",
        vec![id(), long("service_id"), long("owner_id"), json("labels"), bytes("labels_hash"), long("created_at")],
        vec![reference("requirement", "service_id", "service"), reference("requirement", "owner_id", "user")],
    );
    vec![service, service_version, runner_service, requirement]
}

/// The states are bound together by CHECKs: whatever a defect above does, a job cannot be held without a lease (but where
/// workers know none), be final without an end, or have failed without a reason. A recorded job has neither service nor lease, whatever its
/// state: another system ran it.
fn job() -> TableCreateStatement {
    let held = || Expr::col("status").is_in(["claimed", "running"]);
    let is_final = || Expr::col("status").is_in(["succeeded", "failed", "cancelled"]);
    let recorded = || Expr::col("origin").eq("recorded");
    let references = vec![
        reference("job", "service_id", "service"),
        reference("job", "service_version_id", "service_version"),
        reference("job", "owner_id", "user"),
    ];
    let mut job = table("job", job_columns(), references);
    // Workers that TopChef's API knows set RUNNING by hand, without a lease.
    let leased = || Expr::col("lease_hash").is_not_null();
    let by_hand = Expr::col("status")
        .eq("running")
        .and(Expr::col("dialect").is_not_null())
        .and(Expr::col("dialect").eq("topchef"));
    job.check(leased().and(held()).and(Expr::col("origin").eq("submitted")).or(leased().not()))
        .check(held().and(Expr::col("origin").eq("submitted")).not().or(leased()).or(by_hand))
        .check(Expr::col("lease_hash").is_not_null().eq(Expr::col("lease_expires_at").is_not_null()))
        .check(is_final().eq(Expr::col("finished_at").is_not_null()))
        .check(Expr::col("status").eq("failed").eq(Expr::col("failure_kind").is_not_null()))
        .check(recorded().eq(Expr::col("service_id").is_null()))
        .check(recorded().eq(Expr::col("service_version_id").is_null()))
        .check(Expr::col("idempotency_key").is_null().eq(Expr::col("idempotency_hash").is_null()))
        .check(Expr::col("idempotency_key").is_null().eq(Expr::col("key_owner_id").is_null()));
    money::add_to_job(&mut job, &is_final());
    projects::add_to_job(&mut job);
    legacy::add_to_job(&mut job);
    job
}

fn job_columns() -> Vec<ColumnDef> {
    let nullable_bytes = |name: &'static str| ColumnDef::new(name).blob().null().take();
    vec![
        id(),
        uid(),
        word("origin", &["submitted", "recorded"]),
        long_null("service_id"),
        long_null("service_version_id"),
        long("owner_id"),
        text_null("idempotency_key"),
        long_null("key_owner_id"),
        nullable_bytes("idempotency_hash"),
        word("status", &["scheduled", "queued", "claimed", "running", "succeeded", "failed", "cancelled"]),
        json("labels"),
        json("requires"),
        long("requirement_id"),
        text("parameters"),
        text_null("results"),
        int("priority").check(Expr::col("priority").between(-1000, 1000)).take(),
        long_null("scheduled_at"),
        long("run_after"),
        int("attempt"),
        int_null("max_attempts"),
        int("lease_seconds"),
        int_null("max_run_seconds"),
        flag("retry_timeouts"),
        flag("pushed"),
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
        nullable_bytes("lease_hash"),
        long_null("lease_expires_at"),
        long_null("claimed_at"),
        long("created_at"),
        long("submitted_at"),
        long_null("started_at"),
        long_null("finished_at"),
        long("updated_at"),
        long_null("downloaded_at"),
    ]
}

/// The labels of `job.labels` once more, one row each, to find jobs by.
fn job_label() -> TableCreateStatement {
    let mut job_label = table(
        "job_label",
        vec![long("job_id"), text("key"), text("value")],
        vec![reference("job_label", "job_id", "job")],
    );
    job_label.primary_key(Index::create().col("job_id").col("key"));
    job_label
}

fn job_slurm() -> TableCreateStatement {
    table(
        "job_slurm",
        vec![
            long("job_id").primary_key().take(),
            long("number"),
            long("owner_id"),
            long_null("account_id"),
            int("listed_code"),
            text_null("slurm_key"),
            text_null("slurm_id"),
            int_null("partition"),
            int_null("qos"),
            int_null("state_code"),
            text_null("partition_name"),
            text_null("qos_name"),
            text_null("state_name"),
            json("nodes"),
            int_null("nodes_requested"),
            int_null("nodes_allocated"),
            int_null("cpus"),
            ColumnDef::new("raw_hours").double().null().take(),
            ColumnDef::new("cpu_hours").double().null().take(),
        ],
        vec![reference("job_slurm", "job_id", "job")],
    )
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
    let mut event = table(
        "event",
        vec![
            id(),
            long_null("job_id"),
            uid_null("job_uid"),
            long_null("revision"),
            word("kind", EVENTS),
            int("attempt"),
            json("detail"),
            long_null("service_id"),
            long_null("project_id"),
            long_null("owner_id"),
            long_null("account_id"),
            long_null("runner_id"),
            long("created_at"),
        ],
        vec![],
    );
    event.check(Expr::col("job_id").is_not_null().or(Expr::col("account_id").is_not_null()));
    event
}

fn setting() -> TableCreateStatement {
    table("setting", vec![text("name").primary_key().take(), text("value")], vec![])
}
