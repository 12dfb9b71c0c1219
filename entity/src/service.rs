//! Things that can be run.
#![expect(clippy::struct_excessive_bools, reason = "a column each")]

use sea_orm::{Condition, QuerySelect, QueryTrait, entity::prelude::*, sea_query::SelectStatement};

use crate::{
    Amount, Scope, Time,
    legacy_number::Dialect,
    project::public_ones,
    project_member::{Role, projects_of},
    runner_service,
};

/// What sort of thing a service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Kind {
    /// One program.
    #[sea_orm(string_value = "program")]
    Program,
    /// Several steps behind one name.
    #[sea_orm(string_value = "workflow")]
    Workflow,
    /// Something that shows rather than computes.
    #[sea_orm(string_value = "widget")]
    Widget,
}

/// How a service's jobs get to its runners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Dispatch {
    /// Runners ask for them.
    #[default]
    #[sea_orm(string_value = "pull")]
    Pull,
    /// The server assigns each to the runner that has been idle for longest.
    #[sea_orm(string_value = "push")]
    Push,
}

/// A row of `service`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "service")]
pub struct Model {
    /// Also the number that people see.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The outside id.
    pub uid: Uuid,
    /// The project that it belongs to; none for one of the server's. It never changes.
    pub project_id: Option<i64>,
    /// Whether other servers may show it; one of a project where that is public.
    pub is_exported: bool,
    /// The other server that runs it; none for what runs here. Then nothing here changes it but what that server says.
    pub server_id: Option<i64>,
    /// The name of its project at that server; none for one of that server's own.
    pub remote_project: Option<String>,
    /// A slug, unique among the server's services or those of its project.
    pub name: String,
    /// Free text.
    pub title: String,
    /// Free text.
    pub description: String,
    /// Program, workflow or widget.
    pub kind: Kind,
    /// Whether runners ask for its jobs or have them assigned. It never changes.
    pub dispatch: Dispatch,
    /// Who made it. One of the server's services is managed by its owner, one of a project's by those who manage the
    /// project.
    pub owner_id: i64,
    /// The version that new jobs are accepted under (`service_version.id`); set right after the first version exists.
    pub version_id: Option<i64>,
    /// Takes no new jobs.
    pub disabled: bool,
    /// A flag that its owner sets; it blocks nothing.
    pub is_available: bool,
    /// Seconds without a check-in after which the service counts as timed out.
    pub timeout_seconds: i32,
    /// The last check-in.
    pub last_seen_at: Option<Time>,
    /// How often a job is tried before it fails for good; none means for ever.
    pub max_attempts: Option<i32>,
    /// How long a claim lasts without a heartbeat.
    pub lease_seconds: i32,
    /// How long one attempt may run; none means for ever.
    pub max_run_seconds: Option<i32>,
    /// Whether an attempt that ran too long is tried again.
    pub retry_timeouts: bool,
    /// What a job costs in any case; none is nothing.
    pub price_per_job: Option<Amount>,
    /// What an hour of a job costs; none is nothing.
    pub price_per_hour: Option<Amount>,
    /// What an hour of a job costs for each of its processors; none is nothing.
    pub price_per_cpu_hour: Option<Amount>,
    /// Bytes of JSON that a job's results may have; none follows the server's setting.
    pub max_result_bytes: Option<i32>,
    /// How many of its jobs may be held at once; none means no bound.
    pub max_running: Option<i32>,
    /// How many of one user's jobs of it may be held at once; none means no bound.
    pub max_running_per_user: Option<i32>,
    /// When the row was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// The older API that it was made through, where its jobs are at home. It never changes.
    pub dialect: Option<Dialect>,
    /// Set when it was deleted: its jobs keep pointing here, nobody else does.
    pub deleted_at: Option<Time>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Whether the service has not checked in for longer than its timeout. One that never did has not timed out.
    #[must_use]
    pub fn has_timed_out(&self, now: Time) -> bool {
        self.last_seen_at.is_some_and(|seen| seen.plus_seconds(i64::from(self.timeout_seconds)) < now)
    }
}

impl Entity {
    /// The services that `scope` may see. `anonymous` says whether callers without a credential read services here.
    #[must_use]
    pub fn visible_to(scope: &Scope, anonymous: bool) -> Select<Self> {
        let present = Self::find().filter(Column::DeletedAt.is_null());
        let open_to_all =
            || Condition::any().add(Column::ProjectId.is_null()).add(Column::ProjectId.in_subquery(public_ones()));
        match *scope {
            Scope::All => present,
            Scope::User { id, .. } => {
                present.filter(open_to_all().add(Column::ProjectId.in_subquery(projects_of(id, Role::Watcher))))
            }
            Scope::Nobody if anonymous => present.filter(open_to_all()),
            Scope::Nobody => present.filter(Expr::val(false)),
            Scope::Runner { id } => {
                let works_for = runner_service::Entity::find()
                    .select_only()
                    .column(runner_service::Column::ServiceId)
                    .filter(runner_service::Column::RunnerId.eq(id));
                present.filter(Column::Id.in_subquery(works_for.into_query()))
            }
        }
    }

    /// The services that a user manages, deleted ones included: its own of the server's, and those of the projects that
    /// it manages.
    #[must_use]
    pub fn managed_by(user_id: i64) -> Select<Self> {
        let own = Condition::all().add(Column::OwnerId.eq(user_id)).add(Column::ProjectId.is_null());
        let own = own.add(Column::ServerId.is_null());
        let of_projects = Column::ProjectId.in_subquery(projects_of(user_id, Role::Manager));
        Self::find().filter(Condition::any().add(own).add(of_projects))
    }
}

/// The ids of the services that a user manages.
pub(crate) fn services_of(user_id: i64) -> SelectStatement {
    Entity::managed_by(user_id).select_only().column(Column::Id).into_query()
}
