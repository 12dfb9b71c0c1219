//! What SQLite does with the statements that must not read the whole table, nor sort a queue.
//!
//! The statements are those that the server runs: they are listened to while it runs them.

mod span;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;
use tracing::{Event, Subscriber, field::Field};
use tracing_subscriber::{Layer, layer::Context, prelude::*};

use crate::support::{Client, TestApp};

/// Hears every statement of the test's thread.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<BTreeSet<String>>>);

impl<S: Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut heard = self.0.lock().expect("no panic");
        if event.metadata().target() == "docket::sql" {
            event.record(&mut |field: &Field, value: &dyn std::fmt::Debug| {
                if field.name() == "sql" {
                    heard.insert(format!("{value:?}"));
                }
            });
        }
    }
}

/// What statements do: each with the lines of its plan.
struct Plans(Vec<(String, Vec<(i64, String)>)>);

/// The plans of the statements that `work` runs, as far as they touch jobs.
async fn plans_of(app: &TestApp, work: impl Future<Output = ()>) -> Plans {
    let ear = Ear::default();
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(ear.clone()));
    work.await;
    drop(guard);
    let heard = ear.0.lock().expect("no panic").clone();
    let mut plans = Vec::new();
    for sql in heard.into_iter().map(unquoted).filter(|sql| sql.contains("job") && !sql.contains("INSERT INTO")) {
        let explain = Statement::from_string(DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {sql}"));
        let rows =
            app.server.app.db.read().query_all_raw(explain).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let line = |row: &sea_orm::QueryResult| {
            (row.try_get_by_index(1).expect("a parent"), row.try_get_by_index(3).expect("a line"))
        };
        plans.push((sql, rows.iter().map(line).collect()));
    }
    Plans(plans)
}

/// Text fields come as they are, or as their debug form.
fn unquoted(text: String) -> String {
    if text.starts_with('"') { serde_json::from_str(&text).expect("a text") } else { text }
}

impl Plans {
    /// Panics where the table is read from end to end, or a queue is sorted.
    fn check(&self) -> &Self {
        for (sql, lines) in &self.0 {
            let mut steps: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
            for (parent, line) in lines {
                let table = ["job", "waiting"].iter().any(|name| {
                    line.strip_prefix("SCAN ")
                        .and_then(|rest| rest.strip_prefix(name))
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' ') && !rest.contains("INDEX job_"))
                });
                assert!(!table, "the table is read from end to end: {sql}\n{lines:#?}");
                steps.entry(*parent).or_default().push(line);
            }
            for siblings in steps.values() {
                let queue = siblings.iter().any(|line| {
                    ["job_claim", "job_turn", "job_held", "job_scheduled"].iter().any(|index| line.contains(index))
                });
                let sorts = siblings.iter().any(|line| line.contains("TEMP B-TREE"));
                assert!(!(queue && sorts), "a queue is sorted: {sql}\n{lines:#?}");
            }
        }
        self
    }

    /// Panics unless a statement that contains `words` goes by `index`.
    fn by(&self, words: &str, index: &str) -> &Self {
        let goes = |lines: &[(i64, String)]| lines.iter().any(|(_, line)| line.contains(&format!("INDEX {index}")));
        let found = self.0.iter().filter(|(sql, _)| sql.contains(words));
        let found: Vec<_> = found.map(|(sql, lines)| (goes(lines), sql, lines)).collect();
        assert!(
            found.iter().any(|(goes, ..)| *goes),
            "nothing with {words:?} goes by {index}: {found:#?}\n{:#?}",
            self.0
        );
        self
    }
}

impl Plans {
    /// Panics where a statement that contains `words` goes by `index`.
    fn not_by(&self, words: &str, index: &str) -> &Self {
        for (sql, lines) in self.0.iter().filter(|(sql, _)| sql.contains(words)) {
            let goes = lines.iter().any(|(_, line)| line.contains(&format!("INDEX {index} ")));
            assert!(!goes, "it goes by {index}: {sql}\n{lines:#?}");
        }
        self
    }

