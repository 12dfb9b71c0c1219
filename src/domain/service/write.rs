//! Making and changing services.

use entity::{Amount, project_member::Role, service, service_version};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, sea_query::LockType,
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Limits, NewService, Prices, check, get,
    name::{free_name, is_taken, name_taken, refuse_taken},
};
use crate::{
    app::App,
    db::Tx,
    domain::{audit::Overruling, check::Faults, project as projects, user::SERVICE_AUTHOR},
    error::{Error, Result},
    infra::secret,
    viewer::{Permission, Viewer},
};

/// A change of a service; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct ServiceChange {
    /// A new slug.
    pub name: Option<String>,
    /// A new title.
    pub title: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// Program, workflow or widget.
    pub kind: Option<service::Kind>,
    /// The flag that its owner sets.
    pub is_available: Option<bool>,
    /// Whether other servers may show it; one of a project where that is public.
    pub is_exported: Option<bool>,
    /// A new schema: makes a new version.
    pub parameters_schema: Option<Value>,
    /// A new schema: makes a new version.
    pub results_schema: Option<Value>,
    /// New bounds; jobs already submitted keep theirs.
    pub limits: Limits,
    /// New prices; jobs already submitted keep theirs.
    pub prices: Prices,
}

/// Makes a service. Admins and users with the role `service-author` may; in a project its managers and owners.
pub async fn create(app: &App, viewer: &Viewer, new: NewService) -> Result<service::Model> {
    let (owner_id, project_id) = author(app, viewer, new.project_id).await?;
    let mut faults = Faults::default();
    check::texts(&mut faults, new.semantics, new.name.as_deref(), Some(&new.title), Some(&new.description));
    new.limits.check(&mut faults);
    new.prices.check(&mut faults);
    check::schema(&mut faults, "parametersSchema", new.semantics, Some(&new.parameters_schema)).await?;
    check::schema(&mut faults, "resultsSchema", new.semantics, Some(&new.results_schema)).await?;
    faults.into_result()?;
    let input = (app.clone(), owner_id, project_id, new);
    let made = app
        .db
        .write(input, |tx, (app, owner_id, project_id, new)| Box::pin(insert(tx, app, *owner_id, *project_id, new)));
    let service = made.await?;
    // Who manages it sees the jobs of the new service from the next request on.
    match project_id {
        Some(_) => app.known.forget(),
        None => app.known.forget_user(owner_id),
    }
    Ok(service)
}

/// Who will own a new service: the viewer, or the first admin when the operator makes it; and in which project.
async fn author(app: &App, viewer: &Viewer, project: Option<Uuid>) -> Result<(i64, Option<i64>)> {
    if let Viewer::Operator = viewer {
        return Ok((first_admin(app).await?, None));
    }
    let user = &viewer.require(Permission::ServicesWrite)?.user;
    if let Some(uid) = project {
        let project = projects::to_add_to(app, viewer, "projectId", uid, Role::Manager).await?;
        return Ok((user.id, Some(project.id)));
    }
    if user.is_admin || user.roles.has(SERVICE_AUTHOR) {
        return Ok((user.id, None));
    }
    Err(Error::Forbidden(format!("Only admins and users with the role `{SERVICE_AUTHOR}` make services.")))
}

/// Whose everything is that the operator makes: the longest-serving admin (`user.id`).
pub(in crate::domain) async fn first_admin(app: &App) -> Result<i64> {
    use entity::user;
    let admin = user::Entity::find().filter(user::Column::IsAdmin.eq(true)).order_by_asc(user::Column::Id);
    let admin = admin.one(app.db.read()).await?;
    admin
        .map(|admin| admin.id)
        .ok_or_else(|| Error::InvalidState("Make an admin first: it must belong to somebody.".into()))
}

