//! One job under whatever its owner, its workers and the clock may do to it, in any order.

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, prop_oneof},
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::support::{Client, Lease, TestApp, text};

#[derive(Clone, Copy, Debug)]
enum Step {
    Claim,
    Heartbeat,
    Log,
    CompleteWell,
    CompleteBadly,
    Fail { retryable: bool },
    Release,
    Cancel,
    Reprioritise,
    Leave,
    Advance(u64),
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Claim),
        3 => Just(Step::Heartbeat),
        2 => Just(Step::Log),
        1 => Just(Step::CompleteWell),
        1 => Just(Step::CompleteBadly),
        3 => Just(Step::Fail { retryable: true }),
        1 => Just(Step::Fail { retryable: false }),
        2 => Just(Step::Release),
        1 => Just(Step::Cancel),
        1 => Just(Step::Reprioritise),
        1 => Just(Step::Leave),
        4 => (1..70_u64).prop_map(Step::Advance),
        4 => Just(Step::Sweep),
    ]
}

struct World {
    app: TestApp,
    service: String,
    ada: Client,
    runners: [Client; 2],
}

/// What the test knows of the job beside what the server says.
struct Job {
    id: String,
    /// Every lease there was, with the runner that got it.
    leases: Vec<(usize, Lease)>,
    seen: Value,
}

const JOB: &str = "status attempt maxAttempts revision priority progress message results cancelRequested leaseExpiresAt
    startedAt finishedAt failure { kind } log { size text } viewerCan { cancel delete }
    events(first: 100) { nodes { __typename ... on JobStatusChanged { revision attempt from to }
        ... on JobProgressed { revision attempt } ... on JobLogAppended { revision attempt offset length } } }";

fn is_final(job: &Value) -> bool {
    matches!(job["status"].as_str(), Some("SUCCEEDED" | "FAILED" | "CANCELLED"))
}

fn is_held(job: &Value) -> bool {
    matches!(job["status"].as_str(), Some("CLAIMED" | "RUNNING"))
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let limits = json!({ "maxRunSeconds": 120, "retryTimeouts": true });
        let service = app.service(json!({ "resultsSchema": { "type": "integer" }, "limits": limits })).await;
        let ada = app.user("ada").await;
        let runners = [app.runner(&service).await, app.runner(&service).await];
        Self { app, service, ada, runners }
    }

    async fn live(&self, steps: &[Step]) {
        let id = self.ada.submit(&self.service, json!({})).await;
        let mut job = Job { id, leases: Vec::new(), seen: Value::Null };
        self.look(&mut job, Step::Sweep).await;
        for (index, step) in steps.iter().enumerate() {
            self.take(&mut job, *step, index % 2).await;
            self.look(&mut job, *step).await;
        }
        // Nothing may be left for the next one to claim.
        self.ada.refused("jobCancel", json!({ "jobId": job.id })).await;
        for runner in &self.runners {
            runner.data("mutation { runnerUnregister { runner { id } } }", json!({})).await;
        }
        self.look(&mut job, Step::Leave).await;
        assert!(is_final(&job.seen), "{}", job.seen);
    }

    async fn take(&self, job: &mut Job, step: Step, which: usize) {
        let call = |field: &'static str, more: Value| {
            // Mostly the latest lease, sometimes one that is long over.
            let old = if which == 1 { job.leases.len() / 2 } else { 0 };
            let lease = job.leases.iter().rev().nth(old).cloned();
            async move {
                let Some((holder, lease)) = lease else { return };
                let mut input = more;
                input["leaseToken"] = json!(lease.token);
                let code = self.runners[holder].refused(field, input).await;
                assert!(code == "OK" || code == "LEASE_LOST", "{field}: {code}");
            }
        };
        match step {
            Step::Claim => {
                let claimed = self.runners[which].claim_with(json!({})).await;
                job.leases.extend(claimed.into_iter().map(|lease| (which, lease)));
            }
            Step::Heartbeat => call("workHeartbeat", json!({ "progress": 0.5, "message": "x" })).await,
            Step::Log => call("workLog", json!({ "text": "ü\n" })).await,
            Step::CompleteWell => call("workComplete", json!({ "results": 1 })).await,
            Step::CompleteBadly => call("workComplete", json!({ "results": "one" })).await,
            Step::Fail { retryable } => call("workFail", json!({ "message": "x", "retryable": retryable })).await,
            Step::Release => call("workRelease", json!({})).await,
            Step::Cancel => drop(self.ada.refused("jobCancel", json!({ "jobId": job.id })).await),
            Step::Reprioritise => {
                drop(self.ada.refused("jobUpdate", json!({ "jobId": job.id, "priority": which })).await);
            }
            Step::Leave => {
                self.runners[which].data("mutation { runnerUnregister { runner { id } } }", json!({})).await;
            }
            Step::Advance(seconds) => self.app.advance(seconds),
            Step::Sweep => drop(self.app.sweep().await),
        }
    }

    /// Looks at the job, and at what has become of it since the last look.
    async fn look(&self, job: &mut Job, step: Step) {
        let now = self.ada.job(&job.id, JOB).await;
        let before = std::mem::replace(&mut job.seen, now.clone());
        if is_final(&before) {
            assert_eq!(now, before, "{step:?} changed a finished job");
        }
        assert_eq!(is_held(&now), now["leaseExpiresAt"].is_string(), "{step:?}: {now}");
        assert_eq!(is_final(&now), now["finishedAt"].is_string(), "{step:?}: {now}");
        assert_eq!(now["status"] == "FAILED", !now["failure"].is_null(), "{step:?}: {now}");
        assert!(now["status"] != "RUNNING" || now["startedAt"].is_string(), "{step:?}: {now}");
        assert!(before.is_null() || now["attempt"].as_i64() >= before["attempt"].as_i64(), "{step:?}: {now}");
        check_events(&now);
    }
}

