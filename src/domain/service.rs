//! Services: what can be run, and under which schemas.

use std::sync::Arc;

use entity::{Amount, legacy_number::Dialect, runner_service, service, service_version};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait, sea_query::ExprTrait as _};
use serde_json::Value;
use uuid::Uuid;

use super::{check::Faults, schema};
use crate::{
    app::App,
    error::{Error, FieldError, Result},
    page::{self, Key, Order, Page, PageRequest},
    viewer::{Permission, Viewer},
};

mod check;
mod full_name;
mod limits;
mod name;
mod rights;
mod standing;
mod watch;
mod write;

pub use full_name::get_by_full_name;
pub use limits::{Bound, Limits};
pub use rights::{Rights, rights};
pub use standing::of_project_w;
pub use watch::{Watch, watch};
pub(super) use write::first_admin;
pub use write::{ServiceChange, check_in, create, delete, set_disabled, update};

/// Bytes of JSON that any job's results may have at most: 64 MiB.
pub const RESULTS_MOST: i64 = 64 * 1_048_576;

/// What it takes to make a service. Absent limits follow the server's configuration.
#[derive(Clone, Debug)]
pub struct NewService {
    /// Outside id of the project that it is to belong to; none makes it the server's.
    pub project_id: Option<Uuid>,
    /// Whether other servers may show it; one of a project where that is public.
    pub is_exported: bool,
    /// A slug (1 to 64 letters, digits, `_`, `.`, `-`); none derives one from the title, `-2`, `-3`.. on a clash.
    pub name: Option<String>,
    /// 1 to 200 characters.
    pub title: String,
    /// At most 10,000 characters.
    pub description: String,
    /// Program, workflow or widget.
    pub kind: service::Kind,
    /// The flag that its owner sets.
    pub is_available: bool,
    /// Whether it counts as checked in from its making on.
    pub is_checked_in: bool,
    /// How its schemas are read, also those that later changes bring.
    pub semantics: schema::Semantics,
    /// Whether runners ask for its jobs, or have them assigned.
    pub dispatch: service::Dispatch,
    /// JSON Schema of a job's parameters.
    pub parameters_schema: Value,
    /// JSON Schema of a job's results.
    pub results_schema: Value,
    /// Numbers that bound its jobs.
    pub limits: Limits,
    /// What its jobs cost.
    pub prices: Prices,
    /// The older API that it is made through, and where its jobs are at home.
    pub dialect: Option<Dialect>,
}

/// What jobs cost. Of each price: none leaves it as it is, `Some(None)` is nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Prices {
    /// In any case, 0 or more.
    pub per_job: Option<Option<Amount>>,
    /// For each hour that a job runs, 0 or more.
    pub per_hour: Option<Option<Amount>>,
    /// The same for each of its processors, 0 or more.
    pub per_cpu_hour: Option<Option<Amount>>,
}

impl Prices {
    fn check(self, faults: &mut Faults) {
        let prices = [
            ("prices/perJob", self.per_job),
            ("prices/perHour", self.per_hour),
            ("prices/perCpuHour", self.per_cpu_hour),
        ];
        for (path, price) in prices {
            if let Some(Some(price)) = price
                && price < Amount::ZERO
            {
                faults.add(path, format!("{price} is less than 0."));
            }
        }
    }
}

/// Which services to list; conditions are ANDed.
#[derive(Clone, Debug, Default)]
pub struct ServiceFilter {
    /// One of these names.
    pub names: Option<Vec<String>>,
    /// A name that begins so.
    pub name_starts_with: Option<String>,
    /// Of one of these projects (outside ids).
    pub project_ids: Option<Vec<Uuid>>,
    /// One of these kinds.
    pub kinds: Option<Vec<service::Kind>>,
    /// That this runner works for (internal id).
    pub runner_id: Option<i64>,
    /// Only disabled ones, or only others.
    pub disabled: Option<bool>,
    /// Made through one of these older APIs.
    pub homes: Option<Vec<Dialect>>,
    /// Made through none of these.
    pub other_homes: Option<Vec<Dialect>>,
    /// Only exported ones, or only others.
    pub exported: Option<bool>,
    /// Only what other servers run, or only what runs here.
    pub remote: Option<bool>,
    /// Of one of these servers (internal ids, none being this one).
    pub server_ids: Option<Vec<Option<i64>>>,
}

