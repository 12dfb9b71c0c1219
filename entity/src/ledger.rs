//! The ledger: every movement of money, for ever.

use sea_orm::{Condition, entity::prelude::*};
use serde::{Deserialize, Serialize};

use crate::{
    Amount, Scope, Time,
    account::accounts_of,
    project_member::{Role, projects_of},
};

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Money was put in.
    #[sea_orm(string_value = "grant")]
    Grant,
    /// Money was reserved for a job.
    #[sea_orm(string_value = "hold")]
    Hold,
    /// A reservation ended and nothing was taken.
    #[sea_orm(string_value = "release")]
    Release,
    /// A job was paid: its reservation ended and its cost was taken.
    #[sea_orm(string_value = "settle")]
    Settle,
    /// What was taken for a job was given back.
    #[sea_orm(string_value = "refund")]
    Refund,
    /// Somebody corrected a sum.
    #[sea_orm(string_value = "adjustment")]
    Adjustment,
}

/// A row of `ledger_entry`. It is never changed and never removed: a trigger of the database refuses both.
///
/// It names the job, its owner and its service by themselves, since a job may be removed and an entry may not.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_entry")]
pub struct Model {
    /// The order of the entries of an account: they are made under its row's lock.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The outside id.
    pub uid: Uuid,
    /// The account.
    pub account_id: i64,
    /// What it is about.
    pub kind: Kind,
    /// Change of the account's `granted`.
    pub granted: Amount,
    /// Change of the account's and the member's `held`.
    pub held: Amount,
    /// Change of the account's and the member's `spent`.
    pub spent: Amount,
    /// The job, if it is about one.
    pub job_id: Option<i64>,
    /// The job's outside id.
    pub job_uid: Option<Uuid>,
    /// Whose job: the member whose sums changed with the account's.
    pub user_id: Option<i64>,
    /// The job's service.
    pub service_id: Option<i64>,
    /// The job's project.
    pub project_id: Option<i64>,
    /// Microseconds that the job's attempts ran and that this entry pays for.
    pub ran_micros: Option<i64>,
    /// Why, for people to read.
    pub reason: Option<String>,
    /// Who did it by hand; none when docket booked it.
    pub actor_id: Option<i64>,
    /// When it was booked.
    pub created_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The entries that `scope` may see: those of a user's own jobs, and all of the accounts and the projects that the
    /// user manages.
    #[must_use]
    pub fn visible_to(scope: &Scope) -> Select<Self> {
        match *scope {
            Scope::All => Self::find(),
            Scope::User { id, shares, .. } => {
                let mut sees = Condition::any()
                    .add(Column::UserId.eq(id))
                    .add(Column::AccountId.in_subquery(accounts_of(id, true)));
                if shares {
                    sees = sees.add(Column::ProjectId.in_subquery(projects_of(id, Role::Manager)));
                }
                Self::find().filter(sees)
            }
            Scope::Nobody | Scope::Runner { .. } => Self::find().filter(Expr::val(false)),
        }
    }
}
