//! Users, their sessions and tokens, and what their mailed links carry.

use sea_orm_migration::prelude::*;

use crate::tables::{bytes, flag, id, json, long, long_null, reference, table, text, text_null, uid, word};

/// The indexes of these tables. `user_name` is beside `user_username` for looking up, since a partial index answers only
/// who repeats its condition.
pub const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX user_username ON \"user\" (username) WHERE status <> 'deleted' AND NOT record_only",
    "CREATE INDEX user_name ON \"user\" (username)",
    "CREATE UNIQUE INDEX user_email ON \"user\" (email_lower) WHERE email_lower IS NOT NULL",
    "CREATE INDEX user_erase ON \"user\" (deleted_at) WHERE deleted_at IS NOT NULL AND erased_at IS NULL",
    "CREATE INDEX user_anonymous ON \"user\" (updated_at) WHERE kind = 'anonymous' AND deleted_at IS NULL",
    "CREATE INDEX session_owner ON session (user_id, id)",
    "CREATE INDEX session_expiry ON session (expires_at)",
    "CREATE INDEX token_user ON token (user_id, id) WHERE user_id IS NOT NULL",
    "CREATE INDEX token_runner ON token (runner_id) WHERE runner_id IS NOT NULL",
    "CREATE INDEX one_time_token_user ON one_time_token (user_id, purpose)",
    "CREATE INDEX one_time_token_expiry ON one_time_token (expires_at)",
];

/// Users, sessions and one-time tokens.
pub fn tables() -> [TableCreateStatement; 3] {
    [user(), session(), one_time_token()]
}

/// A deleted user is only a number: the database itself refuses one that keeps an address, a name or a password.
fn user() -> TableCreateStatement {
    let columns = vec![
        id(),
        uid(),
        text("short_id").unique_key().take(),
        text("username"),
        text_null("email"),
        text_null("email_lower"),
        long_null("email_verified_at"),
        text_null("first_name"),
        text_null("last_name"),
        word("kind", &["authenticated", "anonymous"]),
        word("authentication_type", &["native", "ldap", "oidc"]),
        text_null("ldap_uid"),
        text_null("metadata"),
        flag("record_only"),
        word("status", &["pending", "active", "suspended", "deleted"]),
        text_null("status_message"),
        flag("is_admin"),
        json("roles"),
        text_null("password_hash"),
        long("rights_revision"),
        long_null("last_login_at"),
        long("created_at"),
        long("updated_at"),
        long_null("deleted_at"),
        long_null("erased_at"),
    ];
    let deleted = || Expr::col("status").eq("deleted");
    let mut bare = Expr::col("is_admin").eq(false);
    for column in ["email", "email_lower", "first_name", "last_name", "ldap_uid", "metadata", "password_hash"] {
        bare = bare.and(Expr::col(column).is_null());
    }
    let no_log_in = Expr::col("email_lower").is_null().and(Expr::col("password_hash").is_null());
    let mut user = table("user", columns, vec![]);
    user.check(deleted().eq(Expr::col("deleted_at").is_not_null()))
        .check(deleted().not().or(bare))
        .check(Expr::col("record_only").eq(false).or(no_log_in));
    user
}

fn session() -> TableCreateStatement {
    table(
        "session",
        vec![
            id(),
            uid(),
            long("user_id"),
            bytes("token_hash").unique_key().take(),
            text("origin"),
            text_null("user_agent"),
            long("created_at"),
            long("last_used_at"),
            long_null("idle_seconds"),
            long("expires_at"),
        ],
        vec![reference("session", "user_id", "user")],
    )
}

/// API tokens of users, and tokens of runners.
pub fn token() -> TableCreateStatement {
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
    token
}

fn one_time_token() -> TableCreateStatement {
    table(
        "one_time_token",
        vec![
            id(),
            long("user_id"),
            word("purpose", &["activation", "password_reset", "email_change"]),
            text("address"),
            bytes("token_hash").unique_key().take(),
            long_null("session_id"),
            long("created_at"),
            long("expires_at"),
            long_null("used_at"),
            long_null("replaced_at"),
        ],
        vec![reference("one_time_token", "user_id", "user")],
    )
}
