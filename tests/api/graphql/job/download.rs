//! Noting that results were fetched, and finding jobs by their numbers in an older API.

use serde_json::{Value, json};

use crate::support::TestApp;

#[tokio::test]
async fn the_first_fetch_is_noted_and_a_retry_forgets_it() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    let job = ada.submit(&service, json!({})).await;
    let mark = json!({ "jobId": job });
    assert_eq!(ada.refused("jobMarkDownloaded", mark.clone()).await, "INVALID_STATE");
    let lease = runner.claim().await;
    runner.change("workComplete", json!({ "leaseToken": lease.token }), "job { id }").await;
    assert_eq!(ada.job(&job, "downloadedAt").await["downloadedAt"], Value::Null);
    let first = ada.change("jobMarkDownloaded", mark.clone(), "job { downloadedAt revision }").await["job"].take();
    assert!(first["downloadedAt"].is_string());
    app.advance(60);
    let again = ada.change("jobMarkDownloaded", mark.clone(), "job { downloadedAt revision }").await["job"].take();
    assert_eq!(again, first);
    let stranger = app.user("eve").await;
    assert_eq!(stranger.refused("jobMarkDownloaded", mark.clone()).await, "NOT_FOUND");
    app.admin().change("jobOverride", json!({ "jobId": job, "status": "QUEUED" }), "job { id }").await;
    assert_eq!(ada.job(&job, "downloadedAt").await["downloadedAt"], Value::Null);
}

#[tokio::test]
async fn jobs_are_found_by_their_home_and_their_numbers_there() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let admin = app.admin();
    admin.submit(&service, json!({})).await;
    for _ in 0..3 {
        admin.change("jobRecord", json!({ "ownerId": admin.id }), "job { id }").await;
    }
    let document = "query($filter: JobFilter) { jobs(filter: $filter) { nodes { dialectNumber } } }";
    let found = async |filter: Value| admin.data(document, json!({ "filter": filter })).await["jobs"]["nodes"].take();
    let numbers = |numbers: &[i64]| {
        Value::from(numbers.iter().map(|number| json!({ "dialectNumber": number })).collect::<Vec<_>>())
    };
    assert_eq!(found(json!({ "dialect": { "in": ["MYBRC"] } })).await, numbers(&[3, 2, 1]));
    assert_eq!(found(json!({ "dialect": { "in": ["MYBRC"] }, "dialectNumbers": [3, 1, 9] })).await, numbers(&[3, 1]));
    assert_eq!(found(json!({ "dialect": { "in": ["PROJECT_W"] } })).await, numbers(&[]));
    let many = json!({ "filter": { "dialectNumbers": vec![1; 1001] } });
    let faults = admin.faults(document, many).await;
    assert_eq!(faults[0].0, "filter/dialectNumbers");
}
