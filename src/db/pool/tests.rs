use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures_util::FutureExt;
use sea_orm::{
    DbBackend, Statement,
    sqlx::{ConnectOptions, sqlite::SqliteConnectOptions},
};

use super::*;

/// Takes far longer than a millisecond.
const LONG: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT MAX(i) FROM n";

fn sql(text: &str) -> Statement {
    Statement::from_string(DbBackend::Sqlite, text)
}

/// A pool of a file, and how many connections it has opened.
fn pool(file: &Path, size: u32, patience: Duration) -> (Pool, Arc<AtomicUsize>) {
    on_terms(file, size, patience, None)
}

fn on_terms(file: &Path, size: u32, patience: Duration, terms: Option<Terms>) -> (Pool, Arc<AtomicUsize>) {
    let opened = Arc::new(AtomicUsize::new(0));
    let (options, count) = (SqliteConnectOptions::new().filename(file).create_if_missing(true), Arc::clone(&opened));
    let open = move || {
        count.fetch_add(1, Ordering::SeqCst);
        let options = options.clone();
        async move { Ok(Box::new(options.connect().await?) as Box<dyn Driver>) }.boxed()
    };
    (Pool::make(Box::new(open), size, patience, terms, None), opened)
}

async fn number(pool: &Pool, text: &str) -> i64 {
    let mut lent = pool.lend().await.expect("lends");
    let row = lent.connection().expect("is there").one(sql(text)).await.expect("runs").expect("has a row");
    lent.set(State::Settled);
    row.try_get_by_index(0).expect("is a number")
}

#[tokio::test]
async fn a_connection_is_lent_again() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let (pool, opened) = pool(&folder.path().join("a.db"), 4, Duration::from_secs(5));
    for _ in 0..3 {
        assert_eq!(number(&pool, "SELECT 1").await, 1);
    }
    assert_eq!(opened.load(Ordering::SeqCst), 1, "nobody used two at the same time");
}

#[tokio::test]
async fn who_waits_too_long_is_told() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let (pool, _) = pool(&folder.path().join("a.db"), 1, Duration::from_millis(50));
    let _lent = pool.lend().await.expect("lends");
    let refused = pool.lend().await.expect_err("has no second one");
    assert!(matches!(refused, DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)), "{refused:?}");
}

#[tokio::test]
async fn what_was_left_in_the_middle_comes_back_when_it_answers() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let (pool, opened) = pool(&folder.path().join("a.db"), 1, Duration::from_secs(30));
    let mut lent = pool.lend().await.expect("lends");
    let query = lent.connection().expect("is there").one(sql(LONG));
    timeout(Duration::from_millis(1), query).await.expect_err("takes longer");
    drop(lent);
    assert_eq!(number(&pool, "SELECT 2").await, 2);
    assert_eq!(opened.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_transaction_that_was_left_is_undone() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let (pool, opened) = pool(&folder.path().join("a.db"), 1, Duration::from_secs(5));
    let mut lent = pool.lend().await.expect("lends");
    lent.set(State::Transaction);
    let connection = lent.connection().expect("is there");
    connection.unprepared("CREATE TABLE a (b INTEGER); BEGIN; INSERT INTO a VALUES (1)").await.expect("runs");
    drop(lent);
    assert_eq!(number(&pool, "SELECT COUNT(*) FROM a").await, 0);
    assert_eq!(opened.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn closing_waits_for_what_is_lent_and_lends_nothing_more() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let (pool, _) = pool(&folder.path().join("a.db"), 2, Duration::from_secs(5));
    let mut lent = pool.lend().await.expect("lends");
    let closing = tokio::spawn({
        let pool = pool.clone();
        async move { pool.close().await }
    });
    tokio::task::yield_now().await;
    assert!(!closing.is_finished(), "one is still lent");
    lent.connection().expect("is there").one(sql("SELECT 1")).await.expect("still works");
    lent.set(State::Settled);
    drop(lent);
    closing.await.expect("ends");
    let refused = pool.lend().await.expect_err("is closed");
    assert!(matches!(refused, DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)), "{refused:?}");
}

const HOUR: Duration = Duration::from_hours(1);
const TERMS: Terms = Terms { life: HOUR, idle: HOUR, answer: HOUR, commit: HOUR, settle: HOUR };
const SOON: Duration = Duration::from_millis(20);

#[tokio::test]
async fn what_was_not_used_for_long_is_not_lent() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let file = folder.path().join("a.db");
    for terms in [Terms { idle: SOON, ..TERMS }, Terms { life: SOON, ..TERMS }] {
        let (pool, opened) = on_terms(&file, 1, HOUR, Some(terms));
        number(&pool, "SELECT 1").await;
        tokio::time::sleep(SOON * 2).await;
        number(&pool, "SELECT 1").await;
        assert_eq!(opened.load(Ordering::SeqCst), 2, "{terms:?}");
    }
}

#[tokio::test]
async fn what_nobody_needs_any_more_is_closed() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let (pool, _) = on_terms(&folder.path().join("a.db"), 2, HOUR, Some(Terms { idle: SOON, ..TERMS }));
    let (mut first, mut second) = (pool.lend().await.expect("lends"), pool.lend().await.expect("lends"));
    first.set(State::Settled);
    second.set(State::Settled);
    drop(first);
    tokio::time::sleep(SOON * 2).await;
    drop(second);
    assert_eq!(pool.0.idle.lock().expect("is whole").len(), 1, "the second one's return closed the first");
}

#[tokio::test]
async fn what_does_not_answer_is_given_up() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let terms = Terms { answer: Duration::from_millis(1), settle: Duration::from_millis(1), ..TERMS };
    let (pool, opened) = on_terms(&folder.path().join("a.db"), 1, HOUR, Some(terms));
    let mut lent = pool.lend().await.expect("lends");
    let answer = pool.answered(lent.connection().expect("is there").one(sql(LONG))).await;
    assert!(matches!(answer, Err(DbErr::Conn(_))), "{answer:?}");
    drop(lent);
    assert_eq!(number(&pool, "SELECT 1").await, 1);
    assert_eq!(opened.load(Ordering::SeqCst), 2, "the first is not waited for");
}
