//! Jobs: listing, looking, stopping and removing them.

use std::collections::{BTreeMap, HashMap};

use axum::extract::Request;
use axum::http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::users::{operation, with_email};
use super::{Answer, msg};
use crate::compat::project_w::auth::Person;
use crate::compat::project_w::envelope::{ErrorType, Refusal};
use crate::compat::project_w::form::{Query, form};
use crate::compat::project_w::json::{reply, reply_list};
use crate::compat::project_w::wire::{self, Job};
use crate::compat::{Failure, Operation, Page};

operation!(LIST_JOBS, "ProjectW_ListJobs", "list_jobs", Listed);
operation!(LIST_ALL_JOBS, "ProjectW_ListAllJobs", "list_all_jobs", AllListed);
operation!(LIST_USERS, "ProjectW_ListUsers", "list_users", Users);
operation!(SHOW_JOBS, "ProjectW_ShowJobs", "show_jobs", Found<Job>);
operation!(FIND_JOBS, "ProjectW_FindJobs", "find_jobs", Found<Changeable>);
operation!(ABORT_JOBS, "ProjectW_AbortJobs", "abort_jobs");
operation!(DELETE_JOB, "ProjectW_DeleteJob", "delete_job");

/// Jobs that are asked for at once.
const PAGE: usize = 1_000;
/// Different jobs that one request is shown at most. The old server's requests had room for fewer.
const SHOWN_MOST: usize = 5_000;

/// See [`LIST_JOBS`].
#[derive(Debug, Deserialize)]
pub(in crate::compat::project_w) struct Listed {
    jobs: Page<OnlyId>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OnlyId {
    dialect_number: i64,
}

/// See [`LIST_ALL_JOBS`].
#[derive(Debug, Deserialize)]
pub(in crate::compat::project_w) struct AllListed {
    jobs: Page<Owned>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owned {
    dialect_number: i64,
    owner: Option<wire::Numbered>,
}

/// See [`LIST_USERS`].
#[derive(Debug, Deserialize)]
pub(in crate::compat::project_w) struct Users {
    users: Page<wire::Numbered>,
}

/// See [`SHOW_JOBS`] and [`FIND_JOBS`].
#[derive(Debug, Deserialize)]
pub(in crate::compat::project_w) struct Found<T> {
    jobs: Page<T>,
}

/// A job that is to be changed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::compat::project_w) struct Changeable {
    id: String,
    dialect_number: i64,
    finished_at: Option<String>,
    cancel_requested: bool,
    viewer_can: Rights,
    owner: Option<wire::Owner>,
}

#[derive(Debug, Deserialize)]
struct Rights {
    cancel: bool,
    delete: bool,
}

impl Changeable {
    const fn is_over(&self) -> bool {
        self.finished_at.is_some()
    }

    /// Whether the caller may do anything with it but look: somebody of its project may do no more.
    const fn is_callers(&self) -> bool {
        if self.is_over() { self.viewer_can.delete } else { self.viewer_can.cancel || self.cancel_requested }
    }
}

/// What was found by a number.
trait Numbered {
    fn number(&self) -> i64;
    /// Whether its owner still is.
    fn is_there(&self) -> bool;
}

impl Numbered for Job {
    fn number(&self) -> i64 {
        self.dialect_number
    }

    fn is_there(&self) -> bool {
        wire::Owner::is(self.owner.as_ref())
    }
}

impl Numbered for Changeable {
    fn number(&self) -> i64 {
        self.dialect_number
    }

