//! Jobs: listing, looking, stopping and removing them.

use std::collections::{BTreeMap, HashMap};

use axum::extract::Request;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::users::{operation, with_email};
use super::{Answer, msg};
use crate::compat::project_w::auth::Person;
use crate::compat::project_w::envelope::{ErrorType, Refusal};
use crate::compat::project_w::form::{Query, form};
use crate::compat::project_w::json::{reply, reply_list};
use crate::compat::project_w::wire::{Job, Numbered};
use crate::compat::{Failure, Page};

operation!(LIST_JOBS, "ProjectW_ListJobs", "list_jobs", Listed);
operation!(LIST_ALL_JOBS, "ProjectW_ListAllJobs", "list_all_jobs", AllListed);
operation!(LIST_USERS, "ProjectW_ListUsers", "list_users", Users);
operation!(SHOW_JOBS, "ProjectW_ShowJobs", "show_jobs", Shown);
operation!(ABORT_JOBS, "ProjectW_AbortJobs", "abort_jobs");
operation!(DELETE_JOB, "ProjectW_DeleteJob", "delete_job");

/// Jobs that are asked for at once.
const PAGE: usize = 1_000;

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
    owner: Option<Numbered>,
}

/// See [`LIST_USERS`].
#[derive(Debug, Deserialize)]
pub(in crate::compat::project_w) struct Users {
    users: Page<Numbered>,
}

/// See [`SHOW_JOBS`].
#[derive(Debug, Deserialize)]
pub(in crate::compat::project_w) struct Shown {
    jobs: Page<Job>,
}

pub(in crate::compat::project_w) async fn list(person: Person, query: Query) -> Answer {
    let (email, all) = (query.fields.get("email"), query.fields.get("all"));
    if (email.is_some() || all.is_some()) && !person.is_admin() {
        return Err(Refusal::forbidden("You don't have permission to list other users' jobs"));
    }
    if all.is_some_and(|all| !all.is_empty()) {
        return list_all(&person).await;
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

async fn list_all(person: &Person) -> Answer {
    let (mut by_user, mut after) = (BTreeMap::<i64, Vec<i64>>::new(), None::<String>);
    loop {
        let page = LIST_USERS.run(&person.0, json!({ "after": after })).await?.users;
        after = page.next();
        by_user.extend(page.nodes.iter().filter_map(|user| user.legacy_number).map(|number| (number, Vec::new())));
        if after.is_none() {
            break;
        }
    }
    loop {
        let page = LIST_ALL_JOBS.run(&person.0, json!({ "after": after })).await?.jobs;
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

/// The jobs of a list, by number, each once. The first that the caller has not decides, and nothing is done for any.
async fn found(person: &Person, ids: &[String]) -> Result<HashMap<String, Job>, Refusal> {
    let mut numbers: Vec<i32> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut jobs = HashMap::new();
    for numbers in numbers.chunks(PAGE) {
        let shown = SHOW_JOBS.run(&person.0, json!({ "numbers": numbers })).await?.jobs;
        jobs.extend(shown.nodes.into_iter().map(|job| (job.dialect_number.to_string(), job)));
    }
    match ids.iter().find(|id| !jobs.contains_key(*id)) {
        None => Ok(jobs),
        Some(id) if person.is_admin() => Err(no_job(id)),
        Some(id) => Err(Refusal::forbidden(format!("You don't have permission to access the job with id {id}"))),
    }
}

pub(super) fn no_job(id: &str) -> Refusal {
    let refusal = Refusal::new(ErrorType::NotInDatabase, format!("There exists no job with id {id}"));
    refusal.with_status(StatusCode::NOT_FOUND)
}

pub(in crate::compat::project_w) async fn info(person: Person, query: Query) -> Answer {
    let ids = ids(query.fields.required("jobIds")?)?;
    let jobs = found(&person, &ids).await?;
    let shown: HashMap<String, Value> = jobs.into_iter().map(|(id, job)| (id, job.into_json())).collect();
    Ok(reply_list("jobs", ids.iter().filter_map(|id| shown.get(id)), "Returning requested jobs"))
}

pub(in crate::compat::project_w) async fn abort(person: Person, request: Request) -> Answer {
    let form = form(&person.0, request).await?;
    let ids = ids(form.required("jobIds")?)?;
    let jobs = found(&person, &ids).await?;
    if jobs.values().any(Job::is_over) {
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
    let jobs = found(&person, &ids).await?;
    if !jobs.values().all(Job::is_over) {
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
