//! Jobs.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Input, Listed, Number, changed, list as page, matches, shown, values};
use crate::compat::moment;
use crate::compat::mybrc::ask::{Answer, Ask, removed};
use crate::compat::mybrc::envelope::{Noun, Refusal};
use crate::compat::mybrc::fields::{self, Given, JOB, Values, decimal};
use crate::compat::mybrc::filter::amount;
use crate::compat::mybrc::{metadata, wire};
use crate::compat::{Call, Operation};
use crate::config::MybrcProfile;
use crate::error::Code;

/// See its document.
pub(in crate::compat::mybrc) static LIST: Operation<Listed, Jobs> =
    Operation::new("Mybrc_ListJobs", include_str!("../operations/list_jobs.graphql"));
/// See its document.
pub(in crate::compat::mybrc) static SHOW: Operation<Number, One> =
    Operation::new("Mybrc_ShowJob", include_str!("../operations/show_job.graphql"));
/// See its document.
pub(in crate::compat::mybrc) static RECORD: Operation<Input, Recorded> =
    Operation::new("Mybrc_RecordJob", include_str!("../operations/record_job.graphql"));
/// See its document.
pub(in crate::compat::mybrc) static UPDATE: Operation<Input, Updated> =
    Operation::new("Mybrc_UpdateJob", include_str!("../operations/update_job.graphql"));
/// See its document.
pub(in crate::compat::mybrc) static DELETE: Operation<Input, Value> =
    Operation::new("Mybrc_DeleteJob", include_str!("../operations/delete_job.graphql"));
/// See its document.
pub(in crate::compat::mybrc) static FIND_USER: Operation<Number, FoundUser> =
    Operation::new("Mybrc_FindUser", include_str!("../operations/find_user.graphql"));
/// See its document.
pub(in crate::compat::mybrc) static FIND_ACCOUNT: Operation<Number, FoundAccount> =
    Operation::new("Mybrc_FindAccount", include_str!("../operations/find_account.graphql"));

/// A page of jobs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc) struct Jobs {
    recorded_jobs: wire::Numbers,
}

/// A job.
#[derive(Debug, Deserialize)]
pub(in crate::compat::mybrc) struct One {
    job: wire::Job,
}

/// A job that was recorded.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc) struct Recorded {
    job_record: One,
}

/// A job that was changed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::mybrc) struct Updated {
    job_record_update: One,
}

/// Whose number it is.
#[derive(Debug, Deserialize)]
pub(in crate::compat::mybrc) struct FoundUser {
    user: wire::FoundUser,
}

/// Which account has the number.
#[derive(Debug, Deserialize)]
pub(in crate::compat::mybrc) struct FoundAccount {
    account: wire::Found,
}

fn found(ask: &Ask, listed: Listed) -> BoxFuture<'_, Result<wire::Numbers, Refusal>> {
    let page = async move {
        let page = LIST.run(&ask.call, listed).await;
        page.map(|page| page.recorded_jobs).map_err(|failure| ask.failed(failure))
    };
    page.boxed()
}

pub(in crate::compat::mybrc) async fn list(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, Noun::Job, request).await?;
    page(&ask, "jobnumber", found).await
}

pub(in crate::compat::mybrc) async fn describe_list(_: Call, _: Request) -> Response {
    metadata::answer("Job List", "ViewSet for /api/jobs/", Some(("POST", JOB)))
}

async fn one(ask: &Ask) -> Result<wire::Job, Refusal> {
    let number = ask.number()?;
    SHOW.run(&ask.call, Number { number }).await.map(|found| found.job).map_err(|failure| ask.failed(failure))
}

pub(in crate::compat::mybrc) async fn show(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, Noun::Job, request).await?;
    if let Some(redirect) = ask.redirect() {
        return Ok(redirect);
    }
    Ok(shown(&ask, one(&ask).await?.body(ask.profile)))
}

pub(in crate::compat::mybrc) async fn describe(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, Noun::Job, request).await?;
    let action = one(&ask).await.is_ok().then_some(("PUT", JOB));
    Ok(metadata::answer("Job Instance", "ViewSet for /api/jobs/", action))
}

pub(in crate::compat::mybrc) async fn create(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, Noun::Job, request).await?;
    let input = input(&ask, &values(&ask, JOB)?, None).await?;
    let made = RECORD.run(&ask.call, input).await.map_err(|failure| ask.failed(failure))?;
    Ok(ask.reply(ask.created(), false, echoed(&ask, made.job_record.job.body(ask.profile))))
}

pub(in crate::compat::mybrc) async fn replace(call: Call, request: Request) -> Answer {
    write(call, request, false).await
}

pub(in crate::compat::mybrc) async fn change(call: Call, request: Request) -> Answer {
    write(call, request, true).await
}

async fn write(call: Call, request: Request, partial: bool) -> Answer {
    let ask = Ask::of(call, Noun::Job, request).await?;
    let number = ask.number()?;
    matches(&ask, number, found).await?;
    let values = match certain(&ask).filter(|_| partial) {
        Some(values) => values,
        None => changed(&ask, JOB, partial, &one(&ask).await?.body(ask.profile))?,
    };
    let input = input(&ask, &values, Some(number)).await?;
    let stored = UPDATE.run(&ask.call, input).await.map_err(|failure| ask.failed(failure))?;
    Ok(ask.reply(StatusCode::OK, partial, echoed(&ask, stored.job_record_update.job.body(ask.profile))))
}

