//! Project-W (0.2.0): its SQLite database.

mod jobs;
mod users;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use entity::{
    legacy_number::{Dialect, Noun},
    service,
};
use futures_util::{Stream, stream};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, SqlxSqliteConnector, Statement,
    sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use uuid::Uuid;

use super::{Progress, Report, number::count, require_operator, take_time};
use crate::{
    app::App,
    db::Tx,
    domain::{legacy_number::MOST, service::of_project_w},
    error::{Error, Result},
    viewer::Viewer,
};

const RUNNERS: &str = "runners";

/// Takes over the users of Project-W with their passwords, and all jobs with their recordings and transcripts. Every number
/// is kept. Tokens of runners are not: they get new ones.
///
/// Only the operator may. Fails with [`Error::BadRequest`] when the file is no such database.
pub async fn project_w(app: &App, viewer: &Viewer, database: &Path, progress: Progress) -> Result<Report> {
    require_operator(viewer)?;
    let old = Old::open(database).await?;
    let kept = Kept(Arc::default());
    let input = Input { app: app.clone(), old, service: of_project_w(app).await?, progress, kept: kept.clone() };
    let report = app.db.write(input, |tx, input| Box::pin(run(tx, input))).await;
    match report {
        Ok(report) => {
            app.known.forget();
            Ok(report)
        }
        Err(error) => {
            kept.clear(app).await?;
            Err(error)
        }
    }
}

/// What the transaction is given.
#[derive(Clone, Debug)]
struct Input {
    app: App,
    old: Old,
    service: service::Model,
    progress: Progress,
    kept: Kept,
}

impl Input {
    /// Tells of the rows of a table as they are read.
    async fn far(&self, table: &'static str) -> Result<Far<'_>> {
        let rows = self.old.number(&format!("SELECT COUNT(*) FROM {table}")).await?;
        Ok(Far { progress: &self.progress, table, rows, read: 0 })
    }
}

/// How far the reading of a table is. A job may bring a large recording, so that each row is told of.
struct Far<'a> {
    progress: &'a Progress,
    table: &'static str,
    rows: i64,
    read: i64,
}

impl Far<'_> {
    /// A row was read.
    fn step(&mut self) {
        self.read += 1;
        // The last one is told of when its work is done.
        if self.read < self.rows {
            #[expect(clippy::cast_precision_loss, reason = "a part of a table is told to a person")]
            self.progress.tell(self.table, self.read as f64 / self.rows as f64);
        }
    }

    fn end(&self) {
        self.progress.tell(self.table, 1.0);
    }
}

/// The recordings that were stored, to be cleared when the rows that name them come to nothing.
#[derive(Clone, Debug)]
struct Kept(Arc<Mutex<Vec<Uuid>>>);

impl Kept {
    fn note(&self, uid: Uuid) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(uid);
    }

    async fn clear(&self, app: &App) -> Result<()> {
        let uids = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for uid in uids {
            app.storage.clear(uid).await?;
        }
        Ok(())
    }
}

/// The old database.
#[derive(Clone, Debug)]
struct Old(DatabaseConnection);

impl Old {
    async fn open(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
        let pool = pool.map_err(|error| Error::BadRequest(format!("{}: {error}", path.display())))?;
        let old = Self(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool));
        let tables = [
            "SELECT id, email, password_hash, is_admin, activated FROM users LIMIT 1",
            "SELECT id, audio_data FROM files LIMIT 1",
            "SELECT id, user_id, model, language, transcript, downloaded, error_msg, file_name, file_id FROM jobs LIMIT 1",
            "SELECT id FROM runners LIMIT 1",
        ];
        for sql in tables {
            old.rows(sql.to_owned()).await.map_err(|error| {
                Error::BadRequest(format!("{} is no database of Project-W 0.2.0: {error}", path.display()))
            })?;
        }
        Ok(old)
    }

    async fn rows(&self, sql: String) -> Result<Vec<QueryResult>, DbErr> {
        self.0.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await
    }

    /// The next rows of a table in the order of their ids, after one of them.
    async fn after(&self, columns: &str, table: &str, id: i64) -> Result<Vec<QueryResult>> {
        Ok(self.rows(format!("SELECT {columns} FROM {table} WHERE id > {id} ORDER BY id LIMIT {PAGE}")).await?)
    }

    /// The bytes of a recording, a part at a time; none when it is not there. While `SQLite` cuts a part off, it holds the
    /// whole of the recording by itself: the parts are large so that it does so seldom.
    async fn recording(&self, id: i64) -> Result<Option<impl Stream<Item = Result<Bytes>> + Send + Unpin + use<>>> {
        let sql = format!("SELECT 1 FROM files WHERE id = {id} AND audio_data IS NOT NULL");
        if self.rows(sql).await?.is_empty() {
            return Ok(None);
        }
        let parts = stream::try_unfold((self.clone(), 1_usize), move |(old, from)| async move {
            let sql = format!("SELECT CAST(substr(audio_data, {from}, {PART}) AS BLOB) FROM files WHERE id = {id}");
            let rows = old.rows(sql).await?;
            // Nothing is NULL to SQLite when it is cut.
            let part = rows.first().map(|row| row.try_get_by_index::<Option<Vec<u8>>>(0)).transpose()?;
            let part = part.flatten().unwrap_or_default();
            let next = from + PART;
            Ok::<_, Error>((!part.is_empty()).then(|| (Bytes::from(part), (old, next))))
        });
        Ok(Some(Box::pin(parts)))
    }

    async fn number(&self, sql: &str) -> Result<i64> {
        let rows = self.rows(sql.to_owned()).await?;
        let row = rows.first().ok_or_else(|| Error::internal("a sum has no row"))?;
        Ok(row.try_get_by_index::<Option<i64>>(0)?.unwrap_or(0))
    }
}

/// Rows that are read at once.
const PAGE: usize = 200;

/// Bytes of a recording that are read at once.
const PART: usize = 16 << 20;

async fn run(tx: &Tx, input: &Input) -> Result<Report> {
    // An attempt before this one may have come to nothing.
    input.kept.clear(&input.app).await?;
    take_time(tx).await?;
    let mut report = Report::default();
    let users = users::run(tx, input, &mut report).await?;
    Box::pin(jobs::run(tx, input, &users, &mut report)).await?;
    let runners = input.old.number("SELECT COUNT(*) FROM runners").await?;
    if runners > 0 {
        report.of(RUNNERS).refused += runners.unsigned_abs();
        let last = input.old.number("SELECT MAX(id) FROM runners").await?;
        count(tx, Dialect::ProjectW, Noun::Runner, last.min(MOST), 0).await?;
        report.notes.push(format!("{RUNNERS}: tokens are not taken over; make {runners} new ones."));
    }
    Ok(report)
}
