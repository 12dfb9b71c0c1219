//! Projects, who takes part in them, groups of users, and what projects keep.

use sea_orm_migration::prelude::*;

use crate::tables::{flag, id, json, json_null, long, long_null, reference, table, text, text_null, uid, word};

/// The indexes of these tables, and those that lead from a project to what others have of it.
pub const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX project_name ON project (name) WHERE deleted_at IS NULL",
    "CREATE INDEX project_public ON project (name) WHERE is_public",
    "CREATE UNIQUE INDEX project_member_user ON project_member (user_id, project_id) WHERE user_id IS NOT NULL",
    "CREATE UNIQUE INDEX project_member_group ON project_member (group_id, project_id) WHERE group_id IS NOT NULL",
    "CREATE INDEX project_member_project ON project_member (project_id, id)",
    "CREATE UNIQUE INDEX group_member_once ON group_member (group_id, user_id)",
    "CREATE INDEX group_member_user ON group_member (user_id, group_id)",
    "CREATE UNIQUE INDEX favorite_once ON favorite (user_id, project_id)",
    "CREATE INDEX favorite_project ON favorite (project_id)",
    "CREATE INDEX project_data_project ON project_data (project_id, id)",
    "CREATE UNIQUE INDEX service_name ON service (name) \
     WHERE project_id IS NULL AND server_id IS NULL AND deleted_at IS NULL",
    "CREATE UNIQUE INDEX service_project_name ON service (project_id, name) \
     WHERE project_id IS NOT NULL AND deleted_at IS NULL",
    "CREATE INDEX service_project ON service (project_id) WHERE project_id IS NOT NULL",
    "CREATE INDEX job_project ON job (project_id, id) WHERE project_id IS NOT NULL",
    "CREATE INDEX event_project ON event (project_id, id) WHERE project_id IS NOT NULL",
    "CREATE INDEX ledger_entry_project ON ledger_entry (project_id, id) WHERE project_id IS NOT NULL",
];

/// A role belongs to a user or to a group, and never to both: who has it through a group has it as long as both last.
pub fn tables() -> Vec<TableCreateStatement> {
    let one_holder = Expr::col("user_id").is_null().ne(Expr::col("group_id").is_null());
    let mut member = table(
        "project_member",
        vec![
            id(),
            long("project_id"),
            long_null("user_id"),
            long_null("group_id"),
            word("role", &["owner", "manager", "contributor", "watcher"]),
            long("created_at"),
            long("updated_at"),
        ],
        vec![
            reference("project_member", "project_id", "project"),
            reference("project_member", "user_id", "user"),
            reference("project_member", "group_id", "group"),
        ],
    );
    member.check(one_holder);
    let favorite = table(
        "favorite",
        vec![id(), long("user_id"), long("project_id"), long("created_at")],
        vec![reference("favorite", "user_id", "user"), reference("favorite", "project_id", "project")],
    );
    let [group, group_member] = groups();
    vec![project(), group, group_member, member, favorite, project_data()]
}

fn project() -> TableCreateStatement {
    table(
        "project",
        vec![
            id(),
            uid(),
            text("name"),
            text("title"),
            text("description"),
            flag("is_public"),
            long_null("personal_of").unique_key().take(),
            long_null("default_account_id"),
            json_null("favorite_services"),
            long("created_at"),
            long("updated_at"),
            long_null("deleted_at"),
        ],
        vec![reference("project", "personal_of", "user"), reference("project", "default_account_id", "account")],
    )
}

fn groups() -> [TableCreateStatement; 2] {
    let group = table(
        "group",
        vec![
            id(),
            uid(),
            text("name").unique_key().take(),
            text("description"),
            long("created_at"),
            long("updated_at"),
        ],
        vec![],
    );
    let member = table(
        "group_member",
        vec![id(), long("group_id"), long("user_id"), long("created_at")],
        vec![reference("group_member", "group_id", "group"), reference("group_member", "user_id", "user")],
    );
    [group, member]
}

fn project_data() -> TableCreateStatement {
    table(
        "project_data",
        vec![
            id(),
            uid(),
            long("project_id"),
            long("owner_id"),
            text("kind"),
            text("title"),
            text("description"),
            text_null("value"),
            json("categories"),
            flag("is_public"),
            long("created_at"),
            long("updated_at"),
        ],
        vec![reference("project_data", "project_id", "project"), reference("project_data", "owner_id", "user")],
    )
}

/// A service is the server's or a project's; a project shows those that it exports to everybody who sees the project, and
/// other servers show what this one exports.
pub fn add_to_service(service: &mut TableCreateStatement) {
    service.col(long_null("project_id")).col(flag("is_exported")).foreign_key(&mut reference(
        "service",
        "project_id",
        "project",
    ));
}

/// A job may be a project's.
pub fn add_to_job(job: &mut TableCreateStatement) {
    job.col(long_null("project_id")).foreign_key(&mut reference("job", "project_id", "project"));
}