pub(in crate::compat::mybrc) async fn remove(call: Call, request: Request) -> Answer {
    let ask = Ask::of(call, Noun::Job, request).await?;
    let number = ask.number()?;
    matches(&ask, number, found).await?;
    let job = one(&ask).await?;
    let input = Input::new([("jobId", Some(json!(job.id)))]);
    DELETE.run(&ask.call, input).await.map_err(|failure| ask.failed(failure))?;
    Ok(removed())
}

/// What is given, where it comes to the same whatever the job shows now: numbers that are stored as they are written,
/// and as which nothing else is shown. The job need not be read first then.
fn certain(ask: &Ask) -> Option<Values> {
    let values = fields::read(JOB, &ask.body, true, None).ok()?;
    let is_certain = |name: &str, given: &Given| match (name, given) {
        // What is missing is shown as 0. Below a billion, six decimals and a float are the same number.
        ("amount", Given::Float(amount)) => (1e-6..1e9).contains(&amount.abs()),
        ("jobstatus" | "partition", Given::Integer(number)) => *number != 0 && (-128..=127).contains(number),
        ("qos", Given::Integer(number)) => *number != 0,
        _ => false,
    };
    values.all(is_certain).then_some(values)
}

/// The old program answered a change with what it was sent: dates in the offset that they came with, the amount with all
/// its digits. The next look showed what was stored.
fn echoed(ask: &Ask, mut body: Map<String, Value>) -> Map<String, Value> {
    if ask.profile != MybrcProfile::AsBuilt {
        return body;
    }
    let given = |name| ask.body.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value);
    for name in ["submitdate", "startdate", "enddate"] {
        if let Some(echo) = given(name).and_then(Value::as_str).and_then(moment::echo) {
            body.insert(name.to_owned(), json!(echo));
        }
    }
    let amount = given("amount").and_then(|amount| match amount {
        Value::String(text) => decimal(text),
        amount => amount.as_f64(),
    });
    if let Some(amount) = amount {
        body.insert("amount".to_owned(), json!(amount));
    }
    body
}

/// What the operations take: a new job, or a change of the one with this number.
async fn input(ask: &Ask, values: &Values, job: Option<i32>) -> Result<Input, Refusal> {
    let amount = match values.float("amount") {
        None => None,
        Some(number) => Some(amount(number).ok_or_else(|| wrong(ask, "amount", "Invalid amount."))?),
    };
    // Eight bits are kept of these; more passed the old program's own check and broke at its database.
    for name in ["jobstatus", "partition"] {
        match values.integer(name) {
            Some(128..) => return Err(wrong(ask, name, "Ensure this value is less than or equal to 127.")),
            Some(..-128) => return Err(wrong(ask, name, "Ensure this value is greater than or equal to -128.")),
            Some(-128..=127) | None => {}
        }
    }
    let owner = match values.integer("userid") {
        None => None,
        Some(number) => {
            let found = FIND_USER.run(&ask.call, Number { number: narrow(number) }).await;
            Some(reference(ask, "userid", number, found.and_then(|found| found.user.known()))?)
        }
    };
    let account = match values.integer("accountid") {
        None => None,
        Some(number) => {
            let found = FIND_ACCOUNT.run(&ask.call, Number { number: narrow(number) }).await;
            Some(reference(ask, "accountid", number, found.map(|found| found.account.id))?)
        }
    };
    let at = |name| values.moment(name).map(|at| at.map_or(Value::Null, |moment| json!(moment::of(moment))));
    let slurm = Input::new([
        ("jobId", values.integer("jobslurmid").map(|id| json!(id.to_string()))),
        ("partition", values.integer("partition").map(|number| json!(number))),
        ("qos", values.integer("qos").map(|number| json!(number))),
        ("stateCode", values.integer("jobstatus").map(|number| json!(number))),
    ]);
    Ok(Input::new([
        ("dialect", job.map(|_| json!("MYBRC"))),
        ("number", job.map(|number| json!(number))),
        ("ownerId", owner.map(|id| json!(id))),
        ("accountId", account.map(|id| json!(id))),
        ("submittedAt", at("submitdate")),
        ("startedAt", at("startdate")),
        ("finishedAt", at("enddate")),
        ("amount", amount.map(|amount| json!(amount))),
        ("slurm", Some(Value::Object(slurm.input))),
    ]))
}

fn wrong(ask: &Ask, field: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::fields(ask.profile, ask.noun, &[(field, message.into())])
}

/// Fields are read within 32 bits.
fn narrow(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(0)
}

/// The id of what a field refers to by number. The old program left that to its database, which broke.
fn reference(
    ask: &Ask,
    field: &'static str,
    number: i64,
    found: Result<String, crate::compat::Failure>,
) -> Result<String, Refusal> {
    found.map_err(|failure| match failure.code {
        Code::NotFound => wrong(ask, field, format!("Invalid pk \"{number}\" - object does not exist.")),
        _ => ask.failed(failure),
    })
}
