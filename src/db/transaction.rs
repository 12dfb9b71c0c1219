//! A transaction: of SQLite's writer, which shares its commit with others, or on a connection to PostgreSQL that a pool
//! lent.

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    prelude::async_trait::async_trait,
};
use tokio::sync::Mutex;

use super::{
    driver::Work,
    meter::Meter,
    pool::{Lent, Pool, State},
};

/// See the module. What is dropped without a commit is undone.
#[derive(Debug)]
pub(super) enum Transaction {
    /// On the writing connection of SQLite.
    Shared(DatabaseTransaction),
    /// On a connection to PostgreSQL.
    Lent(Borrowed),
}

/// A transaction on a connection to PostgreSQL.
#[derive(Debug)]
pub(super) struct Borrowed {
    lent: Mutex<Lent>,
    meter: Meter,
}

impl Transaction {
    /// Begins one on a connection of this pool.
    pub(super) async fn begin(pool: &Pool, meter: Meter) -> Result<Self, DbErr> {
        let mut lent = pool.lend().await?;
        lent.set(State::Transaction);
        pool.answered(lent.connection()?.unprepared("BEGIN")).await?;
        Ok(Self::Lent(Borrowed { lent: Mutex::new(lent), meter }))
    }

    /// Makes it last.
    pub(super) async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Shared(transaction) => transaction.commit().await,
            Self::Lent(borrowed) => borrowed.end("COMMIT").await,
        }
    }

    /// Undoes it.
    pub(super) async fn rollback(self) -> Result<(), DbErr> {
        match self {
            Self::Shared(transaction) => transaction.rollback().await,
            Self::Lent(borrowed) => borrowed.end("ROLLBACK").await,
        }
    }
}

impl Borrowed {
    async fn run<T>(&self, statement: Statement, work: Work<T>) -> Result<T, DbErr> {
        self.meter.count(&statement.sql);
        work(self.lent.lock().await.connection()?, statement).await
    }

    async fn end(self, sql: &str) -> Result<(), DbErr> {
        let mut lent = self.lent.into_inner();
        let pool = lent.pool();
        pool.ended(lent.connection()?.unprepared(sql)).await?;
        lent.set(State::Settled);
        Ok(())
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Shared(transaction) => transaction.get_database_backend(),
            Self::Lent(_) => DbBackend::Postgres,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Shared(transaction) => transaction.execute_raw(statement).await,
            Self::Lent(borrowed) => borrowed.run(statement, |driver, statement| driver.execute(statement)).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Shared(transaction) => transaction.execute_unprepared(sql).await,
            Self::Lent(borrowed) => borrowed.lent.lock().await.connection()?.unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Shared(transaction) => transaction.query_one_raw(statement).await,
            Self::Lent(borrowed) => borrowed.run(statement, |driver, statement| driver.one(statement)).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Shared(transaction) => transaction.query_all_raw(statement).await,
            Self::Lent(borrowed) => borrowed.run(statement, |driver, statement| driver.all(statement)).await,
        }
    }
}
