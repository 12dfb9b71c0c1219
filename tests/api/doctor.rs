//! What `docket doctor` finds, and the figure that says for how long the log of events is held back.

use docket::domain::doctor::{Finding, Verdict, examine};
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection, query_scalar};
use serde_json::json;

use crate::support::{TestApp, page_of_metrics};

/// An event that is written, and not committed.
const EVENT: &str =
    "INSERT INTO event (account_id, kind, attempt, detail, created_at) VALUES (1, 'booked', 0, '{}', 0)";

/// What was found of one thing.
async fn of(app: &TestApp, check: &str) -> Vec<Finding> {
    examine(&app.server.app).await.into_iter().filter(|finding| finding.check == check).collect()
}

async fn verdicts(app: &TestApp, check: &str) -> Vec<Verdict> {
    of(app, check).await.into_iter().map(|finding| finding.verdict).collect()
}

async fn change(app: &TestApp, sql: &'static str) {
    let done = app.server.app.db.write(sql, |tx, sql| {
        Box::pin(async move { Ok(sea_orm::ConnectionTrait::execute_unprepared(&tx.db, sql).await?.rows_affected()) })
    });
    assert_eq!(done.await.expect("it is changed"), 1);
}

#[tokio::test]
async fn who_holds_back_the_log_of_events_is_named() {
    let app = TestApp::new().await;
    assert_eq!(verdicts(&app, "event log").await, [Verdict::Ok]);
    if !app.database().is_postgres() {
        return println!("nothing more to see: a SQLite file has one writer");
    }
    let url = format!("{}?application_name=nightly", app.database().url);
    let mut other = PgConnection::connect(&url).await.expect("a connection");
    let pid: i32 = query_scalar("SELECT pg_backend_pid()").fetch_one(&mut other).await.expect("a number");
    let mut transaction = other.begin().await.expect("a transaction");
    transaction.execute(EVENT).await.expect("a row");
    assert_eq!(verdicts(&app, "event log").await, [Verdict::Ok], "everybody writes for a moment");
    let service = app.service(json!({})).await;
    app.admin().submit(&service, json!({})).await;
    app.advance(3);
    assert_eq!(verdicts(&app, "event log").await, [Verdict::Notice]);
    app.advance(60);
    let found = of(&app, "event log").await;
    let [Finding { verdict: Verdict::Wrong, finding, advice: Some(advice), .. }] = &found[..] else {
        panic!("{found:?}")
    };
    for part in [&format!("pid {pid}"), "application nightly", "idle in transaction", "1 events wait"] {
        assert!(finding.contains(part), "{part} is not in {finding}");
    }
    assert!(advice.contains(&format!("SELECT pg_terminate_backend({pid})")), "{advice}");
    transaction.rollback().await.expect("it is gone");
    assert_eq!(verdicts(&app, "event log").await, [Verdict::Ok]);
}

async fn lag(app: &TestApp) -> f64 {
    let page = page_of_metrics(&app.anonymous()).await;
    let line = page.lines().find_map(|line| line.strip_prefix("docket_event_lag_seconds "));
    line.unwrap_or_else(|| panic!("no such figure in\n{page}")).parse().expect("a number")
}

/// Waits until the figure is as it should be.
async fn lag_becomes(app: &TestApp, right: impl Fn(f64) -> bool) {
    let becomes = async {
        while !right(lag(app).await) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, becomes).await.expect("the figure follows");
}

#[tokio::test]
async fn a_figure_says_for_how_long_the_log_is_held_back() {
    let app = TestApp::new().await;
    lag_becomes(&app, |lag| lag == 0.0).await;
    if !app.database().is_postgres() {
        return println!("nothing more to see: a SQLite file has one writer");
    }
    let mut other = PgConnection::connect(&app.database().url).await.expect("a connection");
    let mut transaction = other.begin().await.expect("a transaction");
    transaction.execute(EVENT).await.expect("a row");
    let service = app.service(json!({})).await;
    app.admin().submit(&service, json!({})).await;
    lag_becomes(&app, |lag| lag > 0.2).await;
    transaction.rollback().await.expect("it is gone");
    lag_becomes(&app, |lag| lag == 0.0).await;
}

