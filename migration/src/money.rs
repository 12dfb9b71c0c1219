//! Accounts, their members and the ledger.

use sea_orm_migration::prelude::*;

use crate::tables::{flag, id, int, long, long_null, reference, table, text, text_null, uid, uid_null, word};

/// The indexes of these tables.
pub const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX account_name ON account (name) WHERE deleted_at IS NULL",
    "CREATE UNIQUE INDEX account_member_once ON account_member (account_id, user_id)",
    "CREATE INDEX account_member_user ON account_member (user_id)",
    "CREATE INDEX ledger_entry_account ON ledger_entry (account_id, id)",
    "CREATE INDEX ledger_entry_user ON ledger_entry (user_id, id)",
    "CREATE INDEX ledger_entry_job ON ledger_entry (job_uid) WHERE job_uid IS NOT NULL",
    "CREATE INDEX job_account_held ON job (account_id, id) WHERE held IS NOT NULL",
];

/// What makes the ledger append-only, whoever asks: a defect above, or somebody at the database's own prompt.
pub async fn protect_ledger(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let statements: &[&str] = match manager.get_database_backend() {
        sea_orm::DatabaseBackend::Postgres => &[
            "CREATE FUNCTION ledger_entry_stays() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'entries of the ledger are neither changed nor removed'; END $$",
            "CREATE TRIGGER ledger_entry_stays BEFORE UPDATE OR DELETE ON ledger_entry \
             FOR EACH ROW EXECUTE FUNCTION ledger_entry_stays()",
        ],
        _ => &[
            "CREATE TRIGGER ledger_entry_is_not_changed BEFORE UPDATE ON ledger_entry BEGIN \
             SELECT RAISE(ABORT, 'entries of the ledger are never changed'); END",
            "CREATE TRIGGER ledger_entry_is_not_removed BEFORE DELETE ON ledger_entry BEGIN \
             SELECT RAISE(ABORT, 'entries of the ledger are never removed'); END",
        ],
    };
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}

/// An account and its members. Whatever a defect above does, an account that may not be overdrawn is not, and no sum of
/// reservations is negative.
pub fn accounts() -> Vec<TableCreateStatement> {
    let mut account = table(
        "account",
        vec![
            id(),
            uid(),
            text("name"),
            text_null("title"),
            text("kind"),
            text("description"),
            word("overrun", &["allow", "cap", "refuse"]),
            flag("charges_recorded"),
            long("granted"),
            long("held").check(Expr::col("held").gte(0)).take(),
            long("spent"),
            long("created_at"),
            long("updated_at"),
            long_null("deleted_at"),
        ],
        vec![],
    );
    let available = Expr::col("granted").sub(Expr::col("held")).sub(Expr::col("spent"));
    account.check(Expr::col("overrun").eq("allow").or(available.gte(0)));
    let member = table(
        "account_member",
        vec![
            id(),
            long("account_id"),
            long("user_id"),
            flag("is_manager"),
            long_null("spend_limit"),
            long("held").check(Expr::col("held").gte(0)).take(),
            long("spent"),
            long("created_at"),
            long("updated_at"),
            long_null("removed_at"),
        ],
        vec![reference("account_member", "account_id", "account"), reference("account_member", "user_id", "user")],
    );
    vec![account, member]
}

/// What a service costs. What costs by the hour must end, or nobody could say how much to hold for it.
pub fn add_to_service(service: &mut TableCreateStatement) {
    for name in ["price_per_job", "price_per_hour", "price_per_cpu_hour"] {
        service.col(long_null(name).check(Expr::col(name).is_null().or(Expr::col(name).gte(0))));
    }
    let free = |name: &'static str| Expr::col(name).is_null().or(Expr::col(name).eq(0));
    let by_hour_free = free("price_per_hour").and(free("price_per_cpu_hour"));
    service.check(Expr::col("max_run_seconds").is_not_null().or(by_hour_free));
}

/// What a job costs and who pays. Whoever forgets to settle a job cannot end it.
pub fn add_to_job(job: &mut TableCreateStatement, is_final: &SimpleExpr) {
    let held = Expr::col("held");
    job.col(long_null("account_id"))
        .col(int("cpus").check(Expr::col("cpus").gt(0)))
        .col(long("price_per_job").check(Expr::col("price_per_job").gte(0)))
        .col(long("price_per_hour").check(Expr::col("price_per_hour").gte(0)))
        .col(long_null("held").check(held.clone().is_null().or(held.clone().gte(0))))
        .col(long_null("amount"))
        .col(long_null("running_since"))
        .col(long("ran_micros"))
        .foreign_key(&mut reference("job", "account_id", "account"))
        .check(Expr::col("running_since").is_null().or(Expr::col("status").eq("running")))
        .check(held.is_not_null().eq(Expr::col("account_id").is_not_null().and(is_final.clone().not())));
}

/// Each kind of entry moves its own sums, in its own direction. No reference to `job`: jobs may be removed.
pub fn ledger() -> TableCreateStatement {
    let mut entry = table(
        "ledger_entry",
        vec![
            id(),
            uid(),
            long("account_id"),
            word("kind", &["grant", "hold", "release", "settle", "refund", "adjustment"]),
            long("granted"),
            long("held"),
            long("spent"),
            long_null("job_id"),
            uid_null("job_uid"),
            long_null("user_id"),
            long_null("service_id"),
            long_null("project_id"),
            long_null("ran_micros"),
            text_null("reason"),
            long_null("actor_id"),
            long("created_at"),
        ],
        vec![
            reference("ledger_entry", "account_id", "account"),
            reference("ledger_entry", "user_id", "user"),
            reference("ledger_entry", "service_id", "service"),
            reference("ledger_entry", "actor_id", "user"),
        ],
    );
    let col = |name: &'static str| Expr::col(name);
    let not = |kind: &'static str| col("kind").ne(kind);
    let only_spent = || col("granted").eq(0).and(col("held").eq(0));
    entry
        .check(not("grant").or(col("granted").gt(0).and(col("held").eq(0)).and(col("spent").eq(0))))
        .check(not("hold").or(col("granted").eq(0).and(col("held").gt(0)).and(col("spent").eq(0))))
        .check(not("release").or(col("granted").eq(0).and(col("held").lt(0)).and(col("spent").eq(0))))
        .check(not("settle").or(col("granted").eq(0).and(col("held").lte(0))))
        .check(not("refund").or(only_spent().and(col("spent").lt(0))))
        .check(not("adjustment").or(col("held").eq(0)));
    entry
}
