//! Long queues, made by copying rows: a hundred thousand submissions would take longer than all measurements.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};
use uuid::Uuid;

use crate::Result;
use crate::requests::uid;
use crate::world::Services;

/// Jobs in the short queue and in the long one. Both are copies of one thousand jobs.
const SHORT: usize = 1_000;
const LONG: usize = 100_000;

/// Copies jobs that wait for the archive's service to the two queues, beside the running server. The copies have no
/// events, which no claim reads.
pub async fn fill(file: &Path, services: &Services) -> Result<()> {
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await?;
    copy(&mut connection, &services.archive, &services.short, SHORT / 1_000).await?;
    copy(&mut connection, &services.archive, &services.long, LONG / 1_000).await
}

async fn copy(connection: &mut SqliteConnection, from: &str, to: &str, times: usize) -> Result<()> {
    let own = "'id', 'uid', 'service_id', 'service_version_id'";
    let columns = format!("SELECT group_concat(name) FROM pragma_table_info('job') WHERE name NOT IN ({own})");
    let (columns,): (String,) = sqlx::query_as(AssertSqlSafe(columns)).fetch_one(&mut *connection).await?;
    let insert = format!(
        "WITH RECURSIVE copies(number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM copies WHERE number < {times}), \
         some AS (SELECT * FROM job WHERE service_id = (SELECT id FROM service WHERE uid = ?1) LIMIT 1000) \
         INSERT INTO job (uid, service_id, service_version_id, {columns}) \
         SELECT randomblob(16), target.id, target.version_id, {columns} FROM copies, some, \
         (SELECT id, version_id FROM service WHERE uid = ?2) target"
    );
    let (from, to): (Uuid, Uuid) = (uid(from).parse()?, uid(to).parse()?);
    let copied = sqlx::query(AssertSqlSafe(insert)).bind(from).bind(to).execute(connection).await?.rows_affected();
    if copied == (times * 1_000) as u64 { Ok(()) } else { Err(format!("copied {copied} jobs").into()) }
}
