//! Projects.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use entity::{project, project_member::Role};

use super::{
    account::Account,
    context::{asked, counted, loaders, nullable, page, viewer},
    id::Kind,
    job::{JobConnection, JobFilterInput, JobOrder, page_of_jobs},
    project_data::{ProjectDataConnection, ProjectDataFilter, ProjectDataOrder, page_of_data},
    scalar::{DateTime, number},
    service::{ServiceConnection, ServiceFilterInput, ServiceOrder, page_of_services},
    user::{User, UserOrder},
};
use crate::{
    domain::{self, job::JobFilter, project::Rights, service::ServiceFilter},
    page::cursor,
};

mod list;
mod member;
mod participant;
mod quick;
mod write;

pub use list::{ProjectConnection, ProjectOrder, ProjectQuery, page_of_projects};
pub use member::{ProjectMember, ProjectMemberMutation};
pub use write::ProjectMutation;

use member::{ProjectMemberConnection, ProjectMemberOrder};
use participant::{ProjectParticipantConnection, page_of_participants};

/// What a member of a project may do. Each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "ProjectRole", remote = "entity::project_member::Role")]
pub enum ProjectRole {
    /// Sees the project, its jobs, its services and its data.
    Watcher,
    /// Submits jobs and runs its own again, uses its services, and makes and changes data.
    Contributor,
    /// Changes and deletes the project, manages its members, its services and all its jobs.
    Manager,
    /// The same, and says who owns it.
    Owner,
}

/// What the viewer may do in a project now.
#[expect(clippy::struct_excessive_bools, reason = "a right each, asked for by its name")]
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct ProjectPermissions {
    /// Submit jobs into it.
    submit_jobs: bool,
    /// Make and change its data.
    edit_data: bool,
    /// Change it, and cancel and set all its jobs.
    manage: bool,
    /// Make services in it, and change them.
    manage_services: bool,
    /// Set and remove members that are no owners.
    set_members: bool,
    /// Set and remove owners.
    set_owners: bool,
    /// Delete it, once its jobs have finished.
    delete: bool,
}

impl From<Rights> for ProjectPermissions {
    fn from(rights: Rights) -> Self {
        let Rights { submit_jobs, edit_data, manage, manage_services, set_members, set_owners, delete } = rights;
        Self { submit_jobs, edit_data, manage, manage_services, set_members, set_owners, delete }
    }
}

/// What people do together: jobs, services and data, and who may do what with them.
#[derive(Clone, Debug)]
pub struct Project {
    row: Arc<project::Model>,
    /// What the viewer is in it, where that is newer than what the request came with.
    role: Option<Role>,
}

impl Project {
    /// A project.
    pub fn new(row: project::Model) -> Self {
        Self::shared(Arc::new(row))
    }

    /// The same for a row that is shared already.
    pub fn shared(row: Arc<project::Model>) -> Self {
        Self { row, role: None }
    }

    /// A project that the viewer has just made, and owns.
    pub fn made(row: project::Model) -> Self {
        Self { role: Some(Role::Owner), ..Self::new(row) }
    }

    fn role(&self, ctx: &Context<'_>) -> Result<Option<Role>> {
        Ok(self.role.or(viewer(ctx)?.role_in(self.row.id)))
    }
}

