//! The runners' protocol.

use serde_json::json;

use super::{Answer, get, head, job, post, recording, registered, runner, submit, user, world};
use crate::support::{Client, TestApp};

async fn beat(worker: &Client, progress: &str) -> Answer {
    post(worker, "/runners/heartbeat", &[("progress", progress)]).await
}

#[tokio::test]
async fn a_runner_registers_once_and_leaves() {
    let app = TestApp::new().await;
    let worker = runner(&app).await;
    let answer = post(&worker, "/runners/register", &[]).await;
    answer.is(200, "{\"msg\":\"Runner successfully registered!\",\"runnerID\":1}");
    post(&worker, "/runners/register", &[]).await.fails("Runner is already registered!");
    post(&worker, "/runners/heartbeat", &[]).await.is(200, "{\"ack\":true}");
    post(&worker, "/runners/retrieveJobInfo", &[]).await.fails("No job available!");
    get(&worker, "/runners/retrieveJobAudio").await.fails("No job available!");
    post(&worker, "/runners/unregister", &[]).await.is(200, "{\"msg\":\"Runner successfully unregistered!\"}");
    post(&worker, "/runners/unregister", &[]).await.fails("This runner is not currently registered as online!");
    let (_, second) = registered(&app).await;
    assert_eq!(second, 2);
    let again = post(&worker, "/runners/register", &[]).await.json();
    assert_eq!(again["runnerID"], 1, "its number stays");
}

#[tokio::test]
async fn an_assigned_job_is_told_until_its_end_and_fetched_in_two_parts() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let (worker, number) = registered(&app).await;
    let form = recording("sound").text("model", "tiny").text("language", "German");
    super::post_parts(&ada, "/jobs/submit", form).await;
    beat(&worker, "0.7").await.is(200, "{\"jobAssigned\":true}");
    assert_eq!(job(&ada, 1).await["status"], json!({ "step": "runnerAssigned", "runner": number }));
    head(&worker, "/runners/retrieveJobAudio").await;
    assert_eq!(job(&ada, 1).await["status"]["step"], "runnerAssigned", "HEAD fetches nothing");
    for _ in 0..2 {
        post(&worker, "/runners/retrieveJobInfo", &[])
            .await
            .is(200, "{\"jobID\":1,\"language\":\"German\",\"model\":\"tiny\"}");
        let audio = get(&worker, "/runners/retrieveJobAudio").await;
        assert_eq!((audio.status.as_u16(), audio.body.as_str()), (200, "sound"));
        assert_eq!(audio.headers["content-type"], "audio/basic");
    }
    assert_eq!(job(&ada, 1).await["status"]["progress"], 0.0);
    for (sent, shown) in [("0.25", 0.25), ("nan", 0.25), ("x", 0.25), ("", 0.25), ("7", 1.0), ("-1", 0.0), ("inf", 1.0)]
    {
        beat(&worker, sent).await.is(200, "{\"jobAssigned\":true}");
        assert_eq!(job(&ada, 1).await["status"]["progress"], json!(shown), "{sent}");
    }
    post(&worker, "/runners/submitJobResult", &[]).await.fails("The required parameter `transcript` is missing");
    let result = post(&worker, "/runners/submitJobResult", &[("transcript", "hello")]).await;
    result.is(200, "{\"msg\":\"Transcript successfully submitted!\"}");
    assert_eq!(job(&ada, 1).await["status"], json!({ "step": "success" }));
    beat(&worker, "1").await.is(200, "{\"ack\":true}");
}

#[tokio::test]
async fn version_0_1_gets_everything_at_once() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let (worker, _) = registered(&app).await;
    post(&worker, "/runners/retrieveJob", &[]).await.fails("No job available!");
    super::post_parts(&ada, "/jobs/submit", recording("sound!!").text("model", "ti\"ny")).await;
    post(&worker, "/runners/retrieveJob", &[])
        .await
        .is(200, "{\"audio\":\"c291bmQhIQ==\",\"language\":null,\"model\":\"ti\\\"ny\"}");
    assert_eq!(job(&ada, 1).await["status"]["step"], "runnerInProgress");
}