    /// Panics where a statement that contains `words` sorts what it finds by more than the heads of its parts.
    fn unsorted(&self, words: &str) -> &Self {
        let mut found = self.0.iter().filter(|(sql, _)| sql.contains(words)).peekable();
        assert!(found.peek().is_some(), "nothing with {words:?}: {:#?}", self.0);
        for (sql, lines) in found {
            let sorts = lines.iter().any(|(_, line)| line.contains("TEMP B-TREE FOR ORDER BY"));
            assert!(!sorts, "the log is sorted: {sql}\n{lines:#?}");
        }
        self
    }
}

async fn world(limits: serde_json::Value) -> Option<(TestApp, String, Client, Client)> {
    let app = TestApp::new().await;
    if app.database().is_postgres() {
        println!("nothing to see: these are plans of SQLite");
        return None;
    }
    let service = app.service(json!({ "limits": limits })).await;
    let labels = json!([{ "key": "a", "value": "1" }]);
    let (ada, runner) =
        (app.user("ada").await, app.runner_with(json!({ "serviceIds": [service], "labels": labels })).await);
    for requires in [json!([]), labels] {
        ada.submit_with(json!({ "serviceId": service, "requires": requires })).await;
    }
    Some((app, service, ada, runner))
}

#[tokio::test]
async fn a_claim_reads_the_heads_of_its_queues() {
    let Some((app, ..)) = world(json!({})).await else { return };
    let mut services = Vec::new();
    for _ in 0..9 {
        services.push(app.service(json!({})).await);
    }
    let (few, many) = (
        app.runner_with(json!({ "serviceIds": services[..2] })).await,
        app.runner_with(json!({ "serviceIds": services })).await,
    );
    let plans = plans_of(&app, async {
        for runner in [&few, &many] {
            // The wait is for the look that comes before the next try.
            assert_eq!(runner.claim_with(json!({ "waitSeconds": 2 })).await.len(), 0);
        }
    });
    let plans = plans.await;
    plans
        .check()
        .by("UPDATE job", "job_claim")
        .by("json_each", "job_claim")
        .by("SELECT * FROM (SELECT id", "job_claim");
    plans.by("ELSE 0 END - (SELECT COUNT", "job_runner");
}

#[tokio::test]
async fn a_claim_under_limits_goes_from_user_to_user() {
    let Some((app, _, _, runner)) = world(json!({ "maxRunning": 2, "maxRunningPerUser": 1 })).await else { return };
    let plans = plans_of(&app, async {
        assert_eq!(runner.claim_with(json!({ "max": 5 })).await.len(), 1);
        assert_eq!(runner.claim_with(json!({ "waitSeconds": 2 })).await.len(), 0);
    });
    let plans = plans.await;
    plans.check().by("WITH RECURSIVE turn", "job_turn").by("WITH RECURSIVE turn", "job_running");
    plans.by("SELECT COUNT(*) FROM job WHERE service_id", "job_running");
}

#[tokio::test]
async fn the_sweeper_reads_what_is_held_and_what_is_due() {
    let Some((app, service, ada, runner)) = world(json!({})).await else { return };
    assert_eq!(runner.claim_with(json!({ "max": 5 })).await.len(), 2);
    let later = app.clock.now_micros() / 1_000_000 + 31;
    let later = chrono::DateTime::from_timestamp(later, 0).expect("a moment").to_rfc3339();
    ada.submit_with(json!({ "serviceId": service, "scheduledAt": later })).await;
    app.advance(32);
    let plans = plans_of(&app, async {
        assert_eq!(app.sweep().await, 2);
        assert_eq!(docket::domain::lease::promote(&app.server.app).await.expect("promoted"), 1);
        docket::domain::meter::count(&app.server.app).await.expect("counted");
    });
    let plans = plans.await;
    plans.check().by("lease_expires_at <= ?", "job_held").by("status = 'scheduled'", "job_scheduled");
    plans
        .by("COUNT(*) FROM job INDEXED BY job_claim", "job_claim")
        .by("COUNT(*) FROM job INDEXED BY job_held", "job_held");
}

