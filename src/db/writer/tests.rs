use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use entity::setting;
use futures_util::future::{BoxFuture, join_all};
use sea_orm::{ActiveValue::Set, EntityTrait, PaginatorTrait};

use crate::{
    config::Database,
    db::{Db, Tx},
    error::{Code, Error, Result},
    infra::clock::Clock,
};

async fn database() -> (tempfile::TempDir, Db) {
    let folder = tempfile::tempdir().expect("a folder");
    let db = open(&folder).await;
    db.schema().migrate().await.expect("migrates");
    (folder, db)
}

async fn open(folder: &tempfile::TempDir) -> Db {
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    Db::open(&Database { url, ..Database::default() }, Clock::default()).await.expect("opens")
}

async fn insert(tx: &Tx, name: String) -> Result<()> {
    let row = setting::ActiveModel { name: Set(name), value: Set(String::new()) };
    setting::Entity::insert(row).exec_without_returning(&tx.db).await?;
    Ok(())
}

/// A write that inserts a row and then goes wrong for every third number: by an error, or by a panic.
async fn write(db: &Db, number: usize) -> Result<usize> {
    db.write(number, |tx, number| {
        Box::pin(async move {
            insert(tx, format!("row {number}")).await?;
            assert!(number % 6 != 5, "a defect of one request");
            if number % 3 == 2 { Err(Error::LeaseLost) } else { Ok(*number) }
        })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_write_that_fails_undoes_itself_and_nothing_else() {
    let (_folder, db) = database().await;
    let outcomes = join_all((0..300).map(|number| write(&db, number))).await;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        match number % 6 {
            5 => assert_eq!(outcome.expect_err("panicked").code(), Code::Internal),
            2 => assert_eq!(outcome.expect_err("failed").code(), Code::LeaseLost),
            _ => assert_eq!(outcome.expect("done"), number),
        }
    }
    assert_eq!(setting::Entity::find().count(db.read()).await.expect("counts"), 200);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_when_the_file_is_opened_again() {
    let (folder, db) = database().await;
    write(&db, 0).await.expect("written");
    db.close().await;
    assert_eq!(write(&db, 1).await.expect_err("closed").code(), Code::Unavailable);
    let files: Vec<_> =
        std::fs::read_dir(folder.path()).expect("lists").map(|file| file.expect("a file").file_name()).collect();
    assert_eq!(files, ["test.db"], "the journal is written back");
    let db = open(&folder).await;
    assert_eq!(setting::Entity::find().count(db.read()).await.expect("counts"), 1);
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let (_folder, db) = database().await;
    let row = setting::ActiveModel { name: Set("x".into()), value: Set(String::new()) };
    assert!(setting::Entity::insert(row).exec_without_returning(db.read()).await.is_err());
}

/// Runs writes beside each other, some of which share a commit, and says how often their work was run in all.
async fn runs_of(db: &Db, work: fn(&Tx, usize) -> BoxFuture<'_, Result<()>>) -> usize {
    let runs = Arc::new(AtomicUsize::new(0));
    let writes = (0..60).map(|number| {
        db.write((Arc::clone(&runs), number), move |tx, (runs, number)| {
            runs.fetch_add(1, Ordering::Relaxed);
            work(tx, *number)
        })
    });
    join_all(writes).await;
    runs.load(Ordering::Relaxed)
}

async fn rows(db: &Db) -> u64 {
    setting::Entity::find().count(db.read()).await.expect("counts")
}

#[tokio::test]
async fn who_fails_before_writing_costs_the_others_nothing() {
    let (_folder, db) = database().await;
    let runs = runs_of(&db, |tx, number| {
        Box::pin(async move {
            setting::Entity::find().count(&tx.db).await?;
            if number % 3 == 2 { Err(Error::LeaseLost) } else { insert(tx, format!("row {number}")).await }
        })
    });
    assert_eq!(runs.await, 60);
    assert_eq!(rows(&db).await, 40);
}

#[tokio::test]
async fn who_fails_behind_a_write_is_undone_alone() {
    let (_folder, db) = database().await;
    let runs = runs_of(&db, |tx, number| {
        Box::pin(async move {
            insert(tx, format!("row {number}")).await?;
            if number == 30 { Err(Error::LeaseLost) } else { Ok(()) }
        })
    });
    let runs = runs.await;
    assert!((61..=60 + super::ROUND).contains(&runs), "one round is run again, and not more: {runs}");
    assert_eq!(rows(&db).await, 59);
}

#[tokio::test]
async fn a_statement_that_goes_wrong_and_is_lived_with_loses_nothing() {
    let (_folder, db) = database().await;
    let runs = runs_of(&db, |tx, number| {
        Box::pin(async move {
            // Every second one finds its name taken.
            let taken = insert(tx, format!("row {}", number / 2)).await.is_err();
            if taken { insert(tx, format!("other {number}")).await } else { Ok(()) }
        })
    });
    assert!(runs.await > 60, "rounds with such a statement are run again");
    assert_eq!(rows(&db).await, 60);
}
