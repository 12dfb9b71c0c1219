//! Figures about statements, for `/metrics`: what a request costs the database shows here first.

use metrics::{counter, describe_counter};
use sea_orm::metric::Info;

/// Says what the figures mean, once the recorder is there.
pub fn describe() {
    describe_counter!("docket_db_statements_total", "Statements run, by role: read, or write (inside a transaction).");
}

/// Counts the statements of one role's connections, and shows their texts to who asks for `docket::sql=trace`.
pub(super) fn statements(role: &'static str) -> impl Fn(&Info<'_>) + Send + Sync + 'static {
    let statements = counter!("docket_db_statements_total", "role" => role);
    move |info| {
        statements.increment(1);
        tracing::trace!(target: "docket::sql", role, sql = info.statement.sql);
    }
}