/// The events are gapless, each begins where the last one ended, and the last one says what the job is.
fn check_events(job: &Value) {
    let events = job["events"]["nodes"].as_array().expect("events");
    let revisions: Vec<i64> = events.iter().filter_map(|event| event["revision"].as_i64()).collect();
    let last = job["revision"].as_i64().expect("a number");
    assert_eq!(revisions, (1..=last.min(100)).collect::<Vec<_>>());
    if last > 100 {
        return;
    }
    let (mut status, mut offset, mut ends) = (Value::Null, 0, 0);
    for event in events {
        match event["__typename"].as_str() {
            Some("JobStatusChanged") => {
                assert_eq!(event["from"], status, "{event}");
                status = event["to"].clone();
                ends += i32::from(is_final(&json!({ "status": status })));
            }
            Some("JobLogAppended") => {
                assert_eq!(event["offset"], offset, "{event}");
                offset += event["length"].as_i64().expect("a number");
            }
            _ => assert_eq!(event["__typename"], "JobProgressed"),
        }
    }
    assert_eq!(status, job["status"]);
    assert_eq!(job["log"]["size"], offset);
    assert_eq!(text(&job["log"]["text"]).len(), usize::try_from(offset).expect("positive"));
    assert!(ends <= 1, "{ends} ends");
}

#[test]
fn whatever_happens_a_job_ends_once_and_tells_every_step() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let world = runtime.block_on(World::new());
    // One server for all, and so no shrinking by the library's own loop: the steps are printed as they are.
    let mut runner = TestRunner::new(Config::default());
    for _ in 0..20 {
        let steps = vec(step(), 5..25).new_tree(&mut runner).expect("steps").current();
        let lived = runtime.block_on(async {
            let alive = std::panic::AssertUnwindSafe(world.live(&steps));
            futures_util::FutureExt::catch_unwind(alive).await
        });
        assert!(lived.is_ok(), "{steps:?}");
    }
}
