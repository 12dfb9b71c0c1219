//! The audit: who did what to whom, when, and from where. An entry is a row of the transaction that it tells of.

mod overruling;

use entity::{
    Time, account,
    audit_entry::{self, ActorKind, SubjectKind},
    file, group, job, project, runner, server, service, session, token, user,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

pub use entity::audit_entry::Action;
pub use overruling::Overruling;

use crate::{
    app::App,
    db::{Insertion, Tx},
    error::{Error, Result},
    infra::secret,
    origin::Client,
    page::{self, Key, Order, Page, PageRequest},
    viewer::Viewer,
};

/// Entries deleted in one transaction at most, so that no other write waits long.
const BATCH: u64 = 1_000;

/// How an entry gets there.
static INSERTION: Insertion = Insertion::new();

/// Who does something, and from where.
#[derive(Clone, Debug)]
pub struct Actor {
    kind: ActorKind,
    user_id: Option<i64>,
    client: Client,
}

impl Actor {
    /// The viewer; of a runner the user who made it is noted.
    #[must_use]
    pub fn of(viewer: &Viewer) -> Self {
        match viewer {
            Viewer::Anonymous => Self::anonymous(&Client::default()),
            Viewer::Operator => Self { kind: ActorKind::Operator, user_id: None, client: Client::default() },
            Viewer::User(viewer) => Self::user(viewer.user.id, &viewer.client),
            Viewer::Runner(viewer) => {
                let client = viewer.client.clone();
                Self { kind: ActorKind::Runner, user_id: Some(viewer.owner_id), client }
            }
        }
    }

    /// A caller without a credential, such as one whose log-in fails.
    #[must_use]
    pub fn anonymous(client: &Client) -> Self {
        Self { kind: ActorKind::Anonymous, user_id: None, client: client.clone() }
    }

    /// A user who has just shown who it is, such as one who logs in or follows a mailed link.
    #[must_use]
    pub fn user(user_id: i64, client: &Client) -> Self {
        Self { kind: ActorKind::User, user_id: Some(user_id), client: client.clone() }
    }
}

/// What something is done to.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    of: Option<(SubjectKind, Uuid)>,
    name: Option<String>,
    detail: Option<String>,
}

impl Subject {
    /// Nothing that exists, such as the user whose name somebody mistyped. The text that was typed is never noted: people
    /// type passwords into the wrong field.
    #[must_use]
    pub fn unknown() -> Self {
        Self::default()
    }

    /// A thing by its outside id, and what it is called.
    pub fn new(kind: SubjectKind, uid: Uuid, name: impl Into<String>) -> Self {
        Self { of: Some((kind, uid)), name: Some(name.into()), detail: None }
    }

    /// The same with a sentence or a few words more, for people to read. Never a secret.
    #[must_use]
    pub fn noting(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

impl From<&user::Model> for Subject {
    fn from(user: &user::Model) -> Self {
        Self::new(SubjectKind::User, user.uid, &*user.username)
    }
}

impl From<&token::Model> for Subject {
    fn from(token: &token::Model) -> Self {
        Self::new(SubjectKind::Token, token.uid, &*token.name)
    }
}

impl From<&session::Model> for Subject {
    fn from(session: &session::Model) -> Self {
        Self { name: None, ..Self::new(SubjectKind::Session, session.uid, "") }
    }
}

impl From<&runner::Model> for Subject {
    fn from(runner: &runner::Model) -> Self {
        Self::new(SubjectKind::Runner, runner.uid, &*runner.name)
    }
}

impl From<&group::Model> for Subject {
    fn from(group: &group::Model) -> Self {
        Self::new(SubjectKind::Group, group.uid, &*group.name)
    }
}

impl From<&account::Model> for Subject {
    fn from(account: &account::Model) -> Self {
        Self::new(SubjectKind::Account, account.uid, &*account.name)
    }
}

impl From<&service::Model> for Subject {
    fn from(service: &service::Model) -> Self {
        Self::new(SubjectKind::Service, service.uid, &*service.name)
    }
}

impl From<&project::Model> for Subject {
    fn from(project: &project::Model) -> Self {
        Self::new(SubjectKind::Project, project.uid, &*project.name)
    }
}

/// Of the job its outside id and number must have been read.
impl From<&job::Model> for Subject {
    fn from(job: &job::Model) -> Self {
        Self::new(SubjectKind::Job, job.uid, job.id.to_string())
    }
}

impl From<&file::Model> for Subject {
    fn from(file: &file::Model) -> Self {
        Self::new(SubjectKind::File, file.uid, &*file.name)
    }
}

impl From<&server::Model> for Subject {
    fn from(server: &server::Model) -> Self {
        Self::new(SubjectKind::Server, server.uid, &*server.name).noting(&*server.url)
    }
}

/// Notes that somebody does something, in the transaction that does it.
pub async fn note(tx: &Tx, actor: &Actor, action: Action, subject: impl Into<Subject>) -> Result<()> {
    let subject = subject.into();
    let row = audit_entry::ActiveModel {
        uid: Set(secret::uid()),
        action: Set(action),
        actor_kind: Set(actor.kind),
        actor_id: Set(actor.user_id),
        subject_kind: Set(subject.of.map(|(kind, _)| kind)),
        subject_uid: Set(subject.of.map(|(_, uid)| uid)),
        subject_name: Set(subject.name),
        detail: Set(subject.detail),
        address: Set(actor.client.address.map(|address| address.to_string())),
        user_agent: Set(actor.client.agent()),
        created_at: Set(tx.now),
        ..Default::default()
    };
    tx.db.insert_soon(&INSERTION, &row).await?;
    Ok(())
}

/// Which entries to list; conditions are ANDed.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of one of these users (outside ids).
    pub actor_ids: Option<Vec<Uuid>>,
    /// About one of these things (outside ids).
    pub subject_ids: Option<Vec<Uuid>>,
    /// One of these actions.
    pub actions: Option<Vec<Action>>,
    /// At or after.
    pub created_from: Option<Time>,
    /// Before.
    pub created_before: Option<Time>,
    /// At one of these moments.
    pub created_at: Option<Vec<Time>>,
}

/// How entries are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditOrder {
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
}