#[tokio::test]
async fn cancelling_many_reads_only_what_is_not_finished() {
    let Some((app, service, ada, _)) = world(json!({})).await else { return };
    let cancel = async |client: &Client, filter: serde_json::Value| {
        client.change("jobsCancel", json!({ "filter": filter }), "cancelled").await;
    };
    let waiting = json!({ "status": { "eq": "QUEUED" } });
    let hers = plans_of(&app, cancel(&ada, waiting.clone())).await;
    hers.check().by("\"cancel_requested\" = ", "job_unfinished_owner");
    ada.submit(&service, json!({})).await;
    plans_of(&app, cancel(&app.admin(), waiting)).await.check().by("INDEXED BY job_unfinished", "job_unfinished");
    ada.submit(&service, json!({})).await;
    let of_service = plans_of(&app, cancel(&app.admin(), json!({ "serviceId": { "eq": service } }))).await;
    of_service.check().by("\"cancel_requested\" = ", "job_unfinished");
}

#[tokio::test]
async fn what_a_runner_holds_is_found_by_the_runner() {
    let Some((app, _, ada, runner)) = world(json!({})).await else { return };
    assert_eq!(runner.claim_with(json!({ "max": 5 })).await.len(), 2);
    let document = "query($id: ID!) { runner(id: $id) { jobs { nodes { id } } } }";
    for client in [&runner, &app.admin()] {
        let ask = async { drop(client.data(document, json!({ "id": runner.id })).await) };
        plans_of(&app, ask).await.check().by("\"runner_id\" = ", "job_runner");
    }
    let number = ada.data("{ jobs { nodes { number } } }", json!({})).await["jobs"]["nodes"][0]["number"].clone();
    let document = "query($number: Int) { job(number: $number) { runner { jobs { nodes { id } } } } }";
    let ask = async { drop(ada.data(document, json!({ "number": number })).await) };
    plans_of(&app, ask).await.check().by("\"runner_id\" = ", "job_runner");
}

#[tokio::test]
async fn a_jobs_place_is_counted_by_the_index() {
    let Some((app, _, ada, runner)) = world(json!({ "maxRunning": 9, "maxRunningPerUser": 8 })).await else { return };
    runner.claim_with(json!({ "max": 1 })).await;
    let plans = plans_of(&app, async {
        ada.data("{ jobs { nodes { waitingReason { code } } } }", json!({})).await;
    });
    plans.await.by("COUNT(*) FILTER", "job_claim").by("owner_id = ? AND lease_expires_at", "job_running");
}

/// Where jobs are listed.
const LIST: &str = "ORDER BY \"job\".\"id\" DESC";

#[tokio::test]
async fn a_list_reads_no_part_that_its_filter_leaves_nothing_of() {
    let Some((app, other, ..)) = world(json!({})).await else { return };
    let cara = app.author("cara").await;
    let services = [cara.service(json!({})).await, cara.service(json!({})).await];
    cara.project(json!({})).await;
    let list = async |filter: serde_json::Value| {
        let document = "query($filter: JobFilter) { jobs(filter: $filter) { nodes { id } } }";
        let ask = async { drop(cara.data(document, json!({ "filter": filter })).await) };
        plans_of(&app, ask).await
    };
    let all = list(json!({})).await;
    all.check().by(LIST, "job_owner ").by(LIST, "job_service ").by(LIST, "job_project ");
    let own = list(json!({ "serviceId": { "in": services } })).await;
    own.check().by(LIST, "job_service ").not_by(LIST, "job_owner").not_by(LIST, "job_project");
    let foreign = list(json!({ "serviceId": { "eq": other } })).await;
    foreign.check().by(LIST, "job_owner ").by(LIST, "job_project ");
    let hers = list(json!({ "ownerId": { "eq": cara.id }, "dialect": { "in": ["PROJECT_W"] } })).await;
    hers.check().by(LIST, "job_owner_dialect ").not_by(LIST, "job_service").not_by(LIST, "job_project");
    // The cursor bounds the parts; once more around them, PostgreSQL would read all that lies beyond it.
    let document = "query($after: String) { jobs(first: 1, after: $after) { pageInfo { endCursor } } }";
    cara.submit(&services[0], json!({})).await;
    let first = cara.data(document, json!({})).await;
    let after = json!({ "after": first["jobs"]["pageInfo"]["endCursor"] });
    let deep = plans_of(&app, async { drop(cara.data(document, after).await) }).await;
    let bounded = |sql: &&(String, Vec<(i64, String)>)| sql.0.contains(LIST) && sql.0.contains("\"job\".\"id\" < ");
    let (sql, _) = deep.0.iter().find(bounded).expect("the page in the depth");
    assert!(!sql.rsplit(')').next().is_some_and(|end| end.contains('<')), "{sql}");
    let numbers = list(json!({ "dialect": { "in": ["PROJECT_W"] }, "dialectNumbers": [1, 2, 3] })).await;
    numbers.check().by(LIST, "job_dialect ");
}

