//! What an owner does with a job afterwards.

use serde_json::{Value, json};

use crate::support::{Client, TestApp};

struct World {
    app: TestApp,
    service: String,
    ada: Client,
    runner: Client,
}

async fn world() -> World {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    World { app, service, ada, runner }
}

impl World {
    /// A job of ada's in this state; its lease, where there is one.
    async fn job(&self, status: &str) -> (String, Option<String>) {
        // The jobs that are to be claimed go before those that were left waiting.
        let priority = if matches!(status, "QUEUED" | "CANCELLED") { 0 } else { 9 };
        let job = self.ada.submit_with(json!({ "serviceId": self.service, "priority": priority })).await;
        if matches!(status, "QUEUED" | "CANCELLED") {
            if status == "CANCELLED" {
                self.ada.change("jobCancel", json!({ "jobId": job }), "job { id }").await;
            }
            return (job, None);
        }
        let lease = self.runner.claim().await;
        let token = json!({ "leaseToken": lease.token, "message": "x" });
        match status {
            "RUNNING" => drop(self.runner.change("workHeartbeat", token, "expiresAt").await),
            "SUCCEEDED" => {
                let input = json!({ "leaseToken": lease.token, "results": [1] });
                self.runner.change("workComplete", input, "job { id }").await;
            }
            "FAILED" => drop(self.runner.change("workFail", token, "job { id }").await),
            _ => {}
        }
        assert_eq!(self.ada.status(&job).await, status);
        (job, Some(lease.token))
    }
}

const STATES: [&str; 6] = ["QUEUED", "CLAIMED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"];

#[tokio::test]
async fn cancelling_ends_a_waiting_job_asks_a_held_one_and_refuses_a_finished_one() {
    let world = world().await;
    let expected = [
        Ok(("CANCELLED", true, 2)),
        Ok(("CLAIMED", true, 3)),
        Ok(("RUNNING", true, 5)),
        Err("INVALID_STATE"),
        Err("INVALID_STATE"),
        Ok(("CANCELLED", true, 2)),
    ];
    for (status, expected) in STATES.into_iter().zip(expected) {
        let (job, _) = world.job(status).await;
        let before = world.ada.job(&job, "status cancelRequested revision updatedAt").await;
        let input = json!({ "jobId": job });
        match expected {
            Ok((status, requested, revision)) => {
                let selection = "job { status cancelRequested revision finishedAt viewerCan { cancel delete } }";
                let first = world.ada.change("jobCancel", input.clone(), selection).await;
                let after = &first["job"];
                assert_eq!(
                    (&after["status"], &after["cancelRequested"], &after["revision"]),
                    (&json!(status), &json!(requested), &json!(revision))
                );
                let over = status == "CANCELLED";
                assert_eq!(after["finishedAt"].is_string(), over);
                assert_eq!(after["viewerCan"], json!({ "cancel": false, "delete": over }));
                // Asking twice changes nothing.
                assert_eq!(world.ada.change("jobCancel", input, selection).await, first, "{status}");
            }
            Err(code) => {
                assert_eq!(world.ada.refused("jobCancel", input).await, code, "{status}");
                assert_eq!(world.ada.job(&job, "status cancelRequested revision updatedAt").await, before);
            }
        }
    }
    // What was cancelled while it waited is never given out.
    let (job, _) = world.job("CANCELLED").await;
    world.app.advance(3600);
    world.app.sweep().await;
    assert_eq!(world.runner.claim_with(json!({ "max": 100 })).await.iter().filter(|lease| lease.job == job).count(), 0);
}

#[tokio::test]
async fn a_job_in_backoff_is_cancelled_at_once() {
    let world = world().await;
    let (job, lease) = world.job("RUNNING").await;
    let input = json!({ "leaseToken": lease, "message": "no", "retryable": true });
    world.runner.change("workFail", input, "job { id }").await;
    world.ada.change("jobCancel", json!({ "jobId": job }), "job { id }").await;
    assert_eq!(world.ada.status(&job).await, "CANCELLED");
    world.app.advance(3600);
    assert_eq!(world.runner.claim_with(json!({})).await.len(), 0);
}

