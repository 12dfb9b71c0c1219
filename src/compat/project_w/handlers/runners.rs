//! The protocol of the runners.

use axum::extract::Request;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::users::operation;
use super::{Answer, Told, msg};
use crate::compat::project_w::auth::{Person, Worker, shown};
use crate::compat::project_w::envelope::{Refusal, WorkerRefusal};
use crate::compat::project_w::form::{Fields, Query, form, form_within};
use crate::compat::project_w::json::reply;
use crate::compat::project_w::wire::{Numbered, Parameters};
use crate::compat::{Call, Failure};
use crate::domain::service::of_project_w;
use crate::error::Code;
use crate::graphql::id::Kind;

operation!(CREATE_RUNNER, "ProjectW_CreateRunner", "create_runner", Created);
operation!(REGISTER, "ProjectW_Register", "register", Registered);
operation!(UNREGISTER, "ProjectW_Unregister", "unregister");
operation!(HEARTBEAT, "ProjectW_Heartbeat", "heartbeat", Beaten);
operation!(FETCH, "ProjectW_RetrieveJob", "retrieve_job", Fetched);
operation!(COMPLETE, "ProjectW_SubmitTranscript", "submit_transcript");
operation!(FAIL, "ProjectW_SubmitFailure", "submit_failure");

/// Characters of a failure that are kept: the last ones, since that is where a traceback says what was wrong.
const ERROR_MOST: usize = 10_000;

/// See [`CREATE_RUNNER`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::project_w) struct Created {
    runner_create: NewToken,
}

#[derive(Debug, Deserialize)]
struct NewToken {
    token: String,
}

/// See [`REGISTER`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::project_w) struct Registered {
    runner_register: OfRunner,
}

#[derive(Debug, Deserialize)]
struct OfRunner {
    runner: Numbered,
}

/// See [`HEARTBEAT`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::project_w) struct Beaten {
    runner_heartbeat: OfJob,
}

#[derive(Debug, Deserialize)]
struct OfJob {
    job: Option<InHand>,
}

/// What a runner is told of its job.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InHand {
    status: String,
    cancel_requested: bool,
}

/// See [`FETCH`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::project_w) struct Fetched {
    assignment_fetch: OfLease,
}

#[derive(Debug, Deserialize)]
struct OfLease {
    lease: Lease,
}

#[derive(Debug, Deserialize)]
struct Lease {
    job: Assigned,
}

/// A job in a runner's hands.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Assigned {
    dialect_number: Option<i64>,
    pub parameters: Parameters,
    pub files: Files,
}

/// The recording.
#[derive(Debug, Deserialize)]
pub(super) struct Files {
    pub nodes: Vec<OnlyId>,
}

/// A file's id.
#[derive(Debug, Deserialize)]
pub(super) struct OnlyId {
    pub id: String,
}

/// What the runner's program compares, letter by letter, to know that it must register again.
fn told(failure: Failure) -> WorkerRefusal {
    if failure.code == Code::InvalidState {
        return WorkerRefusal::new("This runner is not currently registered as online!");
    }
    failure.into()
}

pub(in crate::compat::project_w) async fn create(person: Person, query: Query) -> Answer {
    if !person.is_admin() {
        return Err(Refusal::forbidden("Only admins may create runner tokens."));
    }
    if query.only_head {
        return Ok(reply(&json!({})));
    }
    let service = of_project_w(person.0.app()).await.map_err(Failure::from)?;
    let name = format!("Project-W {}", Uuid::simple(crate::infra::secret::uid()));
    let input = json!({ "name": name, "serviceIds": [Kind::Service.id(service.uid)] });
    let created = CREATE_RUNNER.run(&person.0, json!({ "input": input })).await?;
    Ok(reply(&json!({ "runnerToken": shown(&created.runner_create.token) })))
}

pub(in crate::compat::project_w) async fn register(worker: Worker) -> Told {
    match REGISTER.run(&worker.0, json!({ "input": {} })).await {
        Ok(done) => {
            let number = done.runner_register.runner.legacy_number;
            Ok(reply(&json!({ "msg": "Runner successfully registered!", "runnerID": number })))
        }
        Err(failure) if failure.code == Code::InvalidState => Err(WorkerRefusal::new("Runner is already registered!")),
        Err(failure) => Err(failure.into()),
    }
}

pub(in crate::compat::project_w) async fn unregister(worker: Worker) -> Told {
    UNREGISTER.run(&worker.0, json!({})).await.map_err(told)?;
    Ok(msg("Runner successfully unregistered!"))
}

pub(in crate::compat::project_w) async fn heartbeat(worker: Worker, request: Request) -> Told {
    let form = form(&worker.0, request).await?;
    let beaten = HEARTBEAT.run(&worker.0, json!({ "input": { "progress": progress(&form) } })).await.map_err(told)?;
    Ok(reply(&match beaten.runner_heartbeat.job {
        Some(job) if job.status == "RUNNING" && job.cancel_requested => json!({ "abort": true }),
        Some(_) => json!({ "jobAssigned": true }),
        None => json!({ "ack": true }),
    }))
}

/// What is no number is no progress, and what is out of bounds is taken for the nearest bound.
fn progress(form: &Fields) -> Option<f64> {
    let progress: f64 = form.get("progress")?.trim().parse().ok()?;
    (!progress.is_nan()).then(|| progress.clamp(0.0, 1.0))
}

/// Takes the assigned job in hand.
pub(super) async fn fetch(worker: &Worker) -> Result<Assigned, WorkerRefusal> {
    match FETCH.run(&worker.0, json!({})).await {
        Ok(fetched) => Ok(fetched.assignment_fetch.lease.job),
        Err(failure) if failure.code == Code::NotFound => Err(WorkerRefusal::new("No job available!")),
        Err(failure) => Err(told(failure)),
    }
}

pub(in crate::compat::project_w) async fn retrieve_info(worker: Worker) -> Told {
    let Assigned { dialect_number, parameters, .. } = fetch(&worker).await?;
    let Parameters { model, language, .. } = parameters;
    Ok(reply(&json!({ "jobID": dialect_number, "language": language, "model": model })))
}

pub(in crate::compat::project_w) async fn submit_result(worker: Worker, request: Request) -> Told {
    let call: &Call = &worker.0;
    let mut form = form_within(call, request, call.app().config.project_w.result_bytes).await?;
    let (ended, text) = if let Some(error) = form.filled("error_msg") {
        let start = error.char_indices().rev().nth(ERROR_MOST - 1).map_or(0, |(at, _)| at);
        let input = json!({ "message": &error[start..] });
        (FAIL.run(call, json!({ "input": input })).await, "Successfully submitted failed job!")
    } else if let Some(transcript) = form.take("transcript") {
        let input = json!({ "results": { "transcript": transcript } });
        (COMPLETE.run(call, json!({ "input": input })).await, "Transcript successfully submitted!")
    } else {
        return Err(WorkerRefusal::new("The required parameter `transcript` is missing"));
    };
    match ended {
        Ok(_) => Ok(msg(text)),
        // The old server said the same when the result came too late. Here an event of the job tells what became of it.
        Err(failure) if failure.code == Code::LeaseLost => Ok(msg(text)),
        Err(failure) => Err(told(failure)),
    }
}