const EVENTS: &str = "query($filter: JobEventFilter) { jobEvents(filter: $filter, first: 5, after: \"e0\") {
    nodes { __typename } } }";

/// Where the log is read from.
const LOG: &str = "\"event\".\"detail\"";

#[tokio::test]
async fn the_log_is_read_by_what_its_reader_may_see() {
    let Some((app, service, ada, runner)) = world(json!({})).await else { return };
    assert_eq!(runner.claim_with(json!({})).await.len(), 1);
    let other = app.service(json!({})).await;
    let one = json!({ "serviceId": { "eq": service } });
    let two = json!({ "serviceId": { "in": [service, other] } });
    let cara = app.author("cara").await;
    cara.service(json!({})).await;
    cara.project(json!({})).await;
    let accountant = app.user_with("max", &["accounting"], false).await;
    let read = |client: Client, filter: serde_json::Value| {
        let app = &app;
        async move {
            let ask = async { drop(client.data(EVENTS, json!({ "filter": filter })).await) };
            plans_of(app, ask).await
        }
    };
    read(app.admin(), one).await.unsorted(LOG).by(LOG, "event_service");
    read(app.admin(), two).await.unsorted(LOG).by(LOG, "event_service");
    read(app.admin(), json!({ "ownerId": { "in": [ada.id, cara.id] } })).await.unsorted(LOG).by(LOG, "event_owner");
    read(runner, json!({})).await.unsorted(LOG).by(LOG, "event_runner");
    read(ada, json!({})).await.unsorted(LOG).by(LOG, "event_owner");
    read(cara.clone(), json!({})).await.unsorted(LOG).by(LOG, "event_owner").by(LOG, "event_service");
    read(cara.clone(), json!({})).await.by(LOG, "event_project");
    read(accountant, json!({})).await.unsorted(LOG).by(LOG, "event_recorded");
    // Who follows reads the same log.
    let follow = async {
        let mut stream = cara.subscribe("subscription { jobEvents(after: \"e0\") { cursor } }", json!({})).await;
        cara.submit(&other, json!({})).await;
        stream.item("jobEvents").await;
    };
    plans_of(&app, follow).await.unsorted(LOG).by(LOG, "event_owner").by(LOG, "event_service").by(LOG, "event_project");
}

#[tokio::test]
async fn recorded_jobs_are_listed_from_the_index_of_their_number() {
    let app = TestApp::new().await;
    if app.database().is_postgres() {
        println!("nothing to see: these are plans of SQLite");
        return;
    }
    let document = "query($filter: RecordedJobFilter) { recordedJobs(filter: $filter) { totalCount numbers } }";
    let owner = app.user("ada").await.id;
    let record = json!({ "ownerId": owner, "slurm": { "partition": 3, "qos": 5 } });
    app.admin().change("jobRecord", record, "job { id }").await;
    for (name, number, index) in [("partition", 3, "job_slurm_partition"), ("qos", 5, "job_slurm_qos")] {
        let ask = async { drop(app.admin().data(document, json!({ "filter": { name: number } })).await) };
        let words = format!("\"job_slurm\".\"{name}\" = ?");
        plans_of(&app, ask).await.by(&words, index).unsorted(&words);
    }
}
