//! Where statements are run: a pool to read from, and a transaction.
//!
//! Both stand between sea-orm and its driver to see what fails: the pool to answer at once while the database is away,
//! the transaction so that it is run again when another one was in its way, whatever became of the error above.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, QueryTrait,
    RuntimeErr, Statement, prelude::async_trait::async_trait,
};

use super::{
    driver::Work,
    insertion::Insertion,
    meter::Meter,
    pool::{Pool, State},
    postgres::Pulse,
    transaction::Transaction,
    waiting::Waiting,
};
use crate::error::Fault;

/// Connections that read; see [`super::Db::read`].
#[derive(Clone, Debug)]
pub struct Reader {
    backend: DbBackend,
    pool: Pool,
    meter: Meter,
    pulse: Option<Pulse>,
}

/// How often a query is run whose connection turns out to be gone.
const RUNS: u32 = 4;

impl Reader {
    pub(super) fn new(backend: DbBackend, pool: Pool, pulse: Option<Pulse>) -> Self {
        Self { backend, pool, meter: Meter::of("read"), pulse }
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// Runs a query, and again when the connection turns out to be gone: it may have been one of the pool's last memories
    /// of a database that was restarted.
    async fn run<T>(&self, statement: Statement, work: Work<T>) -> Result<T, DbErr> {
        let Some(pulse) = &self.pulse else { return self.once(statement, work).await };
        for _ in 1..RUNS {
            match unless_lost(pulse, self.once(statement.clone(), work)).await {
                Err(error) if Fault::of(&error) == Fault::Lost && pulse.check().await => {}
                result => return result,
            }
        }
        unless_lost(pulse, self.once(statement, work)).await
    }

    async fn once<T>(&self, statement: Statement, work: Work<T>) -> Result<T, DbErr> {
        let mut lent = self.pool.lend().await?;
        self.meter.count(&statement.sql);
        let result = self.pool.answered(work(lent.connection()?, statement)).await;
        if result.is_ok() {
            lent.set(State::Settled);
        }
        result
    }
}

async fn unless_lost<T>(pulse: &Pulse, query: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    tokio::select! {
        biased;
        () = pulse.lost() => Err(DbErr::Conn(RuntimeErr::Internal("the database does not answer".into()))),
        result = query => result,
    }
}

#[async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(statement, |driver, statement| driver.execute(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let statement = Statement::from_string(self.backend, sql);
        self.run(statement, |driver, statement| driver.unprepared(&statement.sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(statement, |driver, statement| driver.one(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(statement, |driver, statement| driver.all(statement)).await
    }
}

/// The statements of one transaction; see [`super::Tx`].
#[derive(Debug)]
pub struct Statements {
    transaction: Transaction,
    waiting: Waiting,
    /// What went wrong first. After a failure PostgreSQL does nothing more in the same transaction, and would not even
    /// say so at its commit.
    fault: Mutex<Option<Fault>>,
    /// Whether anything may have been written.
    wrote: AtomicBool,
}

/// A transaction after its work.
pub(super) struct Worked {
    pub(super) transaction: Transaction,
    /// What went wrong first.
    pub(super) fault: Option<Fault>,
    /// Whether anything may have been written.
    pub(super) wrote: bool,
}

impl Statements {
    pub(super) fn new(transaction: Transaction) -> Self {
        Self { transaction, waiting: Waiting::default(), fault: Mutex::default(), wrote: AtomicBool::new(false) }
    }

    /// Runs a statement before the next one, or at the end of the work: together with others like it, in their order.
    /// What it changes is not told, and a failure comes later. It may read nothing but the rows that it changes: on
    /// PostgreSQL it does not see what those before it do.
    pub async fn soon(&self, query: impl QueryTrait) -> Result<(), DbErr> {
        self.add(query.build(self.get_database_backend())).await
    }

    /// The same for a row that is added to a table.
    pub async fn insert_soon(&self, into: &Insertion, row: &impl ActiveModelTrait) -> Result<(), DbErr> {
        self.add(into.of(self.get_database_backend(), row)).await
    }

    async fn add(&self, statement: Statement) -> Result<(), DbErr> {
        match self.waiting.add(statement) {
            Some(first) => self.run(first).await,
            None => Ok(()),
        }
    }

    /// Runs what waits.
    pub(super) async fn catch_up(&self) -> Result<(), DbErr> {
        match self.waiting.take() {
            Some(waiting) => self.run(waiting).await,
            None => Ok(()),
        }
    }

    async fn run(&self, statement: Statement) -> Result<(), DbErr> {
        self.wrote.store(true, Ordering::Relaxed);
        self.seen(self.transaction.execute_raw(statement).await)?;
        Ok(())
    }

    /// Whoever understands what went wrong says that the work is to be run again.
    pub(super) fn overtaken(&self) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(Fault::Conflict);
    }

    /// The transaction, and what became of it.
    pub(super) fn into_worked(self) -> Worked {
        let fault = self.fault.into_inner().unwrap_or_else(PoisonError::into_inner);
        Worked { transaction: self.transaction, fault, wrote: self.wrote.into_inner() }
    }

    /// The transaction of SQLite's writer, when it is one. What is done with it is not seen here.
    pub(super) fn shared(&self) -> Option<&DatabaseTransaction> {
        self.wrote.store(true, Ordering::Relaxed);
        match &self.transaction {
            Transaction::Shared(transaction) => Some(transaction),
            Transaction::Lent(_) => None,
        }
    }

    /// Looks at a statement before it is run: what does not begin as a query may write.
    fn look(&self, sql: &str) {
        if !sql.starts_with("SELECT ") {
            self.wrote.store(true, Ordering::Relaxed);
        }
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
        self.catch_up().await?;
        self.look(&statement.sql);
        self.seen(self.transaction.execute_raw(statement).await)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.catch_up().await?;
        self.look(sql);
        self.seen(self.transaction.execute_unprepared(sql).await)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.catch_up().await?;
        self.look(&statement.sql);
        self.seen(self.transaction.query_one_raw(statement).await)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.catch_up().await?;
        self.look(&statement.sql);
        self.seen(self.transaction.query_all_raw(statement).await)
    }
}
