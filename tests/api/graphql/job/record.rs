//! Jobs that another system ran.

use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, TestApp, text};

struct World {
    app: TestApp,
    /// Has the role `accounting`.
    bea: Client,
    ada: Client,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let bea = app.user_with("bea", &["accounting"], false).await;
        let ada = app.user("ada").await;
        Self { app, bea, ada }
    }

    async fn record(&self, input: Value) -> String {
        let mut input = input;
        input["ownerId"] = json!(self.ada.id);
        text(&self.bea.change("jobRecord", input, "job { id }").await["job"]["id"])
    }
}

#[tokio::test]
async fn a_recorded_job_shows_what_was_said_of_it() {
    let world = World::new().await;
    let slurm = json!({ "jobId": "4711", "partition": 3, "qos": -128, "stateCode": 127, "nodes": ["n1", "n2"],
        "cpus": 48, "rawHours": 1.5, "cpuHours": 72 });
    let labels = json!([{ "key": "cluster", "value": "savio" }]);
    let input = json!({ "ownerId": world.ada.id, "submittedAt": "2019-05-01T10:00:00Z", "startedAt": "2019-05-01T11:00:00Z",
        "finishedAt": "2019-05-01T12:30:00Z", "slurm": slurm, "labels": labels });
    let selection = "replayed job { id origin status service { id } owner { username } submittedAt startedAt finishedAt
        parameters results priority attempt labels { key value } revision
        slurm { jobId partition qos stateCode nodes cpus rawHours cpuHours }
        events { nodes { ... on JobStatusChanged { from to } } } viewerCan { cancel retry delete } }";
    let mut made = world.bea.change("jobRecord", input, selection).await;
    let id = text(&made["job"]["id"].take());
    let expected = json!({ "id": null, "origin": "RECORDED", "status": "SUCCEEDED", "service": null,
        "owner": { "username": "ada" }, "submittedAt": "2019-05-01T10:00:00.000000Z",
        "startedAt": "2019-05-01T11:00:00.000000Z", "finishedAt": "2019-05-01T12:30:00.000000Z",
        "parameters": {}, "results": null, "priority": 0, "attempt": 0, "labels": labels, "revision": 1,
        "slurm": { "jobId": "4711", "partition": 3, "qos": -128, "stateCode": 127, "nodes": ["n1", "n2"], "cpus": 48,
            "rawHours": 1.5, "cpuHours": 72.0 },
        "events": { "nodes": [{ "from": null, "to": "SUCCEEDED" }] },
        "viewerCan": { "cancel": false, "retry": false, "delete": true } });
    assert_eq!(made, json!({ "replayed": false, "job": expected }));
    let hers = world.ada.job(&id, "slurm { jobId } viewerCan { delete }").await;
    assert_eq!(hers, json!({ "slurm": { "jobId": "4711" }, "viewerCan": { "delete": false } }));
}

#[tokio::test]
async fn its_state_follows_from_its_dates() {
    let world = World::new().await;
    let (start, end) = ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z");
    for (input, status) in [
        (json!({}), "QUEUED"),
        (json!({ "submittedAt": start }), "QUEUED"),
        (json!({ "startedAt": start }), "RUNNING"),
        (json!({ "startedAt": start, "finishedAt": end }), "SUCCEEDED"),
        (json!({ "finishedAt": end }), "SUCCEEDED"),
    ] {
        let job = world.record(input.clone()).await;
        let seen = world.ada.job(&job, "status leaseExpiresAt runner { id } slurm { jobId }").await;
        assert_eq!(seen, json!({ "status": status, "leaseExpiresAt": null, "runner": null, "slurm": null }), "{input}");
    }
    let before = json!({ "ownerId": world.ada.id, "startedAt": start, "finishedAt": "2019-12-31T23:59:59Z" });
    assert_eq!(world.bea.wrong("jobRecord", before).await, ["finishedAt"]);
}