/// The entry with this outside id. Only an admin may ask.
pub async fn get(app: &App, viewer: &Viewer, uid: Uuid) -> Result<audit_entry::Model> {
    viewer.require_admin()?;
    let query = audit_entry::Entity::visible_to(&viewer.scope()).filter(audit_entry::Column::Uid.eq(uid));
    query.one(app.db.read()).await?.ok_or(Error::NotFound("entry"))
}

/// A page of the audit. Only an admin may ask.
pub async fn list(
    app: &App,
    viewer: &Viewer,
    filter: &AuditFilter,
    order: AuditOrder,
    request: &PageRequest,
) -> Result<Page<audit_entry::Model>> {
    viewer.require_admin()?;
    page::fetch(filtered(viewer, filter), order, request, app.db.read()).await
}

/// How many entries there are under this filter. Only an admin may ask.
pub async fn count(app: &App, viewer: &Viewer, filter: &AuditFilter) -> Result<i64> {
    viewer.require_admin()?;
    page::count(filtered(viewer, filter), app.db.read()).await
}

fn filtered(viewer: &Viewer, filter: &AuditFilter) -> Select<audit_entry::Entity> {
    let mut query = audit_entry::Entity::visible_to(&viewer.scope());
    if let Some(uids) = &filter.actor_ids {
        let users = super::ids_of::<user::Entity>(user::Column::Id, user::Column::Uid, uids);
        query = query.filter(audit_entry::Column::ActorId.in_subquery(users));
    }
    if let Some(uids) = &filter.subject_ids {
        query = query.filter(audit_entry::Column::SubjectUid.is_in(uids.iter().copied()));
    }
    if let Some(actions) = &filter.actions {
        query = query.filter(audit_entry::Column::Action.is_in(actions.iter().copied()));
    }
    if let Some(from) = filter.created_from {
        query = query.filter(audit_entry::Column::CreatedAt.gte(from));
    }
    if let Some(before) = filter.created_before {
        query = query.filter(audit_entry::Column::CreatedAt.lt(before));
    }
    if let Some(moments) = &filter.created_at {
        query = query.filter(audit_entry::Column::CreatedAt.is_in(moments.iter().copied()));
    }
    query
}

/// Deletes a batch of the entries that are older than `audit.retention_days`, and says how many those were.
pub async fn prune(app: &App) -> Result<u64> {
    let days = i64::from(app.config.audit.retention_days);
    let before = Time(app.clock.now_micros()).plus_seconds(-86_400 * days);
    let old = audit_entry::Entity::find()
        .select_only()
        .column(audit_entry::Column::Id)
        .filter(audit_entry::Column::CreatedAt.lt(before))
        .order_by_asc(audit_entry::Column::CreatedAt)
        .limit(BATCH);
    let ids: Vec<i64> = old.into_tuple().all(app.db.read()).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    app.db
        .write(ids, |tx, ids| {
            Box::pin(async move {
                let old = audit_entry::Entity::delete_many();
                let old = old.filter(audit_entry::Column::Id.is_in(ids.iter().copied()));
                Ok(old.exec(&tx.db).await?.rows_affected)
            })
        })
        .await
}

impl Order<audit_entry::Entity> for AuditOrder {
    fn column(self) -> Option<audit_entry::Column> {
        None
    }

    fn id(self) -> audit_entry::Column {
        audit_entry::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, _: &audit_entry::Model) -> Option<Key> {
        None
    }

    fn row_id(self, row: &audit_entry::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::CreatedAtAsc => "c",
            Self::CreatedAtDesc => "cd",
        }
    }
}
