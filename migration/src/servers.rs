//! Servers: this one, and those whose services it shows.

use sea_orm_migration::prelude::*;

use crate::tables::{flag, id, int, long, long_null, reference, table, text, text_null, uid, word_null};

/// The indexes of the table, and those that lead from a server to what it offers.
pub const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX server_local ON server (is_local) WHERE is_local",
    "CREATE INDEX server_due ON server (next_probe_at) WHERE next_probe_at IS NOT NULL",
    "CREATE INDEX service_server ON service (server_id) WHERE server_id IS NOT NULL",
];

/// One row is this server itself: it is never probed, and its services name no server.
pub fn table_of_servers() -> TableCreateStatement {
    let mut server = table(
        "server",
        vec![
            id(),
            uid(),
            text("name").unique_key().take(),
            text("url"),
            flag("is_local"),
            flag("is_enabled"),
            flag("is_active"),
            word_null("protocol", &["docket", "mobyle2"]),
            long_null("owner_id"),
            int("failures"),
            text_null("last_error"),
            long_null("last_probed_at"),
            long_null("last_active_at"),
            long_null("next_probe_at"),
            long_null("probe_key"),
            long_null("probe_ends_at"),
            long("created_at"),
            long("updated_at"),
        ],
        vec![reference("server", "owner_id", "user")],
    );
    server
        .check(Expr::col("is_local").eq(Expr::col("owner_id").is_null()))
        .check(Expr::col("is_local").not().or(Expr::col("next_probe_at").is_null()));
    server
}

/// A service may be one that another server runs: then it is no project's here, and its project there is a name.
pub fn add_to_service(service: &mut TableCreateStatement) {
    service
        .col(long_null("server_id"))
        .col(text_null("remote_project"))
        .foreign_key(&mut reference("service", "server_id", "server"))
        .check(Expr::col("server_id").is_null().or(Expr::col("project_id").is_null()))
        .check(Expr::col("remote_project").is_null().or(Expr::col("server_id").is_not_null()));
}
