//! Jobs for later.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::support::{Client, TestApp, text};

const JOB: &str = "status scheduledAt runAfter submittedAt revision";

struct World {
    app: TestApp,
    service: String,
    ada: Client,
    runner: Client,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let service = app.service(json!({})).await;
        let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
        Self { app, service, ada, runner }
    }

    /// So many seconds from the server's now.
    fn in_seconds(&self, seconds: i64) -> String {
        let now = DateTime::<Utc>::from_timestamp_micros(self.app.clock.now_micros()).expect("a moment");
        (now + Duration::seconds(seconds)).to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    async fn scheduled(&self, seconds: i64) -> String {
        let input = json!({ "serviceId": self.service, "scheduledAt": self.in_seconds(seconds) });
        self.ada.submit_with(input).await
    }

    /// What the sweeper does with jobs whose moment has come.
    async fn promote(&self) -> usize {
        docket::domain::lease::promote(&self.app.server.app).await.expect("promoted")
    }
}

#[tokio::test]
async fn a_scheduled_job_is_queued_when_its_moment_has_come_and_tells_so() {
    let world = World::new().await;
    let at = world.in_seconds(3600);
    let input = json!({ "serviceId": world.service, "scheduledAt": at });
    let made = world.ada.change("jobSubmit", input, &format!("job {{ id {JOB} }}")).await["job"].take();
    assert_eq!(
        (&made["status"], &made["scheduledAt"], &made["runAfter"]),
        (&json!("SCHEDULED"), &json!(at), &json!(at))
    );
    let id = text(&made["id"]);
    world.app.advance(3590);
    world.promote().await;
    assert_eq!(world.runner.claim_with(json!({})).await.len(), 0);
    assert_eq!(world.ada.status(&id).await, "SCHEDULED");
    world.app.advance(10);
    world.promote().await;
    let job =
        world.ada.job(&id, &format!("{JOB} events {{ nodes {{ ... on JobStatusChanged {{ from to }} }} }}")).await;
    assert_eq!((&job["status"], &job["scheduledAt"], &job["revision"]), (&json!("QUEUED"), &json!(at), &json!(2)));
    let expected = json!([{ "from": null, "to": "SCHEDULED" }, { "from": "SCHEDULED", "to": "QUEUED" }]);
    assert_eq!(job["events"]["nodes"], expected);
    assert_eq!(world.runner.claim().await.job, id);
    // Nothing is promoted twice.
    world.promote().await;
    assert_eq!(world.ada.status(&id).await, "CLAIMED");
}

#[tokio::test]
async fn a_waiting_claim_and_a_watched_queue_hear_of_a_job_whose_moment_has_come() {
    let world = World::new().await;
    let document = "subscription($ids: [ID!]!) { jobsAvailable(serviceIds: $ids) { id } }";
    let mut hints = world.runner.subscribe(document, json!({ "ids": [world.service] })).await;
    let id = world.scheduled(3600).await;
    let runner = world.runner.clone();
    let waiting = tokio::spawn(async move { runner.claim_with(json!({ "waitSeconds": 30 })).await });
    world.app.advance(3600);
    assert_eq!(world.promote().await, 1);
    let leases = tokio::time::timeout(crate::support::PATIENCE, waiting).await.expect("it wakes").expect("no panic");
    assert_eq!(leases[0].job, id);
    assert_eq!(hints.item("jobsAvailable").await["id"], json!(world.service));
}

#[tokio::test]
async fn one_that_cannot_be_queued_keeps_no_other_waiting() {
    let world = World::new().await;
    let (first, second) = (world.scheduled(60).await, world.scheduled(61).await);
    world.app.spoil(&first).await;
    world.app.advance(62);
    assert_eq!(world.promote().await, 1);
    assert_eq!(world.ada.status(&second).await, "QUEUED");
    assert_eq!(world.promote().await, 0);
}

