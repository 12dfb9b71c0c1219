//! Projects, beyond the document's listing.

use serde_json::json;

use super::{id, refused, shown};
use crate::support::TestApp;

#[tokio::test]
async fn members_see_it_whatever_makes_them_members() {
    let app = TestApp::new().await;
    let (owner, second, grouped) = (app.user("olga").await, app.user("otto").await, app.user("gus").await);
    let (watcher, stranger) = (app.user("wanda").await, app.user("stan").await);
    let project = owner.project(json!({ "title": "Team" })).await;
    owner.enrol(&project, &second, "OWNER").await;
    owner.enrol(&project, &watcher, "WATCHER").await;
    let group = app.group(json!({}), &[&grouped, &watcher]).await;
    app.admin().enrol_group(&project, &group, "CONTRIBUTOR").await;
    let admin = app.admin();
    let (number, [olga, otto, gus, wanda]) = (
        id(&admin, &project).await,
        [
            id(&admin, &owner.id).await,
            id(&admin, &second.id).await,
            id(&admin, &grouped.id).await,
            id(&admin, &watcher.id).await,
        ],
    );
    // There is one owner; roles exclude each other, and the highest counts.
    let expected = json!({ "owner": olga, "managers": [otto], "contributors": [gus, wanda], "watchers": [], "services": [],
        "jobs": [], "data": [] });
    for client in [&admin, &owner, &second, &grouped, &watcher] {
        assert_eq!(shown(client, &format!("/projects/{number}")).await, expected);
    }
    for path in [format!("/projects/{number}"), "/projects/00000009999".to_owned(), "/projects/x".to_owned()] {
        assert_eq!(refused(&stranger, &path).await, (403, "FORBIDDEN".to_owned()), "{path}");
        assert_eq!(refused(&app.anonymous(), &path).await, (401, "UNAUTHENTICATED".to_owned()), "{path}");
    }
    for path in ["/projects/00000009999", "/projects/x", "/projects/1"] {
        assert_eq!(refused(&admin, path).await, (404, "NOT_FOUND".to_owned()), "{path}");
    }
    for client in [&owner, &watcher, &stranger] {
        assert_eq!(refused(client, "/projects").await, (403, "FORBIDDEN".to_owned()));
    }
    assert_eq!(refused(&app.anonymous(), "/projects").await.0, 401);
}

#[tokio::test]
async fn a_public_project_shows_its_members_to_nobody_else() {
    let app = TestApp::new().await;
    let (owner, stranger) = (app.user("olga").await, app.user("stan").await);
    let project = owner.project(json!({ "title": "Team", "isPublic": true })).await;
    let path = format!("/projects/{}", id(&owner, &project).await);
    assert_eq!(refused(&stranger, &path).await, (403, "FORBIDDEN".to_owned()));
    assert_eq!(refused(&app.anonymous(), &path).await.0, 401);
}

#[tokio::test]
async fn lists_longer_than_a_page_are_whole() {
    let app = TestApp::new().await;
    let owner = app.user("olga").await;
    let service = app.service(json!({})).await;
    let project = owner.project(json!({ "title": "Team" })).await;
    let job = json!({ "serviceId": service, "projectId": project });
    for count in [1_000, 1_000, 1] {
        let input = json!({ "jobs": vec![job.clone(); count] });
        owner.change("jobSubmitBatch", input, "results { error { code } }").await;
    }
    owner.data_of(&project, json!({})).await;
    let body = shown(&owner, &format!("/projects/{}", id(&owner, &project).await)).await;
    let jobs = body["jobs"].as_array().expect("a list");
    assert_eq!((jobs.len(), &jobs[0], &jobs[2_000]), (2_001, &json!("00000000001"), &json!("00000002001")));
    assert_eq!(body["data"], json!(["00000000001"]), "what has no further page is there once");
}
