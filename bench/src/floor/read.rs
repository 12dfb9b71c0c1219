//! Reading by hand: one job, and a page of jobs with their owners and services.

use std::collections::{BTreeSet, HashMap};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::DateTime;
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::caller::Caller;
use super::db::Readers;
use super::{Answer, Floor, Refusal};

/// A job as the harness asks docket for it, too.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    id: String,
    number: i64,
    status: String,
    parameters: Box<RawValue>,
    results: Option<Box<RawValue>>,
    priority: i32,
    attempt: i32,
    progress: Option<f64>,
    message: Option<String>,
    submitted_at: String,
    started_at: Option<String>,
    finished_at: Option<String>,
    updated_at: String,
}

/// A job of a list, with its relations.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: String,
    number: i64,
    status: String,
    priority: i32,
    attempt: i32,
    progress: Option<f64>,
    message: Option<String>,
    submitted_at: String,
    started_at: Option<String>,
    finished_at: Option<String>,
    owner: Option<Owner>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Service>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Account>,
}

#[derive(Clone, Serialize)]
struct Owner {
    id: String,
    username: String,
}

#[derive(Clone, Serialize)]
struct Service {
    id: String,
    name: String,
    title: String,
}

#[derive(Clone, Serialize)]
struct Account {
    id: String,
    name: String,
}

/// A page of jobs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    nodes: Vec<Entry>,
    has_next_page: bool,
}

/// A job by its `uid`.
const JOB: &str = "SELECT uid, id, status, parameters, results, priority, attempt, progress, message, submitted_at, \
                   started_at, finished_at, updated_at, owner_id FROM job WHERE uid = $1";

/// Its columns, in that order.
pub type JobRow = (
    Uuid,
    i64,
    String,
    String,
    Option<String>,
    i32,
    i32,
    Option<f64>,
    Option<String>,
    i64,
    Option<i64>,
    Option<i64>,
    i64,
    i64,
);

const JOBS: &str = "SELECT uid, id, status, priority, attempt, progress, message, submitted_at, started_at, \
                    finished_at, owner_id, service_id FROM job WHERE owner_id = $1 ORDER BY id DESC LIMIT 101";

/// The same with who pays.
const PAID_JOBS: &str = "SELECT uid, id, status, priority, attempt, progress, message, submitted_at, started_at, \
                         finished_at, owner_id, account_id FROM job WHERE owner_id = $1 ORDER BY id DESC LIMIT 101";

type EntryRow =
    (Uuid, i64, String, i32, i32, Option<f64>, Option<String>, i64, Option<i64>, Option<i64>, i64, Option<i64>);

/// The row of a job.
pub async fn job_row(readers: &Readers, uid: Uuid) -> sqlx::Result<Option<JobRow>> {
    either!(Readers, readers, db => sqlx::query_as(JOB).bind(uid).fetch_optional(db).await)
}

/// One job of the caller's.
pub async fn job(State(floor): State<Floor>, caller: Caller, Path(uid): Path<Uuid>) -> Answer<Json<Job>> {
    let row = job_row(&floor.readers, uid).await?;
    Ok(Json(job_of(row.filter(|row| row.13 == caller.user).ok_or_else(absent)?)?))
}

/// The caller's newest 100 jobs, their owners and their services, in three statements.
pub async fn page(State(floor): State<Floor>, caller: Caller) -> Answer<Json<Page>> {
    let readers = &floor.readers;
    let (rows, has_next_page) = rows(readers, JOBS, caller.user).await?;
    let (owners, services) = (owners(readers, &rows).await?, services(readers, &rows).await?);
    let nodes = rows.into_iter().map(|row| {
        let service = row.11.and_then(|id| services.get(&id).cloned());
        Entry { service, ..entry_of(&owners, row) }
    });
    Ok(Json(Page { nodes: nodes.collect(), has_next_page }))
}

