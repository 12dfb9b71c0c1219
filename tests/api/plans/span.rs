//! What both databases do with the lists of recorded jobs of a span of time, and with what was used in one.

use docket::{
    domain::import::{self, Progress},
    viewer::Viewer,
};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use serde_json::json;
use tracing_subscriber::prelude::*;

use super::{Ear, unquoted};
use crate::support::TestApp;

/// Jobs of three users on three accounts, one an hour, each with a key of its own.
const JOBS: u32 = 6_000;

async fn filled() -> (TestApp, DatabaseConnection) {
    let app = TestApp::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let rows = |row: &dyn Fn(u32) -> String, number: u32| (1..=number).map(row).collect::<String>();
    let users = rows(&|n| format!("u{n},{n},,u{n}@example.org,{n},,\n"), 3);
    let accounts = rows(&|n| format!("{n},a{n},100,40,FCA,,,\n"), 3);
    let members = rows(&|n| format!("{n},{n},{n},50,30,,\n"), 3);
    let job = |n: u32| {
        let at = chrono::DateTime::from_timestamp(1_500_000_000 + i64::from(n) * 3_600, 0).expect("a moment");
        let (at, of) = (at.format("%Y-%m-%d %H:%M:%S"), n % 3 + 1);
        format!("{n},{n},{at},{at},{at},{of},{of},1,1,1,1,{at},\n")
    };
    for (name, text) in [
        ("users", format!("UserName,UserID,UserMetadata,Email,LDAPUID,Created,Updated\n{users}")),
        (
            "accounts",
            format!(
                "AccountID,AccountName,AccountAllocation,AccountBalance,Type,Description,Created,Updated\n{accounts}"
            ),
        ),
        (
            "useraccountassociations",
            format!("id,UserID,AccountID,UserAllocation,UserBalance,Created,Updated\n{members}"),
        ),
        (
            "jobs",
            format!(
                "JobNumber,JobSlurmID,SubmitDate,StartDate,EndDate,UserID,AccountID,Amount,JobStatus,Partition,QOS,\
                 Created,Updated\n{}",
                rows(&job, JOBS)
            ),
        ),
    ] {
        std::fs::write(folder.path().join(format!("{name}.csv")), text).expect("it is written");
    }
    let quiet = Progress::new(|_, _| ());
    import::mybrc(&app.server.app, &Viewer::local_operator(), folder.path(), quiet).await.expect("it is taken over");
    let db = Database::connect(ConnectOptions::new(&app.database().url).max_connections(1).to_owned()).await;
    let db = db.expect("a connection");
    db.execute_unprepared("UPDATE job_slurm SET slurm_key = CAST(number AS TEXT)").await.expect("it is done");
    if app.database().is_postgres() {
        db.execute_unprepared("ANALYZE").await.expect("it is done");
        // As for statements that are run again and again.
        db.execute_unprepared("SET plan_cache_mode = force_generic_plan").await.expect("it is done");
    }
    (app, db)
}

/// What the database does with a statement whose values it does not know.
async fn plan(db: &DatabaseConnection, sql: &str) -> String {
    let backend = db.get_database_backend();
    let (explain, column) = if backend == DbBackend::Postgres {
        db.execute_unprepared(&format!("PREPARE asked AS {sql}")).await.expect("it is prepared");
        let values = (1..=1_000).take_while(|number| sql.contains(&format!("${number}"))).count();
        let values = vec!["NULL"; values].join(", ");
        let values = if values.is_empty() { values } else { format!("({values})") };
        (format!("EXPLAIN EXECUTE asked{values}"), 0)
    } else {
        (format!("EXPLAIN QUERY PLAN {sql}"), 3)
    };
    let rows = db.query_all_raw(Statement::from_string(backend, explain)).await.expect("a plan");
    if backend == DbBackend::Postgres {
        db.execute_unprepared("DEALLOCATE asked").await.expect("it is gone");
    }
    let lines = rows.iter().map(|row| row.try_get_by_index::<String>(column).expect("a line"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Panics unless each of the statements of a document that contain `words` goes by the index.
async fn goes_by(app: &TestApp, db: &DatabaseConnection, document: &str, words: &str, index: &str) {
    let ear = Ear::default();
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(ear.clone()));
    app.admin().data(document, json!({})).await;
    drop(guard);
    let heard = ear.0.lock().expect("no panic").clone();
    let heard: Vec<String> = heard.into_iter().map(unquoted).filter(|sql| sql.contains(words)).collect();
    assert!(!heard.is_empty(), "nothing with {words:?}");
    for sql in heard {
        let plan = plan(db, &sql).await;
        assert!(plan.contains(index), "{sql}\n{plan}");
    }
}

#[tokio::test]
async fn jobs_of_a_span_of_time_are_read_by_their_begin() {
    let (app, db) = filled().await;
    for (whose, index) in
        [("accountNumber: 1", "job_started_account"), ("userNumber: 1", "job_started_owner"), ("", "job_started")]
    {
        let document = format!(
            "{{ recordedJobs(filter: {{ hasKey: true, {whose} startedFrom: \"2017-08-01T00:00:00Z\", \
             startedBefore: \"2017-08-02T00:00:00Z\" }}, take: 100) {{ totalCount cpuHours amount nodes {{ id }} }} }}"
        );
        // Where three accounts are all that there are, PostgreSQL may as well begin with the span of all of them.
        let index = if app.database().is_postgres() { "job_started" } else { index };
        goes_by(&app, &db, &document, "started_at\" >=", index).await;
    }
}

#[tokio::test]
async fn what_a_page_of_accounts_used_is_one_statement() {
    let (app, db) = filled().await;
    let used = "used(from: \"2017-08-01T00:00:00Z\", before: \"2030-08-02T00:00:00Z\")";
    for list in ["enrolledAccounts", "enrolledMembers"] {
        let document = format!("{{ {list}(take: 100) {{ nodes {{ {used} }} }} }}");
        let ear = Ear::default();
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(ear.clone()));
        let found = app.admin().data(&document, json!({})).await;
        drop(guard);
        // What was taken over was booked at the import, and 60 and 20 are what the tables say was spent.
        let expected = if list == "enrolledAccounts" { "60" } else { "20" };
        assert_eq!(found[list]["nodes"], json!([{ "used": expected }, { "used": expected }, { "used": expected }]));
        let heard = ear.0.lock().expect("no panic").clone();
        assert_eq!(heard.iter().filter(|sql| sql.contains("of_user")).count(), 1, "{heard:#?}");
        if !app.database().is_postgres() {
            goes_by(&app, &db, &document, "of_user", "ledger_entry_created").await;
        }
    }
}
