//! What comes back.

use serde_json::json;

use super::{get, head, job, post, registered, submit, user, world};

#[tokio::test]
async fn a_transcript_is_downloaded_and_that_is_remembered() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let (worker, _) = registered(&app).await;
    submit(&ada, "x").await;
    get(&ada, "/jobs/downloadTranscript?jobId=1").await.refuses(400, "operation", "Job isn't done yet");
    post(&worker, "/runners/retrieveJobInfo", &[]).await;
    get(&ada, "/jobs/downloadTranscript?jobId=1").await.refuses(400, "operation", "Job isn't done yet");
    post(&worker, "/runners/submitJobResult", &[("transcript", "Grüße\nan alle")]).await;
    head(&ada, "/jobs/downloadTranscript?jobId=1").await;
    assert_eq!(job(&ada, 1).await["status"], json!({ "step": "success" }), "HEAD changes nothing");
    get(&ada, "/jobs/downloadTranscript?jobId=1")
        .await
        .is(200, "{\"msg\":\"Returning transcript of job {job_id}\",\"transcript\":\"Gr\\u00fc\\u00dfe\\nan alle\"}");
    assert_eq!(job(&ada, 1).await["status"], json!({ "step": "downloaded" }));
    assert_eq!(get(&app.admin(), "/jobs/downloadTranscript?jobId=1").await.status, 200);
}

#[tokio::test]
async fn what_there_is_no_transcript_of() {
    let (app, mails) = world().await;
    let (ada, bob) = (user(&app, &mails, "ada@test.com").await, user(&app, &mails, "bob@test.com").await);
    let (worker, _) = registered(&app).await;
    submit(&ada, "x").await;
    get(&ada, "/jobs/downloadTranscript").await.refuses(
        400,
        "invalidRequest",
        "The required parameter `jobId` is missing",
    );
    for raw in ["abc", "99", "0", "-1", "99999999999999999999", ""] {
        for who in [&bob, &app.admin()] {
            let missing = format!("There exists no job with id {raw}");
            get(who, &format!("/jobs/downloadTranscript?jobId={raw}")).await.refuses(404, "notInDatabase", &missing);
        }
    }
    let others = "You don't have permission to access this job";
    get(&bob, "/jobs/downloadTranscript?jobId=1").await.refuses(403, "permission", others);
    post(&worker, "/runners/retrieveJobInfo", &[]).await;
    post(&worker, "/runners/submitJobResult", &[("error_msg", "Traceback\nboom")]).await;
    get(&ada, "/jobs/downloadTranscript?jobId=1").await.refuses(400, "operation", "Traceback\nboom");
    submit(&ada, "y").await;
    post(&ada, "/jobs/abort", &[("jobIds", "2")]).await;
    get(&ada, "/jobs/downloadTranscript?jobId=2").await.refuses(400, "operation", "job was aborted");
}

#[tokio::test]
async fn a_long_transcript_fits_into_one_field() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let (worker, _) = registered(&app).await;
    let long = "ä word ".repeat(230_000);
    assert!(long.len() > 1_600_000);
    for multipart in [false, true] {
        let id = submit(&ada, "x").await;
        post(&worker, "/runners/retrieveJobInfo", &[]).await;
        let answer = if multipart {
            let form = super::Form::new().text("transcript", &long);
            super::post_parts(&worker, "/runners/submitJobResult", form).await
        } else {
            post(&worker, "/runners/submitJobResult", &[("transcript", &long)]).await
        };
        answer.is(200, "{\"msg\":\"Transcript successfully submitted!\"}");
        let back = get(&ada, &format!("/jobs/downloadTranscript?jobId={id}")).await.json();
        assert!(back["transcript"] == json!(long), "it came back otherwise");
    }
}

#[tokio::test]
async fn of_a_removed_job_nobody_is_told_more_than_that() {
    let (app, mails) = world().await;
    let (ada, bob) = (user(&app, &mails, "ada@test.com").await, user(&app, &mails, "bob@test.com").await);
    submit(&ada, "x").await;
    post(&ada, "/jobs/abort", &[("jobIds", "1")]).await;
    post(&ada, "/jobs/delete", &[("jobIds", "1")]).await.says("Successfully deleted all provided jobs");
    for who in [&ada, &bob, &app.admin()] {
        let gone = "There exists no job with id 1";
        get(who, "/jobs/downloadTranscript?jobId=1").await.refuses(404, "notInDatabase", gone);
    }
}
