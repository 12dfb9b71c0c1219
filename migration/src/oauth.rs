//! OAuth clients, and the counters against those who try too much.

use sea_orm_migration::prelude::*;

use crate::tables::{bytes, id, json, long, long_null, reference, table, text, uid};

/// See the module.
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0007_oauth"
    }
}

/// `token_client` leads from a client to its tokens, which end with it, and the sweeper to those that are long over.
const INDEXES: &[&str] = &[
    "CREATE INDEX oauth_client_user ON oauth_client (user_id, id)",
    "CREATE INDEX token_client ON token (client_id, expires_at) WHERE client_id IS NOT NULL",
    "CREATE INDEX limit_counter_empty ON limit_counter (empty_at)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [oauth_client(), limit_counter()] {
            manager.create_table(table).await?;
        }
        manager.alter_table(Table::alter().table("token").add_column(long_null("client_id")).take()).await?;
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}

fn oauth_client() -> TableCreateStatement {
    table(
        "oauth_client",
        vec![
            id(),
            uid(),
            long("user_id"),
            text("name"),
            bytes("secret_hash").unique_key().take(),
            json("scopes"),
            long("created_at"),
            long_null("last_used_at"),
            long_null("revoked_at"),
        ],
        vec![reference("oauth_client", "user_id", "user")],
    )
}

fn limit_counter() -> TableCreateStatement {
    table("limit_counter", vec![text("name").primary_key().take(), long("empty_at")], vec![])
}