#[tokio::test]
async fn nothing_here_works_on_it() {
    let world = World::new().await;
    let service = world.app.service(json!({})).await;
    let runner = world.app.runner(&service).await;
    let waiting = world.record(json!({})).await;
    let running = world.record(json!({ "startedAt": "2020-01-01T00:00:00Z" })).await;
    let done = world.record(json!({ "finishedAt": "2020-01-01T00:00:00Z" })).await;
    world.app.advance(3 * 3600);
    assert_eq!(world.app.sweep().await, 0);
    docket::domain::lease::promote(&world.app.server.app).await.expect("promoted");
    assert_eq!(runner.claim_with(json!({ "max": 100 })).await.len(), 0);
    for client in [&world.ada, &world.bea, &world.app.admin()] {
        for job in [&waiting, &running, &done] {
            for (field, input) in [
                ("jobCancel", json!({ "jobId": job })),
                ("jobUpdate", json!({ "jobId": job, "priority": 1 })),
                ("jobRetry", json!({ "jobId": job })),
                ("jobOverride", json!({ "jobId": job, "status": "CANCELLED" })),
            ] {
                assert_eq!(client.refused(field, input).await, "INVALID_STATE", "{field}");
            }
        }
        let filter = json!({ "filter": { "ownerId": { "eq": world.ada.id } } });
        let none = client.change("jobsCancel", filter, "cancelled requested").await;
        assert_eq!(none, json!({ "cancelled": 0, "requested": 0 }));
    }
    let listed =
        world.ada.data("{ jobs(order: SUBMITTED_AT_ASC) { nodes { status service { id } } } }", json!({})).await;
    let statuses: Vec<&Value> =
        listed["jobs"]["nodes"].as_array().expect("jobs").iter().map(|job| &job["status"]).collect();
    assert_eq!(statuses, ["QUEUED", "RUNNING", "SUCCEEDED"]);
}

#[tokio::test]
async fn who_keeps_accounts_records_sees_and_removes() {
    let world = World::new().await;
    let cara = world.app.author("cara").await;
    let service = cara.service(json!({})).await;
    let input = json!({ "ownerId": world.ada.id });
    for client in [&world.ada, &cara] {
        assert_eq!(client.refused("jobRecord", input.clone()).await, "FORBIDDEN");
    }
    let narrow = world.bea.api_token(&["jobs:read"]).await;
    assert_eq!(narrow.refused("jobRecord", input.clone()).await, "FORBIDDEN");
    assert_eq!(world.app.anonymous().refused("jobRecord", input.clone()).await, "UNAUTHENTICATED");
    assert_eq!(world.app.runner(&service).await.refused("jobRecord", input.clone()).await, "FORBIDDEN");
    assert_eq!(world.app.admin().refused("jobRecord", input).await, "OK");
    let job = world.record(json!({ "finishedAt": "2020-01-01T00:00:00Z" })).await;
    // Recorded ones are the business of who keeps accounts, and submitted ones are not.
    let submitted = world.ada.submit(&service, json!({})).await;
    for (client, count) in [(&world.bea, 2), (&world.ada, 3), (&world.app.admin(), 3), (&cara, 1)] {
        let document = "{ jobs { totalCount nodes { id } } }";
        let jobs = client.data(document, json!({})).await["jobs"].take();
        assert_eq!((&jobs["totalCount"], jobs["nodes"].as_array().map(Vec::len)), (&json!(count), Some(count)));
        let events = client.data("{ jobEvents { nodes { __typename } } }", json!({})).await;
        assert_eq!(events["jobEvents"]["nodes"].as_array().map(Vec::len), Some(count));
    }
    assert_eq!(
        world.bea.code("query($id: ID!) { job(id: $id) { id } }", json!({ "id": submitted })).await,
        "NOT_FOUND"
    );
    let only = "{ jobs(filter: { origin: RECORDED }) { totalCount } }";
    assert_eq!(world.ada.data(only, json!({})).await["jobs"]["totalCount"], 2);
    assert_eq!(world.ada.refused("jobDelete", json!({ "jobId": job })).await, "FORBIDDEN");
    assert_eq!(cara.refused("jobDelete", json!({ "jobId": job })).await, "NOT_FOUND");
    assert_eq!(world.bea.refused("jobDelete", json!({ "jobId": job })).await, "OK");
    let left = world.bea.data("{ jobs(order: UPDATED_AT_DESC) { nodes { origin } } }", json!({})).await;
    assert_eq!(left["jobs"]["nodes"], json!([{ "origin": "RECORDED" }]));
}

