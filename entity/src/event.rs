//! The log that every live channel reads.

use sea_orm::{Condition, FromJsonQueryResult, entity::prelude::*};
use serde::{Deserialize, Serialize};

use crate::{
    Scope, Time, job, ledger,
    project_member::{Role, projects_of},
    service::services_of,
};

/// What an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Kind {
    /// The job is in another state, or a cancellation was asked for.
    #[sea_orm(string_value = "status_changed")]
    StatusChanged,
    /// The worker reported progress or a message.
    #[sea_orm(string_value = "progressed")]
    Progressed,
    /// The job's log grew.
    #[sea_orm(string_value = "log_appended")]
    LogAppended,
    /// A file was attached to the job.
    #[sea_orm(string_value = "file_added")]
    FileAdded,
    /// Money was booked for the job.
    #[sea_orm(string_value = "charged")]
    Charged,
    /// Money was booked on an account, not for a job.
    #[sea_orm(string_value = "booked")]
    Booked,
    /// An account was made, changed or deleted, or its members were.
    #[sea_orm(string_value = "account_changed")]
    AccountChanged,
}

/// What was done to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountChange {
    /// It was made.
    Created,
    /// Its name, rule or the like was changed.
    Updated,
    /// A user became a member, or a membership was changed.
    MemberSet,
    /// A membership ended.
    MemberRemoved,
    /// It was deleted.
    Deleted,
}

/// What an entry of the ledger did, and what the account had after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// The entry.
    pub entry_id: i64,
    /// What it is about.
    pub kind: ledger::Kind,
    /// Changes of granted, held and spent, in millionths.
    pub deltas: [i64; 3],
    /// Granted, held and spent after it, in millionths.
    pub sums: [i64; 3],
}

/// The part of an event that depends on its kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(default)]
pub struct Detail {
    /// State before (`status_changed`; none when the job was just submitted).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<job::Status>,
    /// State after (`status_changed`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<job::Status>,
    /// 0 to 1 (`progressed`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<f64>,
    /// The worker's message (`progressed`), or why the state changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Bytes before the new log text (`log_appended`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    /// Bytes of the new log text (`log_appended`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<i64>,
    /// The log reached its bound with this text, and what comes after it is dropped (`log_appended`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
    /// What was booked (`charged`, `booked`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booking: Option<Booking>,
    /// What was done (`account_changed`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<AccountChange>,
    /// The file's outside id (`file_added`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<Uuid>,
    /// The file's name (`file_added`), which outlives the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A row of `event`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    /// The order of all events. On PostgreSQL a later one may be there before an earlier one (see
    /// `domain::event::seam`); SQLite's one writer commits in the order of these numbers.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The job; none for an event of an account alone.
    pub job_id: Option<i64>,
    /// The job's outside id, so that an event can be shown without reading the job.
    pub job_uid: Option<Uuid>,
    /// 1, 2, 3.. within the job, without a gap.
    pub revision: Option<i64>,
    /// What happened.
    pub kind: Kind,
    /// The attempt it happened in, 0 before the first.
    pub attempt: i32,
    /// The rest.
    pub detail: Detail,
    /// The job's service; none for a recorded job.
    pub service_id: Option<i64>,
    /// The job's project.
    pub project_id: Option<i64>,
    /// The job's owner.
    pub owner_id: Option<i64>,
    /// The account, of events that tell of one.
    pub account_id: Option<i64>,
    /// The runner that held the job then.
    pub runner_id: Option<i64>,
    /// When it happened.
    pub created_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}

/// The condition that an event is of a recorded job, in the words of the index `event_recorded`: only these have no
/// service, and events of accounts, which have no job either.
#[must_use]
pub fn recorded() -> Condition {
    Condition::all().add(Column::JobId.is_not_null()).add(Column::ServiceId.is_null())
}

impl Entity {
    /// The events of jobs that `scope` may see: of one's own jobs, of the jobs of the services that one manages and of
    /// the projects that one takes part in, and of all recorded ones for who keeps accounts; for a runner those of the
    /// jobs that it held at the time.
    #[must_use]
    pub fn visible_to(scope: &Scope) -> Select<Self> {
        match *scope {
            Scope::All => Self::find().filter(Column::JobId.is_not_null()),
            Scope::Nobody => Self::find().filter(Expr::val(false)),
            Scope::User { id, owns_services, shares, keeps_accounts } => {
                let mut sees = Condition::any().add(Column::OwnerId.eq(id));
                if owns_services {
                    sees = sees.add(Column::ServiceId.in_subquery(services_of(id)));
                }
                if shares {
                    sees = sees.add(Column::ProjectId.in_subquery(projects_of(id, Role::Watcher)));
                }
                if keeps_accounts {
                    sees = sees.add(recorded());
                }
                Self::find().filter(sees)
            }
            Scope::Runner { id } => Self::find().filter(Column::RunnerId.eq(id)),
        }
    }
}