pub(super) async fn insert(
    tx: &Tx,
    app: &App,
    owner_id: i64,
    project_id: Option<i64>,
    new: &NewService,
) -> Result<service::Model> {
    if let Some(project_id) = project_id {
        projects::open(tx, project_id).await?;
    }
    let name = match &new.name {
        Some(name) => {
            refuse_taken(tx, name, project_id, None).await?;
            name.clone()
        }
        None => free_name(tx, &new.title, project_id).await?,
    };
    let row = new_row(tx, app, owner_id, project_id, new, name);
    let inserted = service::Entity::insert(row).exec_with_returning(&tx.db).await;
    let service = match (inserted, &new.name) {
        (Err(error), None) if is_taken(&error) => return Err(tx.overtaken()),
        (inserted, _) => inserted.map_err(name_taken)?,
    };
    let version =
        insert_version(tx, service.id, 1, new.semantics.into(), &new.parameters_schema, &new.results_schema).await?;
    store(tx, service::Model { version_id: Some(version), ..service }).await
}

/// The row of a new service, without a version.
fn new_row(
    tx: &Tx,
    app: &App,
    owner_id: i64,
    project_id: Option<i64>,
    new: &NewService,
    name: String,
) -> service::ActiveModel {
    let jobs = &app.config.jobs;
    let small = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    service::ActiveModel {
        uid: Set(secret::uid()),
        project_id: Set(project_id),
        server_id: Set(None),
        remote_project: Set(None),
        is_exported: Set(new.is_exported),
        name: Set(name),
        title: Set(new.title.clone()),
        description: Set(new.description.clone()),
        kind: Set(new.kind),
        dispatch: Set(new.dispatch),
        owner_id: Set(owner_id),
        version_id: Set(None),
        disabled: Set(false),
        is_available: Set(new.is_available),
        timeout_seconds: Set(new.limits.timeout_seconds.unwrap_or(30)),
        last_seen_at: Set(new.is_checked_in.then_some(tx.now)),
        max_attempts: Set(new.limits.max_attempts.over(Some(small(jobs.max_attempts)))),
        lease_seconds: Set(new.limits.lease_seconds.unwrap_or_else(|| small(jobs.lease_seconds))),
        max_run_seconds: Set(new.limits.max_run_seconds.over(Some(small(jobs.max_run_seconds)))),
        retry_timeouts: Set(new.limits.retry_timeouts.unwrap_or(false)),
        price_per_job: Set(new.prices.per_job.flatten()),
        price_per_hour: Set(new.prices.per_hour.flatten()),
        price_per_cpu_hour: Set(new.prices.per_cpu_hour.flatten()),
        max_result_bytes: Set(new.limits.max_result_bytes.over(None)),
        max_running: Set(new.limits.max_running.over(None)),
        max_running_per_user: Set(new.limits.max_running_per_user.over(None)),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
        dialect: Set(new.dialect),
        deleted_at: Set(None),
        ..Default::default()
    }
}

async fn insert_version(
    tx: &Tx,
    service_id: i64,
    version: i32,
    semantics: service_version::Semantics,
    parameters: &Value,
    results: &Value,
) -> Result<i64> {
    let row = service_version::ActiveModel {
        service_id: Set(service_id),
        version: Set(version),
        semantics: Set(semantics),
        parameters_schema: Set(parameters.clone().into()),
        results_schema: Set(results.clone().into()),
        created_at: Set(tx.now),
        ..Default::default()
    };
    Ok(service_version::Entity::insert(row).exec_with_returning(&tx.db).await?.id)
}

async fn store(tx: &Tx, service: service::Model) -> Result<service::Model> {
    let service = service::Model { updated_at: tx.now, ..service };
    let change = IntoActiveModel::into_active_model(service).reset_all();
    service::Entity::update(change).exec(&tx.db).await.map_err(name_taken)
}

