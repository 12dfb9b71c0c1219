//! Giving bytes out.

use std::{io, ops::Range};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use entity::{
    file,
    job::{self, Columns},
};
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use uuid::Uuid;

use crate::{
    app::App,
    domain::job as jobs,
    error::{Error, Result},
    viewer::Viewer,
};

/// Something to download: what is known of it before its bytes are asked for.
#[derive(Clone, Debug)]
pub struct Served {
    /// What to call it on the reader's disk.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// Changes with the bytes; letters, digits and dashes.
    pub tag: String,
    /// Since when the bytes are these, where that is known.
    pub modified: Option<DateTime<Utc>>,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    File(Uuid),
    Log(i64),
    Memory(Bytes),
}

/// The file with this outside id.
pub async fn open(app: &App, viewer: &Viewer, uid: Uuid) -> Result<Served> {
    let row = super::get(app, viewer, uid).await?;
    let tag = sha256(&row);
    let size = u64::try_from(row.size).unwrap_or(0);
    let modified = Some(row.created_at.to_chrono());
    Ok(Served { name: row.name, media_type: row.media_type, size, tag, modified, source: Source::File(row.uid) })
}

/// A job's log, as it is now: what comes later is appended, so that a reader goes on where it ended.
pub async fn log(app: &App, viewer: &Viewer, job_uid: Uuid) -> Result<Served> {
    let columns = Columns::of(&[job::Column::Id, job::Column::Uid, job::Column::LogBytes]);
    let job = jobs::get(app, viewer, job_uid, columns).await?.row;
    let size = u64::try_from(job.log_bytes).unwrap_or(0);
    Ok(Served {
        name: format!("job-{}.log", job.id),
        media_type: "text/plain; charset=utf-8".to_owned(),
        size,
        tag: format!("log-{size}"),
        modified: None,
        source: Source::Log(job.id),
    })
}

/// A job's results, as JSON. A job without any is NOT_FOUND.
pub async fn results(app: &App, viewer: &Viewer, job_uid: Uuid) -> Result<Served> {
    let columns = Columns::of(&[job::Column::Id, job::Column::Uid, job::Column::Revision, job::Column::Results]);
    let job = jobs::get(app, viewer, job_uid, columns).await?.row;
    let results = job.results.ok_or(Error::NotFound("result"))?;
    let bytes = Bytes::from(serde_json::to_vec(&results.0).map_err(Error::internal)?);
    Ok(Served {
        name: format!("job-{}.json", job.id),
        media_type: "application/json".to_owned(),
        size: bytes.len() as u64,
        tag: format!("results-{}", job.revision),
        modified: None,
        source: Source::Memory(bytes),
    })
}

/// The bytes in `range`, which lies within the size.
///
/// Fails with UNAVAILABLE when the store does not give them; once it has begun, the stream breaks off instead.
pub async fn content(app: &App, served: &Served, range: Range<u64>) -> Result<BoxStream<'static, io::Result<Bytes>>> {
    match &served.source {
        Source::File(uid) => app.storage.get(*uid, range).await,
        Source::Log(job_id) => Ok(log_text(app.clone(), *job_id, range)),
        Source::Memory(bytes) => {
            let part = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
            let bytes = bytes.slice(part(range.start)..part(range.end));
            Ok(stream::once(async move { Ok(bytes) }).boxed())
        }
    }
}

/// The log, some 256 KiB at a time: it is not in memory as a whole, however slow its reader is.
fn log_text(app: App, job_id: i64, range: Range<u64>) -> BoxStream<'static, io::Result<Bytes>> {
    let signed = |at: u64| i64::try_from(at).unwrap_or(i64::MAX);
    let (start, end) = (signed(range.start), signed(range.end));
    stream::try_unfold((app, start), move |(app, at)| async move {
        if at >= end {
            return Ok(None);
        }
        let bytes = jobs::log_bytes(&app, job_id, at).await?;
        let most = usize::try_from(end - at).unwrap_or(usize::MAX);
        if bytes.is_empty() {
            // The job was removed meanwhile.
            return Err(Error::NotFound("log"));
        }
        let bytes = bytes.slice(..most.min(bytes.len()));
        let next = at + i64::try_from(bytes.len()).unwrap_or(0);
        Ok(Some((bytes, (app, next))))
    })
    .map_err(io::Error::other)
    .boxed()
}

/// The SHA-256 of a file, in hexadecimal digits.
#[must_use]
pub fn sha256(row: &file::Model) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in row.sha256.iter().flatten() {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
