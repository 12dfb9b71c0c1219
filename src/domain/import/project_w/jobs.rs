//! Jobs with their recordings and transcripts.

use std::collections::HashMap;

use entity::{
    Document, event,
    job::{self, FailureKind, Origin, Status},
    legacy_number::{Dialect, Noun},
    service::Dispatch,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryResult,
    QuerySelect,
};
use serde_json::json;

use super::Input;
use crate::{
    db::Tx,
    domain::{
        event as log,
        file::{self, NewFile},
        import::{Report, number::count},
        job::unworked,
        legacy_number::MOST,
    },
    error::Result,
};

const TABLE: &str = "jobs";
const COLUMNS: &str = "id, user_id, CAST(model AS TEXT), CAST(language AS TEXT), CAST(transcript AS TEXT), \
                       CAST(downloaded AS INTEGER), CAST(error_msg AS TEXT), CAST(file_name AS TEXT), file_id";
/// What Project-W wrote as the error of a job that somebody stopped.
const ABORTED: &str = "job was aborted";

/// A row that was read.
struct Read {
    number: i64,
    owner_id: i64,
    model: Option<String>,
    language: Option<String>,
    transcript: Option<String>,
    downloaded: bool,
    error: Option<String>,
    file_name: Option<String>,
    file_id: Option<i64>,
}

pub(super) async fn run(tx: &Tx, input: &Input, users: &HashMap<i64, i64>, report: &mut Report) -> Result<()> {
    count(tx, Dialect::ProjectW, Noun::Job, 0, 0).await?;
    report.added(TABLE, 0);
    let (mut last, mut added) = (0, 0);
    let mut far = input.far(TABLE).await?;
    loop {
        let rows = input.old.after(COLUMNS, TABLE, last).await?;
        let known = known(tx, &rows).await?;
        for row in &rows {
            last = row.try_get_by_index(0)?;
            far.step();
            match read(row, last, users)? {
                Ok(read) if known.contains_key(&last) => match known.get(&last) {
                    Some(found) if *found == (read.owner_id, read.file_name) => report.known(TABLE),
                    _ => report.refuse(TABLE, last, format!("The number {last} belongs to another job already.")),
                },
                Ok(read) => {
                    store(tx, input, read).await?;
                    added += 1;
                    report.added(TABLE, 1);
                }
                Err(why) => report.refuse(TABLE, last, why),
            }
        }
        if rows.is_empty() {
            far.end();
            return count(tx, Dialect::ProjectW, Noun::Job, last.min(MOST), added).await;
        }
    }
}

/// Who has those of these numbers that are given out already, and under which file name.
async fn known(tx: &Tx, rows: &[QueryResult]) -> Result<HashMap<i64, (i64, Option<String>)>> {
    let numbers = rows.iter().map(|row| row.try_get_by_index::<i64>(0)).collect::<Result<Vec<_>, _>>()?;
    let found = job::Entity::find()
        .select_only()
        .columns([job::Column::DialectNumber, job::Column::OwnerId, job::Column::Parameters])
        .filter(job::Column::Dialect.eq(Dialect::ProjectW))
        .filter(job::Column::DialectNumber.is_in(numbers));
    let found: Vec<(i64, i64, Document)> = found.into_tuple().all(&tx.db).await?;
    let name = |parameters: &Document| parameters["fileName"].as_str().map(str::to_owned);
    Ok(found.iter().map(|(number, owner_id, parameters)| (*number, (*owner_id, name(parameters)))).collect())
}

fn read(row: &QueryResult, number: i64, users: &HashMap<i64, i64>) -> Result<Result<Read, String>> {
    if !(1..=MOST).contains(&number) {
        return Ok(Err(format!("The id is not from 1 to {MOST}.")));
    }
    let user: i64 = row.try_get_by_index(1)?;
    let Some(owner_id) = users.get(&user) else { return Ok(Err(format!("There is no user {user}."))) };
    // A database of PostgreSQL keeps no NUL.
    let text =
        |index| row.try_get_by_index::<Option<String>>(index).map(|text| text.map(|text| text.replace('\0', "")));
    Ok(Ok(Read {
        number,
        owner_id: *owner_id,
        model: text(2)?,
        language: text(3)?,
        transcript: text(4)?,
        downloaded: row.try_get_by_index::<Option<i64>>(5)?.unwrap_or(0) != 0,
        error: text(6)?,
        file_name: text(7)?,
        file_id: row.try_get_by_index(8)?,
    }))
}

async fn store(tx: &Tx, input: &Input, read: Read) -> Result<()> {
    let mut job = job_row(tx, input, &read);
    let mut row = job.clone().into_active_model().reset_all();
    row.id = NotSet;
    job.id = job::Entity::insert(row).exec(&tx.db).await?.last_insert_id;
    let detail = event::Detail { to: Some(job.status), ..Default::default() };
    log::append(tx, &job, event::Kind::StatusChanged, detail).await?;
    let Some(file_id) = read.file_id else { return Ok(()) };
    let Some(bytes) = input.old.recording(file_id).await? else { return Ok(()) };
    let media_type = "application/octet-stream".to_owned();
    let named = |name: String| NewFile { name, media_type: media_type.clone(), announced: None, lease_token: None };
    let new = named(read.file_name.unwrap_or_default());
    let new = if file::is_proper(&new) { new } else { named("recording".to_owned()) };
    let kept = |uid| input.kept.note(uid);
    file::take_over(tx, &input.app, job, &new, bytes, kept).await
}

fn job_row(tx: &Tx, input: &Input, read: &Read) -> job::Model {
    let service = &input.service;
    let status = match (&read.transcript, read.error.as_deref()) {
        (_, Some(ABORTED)) => Status::Cancelled,
        (_, Some(_)) => Status::Failed,
        (Some(_), None) => Status::Succeeded,
        (None, None) => Status::Queued,
    };
    let failed = status == Status::Failed;
    job::Model {
        dialect: Some(Dialect::ProjectW),
        dialect_number: Some(read.number),
        service_id: Some(service.id),
        service_version_id: service.version_id,
        status,
        parameters: json!({ "fileName": read.file_name, "model": read.model, "language": read.language }).into(),
        results: read
            .transcript
            .as_ref()
            .filter(|_| status == Status::Succeeded)
            .map(|transcript| json!({ "transcript": transcript }).into()),
        progress: (status == Status::Succeeded).then_some(1.0),
        failure_kind: failed.then_some(FailureKind::System),
        failure_message: read.error.clone().filter(|_| failed),
        cancel_requested: status == Status::Cancelled,
        max_attempts: service.max_attempts,
        lease_seconds: service.lease_seconds,
        max_run_seconds: service.max_run_seconds,
        retry_timeouts: service.retry_timeouts,
        pushed: service.dispatch == Dispatch::Push,
        finished_at: status.is_final().then_some(tx.now),
        downloaded_at: (read.downloaded && status == Status::Succeeded).then_some(tx.now),
        ..unworked(Origin::Submitted, read.owner_id, tx.now)
    }
}