#[tokio::test]
async fn a_write_that_another_program_does_not_end_is_found() {
    let app = TestApp::new().await;
    if app.database().is_postgres() {
        return println!("nothing to see: there writes run beside each other");
    }
    assert_eq!(verdicts(&app, "writing").await, [Verdict::Ok]);
    let mut other = SqliteConnection::connect(&app.database().url).await.expect("a connection");
    other.execute(AssertSqlSafe("BEGIN IMMEDIATE".to_owned())).await.expect("it has begun");
    let found = of(&app, "writing").await;
    assert_eq!(found[0].verdict, Verdict::Wrong);
    assert!(found[0].finding.contains("another program"), "{found:?}");
    other.execute("ROLLBACK").await.expect("it is over");
    assert_eq!(verdicts(&app, "writing").await, [Verdict::Ok]);
}

#[tokio::test]
async fn runners_that_have_gone_and_jobs_that_are_stuck_are_found() {
    let app = TestApp::new().await;
    let service = app.service(json!({ "limits": { "leaseSeconds": 60 } })).await;
    let runner = app.runner_with(json!({ "serviceIds": [service], "name": "mill" })).await;
    runner.change("runnerRegister", json!({}), "runner { id }").await;
    for _ in 0..2 {
        app.admin().submit(&service, json!({})).await;
    }
    runner.claim().await;
    assert_eq!(verdicts(&app, "runners").await, [Verdict::Ok]);
    assert_eq!(verdicts(&app, "jobs").await, [Verdict::Ok]);
    app.advance(600);
    let gone = of(&app, "runners").await;
    assert_eq!(gone[0].verdict, Verdict::Notice);
    assert!(gone[0].finding.contains("mill (last heard of "), "{gone:?}");
    let waiting = of(&app, "jobs").await;
    assert_eq!(waiting[0].verdict, Verdict::Notice);
    assert!(waiting[0].finding.starts_with("1 jobs of echo") && waiting.len() == 1, "{waiting:?}");
    // Two sweeps have passed without one.
    app.advance(3 * 3600);
    assert_eq!(verdicts(&app, "jobs").await, [Verdict::Wrong, Verdict::Notice]);
    app.sweep().await;
    assert_eq!(verdicts(&app, "jobs").await, [Verdict::Notice]);
}

#[tokio::test]
async fn sums_and_old_holds_are_found() {
    let app = TestApp::new().await;
    let account = app.account(json!({ "granted": "10" })).await;
    let ada = app.user("ada").await;
    app.member(&account, &ada, json!({})).await;
    let service = app.service(json!({ "prices": { "perJob": "5" } })).await;
    let later = app.clock.now_micros() / 1_000_000 + 300 * 86_400;
    let later = chrono::DateTime::from_timestamp(later, 0).expect("a moment").to_rfc3339();
    let input = json!({ "serviceId": service, "accountId": account, "scheduledAt": later });
    ada.submit_with(input).await;
    assert_eq!(verdicts(&app, "jobs").await, [Verdict::Ok]);
    app.advance(8 * 86_400);
    let held = of(&app, "jobs").await;
    assert_eq!(held[0].verdict, Verdict::Notice);
    assert!(held[0].advice.as_ref().is_some_and(|advice| advice.contains("docket account holds")), "{held:?}");
    assert_eq!(verdicts(&app, "accounts").await, [Verdict::Ok]);
    change(&app, "UPDATE account SET granted = granted + 1").await;
    let faults = of(&app, "accounts").await;
    assert_eq!(faults[0].verdict, Verdict::Wrong);
    assert!(faults[0].finding.contains("are not those of its entries"), "{faults:?}");
}

#[tokio::test]
async fn tables_of_a_newer_docket_are_found_and_left_alone() {
    let app = TestApp::new().await;
    change(&app, "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_tomorrow', 0)").await;
    let found = of(&app, "schema").await;
    assert_eq!(found[0].verdict, Verdict::Wrong);
    assert!(found[0].finding.contains("m9999_tomorrow"), "{found:?}");
    assert_eq!(verdicts(&app, "jobs").await, []);
}