/// The same with the accounts that pay for them.
pub async fn paid_page(State(floor): State<Floor>, caller: Caller) -> Answer<Json<Page>> {
    let readers = &floor.readers;
    let (rows, has_next_page) = rows(readers, PAID_JOBS, caller.user).await?;
    let (owners, accounts) = (owners(readers, &rows).await?, accounts(readers, &rows).await?);
    let nodes = rows.into_iter().map(|row| {
        let account = row.11.and_then(|id| accounts.get(&id).cloned());
        Entry { account, ..entry_of(&owners, row) }
    });
    Ok(Json(Page { nodes: nodes.collect(), has_next_page }))
}

async fn rows(readers: &Readers, sql: &'static str, user: i64) -> sqlx::Result<(Vec<EntryRow>, bool)> {
    let mut rows: Vec<EntryRow> = either!(Readers, readers, db => sqlx::query_as(sql).bind(user).fetch_all(db).await?);
    let has_next_page = rows.len() > 100;
    rows.truncate(100);
    Ok((rows, has_next_page))
}

async fn owners(readers: &Readers, rows: &[EntryRow]) -> sqlx::Result<HashMap<i64, Owner>> {
    let query = format!("SELECT id, uid, username FROM \"user\" WHERE id IN ({})", list(rows.iter().map(|row| row.10)));
    let owners: Vec<(i64, Uuid, String)> =
        either!(Readers, readers, db => sqlx::query_as(AssertSqlSafe(query)).fetch_all(db).await?);
    Ok(owners.into_iter().map(|(id, uid, username)| (id, Owner { id: name("user", uid), username })).collect())
}

async fn services(readers: &Readers, rows: &[EntryRow]) -> sqlx::Result<HashMap<i64, Service>> {
    let ids = list(rows.iter().filter_map(|row| row.11));
    let query = format!("SELECT id, uid, name, title FROM service WHERE id IN ({ids})");
    let services: Vec<(i64, Uuid, String, String)> =
        either!(Readers, readers, db => sqlx::query_as(AssertSqlSafe(query)).fetch_all(db).await?);
    let service = |(id, uid, slug, title)| (id, Service { id: name("service", uid), name: slug, title });
    Ok(services.into_iter().map(service).collect())
}

async fn accounts(readers: &Readers, rows: &[EntryRow]) -> sqlx::Result<HashMap<i64, Account>> {
    let query =
        format!("SELECT id, uid, name FROM account WHERE id IN ({})", list(rows.iter().filter_map(|row| row.11)));
    let accounts: Vec<(i64, Uuid, String)> =
        either!(Readers, readers, db => sqlx::query_as(AssertSqlSafe(query)).fetch_all(db).await?);
    Ok(accounts.into_iter().map(|(id, uid, slug)| (id, Account { id: name("account", uid), name: slug })).collect())
}

fn job_of(row: JobRow) -> Answer<Job> {
    Ok(Job {
        id: name("job", row.0),
        number: row.1,
        status: row.2.to_uppercase(),
        parameters: RawValue::from_string(row.3)?,
        results: row.4.map(RawValue::from_string).transpose()?,
        priority: row.5,
        attempt: row.6,
        progress: row.7,
        message: row.8,
        submitted_at: time(row.9),
        started_at: row.10.map(time),
        finished_at: row.11.map(time),
        updated_at: time(row.12),
    })
}

fn entry_of(owners: &HashMap<i64, Owner>, row: EntryRow) -> Entry {
    Entry {
        owner: owners.get(&row.10).cloned(),
        service: None,
        account: None,
        id: name("job", row.0),
        number: row.1,
        status: row.2.to_uppercase(),
        priority: row.3,
        attempt: row.4,
        progress: row.5,
        message: row.6,
        submitted_at: time(row.7),
        started_at: row.8.map(time),
        finished_at: row.9.map(time),
    }
}

fn absent() -> Refusal {
    Refusal(StatusCode::NOT_FOUND, "no such job".to_owned())
}

/// The outside name of a row.
pub fn name(noun: &str, uid: Uuid) -> String {
    format!("{noun}_{}", uid.simple())
}

/// RFC 3339 in UTC with microseconds.
pub fn time(micros: i64) -> String {
    let time = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// Distinct ids, for an `IN`.
fn list(ids: impl Iterator<Item = i64>) -> String {
    let ids: BTreeSet<i64> = ids.collect();
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}
