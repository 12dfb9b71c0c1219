//! Writing. SQLite has one writer, which takes what has queued up, makes one transaction of it, and answers after the
//! commit; on PostgreSQL each request has a transaction of its own.

use serde_json::Value;
use sqlx::{Connection, PgPool, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::db::Tx;
use super::work::Command;
use super::{Answer, Refusal};

/// At most so many requests share a commit, as in docket.
const BATCH: usize = 64;

struct Order {
    command: Command,
    answer: oneshot::Sender<Answer<Value>>,
}

/// The way to write.
#[derive(Clone)]
pub enum Writer {
    /// By the task that has the connection.
    Sqlite(Queue),
    /// By a connection of one's own.
    Postgres(PgPool),
}

/// The way to the writing task.
#[derive(Clone)]
pub struct Queue(mpsc::Sender<Order>);

impl Writer {
    /// Starts the task. With `group` concurrent requests share a transaction, with a savepoint each.
    pub fn start(connection: SqliteConnection, group: bool) -> Self {
        let (orders, inbox) = mpsc::channel(BATCH);
        tokio::spawn(work(connection, inbox, if group { BATCH } else { 1 }));
        Self::Sqlite(Queue(orders))
    }

    /// Has it written; returns when it is on the disk.
    pub async fn write(&self, command: Command) -> Answer<Value> {
        let queue = match self {
            Self::Sqlite(queue) => queue,
            Self::Postgres(writers) => {
                let mut transaction = writers.begin().await?;
                let answer = command.run(&mut Tx::Postgres(&mut transaction)).await?;
                transaction.commit().await?;
                return Ok(answer);
            }
        };
        let (answer, wait) = oneshot::channel();
        queue.0.send(Order { command, answer }).await?;
        wait.await?
    }
}

async fn work(mut connection: SqliteConnection, mut inbox: mpsc::Receiver<Order>, most: usize) {
    let mut orders = Vec::with_capacity(most);
    while inbox.recv_many(&mut orders, most).await > 0 {
        let (commands, waiting): (Vec<_>, Vec<_>) = orders.drain(..).map(|order| (order.command, order.answer)).unzip();
        match commit(&mut connection, commands).await {
            Ok(answers) => {
                for (answer, waiting) in answers.into_iter().zip(waiting) {
                    // Fails only for a client that has hung up.
                    drop(waiting.send(answer));
                }
            }
            Err(Refusal(status, text)) => {
                for waiting in waiting {
                    drop(waiting.send(Err(Refusal(status, text.clone()))));
                }
            }
        }
    }
}

async fn commit(connection: &mut SqliteConnection, commands: Vec<Command>) -> Answer<Vec<Answer<Value>>> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut answers = Vec::with_capacity(commands.len());
    let alone = commands.len() == 1;
    for command in commands {
        if alone {
            answers.push(Ok(command.run(&mut Tx::Sqlite(&mut transaction)).await?));
            continue;
        }
        let mut savepoint = transaction.begin().await?;
        let answer = command.run(&mut Tx::Sqlite(&mut savepoint)).await;
        match &answer {
            Ok(_) => savepoint.commit().await?,
            Err(_) => savepoint.rollback().await?,
        }
        answers.push(answer);
    }
    transaction.commit().await?;
    Ok(answers)
}