    fn is_there(&self) -> bool {
        wire::Owner::is(self.owner.as_ref())
    }
}

pub(in crate::compat::project_w) async fn list(person: Person, query: Query) -> Answer {
    let (email, all) = (query.fields.get("email"), query.fields.get("all"));
    if (email.is_some() || all.is_some()) && !person.is_admin() {
        return Err(Refusal::forbidden("You don't have permission to list other users' jobs"));
    }
    if all.is_some_and(|all| !all.is_empty()) {
        return list_all(&person, !query.only_head).await;
    }
    let owner = match (email, all) {
        (Some(email), _) => Some(with_email(&person, email).await?.id),
        (None, Some(_)) => return Err(Refusal::missing("email")),
        (None, None) => None,
    };
    let owner = owner.or_else(|| person.user().map(|user| crate::graphql::id::Kind::User.id(user.user.uid).0));
    let (mut ids, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = LIST_JOBS.run(&person.0, json!({ "owner": owner, "after": after })).await?.jobs;
        after = page.next();
        ids.extend(page.nodes.into_iter().map(|job| job.dialect_number));
        if after.is_none() {
            break;
        }
    }
    ids.sort_unstable();
    Ok(reply(&json!({ "jobIds": ids, "msg": "Returning list of all jobs of your account" })))
}

/// Everybody's jobs, by user. Who has no number of this API's yet is given one, but not where nothing is to change.
async fn list_all(person: &Person, draw: bool) -> Answer {
    let (mut by_user, mut after) = (BTreeMap::<i64, Vec<i64>>::new(), None::<String>);
    loop {
        let page = LIST_USERS.run(&person.0, json!({ "after": after, "draw": draw })).await?.users;
        after = page.next();
        by_user.extend(page.nodes.iter().filter_map(|user| user.legacy_number).map(|number| (number, Vec::new())));
        if after.is_none() {
            break;
        }
    }
    loop {
        let page = LIST_ALL_JOBS.run(&person.0, json!({ "after": after, "draw": draw })).await?.jobs;
        after = page.next();
        for job in page.nodes {
            // Who was deleted has no account any more, and the jobs went with it.
            let Some(owner) = job.owner.and_then(|owner| owner.legacy_number) else { continue };
            by_user.entry(owner).or_default().push(job.dialect_number);
        }
        if after.is_none() {
            break;
        }
    }
    let jobs: Vec<Value> = by_user
        .into_iter()
        .map(|(user, mut ids)| {
            ids.sort_unstable();
            json!({ "jobIds": ids, "userId": user })
        })
        .collect();
    Ok(reply(&json!({ "jobs": jobs, "msg": "Returning all list of all jobs in database" })))
}

/// The numbers of a list. A number that no job can have is kept, so that the refusal can name it.
fn ids(text: &str) -> Result<Vec<String>, Refusal> {
    let is_number = |text: &str| {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let ids: Vec<String> = text.split(',').map(|id| id.trim().to_owned()).collect();
    if ids.iter().all(|id| is_number(id)) {
        return Ok(ids.into_iter().map(|id| normal(&id)).collect());
    }
    Err(Refusal::new(ErrorType::InvalidRequest, "`jobIds` must be comma-separated list of integers"))
}

/// As the old server wrote the number that it had read.
fn normal(id: &str) -> String {
    let (sign, digits) = match id.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", id.trim_start_matches('+')),
    };
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() { "0".to_owned() } else { format!("{sign}{digits}") }
}

/// The different numbers of a list that jobs can have.
fn numbers(ids: &[String]) -> Vec<i32> {
    let mut numbers: Vec<i32> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The jobs of a list, by number, each once. The first that the caller has not decides, and nothing is done for any.
async fn found<T: Numbered + DeserializeOwned>(
    person: &Person,
    operation: &'static Operation<Value, Found<T>>,
    ids: &[String],
) -> Result<HashMap<String, T>, Refusal> {
    let mut jobs = HashMap::new();
    for numbers in numbers(ids).chunks(PAGE) {
        let mut after = None::<String>;
        loop {
            let page = operation.run(&person.0, json!({ "numbers": numbers, "after": after })).await?.jobs;
            after = page.next();
            let there = page.nodes.into_iter().filter(T::is_there);
            jobs.extend(there.map(|job| (job.number().to_string(), job)));
            if after.is_none() {
                break;
            }
        }
    }
    match ids.iter().find(|id| !jobs.contains_key(*id)) {
        None => Ok(jobs),
        Some(id) => Err(hidden(person, id)),
    }
}

/// The jobs of a list that the caller may change, all of them.
async fn changeable(person: &Person, ids: &[String]) -> Result<HashMap<String, Changeable>, Refusal> {
    let jobs = found(person, &FIND_JOBS, ids).await?;
    match ids.iter().find(|id| jobs.get(*id).is_some_and(|job| !job.is_callers())) {
        None => Ok(jobs),
        Some(id) => Err(hidden(person, id)),
    }
}

/// What is said of a job that the caller has not.
fn hidden(person: &Person, id: &str) -> Refusal {
    if person.is_admin() {
        return no_job(id);
    }
    Refusal::forbidden(format!("You don't have permission to access the job with id {id}"))
}

pub(super) fn no_job(id: &str) -> Refusal {
    let refusal = Refusal::new(ErrorType::NotInDatabase, format!("There exists no job with id {id}"));
    refusal.with_status(StatusCode::NOT_FOUND)
}

pub(in crate::compat::project_w) async fn info(person: Person, query: Query) -> Answer {
    let ids = ids(query.fields.required("jobIds")?)?;
    if numbers(&ids).len() > SHOWN_MOST {
        let msg = format!("More than {SHOWN_MOST} jobs cannot be shown at once");
        return Err(Refusal::new(ErrorType::InvalidRequest, msg));
    }
    let jobs = found(&person, &SHOW_JOBS, &ids).await?;
    let shown: HashMap<String, Value> = jobs.into_iter().map(|(id, job)| (id, job.into_json())).collect();
    let (count, item) = (ids.len(), move |index: usize| ids.get(index).and_then(|id| shown.get(id)).cloned());
    Ok(reply_list("jobs", count, item, "Returning requested jobs"))
}

pub(in crate::compat::project_w) async fn abort(person: Person, request: Request) -> Answer {
    let form = form(&person.0, request).await?;
    let ids = ids(form.required("jobIds")?)?;
    let jobs = changeable(&person, &ids).await?;
    if jobs.values().any(Changeable::is_over) {
        let msg = "At least one of the provided jobs is currently not running";
        return Err(Refusal::new(ErrorType::InvalidRequest, msg));
    }
    let numbers: Vec<i64> = jobs.values().map(|job| job.dialect_number).collect();
    for numbers in numbers.chunks(PAGE) {
        ABORT_JOBS.run(&person.0, json!({ "numbers": numbers })).await?;
    }
    Ok(msg("Successfully requested to abort all provided jobs."))
}

pub(in crate::compat::project_w) async fn delete(person: Person, request: Request) -> Answer {
    let form = form(&person.0, request).await?;
    let ids = ids(form.required("jobIds")?)?;
    let jobs = changeable(&person, &ids).await?;
    if !jobs.values().all(Changeable::is_over) {
        let msg = "At least one of the provided jobs is currently still running";
        return Err(Refusal::new(ErrorType::InvalidRequest, msg));
    }
    for job in jobs.values() {
        match DELETE_JOB.run(&person.0, json!({ "input": { "jobId": job.id } })).await {
            // Somebody else may have been quicker, which is as good.
            Ok(_) | Err(Failure { code: crate::error::Code::NotFound, .. }) => {}
            Err(failure) => return Err(failure.into()),
        }
    }
    Ok(msg("Successfully deleted all provided jobs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_numbers_are_read_as_python_reads_them() {
        assert_eq!(
            ids("1, 2 ,03,+4,-5,99999999999999999999").expect("numbers"),
            ["1", "2", "3", "4", "-5", "99999999999999999999"]
        );
        for wrong in ["", "1,", "a", "1;2", "1.0", "--1"] {
            assert!(ids(wrong).is_err(), "{wrong}");
        }
    }
}
