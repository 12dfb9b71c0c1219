//! Running sea-orm's statements on one connection of the driver, for what a pool of our own lends.

use futures_util::{FutureExt, future::BoxFuture};
use sea_orm::{
    DbErr, ExecResult, QueryResult, RuntimeErr, Statement, Values,
    error::SqlxError,
    sqlx::{self, AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection},
};
use sea_query_sqlx::SqlxValues;

/// A connection of either database. Values travel beside the text of a statement and never in it.
pub(super) trait Driver: Send {
    /// Runs a statement that answers with no rows.
    fn execute(&mut self, statement: Statement) -> BoxFuture<'_, Result<ExecResult, DbErr>>;
    /// Runs a query and reads its first row.
    fn one(&mut self, statement: Statement) -> BoxFuture<'_, Result<Option<QueryResult>, DbErr>>;
    /// Runs a query and reads its rows.
    fn all(&mut self, statement: Statement) -> BoxFuture<'_, Result<Vec<QueryResult>, DbErr>>;
    /// Runs a text that has no values and is not worth being remembered; also several statements.
    fn unprepared<'a>(&'a mut self, sql: &str) -> BoxFuture<'a, Result<ExecResult, DbErr>>;
    /// Waits until nothing is under way any more; fails when the connection is of no more use.
    fn ping(&mut self) -> BoxFuture<'_, Result<(), SqlxError>>;
    /// Says good-bye.
    fn end(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// What is done with one statement on whichever connection is lent for it.
pub(super) type Work<T> = for<'a> fn(&'a mut dyn Driver, Statement) -> BoxFuture<'a, Result<T, DbErr>>;

macro_rules! query {
    ($statement:ident) => {
        sqlx::query_with(AssertSqlSafe($statement.sql), SqlxValues($statement.values.unwrap_or(Values(Vec::new()))))
    };
}

macro_rules! driver {
    ($connection:ty) => {
        impl Driver for $connection {
            fn execute(&mut self, statement: Statement) -> BoxFuture<'_, Result<ExecResult, DbErr>> {
                let query = query!(statement);
                async move { query.execute(self).await.map(Into::into).map_err(execution) }.boxed()
            }

            fn one(&mut self, statement: Statement) -> BoxFuture<'_, Result<Option<QueryResult>, DbErr>> {
                let query = query!(statement);
                async move { query.fetch_optional(self).await.map(|row| row.map(Into::into)).map_err(reading) }.boxed()
            }

            fn all(&mut self, statement: Statement) -> BoxFuture<'_, Result<Vec<QueryResult>, DbErr>> {
                let query = query!(statement);
                async move {
                    let rows = query.fetch_all(self).await.map_err(reading)?;
                    Ok(rows.into_iter().map(Into::into).collect())
                }
                .boxed()
            }

            fn unprepared<'a>(&'a mut self, sql: &str) -> BoxFuture<'a, Result<ExecResult, DbErr>> {
                let sql = AssertSqlSafe(sql.to_owned());
                async move { Executor::execute(self, sql).await.map(Into::into).map_err(execution) }.boxed()
            }

            fn ping(&mut self) -> BoxFuture<'_, Result<(), SqlxError>> {
                Connection::ping(self).boxed()
            }

            fn end(self: Box<Self>) -> BoxFuture<'static, ()> {
                async move {
                    if let Err(error) = (*self).close().await {
                        tracing::debug!(%error, "a connection to the database did not end well");
                    }
                }
                .boxed()
            }
        }
    };
}

driver!(SqliteConnection);
driver!(PgConnection);

fn execution(error: SqlxError) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}

fn reading(error: SqlxError) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}