#[tokio::test]
async fn the_ends_of_a_job() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let (worker, _) = registered(&app).await;
    let end = async |fields: &[(&str, &str)]| {
        submit(&ada, "x").await;
        post(&worker, "/runners/retrieveJobInfo", &[]).await;
        post(&worker, "/runners/submitJobResult", fields).await
    };
    let (done, failed) =
        ("{\"msg\":\"Transcript successfully submitted!\"}", "{\"msg\":\"Successfully submitted failed job!\"}");
    end(&[("transcript", "")]).await.is(200, done);
    end(&[("transcript", "x"), ("error_msg", "")]).await.is(200, done);
    end(&[("transcript", "x"), ("error_msg", "Traceback\n  file\nboom\n")]).await.is(200, failed);
    let steps = [job(&ada, 1).await, job(&ada, 2).await, job(&ada, 3).await];
    let steps = steps.map(|job| (job["status"]["step"].clone(), job["error_msg"].clone()));
    let expected = [("success", json!(null)), ("success", json!(null)), ("failed", json!("boom"))];
    assert_eq!(steps, expected.map(|(step, error)| (json!(step), error)));
    let long = format!("{}{}", "x".repeat(20_000), "\nthe end");
    end(&[("error_msg", &long)]).await.is(200, failed);
    assert_eq!(job(&ada, 4).await["error_msg"], "the end");
    // Nothing in hand: the old server said the same, and so does this one.
    post(&worker, "/runners/submitJobResult", &[("transcript", "late")]).await.is(200, done);
    post(&worker, "/runners/submitJobResult", &[("error_msg", "late")]).await.is(200, failed);
}

#[tokio::test]
async fn a_runner_that_is_not_heard_of_loses_its_job_and_its_late_result_counts_if_the_job_is_its_again() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let (worker, _) = registered(&app).await;
    submit(&ada, "x").await;
    post(&worker, "/runners/retrieveJobInfo", &[]).await;
    app.advance(55);
    app.sweep().await;
    assert_eq!(job(&ada, 1).await["status"]["step"], "runnerInProgress");
    app.advance(10);
    app.sweep().await;
    app.assign().await;
    assert_eq!(job(&ada, 1).await["status"], json!({ "step": "pendingRunner" }));
    let gone = "This runner is not currently registered as online!";
    beat(&worker, "0.5").await.fails(gone);
    post(&worker, "/runners/submitJobResult", &[("transcript", "x")]).await.fails(gone);
    post(&worker, "/runners/register", &[]).await;
    assert_eq!(job(&ada, 1).await["status"]["step"], "runnerAssigned");
    post(&worker, "/runners/submitJobResult", &[("transcript", "worked for it")]).await;
    let transcript = get(&ada, "/jobs/downloadTranscript?jobId=1").await.json();
    assert_eq!(transcript["transcript"], "worked for it");
}

#[tokio::test]
async fn a_late_result_of_another_job_is_not_taken() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let (first, _) = registered(&app).await;
    submit(&ada, "one").await;
    post(&first, "/runners/retrieveJobInfo", &[]).await;
    let (_second, _) = registered(&app).await;
    post(&first, "/runners/unregister", &[]).await;
    submit(&ada, "two").await;
    post(&first, "/runners/register", &[]).await;
    assert_eq!(job(&ada, 2).await["status"]["step"], "runnerAssigned");
    let answer = post(&first, "/runners/submitJobResult", &[("transcript", "of the first")]).await;
    answer.is(200, "{\"msg\":\"Transcript successfully submitted!\"}");
    for id in [1, 2] {
        assert_eq!(job(&ada, id).await["status"]["step"], "runnerAssigned", "{id}");
    }
}

