//! Jobs: submitted, polled for, looked at and set by their workers.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::list::ELSEWHERE;
use super::service::{Home, find, located};
use super::{Answer, Id, Input};
use crate::compat::topchef::envelope::Refusal;
use crate::compat::topchef::fields::{self, Fields};
use crate::compat::topchef::json::{reply, reply_about};
use crate::compat::topchef::request::{JobId, ServiceId, style};
use crate::compat::topchef::stream::{self, Items, Pages};
use crate::compat::topchef::version::Version;
use crate::compat::topchef::{meta, wire};
use crate::compat::{Call, Operation, Page};

/// How many jobs `queue` shows.
pub(in crate::compat::topchef) const QUEUE: usize = 10;

/// See its document.
pub(in crate::compat::topchef) static SHOW_QUEUE: Operation<Head, Queue> =
    Operation::new("Topchef_ShowQueue", include_str!("../operations/show_queue.graphql"));

/// See its document.
pub(in crate::compat::topchef) static SUBMIT_JOB: Operation<Input<NewJob>, Submitted> =
    Operation::new("Topchef_SubmitJob", include_str!("../operations/submit_job.graphql"));

/// See its document.
pub(in crate::compat::topchef) static SHOW_JOB: Operation<Id, Shown> =
    Operation::new("Topchef_ShowJob", include_str!("../operations/show_job.graphql"));

/// See its document. The service is one more row to read, so it is asked for only where the path names one.
pub(in crate::compat::topchef) static SHOW_JOB_OF_SERVICE: Operation<Id, Shown> =
    Operation::new("Topchef_ShowJobOfService", include_str!("../operations/show_job_of_service.graphql"));

/// See its document.
pub(in crate::compat::topchef) static OVERRIDE_JOB: Operation<Input<Override>, Overridden> =
    Operation::new("Topchef_OverrideJob", include_str!("../operations/override_job.graphql"));

/// The first jobs of a service.
#[derive(Debug, Serialize)]
pub(in crate::compat::topchef) struct Head {
    id: String,
    first: usize,
    after: Option<String>,
}

/// The jobs that wait at a service.
#[derive(Debug, Deserialize)]
pub(in crate::compat::topchef) struct Queue {
    service: Home,
    jobs: Page<wire::Job>,
}

/// A `JobSubmitInput`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::topchef) struct NewJob {
    service_id: String,
    parameters: Value,
}

/// What a submission answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::topchef) struct Submitted {
    job_submit: Payload,
}

#[derive(Debug, Deserialize)]
struct Payload {
    job: wire::Job,
}

/// A job, and whether it is one that TopChef knows.
#[derive(Debug, Deserialize)]
pub(in crate::compat::topchef) struct Shown {
    job: Known,
}

#[derive(Debug, Deserialize)]
struct Known {
    dialect: Option<String>,
    origin: String,
    service: Option<Identified>,
    #[serde(flatten)]
    job: wire::Job,
}

#[derive(Debug, Deserialize)]
struct Identified {
    id: String,
}

/// A `JobOverrideInput`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::topchef) struct Override {
    job_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<Value>,
}

/// What setting a job by hand answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::topchef) struct Overridden {
    job_override: Payload,
}

/// `GET /services/<id>/queue`.
pub(in crate::compat::topchef) async fn queue(call: Call, ServiceId(uuid): ServiceId, headers: HeaderMap) -> Answer {
    let first = queued(&call, uuid, QUEUE, None).await?;
    if first.nodes.is_empty() {
        return Ok(nothing());
    }
    let links = json!({ "self": call.link(&format!("/services/{uuid}/queue")) });
    Ok(told(call, uuid, &headers, first, |data| json!({ "data": data, "links": links, "meta": meta::of("queue") })))
}

/// An answer with the first jobs of a queue, of which a page was read. Jobs may be so large that they are read one by one,
/// as the client takes them.
pub(in crate::compat::topchef) fn told(
    call: Call,
    uuid: Uuid,
    headers: &HeaderMap,
    first: Page<wire::Job>,
    around: impl FnOnce(Value) -> Value,
) -> Response {
    let version = Version::spoken_by(&call);
    if first.nodes.len() >= QUEUE || first.next().is_none() {
        return reply(around(first.nodes.into_iter().map(|job| version.job(job)).collect()));
    }
    let place = stream::place();
    let around = around(place.as_str().into());
    stream::reply(&around, &place, 1, style(headers), Pages::from(rest_of_queue(call, uuid, QUEUE, first)))
}

/// The jobs of a page that is there, and as many after them as are still wanted.
fn rest_of_queue(call: Call, uuid: Uuid, wanted: usize, page: Page<wire::Job>) -> Items {
    let version = Version::spoken_by(&call);
    let wanted = wanted.saturating_sub(page.nodes.len());
    let next = page.next().filter(|_| wanted > 0).map(|after| {
        let read = async move {
            let found = SHOW_QUEUE.run(&call, Head::of(uuid, wanted, Some(after))).await?;
            Ok(Pages::from(rest_of_queue(call, uuid, wanted, found.jobs)))
        };
        read.boxed()
    });
    Items { items: page.nodes.into_iter().map(|job| version.job(job)).collect(), next }
}