#[tokio::test]
async fn a_record_is_removed_before_its_end() {
    let world = World::new().await;
    for input in [json!({}), json!({ "startedAt": "2020-01-01T00:00:00Z" })] {
        let job = world.record(input).await;
        assert_eq!(world.bea.job(&job, "viewerCan { delete }").await["viewerCan"]["delete"], true);
        assert_eq!(world.ada.job(&job, "viewerCan { delete }").await["viewerCan"]["delete"], false);
        assert_eq!(world.ada.refused("jobDelete", json!({ "jobId": job })).await, "FORBIDDEN");
        assert_eq!(world.bea.refused("jobDelete", json!({ "jobId": job })).await, "OK");
    }
    assert_eq!(world.ada.data("{ jobs { totalCount } }", json!({})).await["jobs"]["totalCount"], 0);
    world.app.audit().await;
}

#[tokio::test]
async fn a_record_is_followed_live_by_who_keeps_accounts() {
    let world = World::new().await;
    let document =
        "subscription { jobEvents(after: \"e0\") { event { ... on JobStatusChanged { to job { origin } } } } }";
    let mut stream = world.bea.subscribe(document, json!({})).await;
    world.record(json!({ "startedAt": "2020-01-01T00:00:00Z" })).await;
    let event = stream.item("jobEvents").await["event"].take();
    assert_eq!(event, json!({ "to": "RUNNING", "job": { "origin": "RECORDED" } }));
}

#[tokio::test]
async fn what_is_out_of_bounds_is_named() {
    let world = World::new().await;
    let absent = format!("user_{}", "0".repeat(32));
    let long = "x".repeat(65);
    let with = |slurm: Value| json!({ "ownerId": world.ada.id, "slurm": slurm });
    for (input, paths) in [
        (json!({ "ownerId": absent }), vec!["ownerId"]),
        (json!({ "ownerId": "ada" }), vec!["ownerId"]),
        (json!({ "ownerId": world.ada.id, "idempotencyKey": "a b" }), vec!["idempotencyKey"]),
        (
            with(json!({ "partition": 128, "qos": -32_769, "stateCode": 128 })),
            vec!["slurm/partition", "slurm/qos", "slurm/stateCode"],
        ),
        (with(json!({ "jobId": "" })), vec!["slurm/jobId"]),
        (with(json!({ "jobId": long })), vec!["slurm/jobId"]),
        (
            with(json!({ "cpus": -1, "rawHours": -0.1, "cpuHours": 1.1e10 })),
            vec!["slurm/cpus", "slurm/rawHours", "slurm/cpuHours"],
        ),
        (with(json!({ "nodes": ["n1", "", "a\nb"] })), vec!["slurm/nodes/1", "slurm/nodes/2"]),
        (with(json!({ "nodes": vec!["n"; 10_001] })), vec!["slurm/nodes"]),
    ] {
        assert_eq!(world.bea.wrong("jobRecord", input).await, paths);
    }
    assert_eq!(world.app.admin().data("{ jobs { totalCount } }", json!({})).await["jobs"]["totalCount"], 0);
}

#[tokio::test]
async fn a_key_is_the_name_that_its_caller_gave_whoever_the_owner_is() {
    let world = World::new().await;
    let service = world.app.service(json!({})).await;
    world.ada.submit_with(json!({ "serviceId": service, "idempotencyKey": "one" })).await;
    let input = json!({ "ownerId": world.ada.id, "idempotencyKey": "one", "slurm": { "jobId": "1" } });
    let first = world.bea.change("jobRecord", input.clone(), "replayed job { id }").await;
    let again = world.bea.change("jobRecord", input.clone(), "replayed job { id }").await;
    assert_eq!((&first["replayed"], &again["replayed"]), (&json!(false), &json!(true)));
    assert_eq!(first["job"], again["job"]);
    let mut other = input.clone();
    other["slurm"]["jobId"] = json!("2");
    assert_eq!(world.bea.refused("jobRecord", other).await, "IDEMPOTENCY_MISMATCH");
    // Nor is it another job for another owner; another caller has names of its own.
    let mut other = input.clone();
    other["ownerId"] = json!(world.app.user("eve").await.id);
    assert_eq!(world.bea.refused("jobRecord", other).await, "IDEMPOTENCY_MISMATCH");
    let foreign = world.app.admin().change("jobRecord", input, "replayed job { id }").await;
    assert_eq!((&foreign["replayed"], foreign["job"] == first["job"]), (&json!(false), false));
}