/// Changes a service. Its owner and admins may; one of a project, its managers and owners.
pub async fn update(app: &App, viewer: &Viewer, uid: Uuid, change: ServiceChange) -> Result<service::Model> {
    let service = managed(app, viewer, uid).await?;
    let mut faults = Faults::default();
    let semantics = check::semantics_of(app, &service).await?;
    let (name, title, description) = (&change.name, &change.title, &change.description);
    check::texts(&mut faults, semantics, name.as_deref(), title.as_deref(), description.as_deref());
    change.limits.check(&mut faults);
    change.prices.check(&mut faults);
    check::schema(&mut faults, "parametersSchema", semantics, change.parameters_schema.as_ref()).await?;
    check::schema(&mut faults, "resultsSchema", semantics, change.results_schema.as_ref()).await?;
    faults.into_result()?;
    let input = (service.id, change, overruling(viewer, &service));
    app.db.write(input, |tx, (id, change, overruling)| Box::pin(apply(tx, *id, change, overruling))).await
}

/// An admin's change of a service that it could not manage otherwise.
fn overruling(viewer: &Viewer, service: &service::Model) -> Overruling {
    Overruling::of(viewer, service, |viewer| viewer.may_manage(service))
}

async fn apply(tx: &Tx, id: i64, change: &ServiceChange, overruling: &Overruling) -> Result<service::Model> {
    let mut service = present(tx, id).await?;
    overruling.note(tx, "update").await?;
    if let Some(name) = &change.name {
        refuse_taken(tx, name, service.project_id, Some(id)).await?;
        service.name.clone_from(name);
    }
    if change.parameters_schema.is_some() || change.results_schema.is_some() {
        service.version_id = Some(next_version(tx, id, change).await?);
    }
    let limits = change.limits;
    let service = service::Model {
        title: change.title.clone().unwrap_or(service.title),
        description: change.description.clone().unwrap_or(service.description),
        kind: change.kind.unwrap_or(service.kind),
        is_available: change.is_available.unwrap_or(service.is_available),
        is_exported: change.is_exported.unwrap_or(service.is_exported),
        timeout_seconds: limits.timeout_seconds.unwrap_or(service.timeout_seconds),
        max_attempts: limits.max_attempts.over(service.max_attempts),
        lease_seconds: limits.lease_seconds.unwrap_or(service.lease_seconds),
        max_run_seconds: limits.max_run_seconds.over(service.max_run_seconds),
        retry_timeouts: limits.retry_timeouts.unwrap_or(service.retry_timeouts),
        price_per_job: change.prices.per_job.unwrap_or(service.price_per_job),
        price_per_hour: change.prices.per_hour.unwrap_or(service.price_per_hour),
        price_per_cpu_hour: change.prices.per_cpu_hour.unwrap_or(service.price_per_cpu_hour),
        max_result_bytes: limits.max_result_bytes.over(service.max_result_bytes),
        max_running: limits.max_running.over(service.max_running),
        max_running_per_user: limits.max_running_per_user.over(service.max_running_per_user),
        ..service
    };
    require_bounded(&service)?;
    store(tx, service).await
}

/// What costs by the hour must end, or nobody could say how much to hold for it.
fn require_bounded(service: &service::Model) -> Result<()> {
    let costs = |price: Option<Amount>| price.is_some_and(|price| price > Amount::ZERO);
    if service.max_run_seconds.is_none() && (costs(service.price_per_hour) || costs(service.price_per_cpu_hour)) {
        let message = "A service with a price by the hour needs a bound: that is what is held for a job.";
        return Err(Error::invalid("limits/maxRunSeconds", message));
    }
    Ok(())
}

/// A new version from the latest one and the schemas of the change.
async fn next_version(tx: &Tx, service_id: i64, change: &ServiceChange) -> Result<i64> {
    let latest = service_version::Entity::find()
        .filter(service_version::Column::ServiceId.eq(service_id))
        .order_by_desc(service_version::Column::Version)
        .limit(1)
        .one(&tx.db)
        .await?
        .ok_or_else(|| Error::internal(format!("service {service_id} has no version")))?;
    let parameters = change.parameters_schema.as_ref().unwrap_or(&latest.parameters_schema);
    let results = change.results_schema.as_ref().unwrap_or(&latest.results_schema);
    insert_version(tx, service_id, latest.version + 1, latest.semantics, parameters, results).await
}

