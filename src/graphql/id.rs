//! Global ids: a type's prefix and the row's uid (`job_0190f3a1..`), opaque to clients and readable in a log.

use async_graphql::ID;
use uuid::Uuid;

use crate::error::{Error, Result};

/// The types that have global ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user.
    User,
    /// A session.
    Session,
    /// An API token.
    Token,
    /// A service.
    Service,
    /// A runner.
    Runner,
    /// A job.
    Job,
    /// A file.
    File,
    /// An account.
    Account,
    /// An entry of the ledger.
    Entry,
    /// A project.
    Project,
    /// Data of a project.
    ProjectData,
    /// A group.
    Group,
    /// A server.
    Server,
    /// An entry of the audit.
    AuditEntry,
    /// An OAuth client.
    OauthClient,
}

impl Kind {
    const ALL: [Self; 15] = [
        Self::User,
        Self::Session,
        Self::Token,
        Self::Service,
        Self::Runner,
        Self::Job,
        Self::File,
        Self::Account,
        Self::Entry,
        Self::Project,
        Self::ProjectData,
        Self::Group,
        Self::Server,
        Self::AuditEntry,
        Self::OauthClient,
    ];

    const fn prefix(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Session => "session",
            Self::Token => "token",
            Self::Service => "service",
            Self::Runner => "runner",
            Self::Job => "job",
            Self::File => "file",
            Self::Account => "account",
            Self::Entry => "entry",
            Self::Project => "project",
            Self::ProjectData => "data",
            Self::Group => "group",
            Self::Server => "server",
            Self::AuditEntry => "audit",
            Self::OauthClient => "client",
        }
    }

    /// The id of a row.
    #[must_use]
    pub fn id(self, uid: Uuid) -> ID {
        let mut digits = Uuid::encode_buffer();
        ID([self.prefix(), "_", uid.simple().encode_lower(&mut digits)].concat())
    }
}

/// What kind of id a text is, and the uid in it; none for text that is no id of docket's.
#[must_use]
pub fn parse(id: &str) -> Option<(Kind, Uuid)> {
    let (prefix, uid) = id.split_once('_')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.prefix() == prefix)?;
    // One spelling only, so that equal ids are equal texts.
    let uid = Uuid::try_parse(uid).ok().filter(|parsed| parsed.simple().to_string() == uid)?;
    Some((kind, uid))
}

/// The uid in an id of `kind`. Fails with INVALID on `path` for another kind's id or no id at all.
pub fn uid(kind: Kind, path: &str, id: &ID) -> Result<Uuid> {
    match parse(id) {
        Some((found, uid)) if found == kind => Ok(uid),
        Some((found, _)) => Err(Error::invalid(
            path,
            format!("This is the id of a {}; the id of a {} is needed.", found.prefix(), kind.prefix()),
        )),
        None => {
            let prefix = kind.prefix();
            Err(Error::invalid(path, format!("This is not an id; it looks like {prefix}_ and 32 hexadecimal digits.")))
        }
    }
}

/// The uids of a list of ids, each named by its place when it is wrong; at most 100.
pub fn uids(kind: Kind, path: &str, ids: &[ID]) -> Result<Vec<Uuid>> {
    if ids.len() > 100 {
        return Err(Error::invalid(path, format!("{} ids are too many; at most 100 are taken.", ids.len())));
    }
    ids.iter().enumerate().map(|(index, id)| uid(kind, &format!("{path}/{index}"), id)).collect()
}
