//! Services: made, looked at, checked in and changed.

use axum::extract::Request;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::list::{ELSEWHERE, Which, rest_of};
use super::{Answer, Id, Input};
use crate::compat::topchef::envelope::Refusal;
use crate::compat::topchef::fields::{self, Fields};
use crate::compat::topchef::json::{reply, reply_about, reply_with};
use crate::compat::topchef::request::{ServiceId, style};
use crate::compat::topchef::stream::{self, Pages};
use crate::compat::topchef::version::link;
use crate::compat::topchef::{meta, wire};
use crate::compat::{Call, Operation, Page};

/// See its document.
pub(in crate::compat::topchef) static SHOW_SERVICE: Operation<Id, Shown> =
    Operation::new("Topchef_ShowService", include_str!("../operations/show_service.graphql"));

/// See its document.
pub(in crate::compat::topchef) static FIND_SERVICE: Operation<Id, Found> =
    Operation::new("Topchef_FindService", include_str!("../operations/find_service.graphql"));

/// See its document.
pub(in crate::compat::topchef) static CREATE_SERVICE: Operation<Input<NewService>, Made> =
    Operation::new("Topchef_CreateService", include_str!("../operations/create_service.graphql"));

/// See its document.
pub(in crate::compat::topchef) static CHECK_IN: Operation<Input<CheckIn>, CheckedIn> =
    Operation::new("Topchef_CheckIn", include_str!("../operations/check_in.graphql"));

/// See its document.
pub(in crate::compat::topchef) static UPDATE_SERVICE: Operation<Input<Change>, Value> =
    Operation::new("Topchef_UpdateService", include_str!("../operations/update_service.graphql"));

/// A service, and the first of its jobs.
#[derive(Debug, Deserialize)]
pub(in crate::compat::topchef) struct Shown {
    service: Known,
    jobs: Page<wire::JobOverview>,
}

/// Whether a service is one that TopChef knows.
#[derive(Debug, Deserialize)]
pub(in crate::compat::topchef) struct Found {
    service: Home,
}

/// Where a service is at home.
#[derive(Debug, Deserialize)]
pub(in crate::compat::topchef) struct Home {
    dialect: Option<String>,
}

impl Home {
    /// Refuses a service that TopChef does not know, as one that is not there.
    pub(super) fn known(&self, uuid: Uuid) -> Result<(), Refusal> {
        if self.dialect.as_deref() == Some(ELSEWHERE) { Err(Refusal::no_service(uuid)) } else { Ok(()) }
    }
}

/// A service, and where it is at home.
#[derive(Debug, Deserialize)]
struct Known {
    #[serde(flatten)]
    home: Home,
    #[serde(flatten)]
    detail: wire::ServiceDetail,
}

/// A `ServiceCreateInput`. As ever, a new service is not available until it says so, and counts as checked in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::topchef) struct NewService {
    title: String,
    description: String,
    parameters_schema: Value,
    results_schema: Value,
    schema_semantics: &'static str,
    is_available: bool,
    check_in: bool,
}

/// What making a service answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::topchef) struct Made {
    service_create: Payload<Identified>,
}

#[derive(Debug, Deserialize)]
struct Payload<T> {
    service: T,
}

#[derive(Debug, Deserialize)]
struct Identified {
    id: String,
}

/// A `ServiceCheckInInput`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::topchef) struct CheckIn {
    service_id: String,
}

/// What a check-in answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::topchef) struct CheckedIn {
    service_check_in: Payload<Seen>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    last_seen_at: String,
}

/// A `ServiceUpdateInput`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::topchef) struct Change {
    service_id: String,
    title: Option<String>,
    description: Option<String>,
    is_available: Option<bool>,
    limits: Limits,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    timeout_seconds: Option<i64>,
}

/// `POST /services`.
pub(in crate::compat::topchef) async fn post(call: Call, request: Request) -> Answer {
    let uuid = make(&call, request).await?;
    let body = json!({
        "data": { "message": "service successfully created" },
        "links": { "self": call.link("/services") },
    });
    Ok(located(body, &call.link(&format!("/services/{uuid}"))))
}

