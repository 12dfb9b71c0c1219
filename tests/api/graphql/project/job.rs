//! Jobs of projects: who puts them there, sees them and changes them.

use serde_json::{Value, json};

use super::Team;
use crate::support::{Client, TestApp, text};

async fn sees(who: &Client, job: &str) -> String {
    who.code("query($id: ID!) { job(id: $id) { id } }", json!({ "id": job })).await
}

async fn ids(who: &Client, arguments: &str) -> Vec<String> {
    let document = format!("{{ jobs({arguments}) {{ nodes {{ id }} totalCount }} }}");
    let found = who.data(&document, json!({})).await["jobs"].take();
    let ids: Vec<String> = found["nodes"].as_array().expect("a list").iter().map(|job| text(&job["id"])).collect();
    assert_eq!(found["totalCount"], ids.len());
    ids
}

#[tokio::test]
async fn members_see_all_jobs_of_a_project_and_others_none() {
    let team = Team::new().await;
    let (one, two) = (team.job(&team.contributor).await, team.job(&team.owner).await);
    // In no project, and so nobody's business.
    let alone = team.contributor.submit(&team.service, json!({})).await;
    for client in [&team.manager, &team.watcher, &team.grouped] {
        assert_eq!(ids(client, "first: 10").await, [two.clone(), one.clone()]);
        assert_eq!(ids(client, "first: 10, order: UPDATED_AT_ASC").await, [one.clone(), two.clone()]);
        assert_eq!(sees(client, &alone).await, "NOT_FOUND");
    }
    assert_eq!(ids(&team.contributor, "first: 10").await, [alone, two.clone(), one.clone()]);
    assert_eq!(ids(&team.stranger, "first: 10").await, [""; 0]);
    let filter = format!("first: 10, filter: {{ projectId: {{ eq: \"{}\" }} }}", team.project);
    for client in [&team.watcher, &team.contributor, &team.app.admin()] {
        assert_eq!(ids(client, &filter).await, [two.clone(), one.clone()]);
    }
    assert_eq!(ids(&team.stranger, &filter).await, [""; 0]);
}

#[tokio::test]
async fn pages_over_own_jobs_services_and_projects_have_each_job_once() {
    let team = Team::new().await;
    let author = team.app.author("anna").await;
    let service = author.service(json!({})).await;
    team.owner.enrol(&team.project, &author, "WATCHER").await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(team.contributor.submit_with(json!({ "serviceId": service, "projectId": team.project })).await);
        all.push(author.submit(&team.service, json!({})).await);
        all.push(team.job(&team.owner).await);
        all.push(team.stranger.submit(&service, json!({})).await);
        team.stranger.submit(&team.service, json!({})).await;
    }
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let document = "query($after: String) { jobs(first: 5, order: SUBMITTED_AT_ASC, after: $after) {
            nodes { id } pageInfo { hasNextPage endCursor } } }";
        let page = author.data(document, json!({ "after": after })).await["jobs"].take();
        seen.extend(page["nodes"].as_array().expect("a list").iter().map(|job| text(&job["id"])));
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(seen, all);
}

#[tokio::test]
async fn a_member_of_more_projects_than_one_list_has_parts_sees_them_all() {
    let team = Team::new().await;
    let mut jobs = Vec::new();
    for _ in 0..31 {
        let project = team.owner.project(json!({})).await;
        team.owner.enrol(&project, &team.watcher, "WATCHER").await;
        jobs.push(team.owner.submit_with(json!({ "serviceId": team.service, "projectId": project })).await);
    }
    assert_eq!(ids(&team.watcher, "first: 100, order: SUBMITTED_AT_ASC").await, jobs);
}

#[tokio::test]
async fn owners_change_their_jobs_and_managers_all() {
    let team = Team::new().await;
    let other = team.app.user("carl").await;
    team.owner.enrol(&team.project, &other, "CONTRIBUTOR").await;
    for (client, code) in [
        (&team.owner, "OK"),
        (&team.manager, "OK"),
        (&team.contributor, "OK"),
        (&team.app.admin(), "OK"),
        (&other, "FORBIDDEN"),
        (&team.watcher, "FORBIDDEN"),
        (&team.grouped, "FORBIDDEN"),
        (&team.stranger, "NOT_FOUND"),
    ] {
        let job = team.job(&team.contributor).await;
        let id = json!({ "jobId": job });
        let with = |key: &str, value: Value| {
            let mut input = id.clone();
            input[key] = value;
            input
        };
        assert_eq!(client.refused("jobUpdate", with("priority", json!(5))).await, code);
        let file = client.file("a.txt", "a").await;
        assert_eq!(client.refused("fileAttach", with("fileId", json!(file))).await, code);
        // Whoever manages the job's project does not manage its service.
        let manages = client.id == team.app.admin().id;
        let may_override = if code == "NOT_FOUND" || manages { code } else { "FORBIDDEN" };
        assert_eq!(client.refused("jobOverride", with("message", json!("x"))).await, may_override);
        assert_eq!(client.refused("jobCancel", id.clone()).await, code);
        let filter = json!({ "filter": { "projectId": { "eq": team.project } } });
        let left = client.change("jobsCancel", filter, "cancelled").await;
        assert_eq!(left["cancelled"], 0, "what may not be cancelled is passed over, and the rest is cancelled already");
        if code != "OK" {
            assert_eq!(team.contributor.status(&job).await, "QUEUED");
            team.contributor.change("jobCancel", id.clone(), "job { id }").await;
        }
        let can = if code == "NOT_FOUND" {
            Value::Null
        } else {
            client.job(&job, "viewerCan { cancel retry delete readLogs }").await["viewerCan"].take()
        };
        let may = code == "OK";
        let expected = json!({ "cancel": false, "retry": may, "delete": may, "readLogs": true });
        assert_eq!(can, if code == "NOT_FOUND" { Value::Null } else { expected });
        assert_eq!(client.refused("jobRetry", id.clone()).await, code);
        team.contributor
            .graphql(
                "mutation($input: JobCancelInput!) { jobCancel(input: $input) { job { id } } }",
                json!({ "input": id }),
            )
            .await;
        assert_eq!(client.refused("jobDelete", id).await, code);
    }
}

