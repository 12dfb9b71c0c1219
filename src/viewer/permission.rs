//! What API tokens are for.

/// What a scope of an API token allows. Scopes only narrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Read jobs, their logs and events.
    JobsRead,
    /// Submit, change, cancel and delete jobs.
    JobsWrite,
    /// Make and change services.
    ServicesWrite,
    /// Make and remove runners.
    RunnersWrite,
    /// Read accounts, their entries and their events.
    AccountsRead,
    /// Change accounts, their members and their money, as far as the user may.
    AccountsWrite,
    /// Read projects that are not public, their members and their data.
    ProjectsRead,
    /// Make and change projects, their members and their data, as far as the user may.
    ProjectsWrite,
    /// Use the rights of an admin, and manage sessions and tokens.
    Admin,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 9] = [
        Self::JobsRead,
        Self::JobsWrite,
        Self::ServicesWrite,
        Self::RunnersWrite,
        Self::AccountsRead,
        Self::AccountsWrite,
        Self::ProjectsRead,
        Self::ProjectsWrite,
        Self::Admin,
    ];

    /// The word of the scope that allows it.
    #[must_use]
    pub const fn scope(self) -> &'static str {
        match self {
            Self::JobsRead => "jobs:read",
            Self::JobsWrite => "jobs:write",
            Self::ServicesWrite => "services:write",
            Self::RunnersWrite => "runners:write",
            Self::AccountsRead => "accounts:read",
            Self::AccountsWrite => "accounts:write",
            Self::ProjectsRead => "projects:read",
            Self::ProjectsWrite => "projects:write",
            Self::Admin => "admin",
        }
    }
}
