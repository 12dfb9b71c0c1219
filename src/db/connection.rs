//! Where statements are run: a pool to read from, and a transaction.
//!
//! Both stand between sea-orm and its driver to see what fails: the pool to answer at once while the database is away,
//! the transaction so that it is run again when another one was in its way, whatever became of the error above.

use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    Statement, TransactionTrait, prelude::async_trait::async_trait,
};

use super::postgres::Pulse;
use crate::error::Fault;

/// Connections that read; see [`super::Db::read`].
#[derive(Clone, Debug)]
pub struct Reader {
    pool: DatabaseConnection,
    pulse: Option<Pulse>,
}

impl Reader {
    pub(super) fn new(pool: DatabaseConnection, pulse: Option<Pulse>) -> Self {
        Self { pool, pulse }
    }

    /// A transaction that reads: on SQLite it sees what was there when it first looked.
    pub(super) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.pool.begin().await
    }

    pub(super) async fn close(&self) {
        let _ = self.pool.clone().close().await;
    }
}

/// How often a query is run whose connection turns out to be gone.
const RUNS: u32 = 4;

/// Runs a query, and again when the connection turns out to be gone: it may have been one of the pool's last memories of
/// a database that was restarted.
async fn run<'a, T>(
    pulse: &Pulse,
    query: impl Fn() -> BoxFuture<'a, Result<T, DbErr>> + Send + Sync,
) -> Result<T, DbErr> {
    let mut runs = 1;
    loop {
        match unless_lost(pulse, query()).await {
            Err(error) if runs < RUNS && Fault::of(&error) == Fault::Lost && pulse.check().await => runs += 1,
            result => return result,
        }
    }
}

async fn unless_lost<T>(pulse: &Pulse, query: BoxFuture<'_, Result<T, DbErr>>) -> Result<T, DbErr> {
    tokio::select! {
        biased;
        () = pulse.lost() => Err(DbErr::Conn(RuntimeErr::Internal("the database does not answer".into()))),
        result = query => result,
    }
}

#[async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let Some(pulse) = &self.pulse else { return self.pool.execute_raw(statement).await };
        run(pulse, || self.pool.execute_raw(statement.clone())).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let Some(pulse) = &self.pulse else { return self.pool.execute_unprepared(sql).await };
        run(pulse, || self.pool.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let Some(pulse) = &self.pulse else { return self.pool.query_one_raw(statement).await };
        run(pulse, || self.pool.query_one_raw(statement.clone())).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let Some(pulse) = &self.pulse else { return self.pool.query_all_raw(statement).await };
        run(pulse, || self.pool.query_all_raw(statement.clone())).await
    }
}

/// The statements of one transaction; see [`super::Tx`].
#[derive(Debug)]
pub struct Statements {
    transaction: DatabaseTransaction,
    /// What went wrong first. After a failure PostgreSQL does nothing more in the same transaction, and would not even
    /// say so at its commit.
    fault: Mutex<Option<Fault>>,
}

impl Statements {
    pub(super) fn new(transaction: DatabaseTransaction) -> Self {
        Self { transaction, fault: Mutex::default() }
    }

    /// Whoever understands what went wrong says that the work is to be run again.
    pub(super) fn overtaken(&self) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(Fault::Conflict);
    }

    /// The transaction, and what went wrong first in it.
    pub(super) fn into_parts(self) -> (DatabaseTransaction, Option<Fault>) {
        (self.transaction, self.fault.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn inner(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    fn seen<T>(&self, result: Result<T, DbErr>) -> Result<T, DbErr> {
        if let Err(error) = &result {
            let fault = Fault::of(error);
            self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
        }
        result
    }
}

#[async_trait]
impl ConnectionTrait for Statements {
    fn get_database_backend(&self) -> DbBackend {
        self.transaction.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.seen(self.transaction.execute_raw(statement).await)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.seen(self.transaction.execute_unprepared(sql).await)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.seen(self.transaction.query_one_raw(statement).await)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.seen(self.transaction.query_all_raw(statement).await)
    }
}