#[tokio::test]
async fn a_priority_is_changed_while_the_job_waits() {
    let world = world().await;
    for status in STATES {
        let (job, _) = world.job(status).await;
        let code = world.ada.refused("jobUpdate", json!({ "jobId": job, "priority": 1000 })).await;
        assert_eq!(code, if status == "QUEUED" { "OK" } else { "INVALID_STATE" }, "{status}");
        if status == "QUEUED" {
            assert_eq!(world.ada.job(&job, "priority revision").await, json!({ "priority": 1000, "revision": 2 }));
            let later = world.ada.submit(&world.service, json!({})).await;
            assert_eq!(world.runner.claim().await.job, job);
            assert_eq!(world.runner.claim().await.job, later);
        }
        for priority in [-1001, 1001] {
            assert_eq!(world.ada.wrong("jobUpdate", json!({ "jobId": job, "priority": priority })).await, ["priority"]);
        }
    }
}

#[tokio::test]
async fn only_a_finished_job_is_removed_and_then_it_is_gone() {
    let world = world().await;
    let mut numbers = Vec::new();
    for status in STATES {
        let (job, _) = world.job(status).await;
        let over = matches!(status, "SUCCEEDED" | "FAILED" | "CANCELLED");
        let number = world.ada.job(&job, "number viewerCan { delete }").await;
        assert_eq!(number["viewerCan"]["delete"], over, "{status}");
        numbers.push(number["number"].clone());
        let code = world.ada.refused("jobDelete", json!({ "jobId": job })).await;
        assert_eq!(code, if over { "OK" } else { "INVALID_STATE" }, "{status}");
        let document = "query($id: ID!) { job(id: $id) { id } }";
        assert_eq!(world.ada.code(document, json!({ "id": job })).await, if over { "NOT_FOUND" } else { "OK" });
        if over {
            assert_eq!(world.ada.refused("jobDelete", json!({ "jobId": job })).await, "NOT_FOUND");
            assert_eq!(world.ada.refused("jobCancel", json!({ "jobId": job })).await, "NOT_FOUND");
        }
    }
    assert_eq!(numbers, (1..=6).map(Value::from).collect::<Vec<_>>(), "a number is not given twice");
}

#[tokio::test]
async fn the_job_that_was_removed_comes_back_once_more_in_the_answer() {
    let world = world().await;
    let (job, _) = world.job("SUCCEEDED").await;
    let selection =
        "job { id status results log { text } events { nodes { __typename } } owner { username } service { id } }";
    let removed = world.ada.change("jobDelete", json!({ "jobId": job }), selection).await;
    assert_eq!((&removed["job"]["id"], &removed["job"]["status"]), (&json!(job), &json!("SUCCEEDED")));
}

#[tokio::test]
async fn the_services_author_and_admins_may_and_strangers_see_nothing() {
    let app = TestApp::new().await;
    let (cara, ada, eve) = (app.author("cara").await, app.user("ada").await, app.user("eve").await);
    let service = cara.service(json!({})).await;
    let runner = cara.runner(json!({ "serviceIds": [service] })).await;
    for client in [&cara, &app.admin()] {
        let job = ada.submit(&service, json!({})).await;
        for (field, input) in [
            ("jobUpdate", json!({ "jobId": job, "priority": 1 })),
            ("jobCancel", json!({ "jobId": job })),
            ("jobDelete", json!({ "jobId": job })),
        ] {
            assert_eq!(eve.refused(field, input.clone()).await, "NOT_FOUND");
            assert_eq!(app.anonymous().refused(field, input.clone()).await, "UNAUTHENTICATED");
            assert_eq!(runner.refused(field, input.clone()).await, "FORBIDDEN");
            assert_eq!(client.refused(field, input).await, "OK", "{field}");
        }
    }
    let absent = format!("job_{}", "0".repeat(32));
    for field in ["jobCancel", "jobDelete"] {
        assert_eq!(ada.refused(field, json!({ "jobId": absent })).await, "NOT_FOUND");
        assert_eq!(ada.wrong(field, json!({ "jobId": service })).await, ["jobId"]);
        assert_eq!(ada.wrong(field, json!({ "jobId": "1" })).await, ["jobId"]);
    }
}
