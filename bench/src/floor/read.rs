//! Reading by hand: one job, and a page of jobs with their owners and services.

use std::collections::{BTreeSet, HashMap};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::DateTime;
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::caller::Caller;
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
    service: Option<Service>,
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

/// A page of jobs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    nodes: Vec<Entry>,
    has_next_page: bool,
}

/// A job by its `uid`.
pub const JOB: &str = "SELECT uid, id, status, parameters, results, priority, attempt, progress, message, submitted_at, \
                   started_at, finished_at, updated_at, owner_id FROM job WHERE uid = ?";

const JOBS: &str = "SELECT uid, id, status, priority, attempt, progress, message, submitted_at, started_at, \
                    finished_at, owner_id, service_id FROM job WHERE owner_id = ? ORDER BY id DESC LIMIT 101";

/// One job of the caller's.
pub async fn job(State(floor): State<Floor>, caller: Caller, Path(uid): Path<Uuid>) -> Answer<Json<Job>> {
    let row = sqlx::query(JOB).bind(uid).fetch_optional(&floor.readers).await?;
    let mine = row.filter(|row| row.get::<i64, _>(13) == caller.user);
    Ok(Json(job_of(&mine.ok_or_else(absent)?)?))
}

/// The caller's newest 100 jobs, their owners and their services, in three statements.
pub async fn page(State(floor): State<Floor>, caller: Caller) -> Answer<Json<Page>> {
    let mut rows = sqlx::query(JOBS).bind(caller.user).fetch_all(&floor.readers).await?;
    let has_next_page = rows.len() > 100;
    rows.truncate(100);
    let related = |column: usize| rows.iter().map(|row| row.get(column)).collect::<BTreeSet<i64>>();
    let query = format!("SELECT id, uid, username FROM \"user\" WHERE id IN ({})", list(&related(10)));
    let owners: HashMap<i64, Owner> = sqlx::query(AssertSqlSafe(query))
        .map(|row: SqliteRow| (row.get(0), Owner { id: name("user", row.get(1)), username: row.get(2) }))
        .fetch_all(&floor.readers)
        .await?
        .into_iter()
        .collect();
    let query = format!("SELECT id, uid, name, title FROM service WHERE id IN ({})", list(&related(11)));
    let services: HashMap<i64, Service> = sqlx::query(AssertSqlSafe(query))
        .map(|row: SqliteRow| {
            (row.get(0), Service { id: name("service", row.get(1)), name: row.get(2), title: row.get(3) })
        })
        .fetch_all(&floor.readers)
        .await?
        .into_iter()
        .collect();
    let nodes = rows
        .iter()
        .map(|row| {
            let (owner, service) = (owners.get(&row.get(10)).cloned(), services.get(&row.get(11)).cloned());
            entry_of(row, owner, service)
        })
        .collect();
    Ok(Json(Page { nodes, has_next_page }))
}

fn job_of(row: &SqliteRow) -> Answer<Job> {
    Ok(Job {
        id: name("job", row.get(0)),
        number: row.get(1),
        status: row.get::<&str, _>(2).to_uppercase(),
        parameters: RawValue::from_string(row.get(3))?,
        results: row.get::<Option<String>, _>(4).map(RawValue::from_string).transpose()?,
        priority: row.get(5),
        attempt: row.get(6),
        progress: row.get(7),
        message: row.get(8),
        submitted_at: time(row.get(9)),
        started_at: row.get::<Option<i64>, _>(10).map(time),
        finished_at: row.get::<Option<i64>, _>(11).map(time),
        updated_at: time(row.get(12)),
    })
}

fn entry_of(row: &SqliteRow, owner: Option<Owner>, service: Option<Service>) -> Entry {
    Entry {
        id: name("job", row.get(0)),
        number: row.get(1),
        status: row.get::<&str, _>(2).to_uppercase(),
        priority: row.get(3),
        attempt: row.get(4),
        progress: row.get(5),
        message: row.get(6),
        submitted_at: time(row.get(7)),
        started_at: row.get::<Option<i64>, _>(8).map(time),
        finished_at: row.get::<Option<i64>, _>(9).map(time),
        owner,
        service,
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

fn list(ids: &BTreeSet<i64>) -> String {
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}