/// `GET /services/<id>/jobs/next`.
pub(in crate::compat::topchef) async fn next(call: Call, ServiceId(uuid): ServiceId) -> Answer {
    let Some(job) = queued(&call, uuid, 1, None).await?.nodes.pop() else { return Ok(nothing()) };
    Ok(reply_about("next", call.link(&format!("/services/{uuid}/jobs/next")), job.into_json()))
}

/// The jobs that wait at a service, oldest first. Looking takes nothing: two workers may see the same job.
pub(in crate::compat::topchef) async fn queued(
    call: &Call,
    uuid: Uuid,
    first: usize,
    after: Option<String>,
) -> Result<Page<wire::Job>, Refusal> {
    let found = SHOW_QUEUE.run(call, Head::of(uuid, first, after)).await;
    let found = found.map_err(|failure| Refusal::about_service(failure, uuid))?;
    found.service.known(uuid)?;
    Ok(found.jobs)
}

impl Head {
    fn of(uuid: Uuid, first: usize, after: Option<String>) -> Self {
        Self { id: wire::global("service", uuid), first, after }
    }
}

fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// `POST /services/<id>/jobs`.
pub(in crate::compat::topchef) async fn post(call: Call, ServiceId(uuid): ServiceId, request: Request) -> Answer {
    let job = created(&call, uuid, request).await?;
    let id = job.uuid();
    let body = json!({ "data": job.into_json(), "meta": format!("new job ID is {id}") });
    Ok(located(body, &call.link(&format!("/jobs/{id}"))))
}

/// Submits the job that a request asks for.
pub(in crate::compat::topchef) async fn created(
    call: &Call,
    uuid: Uuid,
    request: Request,
) -> Result<wire::Job, Refusal> {
    let body = json_body(call, request).await?;
    let mut fields = Fields::of(&body)?;
    let new = NewJob { service_id: wire::global("service", uuid), parameters: fields.object("parameters") };
    let input = fields.finish(new)?;
    find(call, uuid).await?;
    let made = SUBMIT_JOB.run(call, Input { input }).await;
    Ok(made.map_err(|failure| Refusal::about_service(failure, uuid))?.job_submit.job)
}

/// `GET /jobs/<id>`.
pub(in crate::compat::topchef) async fn show(call: Call, JobId(uuid): JobId) -> Answer {
    let job = found(&call, uuid, None).await?;
    Ok(reply_about("job", call.link(&format!("/jobs/{uuid}")), job.into_json()))
}

/// A job that was submitted to a service: to this one, if the path names one.
pub(in crate::compat::topchef) async fn found(
    call: &Call,
    uuid: Uuid,
    service: Option<Uuid>,
) -> Result<wire::Job, Refusal> {
    let show = if service.is_some() { &SHOW_JOB_OF_SERVICE } else { &SHOW_JOB };
    let found = show.run(call, Id { id: wire::global("job", uuid) }).await;
    let known = found.map_err(|failure| Refusal::about_job(failure, uuid))?.job;
    let at = known.service.map(|service| service.id);
    let is_there = service.is_none_or(|service| at == Some(wire::global("service", service)));
    if is_there && known.origin == "SUBMITTED" && known.dialect.as_deref() != Some(ELSEWHERE) {
        return Ok(known.job);
    }
    Err(Refusal::no_job(uuid))
}

/// `PATCH /jobs/<id>`.
pub(in crate::compat::topchef) async fn patch(call: Call, JobId(uuid): JobId, request: Request) -> Answer {
    let body = json_body(&call, request).await?;
    Ok(reply(changed(&call, uuid, None, &body, "results").await?.into_json()))
}

/// Sets what a body says of a job: its state, its results (which stand under `results` here), or neither. Clients send
/// whole jobs, in which null leaves things as they are.
pub(in crate::compat::topchef) async fn changed(
    call: &Call,
    uuid: Uuid,
    service: Option<Uuid>,
    body: &Value,
    results: &str,
) -> Result<wire::Job, Refusal> {
    let mut fields = Fields::of(body)?;
    let asked = Override {
        job_id: wire::global("job", uuid),
        results: fields.object_or_null(results),
        status: fields.word_or_null("status", wire::status_of, "Unknown value for job status enum"),
    };
    let input = fields.finish(asked)?;
    let job = found(call, uuid, service).await?;
    if input.status.is_none() && input.results.is_none() {
        return Ok(job);
    }
    let set = OVERRIDE_JOB.run(call, Input { input }).await;
    Ok(set.map_err(|failure| Refusal::about_job(failure, uuid))?.job_override.job)
}

/// A body that must be JSON and may bring parameters or results.
pub(in crate::compat::topchef) async fn json_body(call: &Call, request: Request) -> Result<Value, Refusal> {
    let headers = request.headers().clone();
    let body = call.body(request, call.app().config.topchef.body_bytes).await?;
    fields::json(&headers, &body)?.ok_or_else(Refusal::not_json)
}
