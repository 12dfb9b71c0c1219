//! Making and changing services.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use serde_json::Value;

use super::{SchemaSemantics, Service, ServiceDispatch, ServiceKind, one};
use crate::{
    domain::{
        self,
        service::{Bound, Limits, NewService, Prices, ServiceChange},
    },
    graphql::{
        context::asked,
        dialect::home,
        id::{self, Kind},
        payload::{id_inputs, payloads},
        scalar::Decimal,
    },
};

/// Bounds of a service's jobs. What is not given stays as it is; a new service gets the defaults that are named here.
#[derive(Clone, Copy, Debug, Default, InputObject)]
pub struct ServiceLimitsInput {
    /// Seconds without a check-in after which the service counts as timed out, 1 to 31536000; 30 by default.
    timeout_seconds: Option<i32>,
    /// How often a job is tried, 1 to 100; null means for ever, 3 is the default.
    max_attempts: MaybeUndefined<i32>,
    /// Seconds that a claim lasts without a heartbeat, 1 to 86400; 30 by default.
    lease_seconds: Option<i32>,
    /// Seconds that one attempt may run, 1 to 2592000; null means for ever, 3600 is the default.
    max_run_seconds: MaybeUndefined<i32>,
    /// Whether an attempt that ran too long is tried again; false by default.
    retry_timeouts: Option<bool>,
    /// Bytes of JSON that a job's results may have, 1024 to 67108864; null follows the server's setting (768 KiB), and is
    /// the default. A request has at most 1 MiB all the same: more comes in through the old APIs.
    max_result_bytes: MaybeUndefined<i32>,
    /// How many of its jobs runners may hold at once, 1 to 10000; null means any number, and is the default.
    max_running: MaybeUndefined<i32>,
    /// How many jobs of one user runners may hold at once, 1 to 1000; null means any number, and is the default.
    max_running_per_user: MaybeUndefined<i32>,
}

impl From<ServiceLimitsInput> for Limits {
    fn from(input: ServiceLimitsInput) -> Self {
        Self {
            timeout_seconds: input.timeout_seconds,
            max_attempts: bound(input.max_attempts),
            lease_seconds: input.lease_seconds,
            max_run_seconds: bound(input.max_run_seconds),
            retry_timeouts: input.retry_timeouts,
            max_result_bytes: bound(input.max_result_bytes),
            max_running: bound(input.max_running),
            max_running_per_user: bound(input.max_running_per_user),
        }
    }
}

fn bound(input: MaybeUndefined<i32>) -> Bound {
    match input {
        MaybeUndefined::Undefined => Bound::Unchanged,
        MaybeUndefined::Null => Bound::Lifted,
        MaybeUndefined::Value(most) => Bound::At(most),
    }
}

/// What a service's jobs cost, in service units. A job is accepted at the prices of the moment; later changes do not
/// touch it.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ServicePricesInput {
    /// For each job, 0 or more; null is nothing.
    #[graphql(name = "perJob")]
    job: MaybeUndefined<Decimal>,
    /// For each hour that a job runs, 0 or more; null is nothing. Needs a bound `maxRunSeconds`.
    #[graphql(name = "perHour")]
    hour: MaybeUndefined<Decimal>,
    /// For each hour that a job runs, and for each of its processors, 0 or more; null is nothing. Needs a bound
    /// `maxRunSeconds`.
    #[graphql(name = "perCpuHour")]
    cpu_hour: MaybeUndefined<Decimal>,
}

impl TryFrom<ServicePricesInput> for Prices {
    type Error = crate::error::Error;

    fn try_from(input: ServicePricesInput) -> Result<Self, Self::Error> {
        let price = |price: MaybeUndefined<Decimal>, path: &str| match price {
            MaybeUndefined::Undefined => Ok(None),
            MaybeUndefined::Null => Ok(Some(None)),
            MaybeUndefined::Value(price) => price.at(path).map(|price| Some(Some(price))),
        };
        Ok(Self {
            per_job: price(input.job, "prices/perJob")?,
            per_hour: price(input.hour, "prices/perHour")?,
            per_cpu_hour: price(input.cpu_hour, "prices/perCpuHour")?,
        })
    }
}

