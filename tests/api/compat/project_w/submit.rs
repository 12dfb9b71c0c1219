//! Bringing a recording.

use serde_json::json;

use super::{Answer, Form, get, job, post_parts, recording, registered, submit, user, world, world_with};
use crate::support::TestApp;

/// What lies in the store beside the key by which mails are sealed.
fn recordings(app: &TestApp) -> usize {
    app.stored().iter().filter(|name| *name != "mail").count()
}

#[tokio::test]
async fn anything_may_be_a_recording() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let odd =
        Form::new().text("language", "Klingon").file("file", "../b c.mp3", "text/x-nothing", "").text("model", "");
    post_parts(&ada, "/jobs/submit", odd).await.is(200, "{\"jobId\":1,\"msg\":\"Job successfully submitted\"}");
    let seen = job(&ada, 1).await;
    assert_eq!(
        (&seen["fileName"], &seen["model"], &seen["language"]),
        (&json!("../b c.mp3"), &json!(""), &json!("Klingon"))
    );
    let strange = "ü\u{1f600}".repeat(300);
    post_parts(&ada, "/jobs/submit", Form::new().file("file", &strange, "no type at all", "x")).await;
    assert_eq!(job(&ada, 2).await["fileName"], json!(strange));
}

#[tokio::test]
async fn without_a_recording_there_is_no_job_and_no_file() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let missing = "The required parameter `file` is missing";
    let as_text = Form::new().text("file", "not a file");
    let elsewhere = Form::new().file("recording", "a.mp3", "audio/mpeg", "x");
    for form in [Form::new(), as_text, elsewhere] {
        post_parts(&ada, "/jobs/submit", form).await.refuses(400, "invalidRequest", missing);
    }
    super::post(&ada, "/jobs/submit", &[("file", "x")]).await.refuses(400, "invalidRequest", missing);
    let broken = ada
        .post("/api/jobs/submit")
        .header("content-type", "multipart/form-data; boundary=xyz")
        .body("--xyz\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\nhalf of i");
    let answer = Answer::of(broken).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["errorType"]), (400, &json!("invalidRequest")));
    let large = Form::new().text("model", &"x".repeat(70_000)).file("file", "a", "audio/mpeg", "x");
    assert_eq!(post_parts(&ada, "/jobs/submit", large).await.status, 400);
    let late = recording("x").text("model", &"x".repeat(70_000));
    assert_eq!(post_parts(&ada, "/jobs/submit", late).await.status, 400);
    assert_eq!(get(&ada, "/jobs/list").await.json()["jobIds"], json!([]));
    assert_eq!(recordings(&app), 0, "nothing stays in the store");
}

#[tokio::test]
async fn a_recording_has_a_largest_size() {
    let (app, mails) = world_with(|config| config.files.upload_bytes = 100_000).await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let answer = post_parts(&ada, "/jobs/submit", recording(&"x".repeat(100_001))).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["errorType"]), (413, &json!("invalidRequest")));
    assert_eq!(recordings(&app), 0);
    submit(&ada, &"x".repeat(100_000)).await;
    assert_eq!(recordings(&app), 1);
}

#[tokio::test]
async fn the_service_is_made_once_however_many_come_first() {
    let (app, mails) = world().await;
    let taken = app.service(json!({ "name": "transcription" })).await;
    let ada = user(&app, &mails, "ada@test.com").await;
    let all = futures_util::future::join_all((0..6).map(|_| submit(&ada, "x"))).await;
    let mut ids = all.clone();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6], "each has a number of its own");
    let document = "{ services { nodes { id name dispatch leaseSeconds maxAttempts maxRunSeconds } } }";
    let found = app.admin().data(document, json!({})).await["services"]["nodes"].take();
    let made: Vec<_> =
        found.as_array().expect("a list").iter().filter(|service| service["id"] != json!(taken)).collect();
    let [made] = made[..] else { panic!("{found}") };
    let expected = json!({ "id": made["id"], "name": "transcription-2", "dispatch": "PUSH", "leaseSeconds": 60,
        "maxAttempts": null, "maxRunSeconds": null });
    assert_eq!(*made, expected);
}

#[tokio::test]
async fn the_file_and_the_job_are_there_together() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    submit(&ada, "hello").await;
    let document = "{ jobs { nodes { status dialect dialectNumber parameters
        files { nodes { name role size } } events(first: 10) { nodes { __typename } } } } }";
    let seen = ada.data(document, json!({})).await["jobs"]["nodes"][0].take();
    assert_eq!(seen["files"]["nodes"], json!([{ "name": "a.mp3", "role": "INPUT", "size": 5 }]));
    assert_eq!(seen["parameters"], json!({ "fileName": "a.mp3", "model": null, "language": null }));
    assert_eq!((&seen["dialect"], &seen["dialectNumber"]), (&json!("PROJECT_W"), &json!(1)));
    let (worker, _) = registered(&app).await;
    let again = super::post(&worker, "/runners/retrieveJobInfo", &[]).await;
    assert_eq!(again.json()["jobID"], 1);
}

#[tokio::test]
async fn a_files_name_may_be_written_in_any_way() {
    let (app, mails) = world().await;
    let ada = user(&app, &mails, "ada@test.com").await;
    for (id, (disposition, name)) in [
        (b"form-data; name=\"file\"; filename=\"\xfc.mp3\"".as_slice(), "\u{fffd}.mp3"),
        (b"form-data; name=\"file\"; filename*=utf-8''%C3%BC.mp3".as_slice(), "ü.mp3"),
        (b"form-data; name=file; filename=a.mp3".as_slice(), "a.mp3"),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = post_parts(&ada, "/jobs/submit", Form::new().raw(disposition, "x")).await;
        assert_eq!(answer.json()["msg"], "Job successfully submitted", "{name}");
        assert_eq!(job(&ada, i64::try_from(id).expect("small") + 1).await["fileName"], name);
    }
    // And a file is no text, whatever its name.
    let login = Form::new().raw(b"form-data; name=\"email\"; filename=\"\xfc\"", "a@test.com").text("password", "x");
    let missing = "The required parameter `email` is missing";
    post_parts(&app.anonymous(), "/users/login", login).await.refuses(400, "invalidRequest", missing);
}
