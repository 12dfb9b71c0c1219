//! The audit: who did what to whom, when, and from where.

use sea_orm::entity::prelude::*;

use crate::{Scope, Time};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Action {
    /// Somebody logged in.
    SessionCreated,
    /// A log-in failed.
    SessionRefused,
    /// A session was ended, by its user or by an admin.
    SessionDeleted,
    /// All sessions of a user were ended.
    SessionsDeleted,
    /// An API token was made.
    TokenCreated,
    /// An API token was revoked.
    TokenRevoked,
    /// An OAuth client was made.
    ClientCreated,
    /// An OAuth client was removed, and its tokens revoked.
    ClientDeleted,
    /// A runner, and its token, was made.
    RunnerCreated,
    /// A runner, and its token, was removed.
    RunnerDeleted,
    /// Somebody signed up.
    UserSignedUp,
    /// An admin made a user.
    UserCreated,
    /// An account was activated: its address was confirmed, or an admin did it.
    UserActivated,
    /// A user's profile was changed.
    UserUpdated,
    /// An account was suspended or set to wait, with words for its user.
    UserSuspended,
    /// A suspended or waiting account was given back.
    UserReinstated,
    /// A user was made an admin.
    UserPromoted,
    /// An admin was made an ordinary user.
    UserDemoted,
    /// A user's roles were changed.
    UserRolesChanged,
    /// An account was deleted.
    UserDeleted,
    /// A user changed the own password.
    PasswordChanged,
    /// Somebody asked for a link to set a new password.
    PasswordResetRequested,
    /// A password was set by way of a mailed link.
    PasswordReset,
    /// An admin set or removed a password.
    PasswordSet,
    /// A change of address was asked for.
    EmailChangeRequested,
    /// An address was changed.
    EmailChanged,
    /// A group was made.
    GroupCreated,
    /// A group was changed.
    GroupUpdated,
    /// A group was removed.
    GroupDeleted,
    /// A user was put into a group.
    GroupMemberAdded,
    /// A user was taken out of a group.
    GroupMemberRemoved,
    /// Another server was registered.
    ServerRegistered,
    /// The name or address of another server was changed, or whether it is used.
    ServerUpdated,
    /// Another server was forgotten.
    ServerRemoved,
    /// An account for money was made.
    AccountCreated,
    /// An account for money was changed.
    AccountUpdated,
    /// An account for money was closed.
    AccountDeleted,
    /// A member of an account was added or changed.
    AccountMemberSet,
    /// A member of an account was removed.
    AccountMemberRemoved,
    /// Money was put into an account.
    AccountGranted,
    /// A sum of an account was corrected.
    AccountAdjusted,
    /// Money was given back for a job.
    JobRefunded,
    /// What was held for a job was released before its end.
    JobHoldReleased,
    /// An admin changed something that belongs to somebody else.
    Overruled,
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum ActorKind {
    /// A user.
    User,
    /// A runner, by its token.
    Runner,
    /// A caller without a credential.
    Anonymous,
    /// The operator at the command line, or the server by itself.
    Operator,
}

/// What it was done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum SubjectKind {
    /// A user.
    User,
    /// A session.
    Session,
    /// An API token.
    Token,
    /// An OAuth client.
    Client,
    /// A runner.
    Runner,
    /// A group.
    Group,
    /// An account.
    Account,
    /// A project.
    Project,
    /// A service.
    Service,
    /// A job.
    Job,
    /// A file.
    File,
    /// Another server.
    Server,
}

/// A row of `audit_entry`. It is never changed, and goes when it is older than the audit is kept.
///
/// It refers to no other table: what it is about may be gone.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entry")]
pub struct Model {
    /// Internal key.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The outside id.
    pub uid: Uuid,
    /// What was done.
    pub action: Action,
    /// What kind of caller did it.
    pub actor_kind: ActorKind,
    /// The user who did it, or whose runner did.
    pub actor_id: Option<i64>,
    /// What kind of thing it was done to.
    pub subject_kind: Option<SubjectKind>,
    /// That thing's outside id.
    pub subject_uid: Option<Uuid>,
    /// What it was called then.
    pub subject_name: Option<String>,
    /// More about it, for people to read.
    pub detail: Option<String>,
    /// The caller's address, as far as it is known.
    pub address: Option<String>,
    /// What the caller's program called itself, cut to 200 characters.
    pub user_agent: Option<String>,
    /// When.
    pub created_at: Time,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The entries that `scope` may see: all for an admin, none for anybody else.
    #[must_use]
    pub fn visible_to(scope: &Scope) -> Select<Self> {
        match *scope {
            Scope::All => Self::find(),
            Scope::User { .. } | Scope::Nobody | Scope::Runner { .. } => Self::find().filter(Expr::val(false)),
        }
    }
}
