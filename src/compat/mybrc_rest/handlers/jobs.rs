//! Jobs.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::find;
use crate::compat::form::{self, Fields, Unread};
use crate::compat::moment;
use crate::compat::mybrc_rest::ask::{Answer, Ask, Found};
use crate::compat::mybrc_rest::envelope::{Refusal, reply};
use crate::compat::mybrc_rest::fields::{JobBody, read};
use crate::compat::mybrc_rest::wire::{Job, money};
use crate::compat::{Call, Operation};
use crate::config::number_of;

/// See its document.
pub(in crate::compat::mybrc_rest) static LIST: Operation<Listing, Jobs> =
    Operation::new("MybrcRest_ListJobs", include_str!("../operations/list_jobs.graphql"));
/// See its document.
pub(in crate::compat::mybrc_rest) static REPORT: Operation<Input, Reported> =
    Operation::new("MybrcRest_ReportJob", include_str!("../operations/report_job.graphql"));

/// Which page of what.
#[derive(Debug, Serialize)]
pub(in crate::compat::mybrc_rest) struct Listing {
    filter: Value,
    skip: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc_rest) struct Jobs {
    recorded_jobs: Page,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    total_count: i64,
    cpu_hours: f64,
    amount: String,
    nodes: Vec<Job>,
}

impl Page {
    fn found(&self) -> Found {
        let beside = [("total_cpu_time", json!(self.cpu_hours)), ("total_amount", json!(money(&self.amount)))];
        Found {
            total: self.total_count,
            rows: self.nodes.iter().map(Job::body).collect(),
            beside: beside.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(),
        }
    }
}

/// A report.
#[derive(Debug, Serialize)]
pub(in crate::compat::mybrc_rest) struct Input {
    input: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc_rest) struct Reported {
    job_report: Made,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    is_new: bool,
    job: Job,
}

/// The fields of a body.
pub(super) async fn body(call: &Call, request: Request) -> Result<Fields, Refusal> {
    form::read(call, request).await.map_err(|unread| match unread {
        Unread::Failed(failure) => failure.into(),
        Unread::Unsupported(detail) => Refusal::detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail),
        Unread::Broken(detail) => Refusal::detail(StatusCode::BAD_REQUEST, detail),
        Unread::NoObject(message) => Refusal::field("non_field_errors", message),
    })
}

pub(in crate::compat::mybrc_rest) async fn list(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, &request);
    let filter = json!({
        "hasKey": true,
        "userNumber": find::user(&ask).await?,
        "accountNumber": find::account(&ask).await?,
        "slurmId": ask.parameter("jobslurmid"),
        "startedFrom": ask.moment("start_time")?,
        "startedBefore": ask.moment("end_time")?,
    });
    let page = |skip| {
        let asked = LIST.run(&ask.call, Listing { filter: filter.clone(), skip });
        async move { Ok(asked.await?.recorded_jobs.found()) }.boxed()
    };
    ask.list(page).await
}

/// The plugin reports the begin of a job more than once: the second time it learns what is stored.
pub(in crate::compat::mybrc_rest) async fn create(call: Call, request: Request) -> Answer {
    let job = read(&body(&call, request).await?, &["jobslurmid", "userid", "accountid"]);
    let job = job.map_err(|wrong| Refusal::fields(&wrong))?;
    let id = job.slurm_id.clone().unwrap_or_default();
    let made = report(&call, id, job, true).await?;
    let status = if made.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(reply(status, &made.job.body()))
}

pub(in crate::compat::mybrc_rest) async fn replace(
    call: Call,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Answer {
    let Path(id) = path.map_err(|_| Refusal::not_found())?;
    let job = read(&body(&call, request).await?, &[]).map_err(|wrong| Refusal::fields(&wrong))?;
    if job.slurm_id.as_ref().is_some_and(|own| *own != id) {
        return Err(Refusal::field("jobslurmid", "It is another one than that of the address."));
    }
    Ok(reply(StatusCode::OK, &report(&call, id, job, false).await?.job.body()))
}

pub(in crate::compat::mybrc_rest) async fn change(_: Call) -> Answer {
    Ok(reply(StatusCode::OK, &json!({ "failure": "This method is not supported." })))
}

async fn report(call: &Call, id: String, job: JobBody, only_new: bool) -> Result<Made, Refusal> {
    let owner = match &job.user {
        Some(uid) => Some(find::by_uid(call, "userid", uid).await?.id),
        None => None,
    };
    let account = match &job.account {
        Some(name) => Some(find::by_name(call, "accountid", name).await?.id),
        None => None,
    };
    let mut input = said(call, job);
    let about = [("slurmKey", Some(id)), ("ownerId", owner), ("accountId", account)];
    input.extend(about.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))));
    input.insert("onlyNew".to_owned(), only_new.into());
    Ok(REPORT.run(call, Input { input: Value::Object(input) }).await?.job_report)
}

/// What a body says, in the operation's words; what it does not say is left out.
fn said(call: &Call, job: JobBody) -> Map<String, Value> {
    let config = &call.app().config.mybrc_rest;
    let number = |entries: &[String], name: &Option<String>| name.as_ref().map(|name| json!(number_of(entries, name)));
    let at = |moment: Option<moment::Moment>| moment.map(|moment| json!(moment::of(moment)));
    let word = |text: Option<String>| text.map(Value::from);
    let slurm = [
        ("partition", number(&config.partitions, &job.partition)),
        ("qos", number(&config.qos, &job.qos)),
        ("stateCode", number(&config.states, &job.state)),
        ("partitionName", word(job.partition)),
        ("qosName", word(job.qos)),
        ("stateName", word(job.state)),
        ("nodes", Some(json!(job.nodes))),
        ("cpus", job.cpus.map(Value::from)),
        ("nodesRequested", job.nodes_requested.map(Value::from)),
        ("nodesAllocated", job.nodes_allocated.map(Value::from)),
        ("rawHours", job.raw_hours.map(Value::from)),
        ("cpuHours", job.cpu_hours.map(Value::from)),
    ];
    let all = [
        ("submittedAt", at(job.submitted)),
        ("startedAt", at(job.started)),
        ("finishedAt", at(job.finished)),
        ("amount", word(job.amount)),
        ("slurm", Some(Value::Object(given(slurm)))),
    ];
    given(all)
}

fn given<const N: usize>(members: [(&str, Option<Value>); N]) -> Map<String, Value> {
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
