//! Services and jobs that are at home in another old API: here they are not there.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::super::project_w;
use super::{read, wire_uuid};
use crate::support::text;

#[tokio::test]
async fn transcriptions_are_not_there_whatever_is_asked_of_them() {
    let (app, mails) = project_w::world().await;
    let ada = project_w::user(&app, &mails, "ada@test.com").await;
    project_w::submit(&ada, "hello").await;
    let admin = app.admin();
    let shown = "{ jobs { nodes { id status service { id lastSeenAt } } } }";
    let before = admin.data(shown, json!({})).await["jobs"]["nodes"][0].take();
    let (job, service) = (wire_uuid(&text(&before["id"])), wire_uuid(&text(&before["service"]["id"])));
    let (of_job, of_service) = (format!("/jobs/{job}"), format!("/services/{service}"));
    let change = json!({ "status": "COMPLETED", "name": "Mine", "is_available": false, "parameters": {} });
    for version in ["", "/v1"] {
        let set = if version.is_empty() { Method::PATCH } else { Method::PUT };
        for (method, path) in [
            (Method::GET, of_service.clone()),
            (Method::PATCH, of_service.clone()),
            (Method::GET, format!("{of_service}/queue")),
            (Method::GET, format!("{of_service}/jobs")),
            (Method::POST, format!("{of_service}/jobs")),
            (Method::GET, of_job.clone()),
            (set, of_job.clone()),
        ] {
            let place = format!("/topchef{version}{path}");
            let refused = read(admin.request(method.clone(), &place).json(&change)).await;
            let noun = if path.starts_with(&of_job) { "A job with id" } else { "A service with UUID" };
            assert_eq!(refused.status, StatusCode::NOT_FOUND, "{method} {place}: {}", refused.body);
            let told = refused.body["errors"].to_string();
            assert!(told.contains(noun), "{method} {place}: {told}");
        }
    }
    let next = read(admin.get(&format!("/topchef{of_service}/jobs/next"))).await;
    assert_eq!(next.status, StatusCode::NOT_FOUND);
    let put = admin.request(Method::PUT, &format!("/topchef/v1{of_service}{of_job}"));
    assert_eq!(read(put.json(&change)).await.status, StatusCode::NOT_FOUND);
    let all = admin.data(shown, json!({})).await["jobs"]["nodes"].take();
    assert_eq!(all, json!([before]), "nothing was done to them");
}