/// How services are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceOrder {
    /// By name.
    NameAsc,
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
}

/// The service with this outside id.
pub async fn get(app: &App, viewer: &Viewer, uid: Uuid) -> Result<service::Model> {
    visible(app, viewer)
        .filter(service::Column::Uid.eq(uid))
        .one(app.db.read())
        .await?
        .ok_or(Error::NotFound("service"))
}

/// The service with this name: the server's, or the one of the project with this outside id.
pub async fn get_by_name(app: &App, viewer: &Viewer, name: &str, project: Option<Uuid>) -> Result<service::Model> {
    use entity::project;
    let level = match project {
        None => service::Column::ProjectId.is_null().and(service::Column::ServerId.is_null()),
        Some(uid) => service::Column::ProjectId.in_subquery(super::ids_of::<project::Entity>(
            project::Column::Id,
            project::Column::Uid,
            &[uid],
        )),
    };
    visible(app, viewer)
        .filter(level)
        .filter(service::Column::Name.eq(name))
        .one(app.db.read())
        .await?
        .ok_or(Error::NotFound("service"))
}

/// The services with these outside ids, in their order; fails with INVALID on `path` for each that is not there.
pub async fn get_all(app: &App, viewer: &Viewer, path: &str, uids: &[Uuid]) -> Result<Vec<service::Model>> {
    let found =
        visible(app, viewer).filter(service::Column::Uid.is_in(uids.iter().copied())).all(app.db.read()).await?;
    let mut faults = Faults::default();
    let mut services = Vec::with_capacity(uids.len());
    for (index, uid) in uids.iter().enumerate() {
        match found.iter().find(|service| service.uid == *uid) {
            Some(service) if service.server_id.is_some() => {
                faults.add(format!("{path}/{index}"), "Another server runs this service.");
            }
            Some(service) if !services.contains(service) => services.push(service.clone()),
            Some(_) => {}
            None => faults.add(format!("{path}/{index}"), "There is no such service, or you may not see it."),
        }
    }
    faults.into_result()?;
    Ok(services)
}

/// A page of the services that the viewer may see.
pub async fn list(
    app: &App,
    viewer: &Viewer,
    filter: &ServiceFilter,
    order: ServiceOrder,
    request: &PageRequest,
) -> Result<Page<service::Model>> {
    page::fetch(filtered(app, viewer, filter), order, request, app.db.read()).await
}

/// How many services the viewer may see under this filter.
pub async fn count(app: &App, viewer: &Viewer, filter: &ServiceFilter) -> Result<i64> {
    page::count(filtered(app, viewer, filter), app.db.read()).await
}

/// The services with these internal ids, deleted ones included: for fields of rows that the caller may already see.
pub async fn by_ids(app: &App, ids: &[i64]) -> Result<Vec<service::Model>> {
    Ok(service::Entity::find().filter(service::Column::Id.is_in(ids.iter().copied())).all(app.db.read()).await?)
}

/// The current versions of these services (`service.version_id`).
pub async fn versions(app: &App, version_ids: &[i64]) -> Result<Vec<service_version::Model>> {
    let query = service_version::Entity::find().filter(service_version::Column::Id.is_in(version_ids.iter().copied()));
    Ok(query.all(app.db.read()).await?)
}

/// What is wrong with a schema, and with a value under it; nothing is stored. Any user with a log-in may ask.
pub async fn try_schema(
    viewer: &Viewer,
    schema: Value,
    semantics: schema::Semantics,
    instance: Option<Value>,
) -> Result<Vec<FieldError>> {
    viewer.require(Permission::JobsRead)?;
    let try_it = move || -> Result<()> {
        schema::check(&schema, semantics, "schema")?;
        let Some(instance) = instance else { return Ok(()) };
        let validator = schema::Validator::compile(&schema, semantics)?;
        validator.validate(&instance, "instance").map_err(Error::Invalid)
    };
    match tokio::task::spawn_blocking(try_it).await.map_err(Error::internal)? {
        Ok(()) => Ok(Vec::new()),
        Err(Error::Invalid(faults)) => Ok(faults),
        Err(other) => Err(other),
    }
}

