//! Doing something to each thing whose moment has come.

use futures_util::{StreamExt, future::ready, stream};
use sea_orm::{ConnectionTrait, Value};

use crate::{
    app::App,
    db::raw,
    error::{Error, Result},
};

/// Rows looked for at once.
const BATCH: i64 = 500;
/// Transactions that run at once: on SQLite they share commits.
const AT_ONCE: usize = 16;

/// What is due: a statement that selects `id` and the moment of those after a place, in the order of both. Its
/// last three values are that place (a moment and an id) and how many rows are wanted.
#[derive(Clone, Copy, Debug)]
pub(in crate::domain) struct Due {
    /// What it is, for the log.
    pub what: &'static str,
    /// The statement, with a `?` for each value.
    pub sql: &'static str,
    /// How often it asks for the present moment, before the last three.
    pub moments: usize,
}

impl Due {
    /// Runs `work` for each row that is due, and says for how many it said that there was something to do. Each is met
    /// once, so that one for which it fails keeps no other from its turn: that one is logged, and met again the next time.
    ///
    /// Fails when the rows cannot be looked for. Ends early when the server stops.
    pub async fn each<F>(self, app: &App, work: impl Fn(i64) -> F + Sync) -> Result<usize>
    where
        F: Future<Output = Result<bool>> + Send,
    {
        let mut done = 0;
        let mut last = (i64::MIN, 0);
        loop {
            let batch = self.after(app, last).await?;
            let Some(end) = batch.last() else { return Ok(done) };
            last = *end;
            let full = i64::try_from(batch.len()) == Ok(BATCH);
            let ids = stream::iter(batch).take_while(|_| ready(!app.shutdown.is_cancelled()));
            let outcomes = ids.map(|(_, id)| attempt(self.what, id, work(id))).buffer_unordered(AT_ONCE);
            done += outcomes.filter(|there| ready(*there)).count().await;
            if !full || app.shutdown.is_cancelled() {
                return Ok(done);
            }
        }
    }

    async fn after(self, app: &App, (moment, id): (i64, i64)) -> Result<Vec<(i64, i64)>> {
        let now = Value::from(app.clock.now_micros());
        let values = std::iter::repeat_n(now, self.moments).chain([moment.into(), id.into(), BATCH.into()]);
        let statement = raw(app.db.read().get_database_backend(), self.sql, values);
        let rows = app.db.read().query_all_raw(statement).await?;
        let place = |row: &sea_orm::QueryResult| Ok((row.try_get_by_index(1)?, row.try_get_by_index(0)?));
        rows.iter().map(|row| place(row).map_err(|error: sea_orm::DbErr| Error::from(error))).collect()
    }
}

async fn attempt(what: &str, id: i64, work: impl Future<Output = Result<bool>>) -> bool {
    match work.await {
        Ok(there) => there,
        Err(error) => {
            tracing::error!(what, id, ?error, "it is due and could not be done; the next sweep tries again");
            false
        }
    }
}