/// A service to make.
#[derive(Clone, Debug, InputObject)]
pub struct ServiceCreateInput {
    /// The project that it is to belong to; the viewer must manage it. One of the server's if not given.
    project_id: Option<ID>,
    /// Whether other servers may show it; one of a project where that is public.
    #[graphql(default = false)]
    is_exported: bool,
    /// A short name, unique among the server's services or those of the project; 1 to 64 letters, digits, `_`, `.` or
    /// `-`. Derived from the title if not given.
    name: Option<String>,
    /// What people call it; 1 to 200 characters.
    title: String,
    /// What it does; at most 10,000 characters.
    #[graphql(default)]
    description: String,
    /// What sort of thing it runs.
    #[graphql(default_with = "ServiceKind::Program")]
    kind: ServiceKind,
    /// The flag that its owner sets; it blocks nothing.
    #[graphql(default = true)]
    is_available: bool,
    /// Whether it counts as checked in from its making on.
    #[graphql(default = false)]
    check_in: bool,
    /// How its schemas are read, also those that later changes bring.
    #[graphql(default_with = "SchemaSemantics::Declared")]
    schema_semantics: SchemaSemantics,
    /// How its jobs get to its runners. It never changes.
    #[graphql(default_with = "ServiceDispatch::Pull")]
    dispatch: ServiceDispatch,
    /// JSON Schema of a job's parameters: drafts 4 to 2020-12 by `$schema`, references inside the document only, at
    /// most 64 KiB. `true`, which takes everything, if not given.
    parameters_schema: Option<Value>,
    /// JSON Schema of a job's results, under the same rules. `true` if not given.
    results_schema: Option<Value>,
    /// Bounds of its jobs.
    #[graphql(default)]
    limits: ServiceLimitsInput,
    /// What its jobs cost; nothing if not given.
    #[graphql(default)]
    prices: ServicePricesInput,
}

/// A change of a service; what is absent or null stays.
#[derive(Clone, Debug, InputObject)]
pub struct ServiceUpdateInput {
    /// Which service.
    service_id: ID,
    /// A new short name; 1 to 64 letters, digits, `_`, `.` or `-`.
    name: Option<String>,
    /// A new title; 1 to 200 characters.
    title: Option<String>,
    /// A new description; at most 10,000 characters.
    description: Option<String>,
    /// A new kind.
    kind: Option<ServiceKind>,
    /// The flag that its owner sets.
    is_available: Option<bool>,
    /// Whether other servers may show it; one of a project where that is public.
    is_exported: Option<bool>,
    /// A new schema of parameters, at most 64 KiB; makes a new version, under which jobs submitted from now on are accepted.
    parameters_schema: Option<Value>,
    /// A new schema of results, at most 64 KiB; makes a new version.
    results_schema: Option<Value>,
    /// New bounds; jobs already submitted keep theirs.
    #[graphql(default)]
    limits: ServiceLimitsInput,
    /// New prices: what is absent stays, null makes it nothing. Jobs already submitted keep theirs.
    #[graphql(default)]
    prices: ServicePricesInput,
}

id_inputs! { service_id, "Its global id.";
    ServiceCheckInInput "Which service to check in.",
    ServiceDisableInput "Which service to disable.",
    ServiceEnableInput "Which service to enable.",
    ServiceDeleteInput "Which service to remove.",
}

payloads! { service: Service, "The service.";
    ServiceCreatePayload "A service that was made.",
    ServiceUpdatePayload "A service that was changed.",
    ServiceCheckInPayload "A service that was checked in.",
    ServiceDisablePayload "A service that takes no new jobs.",
    ServiceEnablePayload "A service that takes new jobs again.",
    ServiceDeletePayload "A service that was removed, as its old jobs still show it.",
}

/// A JSON Schema to check, and a value to check against it.
#[derive(Clone, Debug, InputObject)]
pub struct SchemaValidateInput {
    /// The schema, as a service would get it.
    schema: Value,
    /// How it is read.
    #[graphql(default_with = "SchemaSemantics::Declared")]
    semantics: SchemaSemantics,
    /// A value to check against it; null is a value, too.
    instance: MaybeUndefined<Value>,
}

/// What is right or wrong with a schema or a value.
#[derive(Clone, Debug, SimpleObject)]
pub struct SchemaValidatePayload {
    /// Whether the schema may be used, and the value, if one was given, fits it.
    is_valid: bool,
    /// What is wrong.
    violations: Vec<Violation>,
}

