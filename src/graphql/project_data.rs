//! Data of projects.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use entity::project_data;
use serde_json::Value;

use super::{
    connection::connection,
    context::{asked, counted, loaders, nullable, page, viewer},
    file::File,
    filter::StringFilter,
    id::{self, Kind},
    project::Project,
    scalar::{DateTime, number},
    user::User,
};
use crate::{
    domain::{self, project_data::DataFilter},
    error::Error,
    page::{PageRequest, cursor},
};

mod write;

pub use write::ProjectDataMutation;

connection!(ProjectDataConnection, ProjectDataEdge, ProjectData, "data");

/// How data is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "ProjectDataOrder", remote = "crate::domain::project_data::DataOrder")]
pub enum ProjectDataOrder {
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
    /// By title.
    TitleAsc,
}

/// Which data; conditions are ANDed.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ProjectDataFilter {
    /// By type.
    #[graphql(name = "type")]
    kind: Option<StringFilter>,
    /// Only what everybody sees where the project is public, or only the rest.
    is_public: Option<bool>,
}

impl TryFrom<ProjectDataFilter> for DataFilter {
    type Error = Error;

    fn try_from(input: ProjectDataFilter) -> Result<Self, Error> {
        let (kinds, kind_starts_with) = input.kind.unwrap_or_default().conditions("filter/type")?;
        Ok(Self { kinds, kind_starts_with, public: input.is_public })
    }
}

/// What the viewer may do with data of a project now.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct ProjectDataPermissions {
    /// Change it, and attach a file to it.
    edit: bool,
    /// Remove it.
    delete: bool,
}

/// What a project keeps: a value or a file with a title, and words to find it by.
#[derive(Clone, Debug)]
pub struct ProjectData(pub Arc<project_data::Model>);

/// What a project keeps: a value or a file with a title, and words to find it by.
#[Object]
impl ProjectData {
    /// The global id.
    pub async fn id(&self) -> ID {
        Kind::ProjectData.id(self.0.uid)
    }

    /// A short number, unique among data.
    async fn number(&self) -> i32 {
        number(self.0.id)
    }

    /// The project.
    async fn project(&self, ctx: &Context<'_>) -> Option<Result<Project>> {
        nullable(async move { Ok(loaders(ctx)?.project(self.0.project_id).await?.map(Project::shared)) }).await
    }

    /// Who made it.
    async fn owner(&self, ctx: &Context<'_>) -> Option<Result<User>> {
        nullable(async move { Ok(loaders(ctx)?.user(self.0.owner_id).await?.map(User)) }).await
    }

    /// What sort of thing it is, in a word of the project's own.
    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// What people call it; at most 200 characters.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What it is; at most 10,000 characters.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// Its value; null when it has none.
    async fn value(&self) -> Option<Value> {
        self.0.value.as_ref().map(|value| value.0.clone())
    }

    /// Words to find it by; at most 32.
    async fn categories(&self) -> &[String] {
        &self.0.categories.0
    }

    /// Its file; null when it has none.
    async fn file(&self, ctx: &Context<'_>) -> Option<Result<File>> {
        nullable(async move { Ok(loaders(ctx)?.file_of_data(self.0.id).await?.map(File)) }).await
    }

    /// Whether everybody who sees the project sees it, where the project is public.
    async fn is_public(&self) -> bool {
        self.0.is_public
    }

    /// Whether everybody who logs in sees it, whatever the project: also people who see nothing else of that.
    async fn is_shared(&self) -> bool {
        self.0.is_shared
    }

    /// What the viewer may do with it now.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<ProjectDataPermissions> {
        let viewer = viewer(ctx)?;
        let edit = domain::project_data::may_edit(viewer, &self.0);
        Ok(ProjectDataPermissions { edit, delete: domain::project_data::may_delete(viewer, &self.0) })
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }
}

/// Reading data of projects.
#[derive(Debug, Default)]
pub struct ProjectDataQuery;

#[Object]
impl ProjectDataQuery {
    /// Data of a project, by exactly one of the arguments. A project's list is `Project.data`.
    async fn project_data(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: Option<ID>,
        #[graphql(desc = "The short number.")] number: Option<i32>,
    ) -> Option<Result<ProjectData>> {
        nullable(async move {
            let (app, viewer) = asked(ctx)?;
            let row = match (id, number) {
                (Some(id), None) => {
                    domain::project_data::get(app, viewer, id::uid(Kind::ProjectData, "id", &id)?).await?
                }
                (None, Some(number)) => domain::project_data::get_by_number(app, viewer, i64::from(number)).await?,
                _ => return Err(Error::invalid("id", "Give exactly one of id and number.").into()),
            };
            Ok(Some(ProjectData(Arc::new(row))))
        })
        .await
    }

    /// The data that its owners share with everybody who logs in, whatever project it is of.
    #[expect(clippy::too_many_arguments, reason = "a connection has four arguments of its own")]
    async fn shared_data(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<ProjectDataFilter>,
        #[graphql(desc = "The order.", default_with = "ProjectDataOrder::CreatedAtDesc")] order: ProjectDataOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<ProjectDataConnection> {
        let ((app, viewer), request) = (asked(ctx)?, page(ctx, first, last, after, before)?);
        let (filter, order) = (filter.unwrap_or_default().try_into()?, order.into());
        let found = domain::project_data::list_shared(app, viewer, &filter, order, &request).await?;
        let total = counted(ctx, domain::project_data::count_shared(app, viewer, &filter)).await?;
        Ok(ProjectDataConnection::of(found, |row| cursor(order, row), |row| ProjectData(Arc::new(row)), total))
    }
}

/// A page of the data of a project that the viewer may see.
pub async fn page_of_data(
    ctx: &Context<'_>,
    project_id: i64,
    filter: &DataFilter,
    order: ProjectDataOrder,
    request: &PageRequest,
) -> Result<ProjectDataConnection> {
    let ((app, viewer), order) = (asked(ctx)?, order.into());
    let found = domain::project_data::list(app, viewer, project_id, filter, order, request).await?;
    let total = counted(ctx, domain::project_data::count(app, viewer, project_id, filter)).await?;
    Ok(ProjectDataConnection::of(found, |row| cursor(order, row), |row| ProjectData(Arc::new(row)), total))
}