#[tokio::test]
async fn a_recording_may_be_missing_from_a_job_that_came_in_otherwise() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let (worker, _) = registered(&app).await;
    let found = ada.data("{ services { nodes { id } } }", json!({})).await;
    ada.submit_with(json!({ "serviceId": found["services"]["nodes"][0]["id"], "parameters": {} })).await;
    post(&worker, "/runners/retrieveJobInfo", &[]).await.is(200, "{\"jobID\":1,\"language\":null,\"model\":null}");
    let audio = get(&worker, "/runners/retrieveJobAudio").await;
    assert_eq!((audio.status.as_u16(), audio.body.as_str()), (200, ""));
}

#[tokio::test]
async fn a_runner_outlives_the_admin_who_made_it() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    for (name, gone) in [("eve", true), ("mallory", false)] {
        let maker = app.user_with(name, &[], true).await;
        let created = get(&maker, "/runners/create").await.json();
        let worker = app.anonymous().with_token(crate::support::text(&created["runnerToken"]), "");
        post(&worker, "/runners/register", &[]).await;
        if gone {
            let email = format!("{name}@example.org");
            let fields = [("password", crate::support::PASSWORD), ("emailModify", email.as_str())];
            post(&app.admin(), "/users/delete", &fields)
                .await
                .says(&format!("Successfully deleted user with email {email}"));
        } else {
            app.set_status(name, entity::user::Status::Suspended).await;
        }
        beat(&worker, "").await.is(200, "{\"ack\":true}");
        let id = submit(&ada, "x").await;
        beat(&worker, "").await.is(200, "{\"jobAssigned\":true}");
        post(&worker, "/runners/retrieveJobInfo", &[]).await;
        post(&worker, "/runners/submitJobResult", &[("transcript", name)]).await;
        assert_eq!(job(&ada, id).await["status"]["step"], "success", "{name}");
        post(&worker, "/runners/unregister", &[]).await;
    }
    // Runners of other services stop with whoever made them.
    let author = app.user_with("carol", &[], true).await;
    let service = author.service(json!({})).await;
    let other = author.runner(json!({ "serviceIds": [service] })).await;
    app.set_status("carol", entity::user::Status::Suspended).await;
    assert_eq!(
        other.code("mutation { workClaim(input: {}) { leases { token } } }", json!({})).await,
        "UNAUTHENTICATED"
    );
}

/// The old server kept such a runner busy for ever, and broke when the next one registered.
#[tokio::test]
async fn a_deleted_users_jobs_hold_nobody_up() {
    let (app, mails) = world().await;
    for (running, email, next) in [(false, "ada@test.com", "bob@test.com"), (true, "ann@test.com", "eve@test.com")] {
        let ada = user(&app, &mails, email).await;
        let (worker, _) = registered(&app).await;
        let held = submit(&ada, "held").await;
        submit(&ada, "waiting").await;
        if running {
            assert_eq!(post(&worker, "/runners/retrieveJobInfo", &[]).await.json()["jobID"], held);
        }
        let own = [("password", super::PASSWORD)];
        post(&ada, "/users/delete", &own).await.says(&format!("Successfully deleted user with email {email}"));
        post(&worker, "/runners/submitJobResult", &[("transcript", "too late")])
            .await
            .is(200, "{\"msg\":\"Transcript successfully submitted!\"}");
        beat(&worker, "0.5").await.is(200, "{\"ack\":true}");
        let (second, _) = registered(&app).await;
        let other = user(&app, &mails, next).await;
        let id = submit(&other, "x").await;
        assert_eq!(post(&worker, "/runners/retrieveJobInfo", &[]).await.json()["jobID"], id, "it is free");
        post(&worker, "/runners/submitJobResult", &[("transcript", "done")]).await;
        for runner in [&worker, &second] {
            post(runner, "/runners/unregister", &[]).await;
        }
    }
}