/// Makes the service that a request asks for; its UUID.
pub(in crate::compat::topchef) async fn make(call: &Call, request: Request) -> Result<Uuid, Refusal> {
    let headers = request.headers().clone();
    let body = call.body(request, call.app().config.http.body_bytes).await?;
    let body = fields::json(&headers, &body)?.ok_or_else(Refusal::not_json)?;
    let mut fields = Fields::of(&body)?;
    let new = NewService {
        title: fields.text("name"),
        description: fields.text("description"),
        parameters_schema: fields.object("job_registration_schema"),
        results_schema: fields.object("job_result_schema"),
        schema_semantics: "DRAFT4_LEGACY",
        is_available: false,
        check_in: true,
    };
    let input = fields.finish(new)?;
    let made = CREATE_SERVICE.run(call, Input { input }).await?;
    let id = wire::bare(&made.service_create.service.id);
    wire::uuid(&id).ok_or_else(|| Refusal::not_uuid(&id))
}

/// Refuses a service that TopChef does not know, before something is done to it.
pub(super) async fn find(call: &Call, uuid: Uuid) -> Result<(), Refusal> {
    let found = FIND_SERVICE.run(call, Id { id: wire::global("service", uuid) }).await;
    found.map_err(|failure| Refusal::about_service(failure, uuid))?.service.known(uuid)
}

/// A service in full; a new one has no jobs.
pub(in crate::compat::topchef) async fn details(call: &Call, uuid: Uuid) -> Result<Value, Refusal> {
    let found = SHOW_SERVICE.run(call, Id { id: wire::global("service", uuid) }).await;
    Ok(found.map_err(|failure| Refusal::about_service(failure, uuid))?.service.detail.into_json(json!([])))
}

/// 201, and where the new thing is.
pub(in crate::compat::topchef) fn located(body: Value, location: &str) -> Response {
    let mut response = reply_with(StatusCode::CREATED, body);
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// `GET /services/<id>`.
pub(in crate::compat::topchef) async fn show_service(
    call: Call,
    ServiceId(uuid): ServiceId,
    headers: HeaderMap,
) -> Answer {
    document(call, uuid, &headers).await
}

async fn document(call: Call, uuid: Uuid, headers: &HeaderMap) -> Answer {
    let found = SHOW_SERVICE.run(&call, Id { id: wire::global("service", uuid) }).await;
    let Shown { service, jobs } = found.map_err(|failure| Refusal::about_service(failure, uuid))?;
    service.home.known(uuid)?;
    let service = service.detail;
    let link = link(&call, &format!("/services/{uuid}"));
    if jobs.next().is_none() {
        let jobs = jobs.nodes.into_iter().map(wire::JobOverview::into_json).collect();
        return Ok(reply_about("service", link, service.into_json(jobs)));
    }
    let first = Pages::from(rest_of(jobs, call, Which::of_service(uuid)));
    let place = stream::place();
    let links = json!({ "self": link });
    let around =
        json!({ "data": service.into_json(place.as_str().into()), "links": links, "meta": meta::of("service") });
    Ok(stream::reply(&around, &place, 2, style(headers), first))
}

/// `PATCH /services/<id>`: a sign of life, whatever comes with it, and then a change, if it brings one.
pub(in crate::compat::topchef) async fn check_in(call: Call, ServiceId(uuid): ServiceId, request: Request) -> Answer {
    find(&call, uuid).await?;
    let service_id = wire::global("service", uuid);
    let seen = CHECK_IN.run(&call, Input { input: CheckIn { service_id: service_id.clone() } }).await;
    let seen = seen.map_err(|failure| Refusal::about_service(failure, uuid))?.service_check_in.service;
    let headers = request.headers().clone();
    let body = call.body(request, call.app().config.http.body_bytes).await?;
    let Some(body) = fields::json(&headers, &body)? else {
        let at = seen.last_seen_at.trim_end_matches('Z');
        return Ok(reply(json!({ "meta": format!("Service checked in at {at}") })));
    };
    let mut fields = Fields::of(&body)?;
    let change = Change {
        service_id,
        title: fields.optional_text("name"),
        description: fields.optional_text("description"),
        is_available: fields.optional_flag("is_available"),
        limits: Limits { timeout_seconds: fields.optional_seconds("timeout") },
    };
    let input = fields.finish(change)?;
    UPDATE_SERVICE.run(&call, Input { input }).await.map_err(|failure| Refusal::about_service(failure, uuid))?;
    document(call, uuid, &headers).await
}
