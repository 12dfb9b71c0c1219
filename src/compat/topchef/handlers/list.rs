//! Lists, which the old server gave whole. Those of jobs are written while they are read, page after page, so that a
//! million of them take no more memory than a thousand.

use axum::http::HeaderMap;
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::service::Home;
use super::{Answer, Id};
use crate::compat::topchef::envelope::Refusal;
use crate::compat::topchef::json::reply_about;
use crate::compat::topchef::request::{ServiceId, style};
use crate::compat::topchef::stream::{self, Items, Pages, Reading};
use crate::compat::topchef::version::{Version, link};
use crate::compat::topchef::{meta, wire};
use crate::compat::{Call, Operation, Page};

/// The older API whose services and jobs are not shown here: a worker of this one could do nothing with recordings.
pub(in crate::compat::topchef) const ELSEWHERE: &str = "PROJECT_W";

/// Where the next page of a list begins.
#[derive(Debug, Default, Serialize)]
pub(in crate::compat::topchef) struct After {
    after: Option<String>,
}

/// Which jobs, and where the next page begins.
#[derive(Clone, Debug, Serialize)]
pub(in crate::compat::topchef) struct Which {
    filter: Filter,
    after: Option<String>,
}

/// A `JobFilter`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    origin: &'static str,
    dialect: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_id: Option<Value>,
}

impl Which {
    /// The jobs that TopChef knows: those that were submitted to a service, but transcriptions.
    fn all() -> Self {
        let dialect = json!({ "notIn": [ELSEWHERE] });
        Self { filter: Filter { origin: "SUBMITTED", dialect, service_id: None }, after: None }
    }

    /// Those of one service.
    pub(super) fn of_service(uuid: Uuid) -> Self {
        let mut which = Self::all();
        which.filter.service_id = Some(json!({ "eq": wire::global("service", uuid) }));
        which
    }

    pub(super) fn after(self, cursor: Option<String>) -> Self {
        Self { after: cursor, ..self }
    }
}

/// See its document.
pub(in crate::compat::topchef) static LIST_SERVICES: Operation<After, Services> =
    Operation::new("Topchef_ListServices", include_str!("../operations/list_services.graphql"));

/// See its document.
pub(in crate::compat::topchef) static LIST_JOBS: Operation<Which, Jobs<wire::JobOverview>> =
    Operation::new("Topchef_ListJobs", include_str!("../operations/list_jobs.graphql"));

/// See its document.
pub(in crate::compat::topchef) static LIST_SERVICE_JOBS: Operation<Which, Jobs<wire::Job>> =
    Operation::new("Topchef_ListServiceJobs", include_str!("../operations/list_service_jobs.graphql"));

/// See its document.
pub(in crate::compat::topchef) static SHOW_REGISTRATION_SCHEMA: Operation<Id, Registration> =
    Operation::new("Topchef_ShowRegistrationSchema", include_str!("../operations/show_registration_schema.graphql"));

/// A page of services.
#[derive(Debug, Deserialize)]
pub(in crate::compat::topchef) struct Services {
    services: Page<wire::ServiceOverview>,
}

/// A page of jobs.
#[derive(Debug, Deserialize)]
pub(in crate::compat::topchef) struct Jobs<T> {
    jobs: Page<T>,
}

/// What a service asks of jobs.
#[derive(Debug, Deserialize)]
pub(in crate::compat::topchef) struct Registration {
    service: Parameters,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    #[serde(flatten)]
    home: Home,
    parameters_schema: Value,
}

pub(in crate::compat::topchef) async fn services(call: Call) -> Answer {
    let mut data = Vec::new();
    let mut after = After::default();
    loop {
        let page = LIST_SERVICES.run(&call, after).await?.services;
        after = After { after: page.next() };
        data.extend(page.nodes.into_iter().map(wire::ServiceOverview::into_json));
        if after.after.is_none() {
            break;
        }
    }
    Ok(reply_about("services", link(&call, "/services"), data.into()))
}

pub(in crate::compat::topchef) async fn jobs(call: Call, headers: HeaderMap) -> Answer {
    let first = overviews(call.clone(), Which::all()).await?;
    let (place, links) = (stream::place(), json!({ "self": link(&call, "/jobs") }));
    let around = json!({ "data": place, "links": links, "meta": meta::of("jobs") });
    Ok(stream::reply(&around, &place, 1, style(&headers), first))
}

pub(in crate::compat::topchef) async fn jobs_of_service(
    call: Call,
    ServiceId(uuid): ServiceId,
    headers: HeaderMap,
) -> Answer {
    let id = Id { id: wire::global("service", uuid) };
    let found = SHOW_REGISTRATION_SCHEMA.run(&call, id).await;
    let found = found.map_err(|failure| Refusal::about_service(failure, uuid))?.service;
    found.home.known(uuid)?;
    let mut meta = meta::of("service_jobs");
    meta["new_job_schema"]["properties"]["parameters"] = found.parameters_schema;
    let items = meta["data_schema"]["items"].take();
    meta["data_schema"]["items"] = Version::spoken_by(&call).schema_of_job(items);
    let links = json!({ "self": link(&call, &format!("/services/{uuid}/jobs")) });
    let first = in_full(call, Which::of_service(uuid)).await?;
    let place = stream::place();
    let around = json!({ "data": place, "links": links, "meta": meta });
    Ok(stream::reply(&around, &place, 1, style(&headers), first))
}

/// Overviews of jobs, from a page on.
pub(super) fn overviews(call: Call, which: Which) -> Reading {
    async move {
        let page = LIST_JOBS.run(&call, which.clone()).await?.jobs;
        Ok(Pages::from(rest_of(page, call, which)))
    }
    .boxed()
}

/// The overviews of a page that is there, and of those after it.
pub(super) fn rest_of(page: Page<wire::JobOverview>, call: Call, which: Which) -> Items {
    let next = page.next().map(|cursor| overviews(call, which.after(Some(cursor))));
    Items { items: page.nodes.into_iter().map(wire::JobOverview::into_json).collect(), next }
}

/// Jobs in full, from a page on.
fn in_full(call: Call, which: Which) -> Reading {
    async move {
        let version = Version::spoken_by(&call);
        let page = LIST_SERVICE_JOBS.run(&call, which.clone()).await?.jobs;
        let next = page.next().map(|cursor| in_full(call, which.after(Some(cursor))));
        Ok(Pages::from(Items { items: page.nodes.into_iter().map(|job| version.job(job)).collect(), next }))
    }
    .boxed()
}