#[tokio::test]
async fn who_left_sees_its_own_jobs_and_runs_none_again() {
    let team = Team::new().await;
    let (own, others) = (team.job(&team.contributor).await, team.job(&team.owner).await);
    let input = json!({ "projectId": team.project, "userId": team.contributor.id });
    team.owner.change("projectMemberRemove", input, "member { role }").await;
    assert_eq!(
        (sees(&team.contributor, &own).await, sees(&team.contributor, &others).await),
        ("OK".into(), "NOT_FOUND".into())
    );
    assert_eq!(team.contributor.job(&own, "project { id }").await, json!({ "project": null }));
    assert_eq!(ids(&team.contributor, "first: 10").await, [own.as_str()]);
    assert_eq!(team.contributor.refused("jobCancel", json!({ "jobId": own })).await, "OK");
    assert_eq!(team.contributor.refused("jobRetry", json!({ "jobId": own })).await, "FORBIDDEN");
    let can = team.contributor.job(&own, "viewerCan { retry delete }").await;
    assert_eq!(can["viewerCan"], json!({ "retry": false, "delete": true }));
    assert_eq!(team.manager.refused("jobRetry", json!({ "jobId": own })).await, "OK");
    let submit = json!({ "serviceId": team.service, "projectId": team.project });
    assert_eq!(team.contributor.wrong("jobSubmit", submit).await, ["projectId"]);
}

#[tokio::test]
async fn who_runs_a_service_sees_its_jobs_of_projects_and_not_the_projects() {
    let app = TestApp::new().await;
    let (author, ada) = (app.author("anna").await, app.user("ada").await);
    let service = author.service(json!({})).await;
    let project = ada.project(json!({})).await;
    let job = ada.submit_with(json!({ "serviceId": service, "projectId": project })).await;
    assert_eq!(author.job(&job, "status project { id }").await, json!({ "status": "QUEUED", "project": null }));
    assert_eq!(ada.job(&job, "project { id }").await, json!({ "project": { "id": project } }));
    assert_eq!(author.refused("jobCancel", json!({ "jobId": job })).await, "OK");
}

#[tokio::test]
async fn an_idempotency_key_stands_for_the_project_too() {
    let team = Team::new().await;
    let submit = |project: Value| json!({ "serviceId": team.service, "projectId": project, "idempotencyKey": "k" });
    let first = team.contributor.change("jobSubmit", submit(json!(team.project)), "job { id } replayed").await;
    let again = team.contributor.change("jobSubmit", submit(json!(team.project)), "job { id } replayed").await;
    assert_eq!((&first["job"], &again["replayed"]), (&again["job"], &json!(true)));
    assert_eq!(team.contributor.refused("jobSubmit", submit(Value::Null)).await, "IDEMPOTENCY_MISMATCH");
}

#[tokio::test]
async fn a_paid_job_is_run_again_by_its_owner_and_the_services_managers_and_says_so() {
    let team = Team::new().await;
    let account = team.app.account(json!({ "granted": "100" })).await;
    team.app.member(&account, &team.contributor, json!({})).await;
    let service = team.app.service(json!({ "prices": { "perJob": "1" } })).await;
    let input = json!({ "serviceId": service, "projectId": team.project, "accountId": account });
    let job = team.contributor.submit_with(input).await;
    let id = json!({ "jobId": job });
    for (client, code) in [
        (&team.manager, "FORBIDDEN"),
        (&team.owner, "FORBIDDEN"),
        (&team.watcher, "FORBIDDEN"),
        (&team.contributor, "OK"),
        (&team.app.admin(), "OK"),
    ] {
        team.contributor.refused("jobCancel", id.clone()).await;
        let can = client.job(&job, "viewerCan { retry }").await["viewerCan"]["retry"].take();
        assert_eq!((can, client.refused("jobRetry", id.clone()).await.as_str()), (json!(code == "OK"), code));
    }
}
