//! Who asks, and what they may do.

mod permission;
mod same;

use std::sync::Arc;

use entity::{Scope, Time, job, project, project_member::Role, service, user};
use uuid::Uuid;

pub use permission::Permission;

use crate::error::{Error, Result};
use crate::origin::Client;

/// The role of users who see and edit accounts and recorded jobs.
pub const ACCOUNTING: &str = "accounting";

/// What callers without a credential may do as the user that stands in for them.
const STAND_IN: [Permission; 5] = [
    Permission::JobsRead,
    Permission::JobsWrite,
    Permission::ServicesWrite,
    Permission::AccountsRead,
    Permission::AccountsWrite,
];

/// The caller of every domain function.
#[derive(Clone, Debug)]
pub enum Viewer {
    /// A caller without a credential.
    Anonymous,
    /// A person, or a program with a person's API token.
    User(Arc<UserViewer>),
    /// A worker process with its runner token.
    Runner(Arc<RunnerViewer>),
    /// The operator at the server's own command line, and the server itself.
    Operator,
}

/// A user and the credential that speaks for it.
#[derive(Clone, Debug)]
pub struct UserViewer {
    /// The user as it was when the credential was checked, at most a second ago.
    pub user: user::Model,
    /// The services that the user manages (`service.id`), whose jobs it sees too.
    pub services: Vec<i64>,
    /// The projects that the user takes part in.
    pub projects: Vec<Membership>,
    /// How the user proved it.
    pub credential: Credential,
    /// When the credential ends by itself, as far as is known now.
    pub expires_at: Option<Time>,
    /// From where it was sent; known for what changes something.
    pub client: Client,
    /// Whether it goes on being asked for longer than a credential is believed; see [`Viewer::lasting`].
    pub lasting: bool,
}

/// A user's part in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// `project.id`.
    pub project_id: i64,
    /// The project's outside id.
    pub project_uid: Uuid,
    /// Whether the project is the user's own, which nobody else takes part in.
    pub personal: bool,
    /// The highest role of those that the user has by itself and through groups.
    pub role: Role,
}

/// What a user showed.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A log-in: may do all that the user may.
    Session {
        /// `session.id`.
        id: i64,
    },
    /// An API token: may do what its scopes say, and no more than the user may.
    Token {
        /// `token.id`.
        id: i64,
        /// The scopes' words.
        scopes: Vec<String>,
    },
    /// Nothing: the operator lets callers without a credential act as this user on an old API that knows no log-in. They
    /// read and write jobs and services, and do nothing else that the user may.
    StandIn,
}

/// A runner and its token.
#[derive(Clone, Debug)]
pub struct RunnerViewer {
    /// `runner.id`.
    pub id: i64,
    /// The user who made it.
    pub owner_id: i64,
    /// Its name.
    pub name: String,
    /// When its token ends by itself.
    pub expires_at: Option<Time>,
    /// From where it was sent; known for what changes something.
    pub client: Client,
}

impl Viewer {
    /// The operator of this server, with the rights of an admin.
    #[must_use]
    pub const fn local_operator() -> Self {
        Self::Operator
    }

