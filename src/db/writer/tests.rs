use entity::setting;
use futures_util::future::join_all;
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
