//! Submitting, coming, finishing and leaving at once, at two servers where the database takes them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use super::{fetch_code, runner, service, unregister};
use crate::support::{Client, TestApp, code};

const RUNNERS: usize = 6;
const JOBS: usize = 60;

/// In one statement, and so in one moment: runners that hold more than one job, and jobs that wait beside a runner that is
/// there and holds nothing.
const WRONG: &str = "SELECT (SELECT COUNT(*) FROM (SELECT runner_id FROM job WHERE lease_expires_at IS NOT NULL \
    GROUP BY runner_id HAVING COUNT(*) > 1) AS crowded), \
    (SELECT COUNT(*) FROM job WHERE status = 'queued' AND EXISTS (SELECT 1 FROM runner \
        WHERE online_until IS NOT NULL AND NOT EXISTS \
            (SELECT 1 FROM job AS held WHERE held.runner_id = runner.id AND held.lease_expires_at IS NOT NULL)))";

/// Events of success, and the jobs that have one.
const ENDS: &str = "SELECT COUNT(*), COUNT(DISTINCT job_id) FROM event \
    WHERE kind = 'status_changed' AND detail ->> 'to' = 'succeeded'";

async fn numbers(app: &TestApp, sql: &str) -> (i64, i64) {
    let db = app.server.app.db.read();
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await.expect("an answer").expect("a row");
    (row.try_get_by_index(0).expect("a number"), row.try_get_by_index(1).expect("a number"))
}

/// One worker: comes, works, and now and then leaves in the middle, until everything is done.
async fn work(runner: Client, number: usize, done: &AtomicUsize) {
    for round in number.. {
        if done.load(Relaxed) >= JOBS {
            return;
        }
        let beat = runner.refused("runnerHeartbeat", json!({ "progress": 0.5 })).await;
        if beat == "INVALID_STATE" {
            runner.refused("runnerRegister", json!({})).await;
            continue;
        }
        assert_eq!(beat, "OK");
        let fetched = fetch_code(&runner).await;
        assert!(["OK", "NOT_FOUND"].contains(&fetched.as_str()), "{fetched}");
        if round % 5 == 4 {
            assert_eq!(unregister(&runner).await, "OK");
        } else if fetched == "OK" {
            let document = "mutation { assignmentComplete(input: {}) { job { id } } }";
            let answer = runner.graphql(document, json!({})).await;
            assert_eq!(code(&answer), "OK", "{answer}");
            done.fetch_add(1, Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_job_has_two_runners_no_runner_two_jobs_and_nobody_waits_for_nothing() {
    let app = TestApp::new().await;
    let service = service(&app, json!({})).await;
    let replica = app.replica().await;
    let here_or_there = |client: &Client, number: usize| match &replica {
        Some(replica) if number % 2 == 1 => client.at(replica),
        _ => client.clone(),
    };
    let (done, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut workers = Vec::new();
    for number in 0..RUNNERS {
        workers.push(here_or_there(&runner(&app, &service).await, number));
    }
    let working = join_all(workers.into_iter().enumerate().map(|(number, runner)| work(runner, number, &done)));
    let submitting = async {
        for start in (0..JOBS).step_by(6) {
            let batch = (start..start + 6).map(|number| {
                let ada = here_or_there(&app.admin(), number);
                let service = &service;
                async move { ada.submit(service, json!({})).await }
            });
            join_all(batch).await;
        }
    };
    let watching = async {
        let mut looks = 0;
        while !over.load(Relaxed) {
            assert_eq!(numbers(&app, WRONG).await, (0, 0));
            looks += 1;
            tokio::task::yield_now().await;
        }
        assert!(looks > 10, "{looks}");
    };
    let all = async {
        tokio::join!(working, submitting);
        over.store(true, Relaxed);
    };
    tokio::join!(all, watching);
    let jobs = app.admin().data("{ jobs(first: 100) { nodes { status } } }", json!({})).await["jobs"]["nodes"].take();
    assert_eq!(jobs, json!(vec![json!({ "status": "SUCCEEDED" }); JOBS]));
    assert_eq!(numbers(&app, ENDS).await, (i64::try_from(JOBS).expect("few"), i64::try_from(JOBS).expect("few")));
}