    /// What queries on behalf of this caller return.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self {
            Self::Anonymous => Scope::Nobody,
            Self::Operator => Scope::All,
            Self::Runner(runner) => Scope::Runner { id: runner.id },
            Self::User(viewer) if viewer.user.status != user::Status::Active => Scope::Nobody,
            Self::User(_) if self.is_admin() => Scope::All,
            Self::User(viewer) => Scope::User {
                id: viewer.user.id,
                owns_services: viewer.lasting || !viewer.services.is_empty(),
                shares: viewer.lasting || viewer.projects.iter().any(|project| !project.personal),
                keeps_accounts: self.keeps_accounts(),
            },
        }
    }

    /// Whether this is a user whose account is in use.
    #[must_use]
    pub fn is_active_user(&self) -> bool {
        matches!(self, Self::User(viewer) if viewer.user.status == user::Status::Active)
    }

    /// Whether everything is allowed: an active admin whose token, if it is one, says so too.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        match self {
            Self::Operator => true,
            Self::User(viewer) => {
                viewer.user.is_admin && viewer.user.status == user::Status::Active && viewer.holds(Permission::Admin)
            }
            Self::Anonymous | Self::Runner(_) => false,
        }
    }

    /// Whether accounts and recorded jobs are this caller's business: an admin's, or an active user's with the role
    /// [`ACCOUNTING`].
    #[must_use]
    pub fn keeps_accounts(&self) -> bool {
        let has_role =
            |viewer: &UserViewer| viewer.user.status == user::Status::Active && viewer.user.roles.has(ACCOUNTING);
        self.is_admin() || matches!(self, Self::User(viewer) if has_role(viewer))
    }

    /// The user, for what only a logged-in, active user may do with this permission.
    ///
    /// Fails with UNAUTHENTICATED without a credential and with FORBIDDEN when the account is not active, the
    /// credential is a runner's, or the token lacks the scope.
    pub fn require(&self, permission: Permission) -> Result<&UserViewer> {
        let viewer = match self {
            Self::User(viewer) => viewer,
            Self::Anonymous => return Err(log_in_first()),
            Self::Runner(_) => {
                return Err(Error::Forbidden("A runner's token works on jobs and does nothing else.".into()));
            }
            Self::Operator => return Err(Error::Forbidden("This needs a user; the operator is none.".into())),
        };
        match viewer.user.status {
            user::Status::Active => {}
            user::Status::Pending => return Err(Error::Forbidden("This account is not activated yet.".into())),
            user::Status::Suspended => return Err(Error::Forbidden("This account is suspended.".into())),
            user::Status::Deleted => return Err(log_in_first()),
        }
        if viewer.holds(permission) {
            return Ok(viewer);
        }
        Err(Error::Forbidden(format!("This token lacks the scope {}.", permission.scope())))
    }

    /// The same for changes that the operator makes at the command line too.
    pub fn require_write(&self, permission: Permission) -> Result<()> {
        match self {
            Self::Operator => Ok(()),
            Self::Anonymous | Self::User(_) | Self::Runner(_) => self.require(permission).map(|_| ()),
        }
    }

    /// The same for reading: the operator and a runner pass too, since their finders say what they see.
    pub fn require_read(&self, permission: Permission) -> Result<()> {
        match self {
            Self::Operator | Self::Runner(_) => Ok(()),
            Self::Anonymous | Self::User(_) => self.require(permission).map(|_| ()),
        }
    }

    /// Like [`Viewer::require`] for an admin, the operator included.
    pub fn require_admin(&self) -> Result<()> {
        if self.is_admin() {
            return Ok(());
        }
        self.require(Permission::Admin)?;
        Err(Error::Forbidden("Only an admin may do this.".into()))
    }

    /// The runner, for what only a worker does.
    pub fn require_runner(&self) -> Result<&RunnerViewer> {
        match self {
            Self::Runner(runner) => Ok(runner),
            Self::Anonymous => Err(Error::Unauthenticated(
                "Work is done with a runner's token. Send it as `Authorization: Bearer ..`.".into(),
            )),
            Self::User(_) | Self::Operator => {
                Err(Error::Forbidden("Work is done with a runner's token; runnerCreate gives one.".into()))
            }
        }
    }

    /// The user's id, if a user asks.
    #[must_use]
    pub fn user_id(&self) -> Option<i64> {
        match self {
            Self::User(viewer) => Some(viewer.user.id),
            Self::Anonymous | Self::Runner(_) | Self::Operator => None,
        }
    }

    /// The session that the caller came with (`session.id`), if that is its credential.
    #[must_use]
    pub fn session_id(&self) -> Option<i64> {
        match self {
            Self::User(viewer) => match viewer.credential {
                Credential::Session { id } => Some(id),
                Credential::Token { .. } | Credential::StandIn => None,
            },
            Self::Anonymous | Self::Runner(_) | Self::Operator => None,
        }
    }

    /// The services that the user manages, whose jobs it sees beside its own; none for other kinds of callers.
    #[must_use]
    pub fn own_services(&self) -> &[i64] {
        match self {
            Self::User(viewer) => &viewer.services,
            Self::Anonymous | Self::Runner(_) | Self::Operator => &[],
        }
    }

    /// The projects that the user takes part in; none for other kinds of callers.
    #[must_use]
    pub fn projects(&self) -> &[Membership] {
        match self {
            Self::User(viewer) => &viewer.projects,
            Self::Anonymous | Self::Runner(_) | Self::Operator => &[],
        }
    }

    /// What the user is in a project; none for who takes no part in it, and for users that are not active.
    #[must_use]
    pub fn role_in(&self, project_id: i64) -> Option<Role> {
        let active = matches!(self, Self::User(viewer) if viewer.user.status == user::Status::Active);
        self.projects().iter().find(|project| active && project.project_id == project_id).map(|project| project.role)
    }

    /// Has this role in a project or a higher one, or is an admin.
    #[must_use]
    pub fn is_at_least(&self, role: Role, project_id: i64) -> bool {
        self.is_admin() || self.role_in(project_id).is_some_and(|own| own >= role)
    }

    /// What queries of accounts and entries on behalf of this caller return.
    #[must_use]
    pub fn account_scope(&self) -> Scope {
        if self.keeps_accounts() { Scope::All } else { self.scope() }
    }

    /// When the credential ends by itself, as far as is known now.
    #[must_use]
    pub fn expires_at(&self) -> Option<Time> {
        match self {
            Self::User(viewer) => viewer.expires_at,
            Self::Runner(viewer) => viewer.expires_at,
            Self::Anonymous | Self::Operator => None,
        }
    }

    /// Whether nothing that this caller may do or see was taken away since it was `earlier`: the same caller, with the
    /// same number of the changes that took something away.
    #[must_use]
    pub fn may_still(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::User(now), Self::User(then)) => {
                now.user.id == then.user.id && now.user.rights_revision == then.user.rights_revision
            }
            (Self::Runner(now), Self::Runner(then)) => now.id == then.id,
            (Self::Anonymous, Self::Anonymous) | (Self::Operator, Self::Operator) => true,
            _ => false,
        }
    }

    /// May change and delete this service, and look at all its jobs: the owner of one of the server's, who manages the
    /// project of another, and admins; nobody for one that another server runs.
    #[must_use]
    pub fn may_manage(&self, service: &service::Model) -> bool {
        match service.project_id {
            Some(project_id) => self.is_at_least(Role::Manager, project_id),
            None if service.server_id.is_some() => false,
            None => self.is_admin() || self.user_id() == Some(service.owner_id),
        }
    }

    /// May submit jobs to this service, which it sees: everybody to one of the server's, and contributors of its project
    /// to another.
    #[must_use]
    pub fn may_use(&self, service: &service::Model) -> bool {
        service.project_id.is_none_or(|project_id| self.is_at_least(Role::Contributor, project_id))
    }

    /// May put jobs, data and services of its own into this project, having the role that this takes. A personal project
    /// is its owner's alone, so that all its jobs are the owner's.
    #[must_use]
    pub fn may_add_to(&self, project: &project::Model, role: Role) -> bool {
        match project.personal_of {
            Some(owner_id) => self.user_id() == Some(owner_id),
            None => self.is_at_least(role, project.id),
        }
    }

    /// May cancel, change and remove this job, which it sees: its owner, who manages its service or its project, and who
    /// keeps accounts what is recorded. Its owner, service, project and origin must have been read.
    #[must_use]
    pub fn may_change(&self, job: &job::Model) -> bool {
        self.user_id() == Some(job.owner_id)
            || self.is_admin()
            || job.service_id.is_some_and(|id| self.own_services().contains(&id))
            || job.project_id.is_some_and(|id| self.is_at_least(Role::Manager, id))
            || job.origin == job::Origin::Recorded && self.keeps_accounts()
    }

    /// May have this job, which it may change, run once more as far as its project goes: its contributors, and who
    /// manages the service.
    #[must_use]
    pub fn may_run_in_project_of(&self, job: &job::Model) -> bool {
        job.service_id.is_some_and(|id| self.own_services().contains(&id))
            || job.project_id.is_none_or(|id| self.is_at_least(Role::Contributor, id))
    }
}

impl UserViewer {
    /// Whether the credential carries this permission.
    #[must_use]
    pub fn holds(&self, permission: Permission) -> bool {
        match &self.credential {
            Credential::Session { .. } => true,
            Credential::StandIn => STAND_IN.contains(&permission),
            Credential::Token { scopes, .. } => scopes.iter().any(|scope| scope == permission.scope()),
        }
    }
}

/// The refusal of a caller without a credential.
#[must_use]
pub fn log_in_first() -> Error {
    Error::Unauthenticated("Log in first: sessionCreate gives a token to send as `Authorization: Bearer ..`.".into())
}
