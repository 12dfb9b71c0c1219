//! Reading projects.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};

use super::{Project, ProjectRole};
use crate::{
    domain::{self, project::ProjectFilter},
    error::Error,
    graphql::{
        connection::connection,
        context::{asked, counted, nullable, page},
        filter::{StringFilter, both},
        id::{self, Kind},
    },
    page::{PageRequest, cursor},
};

connection!(ProjectConnection, ProjectEdge, Project, "projects", quick);

/// How projects are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "ProjectOrder", remote = "crate::domain::project::ProjectOrder")]
pub enum ProjectOrder {
    /// By name.
    NameAsc,
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
}

/// Matches the viewer's role in a project.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ProjectRoleFilter {
    /// Exactly this role.
    eq: Option<ProjectRole>,
    /// One of these roles.
    #[graphql(name = "in")]
    any_of: Option<Vec<ProjectRole>>,
}

/// Which projects; conditions are ANDed.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "ProjectFilter")]
pub struct ProjectFilterInput {
    /// By name.
    name: Option<StringFilter>,
    /// By the viewer's role; matches only those that the viewer takes part in.
    role: Option<ProjectRoleFilter>,
    /// Only those that the viewer has marked, or only the others.
    is_favorite: Option<bool>,
    /// Only those that everybody sees, or only the others.
    is_public: Option<bool>,
    /// Only those that are a user's own, or only the others.
    is_personal: Option<bool>,
}

impl TryFrom<ProjectFilterInput> for ProjectFilter {
    type Error = Error;

    fn try_from(input: ProjectFilterInput) -> Result<Self, Error> {
        let (names, name_starts_with) = input.name.unwrap_or_default().conditions("filter/name")?;
        let roles = input.role.and_then(|role| both(role.eq, role.any_of));
        Ok(Self {
            names,
            name_starts_with,
            favorite: input.is_favorite,
            roles: roles.map(|roles| roles.into_iter().map(Into::into).collect()),
            public: input.is_public,
            personal: input.is_personal,
            participant: None,
        })
    }
}

/// A page of the projects that the viewer may see, and that a filter leaves.
pub async fn page_of_projects(
    ctx: &Context<'_>,
    filter: &ProjectFilter,
    order: ProjectOrder,
    request: &PageRequest,
) -> Result<ProjectConnection> {
    let ((app, viewer), order) = (asked(ctx)?, order.into());
    let found = domain::project::list(app, viewer, filter, order, request).await?;
    let total = counted(ctx, domain::project::count(app, viewer, filter)).await?;
    Ok(ProjectConnection::of(found, |row| cursor(order, row), Project::new, total))
}

/// Reading projects.
#[derive(Debug, Default)]
pub struct ProjectQuery;

#[Object]
impl ProjectQuery {
    /// One project, by exactly one of the arguments.
    async fn project(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: Option<ID>,
        #[graphql(desc = "The short number.")] number: Option<i32>,
        #[graphql(desc = "The short name.")] name: Option<String>,
    ) -> Option<Result<Project>> {
        nullable(async move {
            let (app, viewer) = asked(ctx)?;
            let row = match (id, number, name) {
                (Some(id), None, None) => domain::project::get(app, viewer, id::uid(Kind::Project, "id", &id)?).await?,
                (None, Some(number), None) => domain::project::get_by_number(app, viewer, i64::from(number)).await?,
                (None, None, Some(name)) => domain::project::get_by_name(app, viewer, &name).await?,
                _ => return Err(Error::invalid("id", "Give exactly one of id, number and name.").into()),
            };
            Ok(Some(Project::new(row)))
        })
        .await
    }

    /// The projects that the viewer may see: those that it takes part in and public ones, or all for an admin. Without a
    /// log-in only public ones, where the server lets everybody read those.
    #[expect(clippy::too_many_arguments, reason = "a connection has four arguments of its own")]
    async fn projects(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<ProjectFilterInput>,
        #[graphql(desc = "The order.", default_with = "ProjectOrder::NameAsc")] order: ProjectOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<ProjectConnection> {
        let filter = ProjectFilter::try_from(filter.unwrap_or_default())?;
        page_of_projects(ctx, &filter, order, &page(ctx, first, last, after, before)?).await
    }
}