#[tokio::test]
async fn nothing_is_recorded_for_a_user_who_was_deleted() {
    let world = World::new().await;
    let made = world.bea.change("userRecord", json!({ "username": "eve" }), "user { id }").await;
    let eve = made["user"]["id"].clone();
    let job = world.record(json!({})).await;
    world.bea.change("userRecordDelete", json!({ "userId": eve }), "user { id }").await;
    let account = world.app.account(json!({ "granted": "10" })).await;
    for (field, input) in [
        ("jobRecord", json!({ "ownerId": eve })),
        ("jobRecordUpdate", json!({ "jobId": job, "ownerId": eve })),
        ("jobReport", json!({ "slurmKey": "1", "ownerId": eve, "accountId": account })),
    ] {
        assert_eq!(world.bea.wrong(field, input).await, ["ownerId"], "{field}");
    }
    // What is recorded of somebody who is deleted later is still put right.
    let input = json!({ "userId": world.ada.id, "confirmPassword": PASSWORD });
    world.app.admin().change("userDelete", input, "user { id }").await;
    let input = json!({ "jobId": job, "ownerId": world.ada.id, "startedAt": "2020-01-01T00:00:00Z" });
    let changed = world.bea.change("jobRecordUpdate", input, "job { status }").await;
    assert_eq!(changed["job"]["status"], "RUNNING");
}

#[tokio::test]
async fn a_change_that_changes_nothing_is_seen_and_told_to_nobody() {
    let world = World::new().await;
    let job = world.record(json!({ "slurm": { "partition": 3 } })).await;
    let before = world.bea.job(&job, "updatedAt revision").await;
    world.app.advance(5);
    let input = json!({ "jobId": job, "slurm": { "partition": 3 } });
    let after = world.bea.change("jobRecordUpdate", input, "job { updatedAt revision }").await["job"].take();
    assert_eq!(after["revision"], before["revision"]);
    assert!(after["updatedAt"].as_str() > before["updatedAt"].as_str(), "{after}");
}

#[tokio::test]
async fn a_change_names_its_job_by_the_id_or_by_a_number() {
    let world = World::new().await;
    let job = world.record(json!({})).await;
    let numbers = world.bea.job(&job, "number dialectNumber").await;
    let what = "job { id owner { legacyNumber(dialect: MYBRC) } amount labels { key } parameters }";
    for (amount, which) in [
        ("1", json!({ "number": numbers["number"] })),
        ("2", json!({ "number": numbers["dialectNumber"], "dialect": "MYBRC" })),
    ] {
        let mut input = which;
        input["amount"] = json!(amount);
        let changed = world.bea.change("jobRecordUpdate", input, what).await["job"].take();
        let owner = json!({ "legacyNumber": null });
        let all = json!({ "id": job, "owner": owner, "amount": amount, "labels": [], "parameters": {} });
        assert_eq!(changed, all);
    }
    for (wrong, input) in [
        ("jobId", json!({ "amount": "1" })),
        ("jobId", json!({ "jobId": job, "number": 1 })),
        ("dialect", json!({ "jobId": job, "dialect": "MYBRC" })),
    ] {
        assert_eq!(world.bea.wrong("jobRecordUpdate", input).await, [wrong]);
    }
    let none = json!({ "number": 99, "dialect": "MYBRC" });
    assert_eq!(world.bea.refused("jobRecordUpdate", none).await, "NOT_FOUND");
    let service = world.app.service(json!({})).await;
    let submitted = json!({ "jobId": world.app.admin().submit(&service, json!({})).await });
    assert_eq!(world.app.admin().refused("jobRecordUpdate", submitted.clone()).await, "INVALID_STATE");
    assert_eq!(world.bea.refused("jobRecordUpdate", submitted).await, "NOT_FOUND");
}
