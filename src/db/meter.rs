//! Figures about statements, for `/metrics`: what a request costs the database shows here first.

use metrics::{Counter, counter, describe_counter};
use sea_orm::metric::Info;

/// Says what the figures mean, once the recorder is there.
pub fn describe() {
    describe_counter!("docket_db_statements_total", "Statements run, by role: read, or write (inside a transaction).");
}

/// Counts the statements of one role's connections, and shows their texts to who asks for `docket::sql=trace`.
#[derive(Clone)]
pub(super) struct Meter {
    role: &'static str,
    statements: Counter,
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meter").field("role", &self.role).finish_non_exhaustive()
    }
}

impl Meter {
    pub(super) fn of(role: &'static str) -> Self {
        Self { role, statements: counter!("docket_db_statements_total", "role" => role) }
    }

    pub(super) fn count(&self, sql: &str) {
        self.statements.increment(1);
        tracing::trace!(target: "docket::sql", role = self.role, sql);
    }

    /// The same as sea-orm wants it.
    pub(super) fn callback(self) -> impl Fn(&Info<'_>) + Send + Sync + 'static {
        move |info| self.count(&info.statement.sql)
    }
}
