//! Reading services.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};

use super::{Service, ServiceKind};
use crate::{
    domain::{self, service::ServiceFilter},
    error::Error,
    graphql::{
        connection::connection,
        context::{asked, counted, nullable, page},
        dialect::DialectFilter,
        filter::{IdFilter, StringFilter, both},
        id::{self, Kind},
    },
    page::{PageRequest, cursor},
};

connection!(ServiceConnection, ServiceEdge, Service, "services", quick);

/// How services are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "ServiceOrder", remote = "crate::domain::service::ServiceOrder")]
pub enum ServiceOrder {
    /// By name.
    NameAsc,
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
}

/// Matches a kind of service.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ServiceKindFilter {
    /// Exactly this kind.
    eq: Option<ServiceKind>,
    /// One of these kinds.
    #[graphql(name = "in")]
    any_of: Option<Vec<ServiceKind>>,
}

/// Which services; conditions are ANDed.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "ServiceFilter")]
pub struct ServiceFilterInput {
    /// By name.
    name: Option<StringFilter>,
    /// By project.
    project_id: Option<IdFilter>,
    /// By kind.
    kind: Option<ServiceKindFilter>,
    /// Only those that take no new jobs, or only the others.
    is_disabled: Option<bool>,
    /// By the older API that it was made through.
    dialect: Option<DialectFilter>,
    /// Only those that other servers may show, or only the others.
    is_exported: Option<bool>,
    /// Only those that other servers run, or only those that this one runs.
    is_remote: Option<bool>,
}

impl TryFrom<ServiceFilterInput> for ServiceFilter {
    type Error = Error;

    fn try_from(input: ServiceFilterInput) -> Result<Self, Error> {
        let (names, name_starts_with) = input.name.unwrap_or_default().conditions("filter/name")?;
        let kinds = input.kind.and_then(|kind| both(kind.eq, kind.any_of));
        let (homes, other_homes) = input.dialect.unwrap_or_default().homes();
        Ok(Self {
            homes,
            other_homes,
            names,
            name_starts_with,
            project_ids: IdFilter::uids(input.project_id, Kind::Project, "filter/projectId")?,
            kinds: kinds.map(|kinds| kinds.into_iter().map(Into::into).collect()),
            runner_id: None,
            disabled: input.is_disabled,
            exported: input.is_exported,
            remote: input.is_remote,
            server_ids: None,
        })
    }
}

/// Reading services.
#[derive(Debug, Default)]
pub struct ServiceQuery;

#[Object]
impl ServiceQuery {
    /// One service, by exactly one of id, name and full name.
    async fn service(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: Option<ID>,
        #[graphql(desc = "The short name of one that this server runs.")] name: Option<String>,
        #[graphql(
            desc = "The full name, `name::project::server`, whose middle part is `server` for one that is no project's."
        )]
        full_name: Option<String>,
        #[graphql(desc = "With a name: of which project; one of the server's if not given.")] project_id: Option<ID>,
    ) -> Option<Result<Service>> {
        nullable(async move {
            let (app, viewer) = asked(ctx)?;
            let project = project_id.map(|id| id::uid(Kind::Project, "projectId", &id)).transpose()?;
            let row = match (id, name, full_name) {
                (_, None, _) if project.is_some() => {
                    return Err(Error::invalid("projectId", "It goes with a name only.").into());
                }
                (Some(id), None, None) => domain::service::get(app, viewer, id::uid(Kind::Service, "id", &id)?).await?,
                (None, Some(name), None) => domain::service::get_by_name(app, viewer, &name, project).await?,
                (None, None, Some(name)) => domain::service::get_by_full_name(app, viewer, &name).await?,
                _ => return Err(Error::invalid("id", "Give exactly one of id, name and full name.").into()),
            };
            Ok(Some(Service(Arc::new(row))))
        })
        .await
    }

    /// The services that the viewer may see: the server's, those of public projects and of the projects that it takes
    /// part in, and what other servers offer that are registered here.
    #[expect(clippy::too_many_arguments, reason = "a connection has four arguments of its own")]
    async fn services(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] filter: Option<ServiceFilterInput>,
        #[graphql(desc = "The order.", default_with = "ServiceOrder::NameAsc")] order: ServiceOrder,
        #[graphql(desc = "Items from the start, 1 to 100; 20 if neither this nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Items from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<ServiceConnection> {
        let filter = ServiceFilter::try_from(filter.unwrap_or_default())?;
        page_of_services(ctx, &filter, order, &page(ctx, first, last, after, before)?).await
    }
}

/// A page of the services that the viewer may see.
pub async fn page_of_services(
    ctx: &Context<'_>,
    filter: &ServiceFilter,
    order: ServiceOrder,
    request: &PageRequest,
) -> Result<ServiceConnection> {
    let ((app, viewer), order) = (asked(ctx)?, order.into());
    let found = domain::service::list(app, viewer, filter, order, request).await?;
    let total = counted(ctx, domain::service::count(app, viewer, filter)).await?;
    Ok(ServiceConnection::of(found, |row| cursor(order, row), |row| Service(Arc::new(row)), total))
}