/// One thing that is wrong with a schema or a value.
#[derive(Clone, Debug, SimpleObject)]
pub struct Violation {
    /// Where: `schema` or `instance` and a JSON pointer.
    path: String,
    /// What, in a sentence.
    message: String,
}

/// Making and changing services.
#[derive(Debug, Default)]
pub struct ServiceMutation;

#[Object]
impl ServiceMutation {
    /// Makes a service. Admins and users with the role `service-author` may; in a project, its managers and owners.
    async fn service_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The service to make.")] input: ServiceCreateInput,
    ) -> Result<ServiceCreatePayload> {
        let (app, viewer) = asked(ctx)?;
        let new = NewService {
            project_id: input.project_id.map(|id| id::uid(Kind::Project, "projectId", &id)).transpose()?,
            is_exported: input.is_exported,
            name: input.name,
            title: input.title,
            description: input.description,
            kind: input.kind.into(),
            is_available: input.is_available,
            is_checked_in: input.check_in,
            semantics: input.schema_semantics.into(),
            dispatch: input.dispatch.into(),
            parameters_schema: input.parameters_schema.unwrap_or(Value::Bool(true)),
            results_schema: input.results_schema.unwrap_or(Value::Bool(true)),
            limits: input.limits.into(),
            prices: input.prices.try_into()?,
            dialect: home(ctx),
        };
        payload(domain::service::create(app, viewer, new).await)
    }

    /// Changes a service. Its owner, or managers and owners of its project, and admins may.
    async fn service_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: ServiceUpdateInput,
    ) -> Result<ServiceUpdatePayload> {
        let (app, viewer, uid) = one(ctx, &input.service_id)?;
        let change = ServiceChange {
            name: input.name,
            title: input.title,
            description: input.description,
            kind: input.kind.map(Into::into),
            is_available: input.is_available,
            is_exported: input.is_exported,
            parameters_schema: input.parameters_schema,
            results_schema: input.results_schema,
            limits: input.limits.into(),
            prices: input.prices.try_into()?,
        };
        payload(domain::service::update(app, viewer, uid, change).await)
    }

    /// Says that somebody runs the service. Its owner, its runners and admins may.
    async fn service_check_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which service.")] input: ServiceCheckInInput,
    ) -> Result<ServiceCheckInPayload> {
        let (app, viewer, uid) = one(ctx, &input.service_id)?;
        payload(domain::service::check_in(app, viewer, uid).await)
    }

    /// Stops taking new jobs; jobs already submitted go on.
    async fn service_disable(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which service.")] input: ServiceDisableInput,
    ) -> Result<ServiceDisablePayload> {
        let (app, viewer, uid) = one(ctx, &input.service_id)?;
        payload(domain::service::set_disabled(app, viewer, uid, true).await)
    }

    /// Takes new jobs again.
    async fn service_enable(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which service.")] input: ServiceEnableInput,
    ) -> Result<ServiceEnablePayload> {
        let (app, viewer, uid) = one(ctx, &input.service_id)?;
        payload(domain::service::set_disabled(app, viewer, uid, false).await)
    }

    /// Removes a service that has no unfinished jobs. Its jobs stay; its name is free again.
    async fn service_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which service.")] input: ServiceDeleteInput,
    ) -> Result<ServiceDeletePayload> {
        let (app, viewer, uid) = one(ctx, &input.service_id)?;
        payload(domain::service::delete(app, viewer, uid).await)
    }

    /// Checks a JSON Schema, and a value against it, without storing anything.
    async fn schema_validate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to check.")] input: SchemaValidateInput,
    ) -> Result<SchemaValidatePayload> {
        let (_, viewer) = asked(ctx)?;
        let instance = match input.instance {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(Value::Null),
            MaybeUndefined::Value(value) => Some(value),
        };
        let found = domain::service::try_schema(viewer, input.schema, input.semantics.into(), instance).await?;
        let violations: Vec<_> =
            found.into_iter().map(|fault| Violation { path: fault.path, message: fault.message }).collect();
        Ok(SchemaValidatePayload { is_valid: violations.is_empty(), violations })
    }
}

fn payload<P: From<Service>>(row: crate::error::Result<entity::service::Model>) -> Result<P> {
    Ok(Service(Arc::new(row?)).into())
}