#[tokio::test]
async fn the_past_means_at_once_and_more_than_a_year_is_refused() {
    let world = World::new().await;
    for seconds in [-86_400, 0] {
        let job = world.scheduled(seconds).await;
        let seen = world.ada.job(&job, JOB).await;
        assert_eq!((&seen["status"], &seen["runAfter"]), (&json!("QUEUED"), &seen["submittedAt"]));
        assert_eq!(world.runner.claim().await.job, job);
    }
    world.scheduled(366 * 86_400 - 60).await;
    for at in [world.in_seconds(366 * 86_400 + 60), "9999-12-31T23:59:59Z".to_owned()] {
        let input = json!({ "serviceId": world.service, "scheduledAt": at });
        assert_eq!(world.ada.wrong("jobSubmit", input).await, ["scheduledAt"], "{at}");
    }
    for at in ["tomorrow", "2026-13-01T00:00:00Z", ""] {
        let input = json!({ "serviceId": world.service, "scheduledAt": at });
        assert_eq!(world.ada.refused("jobSubmit", input).await, "BAD_REQUEST", "{at}");
    }
}

#[tokio::test]
async fn a_scheduled_job_is_cancelled_at_once() {
    let world = World::new().await;
    let job = world.scheduled(60).await;
    assert_eq!(world.ada.job(&job, "viewerCan { cancel }").await["viewerCan"]["cancel"], true);
    world.ada.change("jobCancel", json!({ "jobId": job }), "job { id }").await;
    world.app.advance(120);
    world.promote().await;
    assert_eq!(world.ada.status(&job).await, "CANCELLED");
    assert_eq!(world.runner.claim_with(json!({})).await.len(), 0);
}

#[tokio::test]
async fn a_scheduled_job_gets_another_priority_and_another_moment() {
    let world = World::new().await;
    let job = world.scheduled(60).await;
    let input = json!({ "jobId": job, "priority": 7, "scheduledAt": world.in_seconds(600) });
    let changed = world.ada.change("jobUpdate", input, "job { status priority scheduledAt runAfter }").await;
    let changed = &changed["job"];
    assert_eq!((&changed["status"], &changed["priority"]), (&json!("SCHEDULED"), &json!(7)));
    assert_eq!(changed["scheduledAt"], changed["runAfter"]);
    world.app.advance(120);
    world.promote().await;
    assert_eq!(world.ada.status(&job).await, "SCHEDULED", "it was put off");
    let far = json!({ "jobId": job, "scheduledAt": world.in_seconds(400 * 86_400) });
    assert_eq!(world.ada.wrong("jobUpdate", far).await, ["scheduledAt"]);
    assert_eq!(world.ada.wrong("jobUpdate", json!({ "jobId": job })).await, ["priority"]);
    let input = json!({ "jobId": job, "scheduledAt": world.in_seconds(-1) });
    assert_eq!(world.ada.change("jobUpdate", input, "job { status }").await["job"]["status"], "QUEUED");
    // From here on it has no moment any more.
    let late = json!({ "jobId": job, "scheduledAt": world.in_seconds(60) });
    assert_eq!(world.ada.refused("jobUpdate", late).await, "INVALID_STATE");
    assert_eq!(world.runner.claim().await.job, job);
}

#[tokio::test]
async fn a_service_with_scheduled_jobs_is_not_removed() {
    let world = World::new().await;
    world.scheduled(60).await;
    let input = json!({ "serviceId": world.service });
    assert_eq!(world.app.admin().refused("serviceDelete", input).await, "INVALID_STATE");
}

#[tokio::test]
async fn a_filter_finds_scheduled_jobs() {
    let world = World::new().await;
    let later = world.scheduled(60).await;
    world.ada.submit(&world.service, json!({})).await;
    let document = "query($filter: JobFilter) { jobs(filter: $filter) { nodes { id } } }";
    let filter = json!({ "filter": { "status": { "eq": "SCHEDULED" } } });
    let found: Value = world.ada.data(document, filter).await["jobs"]["nodes"].take();
    assert_eq!(found, json!([{ "id": later }]));
}

#[tokio::test]
async fn many_that_are_due_at_once_are_all_queued() {
    let world = World::new().await;
    for _ in 0..205 {
        world.scheduled(60).await;
    }
    world.app.advance(61);
    world.promote().await;
    let document = "{ jobs(filter: { status: { eq: QUEUED } }) { totalCount } }";
    assert_eq!(world.ada.data(document, json!({})).await["jobs"]["totalCount"], 205);
}