/// What people do together: jobs, services and data, and who may do what with them.
#[Object]
impl Project {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::Project.id(self.row.uid)
    }

    /// A short number, unique among projects.
    async fn number(&self) -> i32 {
        number(self.row.id)
    }

    /// A short name, unique among projects; 1 to 64 letters, digits, `_`, `.` or `-`.
    async fn name(&self) -> &str {
        &self.row.name
    }

    /// What people call it; at most 200 characters.
    async fn title(&self) -> &str {
        &self.row.title
    }

    /// What it is about; at most 10,000 characters.
    async fn description(&self) -> &str {
        &self.row.description
    }

    /// Whether everybody sees it, with its services and its public data. Its jobs and its members are
    /// seen by its members only.
    async fn is_public(&self) -> bool {
        self.row.is_public
    }

    /// Whether it is a user's own, which nobody else takes part in. Every user has one.
    async fn is_personal(&self) -> bool {
        self.row.personal_of.is_some()
    }

    /// Whether the viewer has marked it.
    async fn is_favorite(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(loaders(ctx)?.favorite(self.row.id).await?.is_some())
    }

    /// The user who has owned it for the longest time.
    async fn owner(&self, ctx: &Context<'_>) -> Option<Result<User>> {
        nullable(async move {
            let owner = loaders(ctx)?.project_owner(self.row.id).await?;
            match owner.and_then(|owner| owner.user_id) {
                Some(id) => Ok(loaders(ctx)?.user(id).await?.map(User)),
                None => Ok(None),
            }
        })
        .await
    }

    /// Who takes part in it; nobody for who does not.
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.", default_with = "ProjectMemberOrder::CreatedAtAsc")] order: ProjectMemberOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<ProjectMemberConnection> {
        let (app, viewer) = asked(ctx)?;
        let (order, id) = (order.into(), self.row.id);
        let found = domain::project::members(app, viewer, id, order, &page(ctx, first, last, after, before)?).await?;
        let total = counted(ctx, domain::project::count_members(app, viewer, id)).await?;
        Ok(ProjectMemberConnection::of(found, |row| cursor(order, row), ProjectMember, total))
    }

    /// Everybody who takes part in it, those who do through a group included; nobody for who does not.
    async fn participants(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.", default_with = "UserOrder::CreatedAtAsc")] order: UserOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<ProjectParticipantConnection> {
        page_of_participants(ctx, self.row.id, order, &page(ctx, first, last, after, before)?).await
    }

    /// The services that its members want at hand, by their full names; null when nobody has ever said so. What an
    /// older system kept here is passed through.
    async fn favorite_services(&self) -> Option<&[String]> {
        self.row.favorite_services.as_ref().map(|names| names.0.as_slice())
    }

    /// The highest role of those that the viewer has by itself and through groups; null for who takes no part in it.
    async fn viewer_role(&self, ctx: &Context<'_>) -> Result<Option<ProjectRole>> {
        Ok(self.role(ctx)?.map(Into::into))
    }

    /// What the viewer may do in it now.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<ProjectPermissions> {
        Ok(domain::project::rights(viewer(ctx)?, &self.row, self.role(ctx)?).into())
    }

    /// Its services, which everybody sees who sees the project.
    #[expect(clippy::too_many_arguments, reason = "a connection has four arguments of its own")]
    async fn services(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; `projectId` plays no part here.")] filter: Option<ServiceFilterInput>,
        #[graphql(desc = "The order.", default_with = "ServiceOrder::NameAsc")] order: ServiceOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<ServiceConnection> {
        let mut filter = ServiceFilter::try_from(filter.unwrap_or_default())?;
        filter.project_ids = Some(vec![self.row.uid]);
        page_of_services(ctx, &filter, order, &page(ctx, first, last, after, before)?).await
    }

    /// Its jobs that the viewer may see: all of them for its members. Null without the right to read jobs.
    #[expect(clippy::too_many_arguments, reason = "a connection has four arguments of its own")]
    async fn jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; `projectId` plays no part here.")] filter: Option<JobFilterInput>,
        #[graphql(desc = "The order.", default_with = "JobOrder::SubmittedAtDesc")] order: JobOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Option<Result<JobConnection>> {
        nullable(async move {
            let mut filter = JobFilter::try_from(filter.unwrap_or_default())?;
            filter.project_ids = Some(vec![self.row.uid]);
            page_of_jobs(ctx, &filter, order, &page(ctx, first, last, after, before)?).await.map(Some)
        })
        .await
    }

    /// Its data that the viewer may see: all of it for its members, what is public for others.
    #[expect(clippy::too_many_arguments, reason = "a connection has four arguments of its own")]
    async fn data(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<ProjectDataFilter>,
        #[graphql(desc = "The order.", default_with = "ProjectDataOrder::CreatedAtDesc")] order: ProjectDataOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<ProjectDataConnection> {
        let filter = filter.unwrap_or_default().try_into()?;
        page_of_data(ctx, self.row.id, &filter, order, &page(ctx, first, last, after, before)?).await
    }

    /// Who pays for its jobs that name no account, when the submitter may charge it; null for none, and for those who
    /// may not see the account.
    async fn default_account(&self, ctx: &Context<'_>) -> Option<Result<Account>> {
        nullable(async move {
            match self.row.default_account_id {
                Some(id) => Ok(loaders(ctx)?.account(id).await?.map(Account)),
                None => Ok(None),
            }
        })
        .await
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        self.row.updated_at.into()
    }

    /// When it was deleted; only what was paid for its jobs still leads here.
    async fn deleted_at(&self) -> Option<DateTime> {
        self.row.deleted_at.map(Into::into)
    }
}

/// `app`, `viewer` and a uid for what is done to one project.
fn one<'a>(ctx: &Context<'a>, id: &ID) -> Result<(&'a crate::app::App, &'a crate::viewer::Viewer, uuid::Uuid)> {
    let (app, viewer) = asked(ctx)?;
    Ok((app, viewer, super::id::uid(Kind::Project, "projectId", id)?))
}
