//! The audit.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use entity::audit_entry::{self, SubjectKind};

use super::{
    connection::connection,
    context::{asked, counted, loaders, nullable, page},
    filter::{DateTimeFilter, IdFilter, Moments, both},
    id::{self, Kind},
    scalar::DateTime,
    user::User,
};
use crate::{
    domain::{self, audit::AuditFilter},
    error::Error,
    page::cursor,
};

mod action;

pub use action::AuditAction;

connection!(AuditEntryConnection, AuditEntryEdge, AuditEntry, "entries of the audit");

/// What kind of caller did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::audit_entry::ActorKind")]
pub enum AuditActorKind {
    /// A user.
    User,
    /// A runner, by its token.
    Runner,
    /// A caller without a credential.
    Anonymous,
    /// The operator at the command line, or the server by itself.
    Operator,
}

/// How entries of the audit are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "AuditOrder", remote = "crate::domain::audit::AuditOrder")]
pub enum AuditOrder {
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
}

/// Matches an action.
#[derive(Clone, Debug, Default, InputObject)]
pub struct AuditActionFilter {
    /// Exactly this action.
    eq: Option<AuditAction>,
    /// One of these actions.
    #[graphql(name = "in")]
    any_of: Option<Vec<AuditAction>>,
}

/// Which entries; conditions are ANDed.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "AuditFilter")]
pub struct AuditFilterInput {
    /// By the user who did it.
    actor_id: Option<IdFilter>,
    /// By what it was done to: a global id of anything that the audit tells of, such as a user or a token.
    subject_id: Option<IdFilter>,
    /// By action.
    action: Option<AuditActionFilter>,
    /// By moment.
    created_at: Option<DateTimeFilter>,
}

impl TryFrom<AuditFilterInput> for AuditFilter {
    type Error = Error;

    fn try_from(input: AuditFilterInput) -> Result<Self, Error> {
        let actions = input.action.and_then(|action| both(action.eq, action.any_of));
        let Moments { from, before, any_of } = DateTimeFilter::moments(input.created_at, "filter/createdAt")?;
        Ok(Self {
            actor_ids: IdFilter::uids(input.actor_id, Kind::User, "filter/actorId")?,
            subject_ids: IdFilter::uids_of_any(input.subject_id, "filter/subjectId")?,
            actions: actions.map(|actions| actions.into_iter().map(Into::into).collect()),
            created_from: from,
            created_before: before,
            created_at: any_of,
        })
    }
}

/// One thing that somebody did, and that matters to who guards the server.
#[derive(Clone, Debug)]
pub struct AuditEntry(pub Arc<audit_entry::Model>);

/// One thing that somebody did, and that matters to who guards the server.
#[Object]
impl AuditEntry {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::AuditEntry.id(self.0.uid)
    }

    /// What was done.
    async fn action(&self) -> AuditAction {
        self.0.action.into()
    }

    /// What kind of caller did it.
    async fn actor_kind(&self) -> AuditActorKind {
        self.0.actor_kind.into()
    }

    /// The user who did it, or whose runner did; null for the operator and for callers without a credential.
    async fn actor(&self, ctx: &Context<'_>) -> Option<Result<User>> {
        nullable(async move {
            match self.0.actor_id {
                Some(id) => Ok(loaders(ctx)?.user(id).await?.map(User)),
                None => Ok(None),
            }
        })
        .await
    }

    /// The global id of what it was done to, which may be gone; null when there was nothing, as at a log-in under a
    /// name that nobody has.
    async fn subject_id(&self) -> Option<ID> {
        let (kind, uid) = self.0.subject_kind.zip(self.0.subject_uid)?;
        Some(kind_of(kind).id(uid))
    }

    /// What that was called then.
    async fn subject_name(&self) -> Option<&str> {
        self.0.subject_name.as_deref()
    }

    /// More about it, for people to read.
    async fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// The address that the request came from; null where it is not known, as at the command line.
    async fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// What the caller's program called itself.
    async fn user_agent(&self) -> Option<&str> {
        self.0.user_agent.as_deref()
    }

    /// When.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}

const fn kind_of(kind: SubjectKind) -> id::Kind {
    match kind {
        SubjectKind::User => Kind::User,
        SubjectKind::Session => Kind::Session,
        SubjectKind::Token => Kind::Token,
        SubjectKind::Client => Kind::OauthClient,
        SubjectKind::Runner => Kind::Runner,
        SubjectKind::Group => Kind::Group,
        SubjectKind::Account => Kind::Account,
        SubjectKind::Project => Kind::Project,
        SubjectKind::Service => Kind::Service,
        SubjectKind::Job => Kind::Job,
        SubjectKind::File => Kind::File,
        SubjectKind::Server => Kind::Server,
    }
}

/// Reading the audit.
#[derive(Debug, Default)]
pub struct AuditQuery;

#[Object]
impl AuditQuery {
    /// What was done by whom: log-ins and their failures, changes of passwords, addresses, tokens, roles and rights, and
    /// what admins do. Only admins may ask. Entries are kept for `audit.retention_days`.
    #[expect(clippy::too_many_arguments, reason = "a connection has four arguments of its own")]
    async fn audit_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<AuditFilterInput>,
        #[graphql(desc = "The order.", default_with = "AuditOrder::CreatedAtDesc")] order: AuditOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<AuditEntryConnection> {
        let (app, viewer) = asked(ctx)?;
        let filter = AuditFilter::try_from(filter.unwrap_or_default())?;
        let (order, request) = (order.into(), page(ctx, first, last, after, before)?);
        let found = domain::audit::list(app, viewer, &filter, order, &request).await?;
        let total = counted(ctx, domain::audit::count(app, viewer, &filter)).await?;
        Ok(AuditEntryConnection::of(found, |row| cursor(order, row), |row| AuditEntry(Arc::new(row)), total))
    }
}