/// One compiled schema of a version, from the cache or the database.
pub async fn validator(app: &App, version_id: i64, part: schema::Part) -> Result<Arc<schema::Validator>> {
    let key = schema::Key { version: version_id, part };
    if let Some(validator) = app.schemas.find(key) {
        return Ok(validator);
    }
    let version = service_version::Entity::find_by_id(version_id)
        .one(app.db.read())
        .await?
        .ok_or_else(|| Error::internal(format!("service version {version_id} is missing")))?;
    let schema = match part {
        schema::Part::Parameters => &version.parameters_schema,
        schema::Part::Results => &version.results_schema,
    };
    app.schemas.get(key, schema, version.semantics.into()).await
}

impl From<service_version::Semantics> for schema::Semantics {
    fn from(semantics: service_version::Semantics) -> Self {
        match semantics {
            service_version::Semantics::Declared => Self::Declared,
            service_version::Semantics::Draft4Legacy => Self::Draft4Legacy,
        }
    }
}

impl From<schema::Semantics> for service_version::Semantics {
    fn from(semantics: schema::Semantics) -> Self {
        match semantics {
            schema::Semantics::Declared => Self::Declared,
            schema::Semantics::Draft4Legacy => Self::Draft4Legacy,
        }
    }
}

pub(super) fn visible(app: &App, viewer: &Viewer) -> sea_orm::Select<service::Entity> {
    service::Entity::visible_to(&viewer.scope(), app.config.anonymous_reads_services)
}

fn filtered(app: &App, viewer: &Viewer, filter: &ServiceFilter) -> sea_orm::Select<service::Entity> {
    use entity::project;
    let mut query = visible(app, viewer);
    if let Some(names) = &filter.names {
        query = query.filter(service::Column::Name.is_in(names));
    }
    if let Some(start) = &filter.name_starts_with {
        query = query.filter(super::starts_with(service::Column::Name, start));
    }
    if let Some(uids) = &filter.project_ids {
        query = query.filter(service::Column::ProjectId.in_subquery(super::ids_of::<project::Entity>(
            project::Column::Id,
            project::Column::Uid,
            uids,
        )));
    }
    if let Some(kinds) = &filter.kinds {
        query = query.filter(service::Column::Kind.is_in(kinds.iter().copied()));
    }
    if let Some(homes) = &filter.homes {
        query = query.filter(service::Column::Dialect.is_in(homes.iter().copied()));
    }
    if let Some(homes) = &filter.other_homes {
        let elsewhere = service::Column::Dialect.is_not_in(homes.iter().copied());
        query = query.filter(Condition::any().add(service::Column::Dialect.is_null()).add(elsewhere));
    }
    if let Some(runner) = filter.runner_id {
        let links = runner_service::Entity::find().select_only().column(runner_service::Column::ServiceId);
        let links = links.filter(runner_service::Column::RunnerId.eq(runner)).into_query();
        query = query.filter(service::Column::Id.in_subquery(links));
    }
    if let Some(disabled) = filter.disabled {
        query = query.filter(service::Column::Disabled.eq(disabled));
    }
    if let Some(exported) = filter.exported {
        query = query.filter(service::Column::IsExported.eq(exported));
    }
    if let Some(remote) = filter.remote {
        let column = service::Column::ServerId;
        query = query.filter(if remote { column.is_not_null() } else { column.is_null() });
    }
    if let Some(servers) = &filter.server_ids {
        query = query.filter(full_name::of_servers(servers));
    }
    query
}

impl Order<service::Entity> for ServiceOrder {
    fn column(self) -> Option<service::Column> {
        (self == Self::NameAsc).then_some(service::Column::Name)
    }

    fn id(self) -> service::Column {
        service::Column::Id
    }

    fn descending(self) -> bool {
        self == Self::CreatedAtDesc
    }

    fn key(self, row: &service::Model) -> Option<Key> {
        (self == Self::NameAsc).then(|| Key::Text(row.name.clone()))
    }

    fn row_id(self, row: &service::Model) -> i64 {
        row.id
    }

    fn word(self) -> &'static str {
        match self {
            Self::NameAsc => "n",
            Self::CreatedAtAsc => "c",
            Self::CreatedAtDesc => "cd",
        }
    }
}
