//! Accounts: who pays.

use sea_orm::{QuerySelect, entity::prelude::*, sea_query::SelectStatement};

use crate::{Amount, Scope, Time, account_member};

/// What happens when a job costs more than was held for it, and when there is too little to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Overrun {
    /// Jobs are taken whatever is available, and cost what they cost: the account may be overdrawn.
    #[sea_orm(string_value = "allow")]
    Allow,
    /// Jobs need their hold; what one costs beyond it is taken as far as money is available.
    #[sea_orm(string_value = "cap")]
    Cap,
    /// Jobs need their hold, and never cost more than it.
    #[sea_orm(string_value = "refuse")]
    Refuse,
}

/// A row of `account`. Its three sums are those of its entries, changed with them in one transaction.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    /// Also the number that people see.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The outside id.
    pub uid: Uuid,
    /// A slug, unique among accounts that are not deleted.
    pub name: String,
    /// What an older API calls it: free text, which need not be unique.
    pub title: Option<String>,
    /// What sort of account it is, in a word of the operator's own.
    pub kind: String,
    /// Free text.
    pub description: String,
    /// What happens when the money does not suffice.
    pub overrun: Overrun,
    /// Whether what a batch system reports of jobs that it ran is charged.
    pub charges_recorded: bool,
    /// What was put in.
    pub granted: Amount,
    /// What is reserved for jobs that have not finished.
    pub held: Amount,
    /// What was taken.
    pub spent: Amount,
    /// When the row was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// Set when it was deleted: its entries stay.
    pub deleted_at: Option<Time>,
}

impl Model {
    /// A row of which only the id is known.
    #[must_use]
    pub const fn of_id(id: i64) -> Self {
        Self {
            id,
            uid: Uuid::nil(),
            name: String::new(),
            title: None,
            kind: String::new(),
            description: String::new(),
            overrun: Overrun::Refuse,
            charges_recorded: false,
            granted: Amount::ZERO,
            held: Amount::ZERO,
            spent: Amount::ZERO,
            created_at: Time(0),
            updated_at: Time(0),
            deleted_at: None,
        }
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What may still be held or taken. Never out of range: the sums are kept within [`Amount::MOST`].
    #[must_use]
    pub fn available(&self) -> Amount {
        Amount::clamped(self.granted.wide() - self.held.wide() - self.spent.wide())
    }
}

impl Entity {
    /// The accounts that `scope` may see: those that a user is a member of, or all. Deleted ones are not among them.
    #[must_use]
    pub fn visible_to(scope: &Scope) -> Select<Self> {
        Self::ever_visible_to(scope).filter(Column::DeletedAt.is_null())
    }

    /// The same with those that were deleted.
    #[must_use]
    pub fn ever_visible_to(scope: &Scope) -> Select<Self> {
        match *scope {
            Scope::All => Self::find(),
            Scope::User { id, .. } => Self::find().filter(Column::Id.in_subquery(accounts_of(id, false))),
            Scope::Nobody | Scope::Runner { .. } => Self::find().filter(Expr::val(false)),
        }
    }
}

/// The ids of the accounts that a user is a member of, or manages.
pub(crate) fn accounts_of(user_id: i64, managed: bool) -> SelectStatement {
    let own = account_member::Entity::find()
        .select_only()
        .column(account_member::Column::AccountId)
        .filter(account_member::Column::UserId.eq(user_id))
        .filter(account_member::Column::RemovedAt.is_null());
    sea_orm::QueryTrait::into_query(if managed { own.filter(account_member::Column::IsManager.eq(true)) } else { own })
}
