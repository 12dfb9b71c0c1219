//! What the audit tells of.

use async_graphql::Enum;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::audit_entry::Action")]
pub enum AuditAction {
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
