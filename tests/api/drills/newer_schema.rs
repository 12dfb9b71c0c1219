use sea_orm::{ConnectionTrait, Database};

use super::support::{Site, soon};

/// A database that a newer docket has migrated is left alone by an older one, which says why.
#[tokio::test]
async fn an_older_program_refuses_a_newer_database() {
    let site = Site::new("").await;
    site.done("db migrate").await;
    let url = &site.database.url;
    let database = Database::connect(url).await.expect("a connection");
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_from_the_future', 0)";
    database.execute_unprepared(newer).await.expect("a row");
    for line in ["serve", "db migrate", "db status", "user list"] {
        let output = soon("the program to give up", site.run(line)).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {said}");
        let reason = said.lines().last().unwrap_or_default();
        let words = ["error: ", "newer docket", "m9999_from_the_future", "Use that version or newer"];
        assert!(words.iter().all(|word| reason.contains(word)), "{line}: {said}");
    }
    let checked = site.run("db check").await;
    let faults = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.code() == Some(1) && faults.contains("m9999_from_the_future"), "{faults}");
    // Nothing was done to it.
    let users = database
        .query_all_raw(sea_orm::Statement::from_string(database.get_database_backend(), "SELECT id FROM \"user\""));
    assert!(users.await.expect("rows").is_empty());
    database.execute_unprepared("DELETE FROM seaql_migrations WHERE version LIKE 'm9999%'").await.expect("it goes");
    database.close().await.expect("it closes");
    site.serve().await.kill().await;
}
