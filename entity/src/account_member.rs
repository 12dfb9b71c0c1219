//! Who may charge an account, and what each has charged.

use sea_orm::{Condition, entity::prelude::*};

use crate::{Amount, Scope, Time, account::accounts_of};

/// A row of `account_member`. It stays when the membership ends, since its sums are those of the user's entries.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_member")]
pub struct Model {
    /// Internal key.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The account.
    pub account_id: i64,
    /// The user.
    pub user_id: i64,
    /// Sees all members and entries of the account, and sets members that are no managers.
    pub is_manager: bool,
    /// Bounds `held + spent` of this user when a job is submitted; none binds only to what the account has.
    pub spend_limit: Option<Amount>,
    /// What is reserved for the user's jobs that have not finished.
    pub held: Amount,
    /// What was taken for the user's jobs.
    pub spent: Amount,
    /// When the user first became a member, or first charged the account.
    pub created_at: Time,
    /// When the row last changed.
    pub updated_at: Time,
    /// Set while the user is not a member.
    pub removed_at: Option<Time>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The members that `scope` may see: all of the accounts that a user manages, and oneself.
    #[must_use]
    pub fn visible_to(scope: &Scope) -> Select<Self> {
        let present = Self::find().filter(Column::RemovedAt.is_null());
        match *scope {
            Scope::All => present,
            Scope::User { id, .. } => present.filter(
                Condition::any().add(Column::UserId.eq(id)).add(Column::AccountId.in_subquery(accounts_of(id, true))),
            ),
            Scope::Nobody | Scope::Runner { .. } => present.filter(Expr::val(false)),
        }
    }
}
