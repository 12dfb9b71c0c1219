//! Events of projects' jobs, as a list and live; roles that begin and end while a stream is open.

use serde_json::{Value, json};

use super::Team;
use crate::support::{Client, Stream, text};

const LIVE: &str = "subscription($filter: JobEventFilter, $after: Cursor) { jobEvents(filter: $filter, after: $after) {
    event { ... on JobStatusChanged { jobId to } } } }";

async fn open(who: &Client, filter: Value) -> Stream {
    who.subscribe(LIVE, json!({ "filter": filter, "after": "e0" })).await
}

async fn next(stream: &mut Stream) -> String {
    text(&stream.item("jobEvents").await["event"]["jobId"])
}

#[tokio::test]
async fn members_follow_a_projects_jobs_and_others_hear_nothing_of_them() {
    let team = Team::new().await;
    let first = team.job(&team.contributor).await;
    let filter = json!({ "projectId": { "eq": team.project } });
    let mut streams = Vec::new();
    for client in [&team.owner, &team.watcher, &team.grouped, &team.app.admin()] {
        let mut stream = open(client, filter.clone()).await;
        assert_eq!(next(&mut stream).await, first, "from the log");
        streams.push(stream);
    }
    let mut foreign = open(&team.stranger, Value::Null).await;
    team.contributor.submit(&team.service, json!({})).await;
    let second = team.job(&team.contributor).await;
    for stream in &mut streams {
        assert_eq!(next(stream).await, second, "live, and nothing of the job outside");
    }
    let own = team.stranger.submit(&team.service, json!({})).await;
    assert_eq!(next(&mut foreign).await, own, "its own is the first that it hears of");
    let listed = async |client: &Client| {
        let document = "query($filter: JobEventFilter) { jobEvents(filter: $filter) { nodes { __typename } } }";
        let found = client.data(document, json!({ "filter": filter })).await;
        found["jobEvents"]["nodes"].as_array().map(Vec::len)
    };
    assert_eq!((listed(&team.watcher).await, listed(&team.stranger).await), (Some(2), Some(0)));
}

#[tokio::test]
async fn an_open_stream_follows_the_roles_of_its_reader() {
    let team = Team::new().await;
    let stan = &team.stranger;
    let mut stream = open(stan, Value::Null).await;
    let marker = async || stan.submit(&team.service, json!({})).await;
    let before = marker().await;
    assert_eq!(next(&mut stream).await, before);
    team.owner.enrol(&team.project, stan, "WATCHER").await;
    // A second later at the latest.
    team.app.advance(2);
    let seen = team.job(&team.owner).await;
    assert_eq!(next(&mut stream).await, seen);
    let input = json!({ "projectId": team.project, "userId": stan.id });
    team.owner.change("projectMemberRemove", input, "member { role }").await;
    team.app.advance(2);
    team.job(&team.owner).await;
    let after = marker().await;
    assert_eq!(next(&mut stream).await, after, "and nothing of the project in between");
}

#[tokio::test]
async fn who_manages_a_project_hears_of_all_jobs_of_its_services() {
    let team = Team::new().await;
    let service = team.owner.service(json!({ "projectId": team.project, "title": "Own" })).await;
    let (mut manager, mut watcher) = (open(&team.manager, Value::Null).await, open(&team.watcher, Value::Null).await);
    let outside = team.contributor.submit_with(json!({ "serviceId": service })).await;
    let inside = team.contributor.submit_with(json!({ "serviceId": service, "projectId": team.project })).await;
    assert_eq!([next(&mut manager).await, next(&mut manager).await], [outside, inside.clone()]);
    assert_eq!(next(&mut watcher).await, inside);
    let mut hints = team
        .manager
        .subscribe("subscription($ids: [ID!]!) { jobsAvailable(serviceIds: $ids) { id } }", json!({ "ids": [service] }))
        .await;
    let refused = "subscription($ids: [ID!]!) { jobsAvailable(serviceIds: $ids) { id } }";
    let mut stream = team.watcher.subscribe(refused, json!({ "ids": [service] })).await;
    assert_eq!(stream.code().await, "FORBIDDEN");
    let submits = async {
        let mut again = tokio::time::interval(std::time::Duration::from_millis(50));
        loop {
            again.tick().await;
            team.contributor.submit_with(json!({ "serviceId": service })).await;
        }
    };
    tokio::select! {
        item = hints.item("jobsAvailable") => assert_eq!(item["id"], json!(service)),
        () = submits => {}
    }
}

#[tokio::test]
async fn one_job_is_followed_by_members() {
    let team = Team::new().await;
    let job = team.job(&team.contributor).await;
    let document = "subscription($id: ID!) { job(id: $id) { status } }";
    let mut stream = team.watcher.subscribe(document, json!({ "id": job })).await;
    assert_eq!(stream.item("job").await["status"], "QUEUED");
    let mut foreign = team.stranger.subscribe(document, json!({ "id": job })).await;
    assert_eq!(foreign.code().await, "NOT_FOUND");
    team.contributor.change("jobCancel", json!({ "jobId": job }), "job { id }").await;
    assert_eq!(stream.item("job").await["status"], "CANCELLED");
    assert!(stream.next().await.is_none());
}

/// What comes with an event is seen by the rights of that moment, like the event itself.
#[tokio::test]
async fn an_open_stream_shows_the_job_of_its_readers_first_project_and_of_its_first_service() {
    let team = Team::new().await;
    let cara = team.app.author("cara").await;
    let document = "subscription { jobEvents(after: \"e0\") { event {
        ... on JobStatusChanged { jobId job { status project { title } } }
        ... on JobFileAdded { jobId job { status } file { name } } } } }";
    let mut stream = cara.subscribe(document, Value::Null).await;
    let before = cara.submit(&team.service, json!({})).await;
    assert_eq!(stream.item("jobEvents").await["event"]["jobId"], json!(before));
    team.owner.enrol(&team.project, &cara, "WATCHER").await;
    team.app.advance(2);
    let file = team.owner.file("a.txt", "a").await;
    let input = json!({ "serviceId": team.service, "projectId": team.project, "fileIds": [file] });
    let job = team.owner.submit_with(input).await;
    let shown = json!({ "jobId": job, "job": { "status": "QUEUED", "project": { "title": "Team" } } });
    assert_eq!(stream.item("jobEvents").await["event"], shown);
    let shown = json!({ "jobId": job, "job": { "status": "QUEUED" }, "file": { "name": "a.txt" } });
    assert_eq!(stream.item("jobEvents").await["event"], shown);
    let own = cara.service(json!({})).await;
    let job = team.owner.submit(&own, json!({})).await;
    let shown = json!({ "jobId": job, "job": { "status": "QUEUED", "project": null } });
    assert_eq!(stream.item("jobEvents").await["event"], shown);
}
