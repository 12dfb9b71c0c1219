//! Worker processes.

use sea_orm::entity::prelude::*;

use crate::{Labels, Scope, Time};

/// A row of `runner`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "runner")]
pub struct Model {
    /// Also the number that people see.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The outside id.
    pub uid: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// Who made it.
    pub owner_id: i64,
    /// How many jobs it may hold at once.
    pub slots: i32,
    /// What it can do: it gets only jobs that require some of these, or nothing.
    pub labels: Labels,
    /// The last sign of life: registration, claim or heartbeat.
    pub last_heartbeat_at: Option<Time>,
    /// Set while it is registered for work.
    pub registered_at: Option<Time>,
    /// Of a runner to which jobs are assigned: until when it counts as there unless it says a word; set while it is
    /// registered.
    pub online_until: Option<Time>,
    /// Since when it has been there without a job: the longest-idle one is the next to be given one.
    pub idle_since: Option<Time>,
    /// The job that it fetched last (`job.id`), until it has finished that: its result is taken though the job was taken
    /// back from it and assigned to it once more.
    pub fetched_job_id: Option<i64>,
    /// When the row was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The runners that `scope` may see: one's own, oneself, or all for an admin.
    #[must_use]
    pub fn visible_to(scope: &Scope) -> Select<Self> {
        match *scope {
            Scope::All => Self::find(),
            Scope::User { id, .. } => Self::find().filter(Column::OwnerId.eq(id)),
            Scope::Runner { id } => Self::find().filter(Column::Id.eq(id)),
            Scope::Nobody => Self::find().filter(Expr::val(false)),
        }
    }
}