/// Notes that somebody runs the service. Its owner, admins and the runners that work for it may.
pub async fn check_in(app: &App, viewer: &Viewer, uid: Uuid) -> Result<service::Model> {
    let service = get(app, viewer, uid).await?;
    if service.server_id.is_some() {
        return Err(Error::Forbidden("Another server runs this service; only that server changes it.".into()));
    }
    // A runner sees only the services that it works for.
    if !matches!(viewer, Viewer::Runner(_) | Viewer::Operator) {
        viewer.require(Permission::ServicesWrite)?;
    }
    if !matches!(viewer, Viewer::Runner(_)) && !viewer.may_manage(&service) {
        return Err(Error::Forbidden("Only the service's owner, its runners and admins check it in.".into()));
    }
    app.db
        .write(service.id, |tx, id| {
            Box::pin(async move {
                // No change of the service, which an admin would have to answer for: it comes every few seconds.
                let service = present(tx, *id).await?;
                store(tx, service::Model { last_seen_at: Some(tx.now), ..service }).await
            })
        })
        .await
}

/// Stops (or resumes) taking new jobs; jobs already submitted go on.
pub async fn set_disabled(app: &App, viewer: &Viewer, uid: Uuid, disabled: bool) -> Result<service::Model> {
    let service = managed(app, viewer, uid).await?;
    let input = (service.id, disabled, overruling(viewer, &service));
    let set = app.db.write(input, |tx, (id, disabled, overruling)| {
        Box::pin(async move {
            let service = present(tx, *id).await?;
            overruling.note(tx, if *disabled { "disable" } else { "enable" }).await?;
            store(tx, service::Model { disabled: *disabled, ..service }).await
        })
    });
    let service = set.await?;
    if disabled {
        // What was being submitted meanwhile is there when this returns.
        app.db.write(service.id, |tx, id| Box::pin(async move { submitted(tx, *id).await })).await?;
    }
    Ok(service)
}

/// Waits for the submissions that have looked at the service before it was changed: they hold a lock on its row.
async fn submitted(tx: &Tx, id: i64) -> Result<()> {
    service::Entity::find_by_id(id).lock_exclusive().one(&tx.db).await?;
    Ok(())
}

/// Removes a service that has no unfinished jobs. Its jobs stay; its name is free again.
pub async fn delete(app: &App, viewer: &Viewer, uid: Uuid) -> Result<service::Model> {
    use entity::job;
    let service = managed(app, viewer, uid).await?;
    app.db
        .write((service.id, overruling(viewer, &service)), |tx, (id, overruling)| {
            Box::pin(async move {
                submitted(tx, *id).await?;
                let unfinished = job::Entity::find()
                    .select_only()
                    .column(job::Column::Id)
                    .filter(job::Column::ServiceId.eq(*id))
                    .filter(job::Column::FinishedAt.is_null())
                    .into_tuple::<i64>()
                    .one(&tx.db)
                    .await?;
                if unfinished.is_some() {
                    return Err(Error::InvalidState(
                        "Jobs of this service are not finished. Disable it, and let or make them end.".into(),
                    ));
                }
                let service = present(tx, *id).await?;
                overruling.note(tx, "delete").await?;
                store(tx, service::Model { deleted_at: Some(tx.now), disabled: true, ..service }).await
            })
        })
        .await
}

async fn managed(app: &App, viewer: &Viewer, uid: Uuid) -> Result<service::Model> {
    viewer.require_write(Permission::ServicesWrite)?;
    let service = get(app, viewer, uid).await?;
    if service.server_id.is_some() {
        return Err(Error::Forbidden("Another server runs this service; only that server changes it.".into()));
    }
    if viewer.may_manage(&service) {
        return Ok(service);
    }
    Err(Error::Forbidden("Only the service's owner, or managers of its project, and admins may change it.".into()))
}

async fn present(tx: &Tx, id: i64) -> Result<service::Model> {
    // The weakest lock that keeps other changes away: submissions hold a reference to the row, and go on.
    let present = service::Entity::find_by_id(id).filter(service::Column::DeletedAt.is_null());
    present.lock(LockType::NoKeyUpdate).one(&tx.db).await?.ok_or(Error::NotFound("service"))
}
