//! Long queues, made by copying rows: a million submissions would take longer than all measurements.

use std::ops::Range;

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::Result;
use crate::databases::{Connection, Databases};
use crate::requests::uid;
use crate::world::Services;

/// Jobs that are copied, and how often they are for the short queue and for the long one.
const COPIED: usize = 1_000;
const SHORT: usize = 1;
const LONG: usize = 1_000;
/// Copies of all of them that are made in one transaction: the servers want to write in between.
const STEP: usize = 20;

/// Copies jobs that wait for the archive's service to the two queues, beside the running server. The copies have no
/// events, which no claim reads.
pub async fn fill(databases: &Databases, services: &Services) -> Result<()> {
    let mut connection = databases.open().await?;
    let insert = insert(&mut connection).await?;
    // What is lost when the machine goes down now is made again by the next run.
    run(&mut connection, "PRAGMA synchronous = OFF", "SET synchronous_commit = off").await?;
    for (to, times) in [(&services.short, SHORT), (&services.long, LONG)] {
        for first in (0..times).step_by(STEP) {
            copy(&mut connection, &insert, &services.archive, to, first..times.min(first + STEP)).await?;
        }
    }
    // The tidying up after so many rows is not for the next measurement to pay.
    run(&mut connection, "PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM (ANALYZE) job").await
}

/// The statement that copies: `$1` the service whose jobs, `$2` to which one, `$3` and `$4` the first number of a copy
/// and the last. The outside ids rise with the copies, as those of submitted jobs do.
async fn insert(connection: &mut Connection) -> Result<String> {
    let (columns, uid) = match connection {
        Connection::Sqlite(_) => (
            "SELECT name FROM pragma_table_info('job')",
            "unhex(printf('%08x%08x%016x', target.id, copy.number, sample.id))",
        ),
        Connection::Postgres(_) => (
            "SELECT column_name::text FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = 'job'",
            "CAST(lpad(to_hex(target.id), 8, '0') || lpad(to_hex(copy.number), 8, '0') || \
             lpad(to_hex(sample.id), 16, '0') AS uuid)",
        ),
    };
    let columns: Vec<(String,)> =
        either!(Connection, connection, db => sqlx::query_as(columns).fetch_all(&mut *db).await?);
    let own = ["id", "uid", "service_id", "service_version_id"];
    let others: Vec<&str> = columns.iter().map(|(name,)| name.as_str()).filter(|name| !own.contains(name)).collect();
    let (names, values) = (others.join(", "), others.join(", sample."));
    Ok(format!(
        "WITH RECURSIVE copy(number) AS (SELECT CAST($3 AS BIGINT) UNION ALL \
             SELECT number + 1 FROM copy WHERE number < CAST($4 AS BIGINT)), \
         sample AS (SELECT * FROM job WHERE service_id = (SELECT id FROM service WHERE uid = $1) \
             ORDER BY id LIMIT {COPIED}) \
         INSERT INTO job (uid, service_id, service_version_id, {names}) \
         SELECT {uid}, target.id, target.version_id, sample.{values} \
         FROM copy, sample, (SELECT id, version_id FROM service WHERE uid = $2) target"
    ))
}

async fn copy(connection: &mut Connection, insert: &str, from: &str, to: &str, numbers: Range<usize>) -> Result<()> {
    let (from, to): (Uuid, Uuid) = (uid(from).parse()?, uid(to).parse()?);
    let (first, last) = (i64::try_from(numbers.start)?, i64::try_from(numbers.end - 1)?);
    let copied = either!(Connection, connection, db => {
        let query = sqlx::query(AssertSqlSafe(insert)).bind(from).bind(to).bind(first).bind(last);
        query.execute(&mut *db).await?.rows_affected()
    });
    let expected = (numbers.end - numbers.start) * COPIED;
    if copied == expected as u64 { Ok(()) } else { Err(format!("copied {copied} jobs instead of {expected}").into()) }
}

async fn run(connection: &mut Connection, sqlite: &'static str, postgres: &'static str) -> Result<()> {
    let sql = if matches!(connection, Connection::Sqlite(_)) { sqlite } else { postgres };
    either!(Connection, connection, db => sqlx::raw_sql(sql).execute(&mut *db).await.map(drop)?);
    Ok(())
}
