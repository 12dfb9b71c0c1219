//! Reading a job's log.

use bytes::Bytes;
use entity::job_log;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{app::App, error::Result};

/// A piece of a job's log: the text between two byte offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogText {
    /// The text, whole characters only.
    pub text: String,
    /// Bytes before the end of `text`: where to read on.
    pub end: i64,
}

/// Bytes of log text that one read returns at most (the chunk that crosses the bound is still whole).
pub const LOG_READ: i64 = 262_144;

/// The log of a job that the caller may see, from the chunk that holds the byte `offset` on, at most [`LOG_READ`]
/// bytes (and at most up to `until`, when given).
pub async fn log(app: &App, job_id: i64, offset: i64, until: Option<i64>) -> Result<LogText> {
    let mut text = String::new();
    let mut end = offset;
    for chunk in log_chunks(app, job_id, offset, until).await? {
        let skip = usize::try_from(offset - chunk.offset).unwrap_or(0);
        if skip < chunk.text.len() {
            // An offset inside a character begins at the next one.
            let start =
                (skip..=chunk.text.len()).find(|at| chunk.text.is_char_boundary(*at)).unwrap_or(chunk.text.len());
            text.push_str(&chunk.text[start..]);
            end = chunk.offset + i64::try_from(chunk.text.len()).unwrap_or(0);
        }
    }
    Ok(LogText { text, end })
}

/// The same to the byte, which may lie inside a character: for those who read it as a file.
pub(in crate::domain) async fn log_bytes(app: &App, job_id: i64, offset: i64) -> Result<Bytes> {
    let mut bytes = Vec::new();
    for chunk in log_chunks(app, job_id, offset, None).await? {
        let skip = usize::try_from(offset - chunk.offset).unwrap_or(0);
        bytes.extend_from_slice(chunk.text.as_bytes().get(skip..).unwrap_or_default());
    }
    Ok(bytes.into())
}

async fn log_chunks(app: &App, job_id: i64, offset: i64, until: Option<i64>) -> Result<Vec<job_log::Model>> {
    let of_job = job_log::Entity::find().filter(job_log::Column::JobId.eq(job_id));
    // The chunk that holds the offset. Chunks may be as small as a byte: going back by the size of the largest would
    // find thousands of them, all before the offset.
    let first: Option<i64> = of_job
        .clone()
        .select_only()
        .column(job_log::Column::Offset)
        .filter(job_log::Column::Offset.lte(offset))
        .order_by_desc(job_log::Column::Offset)
        .limit(1)
        .into_tuple()
        .one(app.db.read())
        .await?;
    let mut query = of_job
        .order_by_asc(job_log::Column::Offset)
        .filter(job_log::Column::Offset.gte(first.unwrap_or(0)))
        .filter(job_log::Column::Offset.lt(offset.saturating_add(LOG_READ)))
        .limit(1_000);
    if let Some(until) = until {
        query = query.filter(job_log::Column::Offset.lt(until));
    }
    Ok(query.all(app.db.read()).await?)
}
