//! People, and callers who act like people.

use sea_orm::{Condition, entity::prelude::*};

use crate::{
    Document, Scope, Time, Words,
    legacy_number::{Noun, enrolled},
};

/// How an account came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Kind {
    /// Somebody who logs in.
    #[sea_orm(string_value = "authenticated")]
    Authenticated,
    /// Somebody who was given a row without a log-in.
    #[sea_orm(string_value = "anonymous")]
    Anonymous,
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    /// Waits for an admin: may log in and read itself, nothing else.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// In use.
    #[sea_orm(string_value = "active")]
    Active,
    /// Stopped by an admin: may log in and read itself and `status_message`, nothing else.
    #[sea_orm(string_value = "suspended")]
    Suspended,
    /// Gone: only the row is left, for what names it.
    #[sea_orm(string_value = "deleted")]
    Deleted,
}

/// Who checks the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum AuthenticationType {
    /// This server.
    #[sea_orm(string_value = "native")]
    Native,
    /// A directory of the organisation.
    #[sea_orm(string_value = "ldap")]
    Ldap,
    /// A provider of `OpenID`.
    #[sea_orm(string_value = "oidc")]
    Oidc,
}

/// A row of `user`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user")]
pub struct Model {
    /// Also the number that people see.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The outside id: a random UUID (v4), so that it says nothing about when the account was made.
    pub uid: Uuid,
    /// The first eight digits of `uid`, unique among all users: short enough to be read out.
    pub short_id: String,
    /// Compared exactly; unique among users that are neither deleted nor `record_only`.
    pub username: String,
    /// As it was given; unique by `email_lower`.
    pub email: Option<String>,
    /// The address in lower case. None for a user that is `record_only`: such an address opens nothing, and two may have
    /// the same.
    pub email_lower: Option<String>,
    /// When the address was confirmed; none while it was not.
    pub email_verified_at: Option<Time>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Authenticated or anonymous.
    pub kind: Kind,
    /// Who checks the password.
    pub authentication_type: AuthenticationType,
    /// What a directory calls this user.
    pub ldap_uid: Option<String>,
    /// A JSON value that others keep here.
    pub metadata: Option<Document>,
    /// Known only from another system's records: nobody logs in as this user, and its name and address need not be unique.
    pub record_only: bool,
    /// Pending, active, suspended or deleted.
    pub status: Status,
    /// Why, for the user to read.
    pub status_message: Option<String>,
    /// May do everything.
    pub is_admin: bool,
    /// Words such as `service-author`; unknown ones carry no rights.
    pub roles: Words,
    /// Argon2id in PHC notation; none means that no password opens this account.
    pub password_hash: Option<String>,
    /// Rises when the user may do or see less than before.
    pub rights_revision: i64,
    /// When somebody last logged in with the password.
    pub last_login_at: Option<Time>,
    /// When the row was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// When the user was deleted.
    pub deleted_at: Option<Time>,
    /// When what a deleted user left behind was erased.
    pub erased_at: Option<Time>,
}

impl Model {
    /// A row of which only the id is known.
    #[must_use]
    pub fn of_id(id: i64) -> Self {
        Self {
            id,
            uid: Uuid::nil(),
            short_id: String::new(),
            username: String::new(),
            email: None,
            email_lower: None,
            email_verified_at: None,
            first_name: None,
            last_name: None,
            kind: Kind::Anonymous,
            authentication_type: AuthenticationType::Native,
            ldap_uid: None,
            metadata: None,
            record_only: false,
            status: Status::Active,
            status_message: None,
            is_admin: false,
            roles: Words::default(),
            password_hash: None,
            rights_revision: 0,
            last_login_at: None,
            created_at: Time(0),
            updated_at: Time(0),
            deleted_at: None,
            erased_at: None,
        }
    }

    /// Whether the user has still to confirm its address. Who has none has nothing to confirm.
    #[must_use]
    pub const fn is_unverified(&self) -> bool {
        self.email.is_some() && self.email_verified_at.is_none()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The users that `scope` may see: itself, those that `MyBRC` lists for who keeps accounts, or all for an admin.
    #[must_use]
    pub fn visible_to(scope: &Scope) -> Select<Self> {
        match *scope {
            Scope::All => Self::find(),
            Scope::User { id, keeps_accounts: true, .. } => {
                let enrolled = Column::Id.in_subquery(enrolled(Noun::User));
                Self::find().filter(Condition::any().add(Column::Id.eq(id)).add(enrolled))
            }
            Scope::User { id, .. } => Self::find().filter(Column::Id.eq(id)),
            Scope::Nobody | Scope::Runner { .. } => Self::find().filter(Expr::val(false)),
        }
    }
}
