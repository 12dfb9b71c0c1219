//! What a worker's program prints.

use entity::{event, job, job_log};
use sea_orm::{ActiveValue::Set, EntityTrait};

use super::{LOG_CHUNK, LOG_MOST, Ticket, held, running};
use crate::{
    app::App,
    db::Tx,
    domain::{check::Faults, job::change, runner::Sign},
    error::Result,
    viewer::{RunnerViewer, Viewer},
};

/// Appends text to the job's log, and extends the lease like a heartbeat.
///
/// A chunk is 1 byte to [`LOG_CHUNK`]; what goes over [`LOG_MOST`] in all is dropped, and the job says so. Fails with
/// LEASE_LOST, changing nothing, when the lease is not (or no longer) the job's.
pub async fn append_log(app: &App, viewer: &Viewer, lease_token: &str, text: String) -> Result<job::Model> {
    let runner = viewer.require_runner()?.clone();
    let mut faults = Faults::default();
    let size = text.len();
    if size == 0 || i64::try_from(size).is_ok_and(|size| size > LOG_CHUNK) {
        faults.add("text", format!("{size} bytes; a chunk has 1 to {LOG_CHUNK}. Send long text in several."));
    }
    if text.contains('\0') {
        faults.add("text", "NUL characters are not allowed.");
    }
    faults.into_result()?;
    let ticket = Ticket::parse(lease_token)?;
    let sign = app.seen.sign(runner.id, app.clock.now_micros());
    let input = (sign, runner, ticket, text);
    let write =
        app.db.write(input, |tx, (sign, runner, ticket, text)| Box::pin(apply(tx, *sign, runner, ticket, text)));
    let job = write.await?;
    app.seen.remember(sign);
    Ok(job)
}

async fn apply(tx: &Tx, sign: Sign, runner: &RunnerViewer, ticket: &Ticket, text: &str) -> Result<job::Model> {
    let before = held(tx, ticket, runner).await?;
    sign.note(tx).await?;
    let mut job = running(&before, tx.now);
    if before.status == job::Status::Claimed {
        job = change::transition(tx, &before, job, None).await?;
    }
    // Once something was dropped nothing more is kept: text after a hole would read as if it followed what is before.
    let room = if job.log_truncated { 0 } else { usize::try_from(LOG_MOST - job.log_bytes).unwrap_or(0) };
    let kept = &text[..text.floor_char_boundary(room)];
    let length = i64::try_from(kept.len()).unwrap_or(0);
    let after = job::Model {
        log_bytes: job.log_bytes + length,
        log_truncated: kept.len() < text.len() || job.log_truncated,
        ..job.clone()
    };
    let told = if before.status == job::Status::Claimed { job } else { before };
    // Who follows the job hears of its log's end once, also when nothing of this text is kept.
    let ends_here = after.log_truncated && !told.log_truncated;
    if kept.is_empty() && !ends_here {
        change::store(tx, &told, &after).await?;
        return Ok(after);
    }
    if !kept.is_empty() {
        let chunk = job_log::ActiveModel {
            job_id: Set(told.id),
            attempt: Set(told.attempt),
            offset: Set(told.log_bytes),
            text: Set(kept.to_owned()),
            created_at: Set(tx.now),
            ..Default::default()
        };
        job_log::Entity::insert(chunk).exec_without_returning(&tx.db).await?;
    }
    let truncated = ends_here.then_some(true);
    let detail = event::Detail { offset: Some(told.log_bytes), length: Some(length), truncated, ..Default::default() };
    change::record(tx, &told, after, event::Kind::LogAppended, detail).await
}
