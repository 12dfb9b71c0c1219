use serde_json::{Value, json};

use crate::support::{Client, TestApp, code, read, text};

/// The files of a job as this caller sees them: name and role.
async fn files(client: &Client, job: &str) -> Value {
    client.job(job, "files { nodes { name role expiresAt } }").await["files"]["nodes"].take()
}

/// The kinds of the job's events, with the names of files.
async fn told(client: &Client, job: &str) -> Vec<String> {
    let selection =
        "events(first: 100) { nodes { __typename ... on JobFileAdded { name } ... on JobStatusChanged { to } } }";
    let events = client.job(job, selection).await["events"]["nodes"].take();
    let events = events.as_array().expect("a list").iter();
    events
        .map(|event| [&event["name"], &event["to"]].into_iter().find_map(Value::as_str).expect("one").into())
        .collect()
}

#[tokio::test]
async fn a_file_that_is_attached_stays_with_its_job() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    let (job, file) = (ada.submit(&service, json!({})).await, ada.file("a.csv", "1").await);
    let input = json!({ "fileId": file, "jobId": job });
    let attached = ada.change("fileAttach", input.clone(), "file { role expiresAt attachedAt job { id } }").await;
    assert_eq!(attached["file"]["job"]["id"], job.as_str());
    assert_eq!(files(&ada, &job).await, json!([{ "name": "a.csv", "role": "INPUT", "expiresAt": null }]));
    ada.change("fileAttach", input, "file { id }").await;
    assert_eq!(told(&ada, &job).await, ["QUEUED", "a.csv"], "the second time changes nothing");

    let other = ada.submit(&service, json!({})).await;
    assert_eq!(ada.refused("fileAttach", json!({ "fileId": file, "jobId": other })).await, "INVALID_STATE");
    let detached = ada.change("fileDetach", json!({ "fileId": file }), "file { role expiresAt job { id } }").await;
    assert!(detached["file"]["expiresAt"].is_string() && detached["file"]["job"].is_null(), "{detached}");
    ada.change("fileAttach", json!({ "fileId": file, "jobId": other }), "file { id }").await;
    assert_eq!(files(&ada, &job).await, json!([]));
}

#[tokio::test]
async fn nobody_attaches_what_is_not_theirs() {
    let app = TestApp::new().await;
    let cara = app.author("cara").await;
    let service = cara.service(json!({})).await;
    let (ada, eve) = (app.user("ada").await, app.user("eve").await);
    let (job, file) = (ada.submit(&service, json!({})).await, ada.file("a", "1").await);
    let theirs = eve.file("b", "2").await;
    let attach = |file: &str| json!({ "fileId": file, "jobId": job });
    assert_eq!(eve.refused("fileAttach", attach(&theirs)).await, "NOT_FOUND", "a foreign job");
    assert_eq!(ada.refused("fileAttach", attach(&theirs)).await, "NOT_FOUND", "a foreign file");
    assert_eq!(eve.refused("fileDelete", json!({ "fileId": file })).await, "NOT_FOUND");
    assert_eq!(eve.data("{ files { nodes { name } } }", json!({})).await["files"]["nodes"], json!([{ "name": "b" }]));
    ada.change("fileAttach", attach(&file), "file { id }").await;
    // The owner of the service sees the file, and has no hand in it.
    for field in ["fileDetach", "fileDelete"] {
        assert_eq!(cara.refused(field, json!({ "fileId": file })).await, "FORBIDDEN");
    }
    let second = ada.file("c", "3").await;
    let output = json!({ "fileId": second, "jobId": job, "role": "OUTPUT" });
    assert_eq!(ada.refused("fileAttach", output).await, "FORBIDDEN");
    let made = cara.file("d", "4").await;
    cara.change("fileAttach", json!({ "fileId": made, "jobId": job, "role": "OUTPUT" }), "file { id }").await;
    assert_eq!(files(&ada, &job).await.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_job_is_submitted_with_its_files_or_not_at_all() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, eve) = (app.user("ada").await, app.user("eve").await);
    let (first, second, theirs) = (ada.file("a", "1").await, ada.file("b", "2").await, eve.file("c", "3").await);
    let submit = |ids: Vec<&str>| json!({ "serviceId": service, "fileIds": ids });
    assert_eq!(ada.wrong("jobSubmit", submit(vec![&first, &theirs])).await, ["fileIds/1"]);
    assert_eq!(ada.wrong("jobSubmit", submit(vec![&first, &first])).await, ["fileIds/1"]);
    assert_eq!(ada.wrong("jobSubmit", submit(vec!["nonsense"])).await, ["fileIds/0"]);
    assert_eq!(ada.data("{ jobs { nodes { id } } }", json!({})).await["jobs"]["nodes"], json!([]));
    let selection = "job { id revision files { nodes { name } } }";
    let made = ada.change("jobSubmit", submit(vec![&second, &first]), selection).await["job"].take();
    assert_eq!(made["revision"], 3);
    assert_eq!(made["files"]["nodes"], json!([{ "name": "a" }, { "name": "b" }]));
    assert_eq!(told(&ada, &text(&made["id"])).await, ["QUEUED", "b", "a"]);
}

#[tokio::test]
async fn a_worker_brings_outputs_of_the_job_that_it_holds() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    let job = ada.submit(&service, json!({})).await;
    let lease = runner.claim().await;
    let bring = |token: &str| read(runner.put("/files/out.txt").header("docket-lease", token).body("done"));
    assert_eq!(code(&bring("nonsense").await), "INVALID");
    let answer = bring(&lease.token).await;
    assert_eq!(answer["size"], 4, "{answer}");
    assert_eq!(told(&ada, &job).await, ["QUEUED", "CLAIMED", "RUNNING", "out.txt"]);
    assert_eq!(files(&ada, &job).await, json!([{ "name": "out.txt", "role": "OUTPUT", "expiresAt": null }]));
    let owner = ada.data("query($id: ID!) { file(id: $id) { owner { id } } }", json!({ "id": answer["id"] })).await;
    assert_eq!(owner["file"]["owner"]["id"], ada.id.as_str(), "it is whose job it is");
    let as_user = ada.put("/files/out.txt").header("docket-lease", &lease.token).body("x");
    assert_eq!(code(&read(as_user).await), "FORBIDDEN");

    runner.change("workRelease", json!({ "leaseToken": lease.token }), "job { id }").await;
    let response = runner.put("/files/out.txt").header("docket-lease", &lease.token).body("x");
    let response = response.send().await.expect("an answer");
    assert_eq!(response.status(), 409);
    assert_eq!(app.stored().len(), 1, "the late one is not kept");
}

#[tokio::test]
async fn a_workers_files_stay_while_it_works() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    let file = ada.file("a", "1").await;
    let job = ada.submit_with(json!({ "serviceId": service, "fileIds": [file] })).await;
    let lease = runner.claim().await;
    for field in ["fileDetach", "fileDelete"] {
        assert_eq!(ada.refused(field, json!({ "fileId": file })).await, "INVALID_STATE");
    }
    runner.change("workComplete", json!({ "leaseToken": lease.token }), "job { id }").await;
    let late = ada.file("b", "2").await;
    assert_eq!(ada.refused("fileAttach", json!({ "fileId": late, "jobId": job })).await, "INVALID_STATE");
    let removed = ada.change("fileDelete", json!({ "fileId": file }), "file { name }").await;
    assert_eq!(removed["file"]["name"], "a");
    assert_eq!(ada.get(&format!("/files/{file}")).send().await.expect("an answer").status(), 404);
    assert_eq!(app.stored().len(), 1, "only the late one");
}
