//! Services of projects.

use serde_json::{Value, json};

use super::Team;
use crate::support::{Client, code, text};

#[tokio::test]
async fn managers_make_and_manage_services_without_being_authors() {
    let team = Team::new().await;
    let create = |title: &str| json!({ "projectId": team.project, "title": title });
    for (client, code) in [
        (&team.owner, "OK"),
        (&team.manager, "OK"),
        (&team.contributor, "FORBIDDEN"),
        (&team.watcher, "FORBIDDEN"),
        (&team.app.admin(), "OK"),
    ] {
        assert_eq!(client.refused("serviceCreate", create("Own")).await, code);
    }
    assert_eq!(team.stranger.wrong("serviceCreate", create("Own")).await, ["projectId"]);
    assert_eq!(team.manager.refused("serviceCreate", json!({ "title": "Own" })).await, "FORBIDDEN", "the server's");
    let service = team.manager.service(create("Mine")).await;
    let author = team.app.author("anna").await;
    for (client, code) in [
        (&team.owner, "OK"),
        (&team.manager, "OK"),
        (&team.contributor, "FORBIDDEN"),
        (&team.watcher, "FORBIDDEN"),
        (&author, "NOT_FOUND"),
    ] {
        for field in ["serviceUpdate", "serviceCheckIn", "serviceDisable", "serviceEnable"] {
            assert_eq!(client.refused(field, json!({ "serviceId": service })).await, code, "{field}");
        }
        let runner = json!({ "name": "r", "serviceIds": [service] });
        let code = if code == "NOT_FOUND" { "INVALID" } else { code };
        assert_eq!(client.refused("runnerCreate", runner).await, code);
    }
    // Who made it and manages the project no longer has no right to it any more.
    let input = json!({ "projectId": team.project, "userId": team.manager.id });
    team.owner.change("projectMemberRemove", input, "member { role }").await;
    assert_eq!(team.manager.refused("serviceUpdate", json!({ "serviceId": service })).await, "NOT_FOUND");
}

#[tokio::test]
async fn contributors_use_them_and_managers_see_all_their_jobs() {
    let team = Team::new().await;
    let service = team.owner.service(json!({ "projectId": team.project, "title": "Own", "isExported": true })).await;
    team.owner.change("projectUpdate", json!({ "projectId": team.project, "isPublic": true }), "project { id }").await;
    let submit = json!({ "serviceId": service });
    for (client, code) in [
        (&team.watcher, "FORBIDDEN"),
        (&team.grouped, "FORBIDDEN"),
        (&team.stranger, "FORBIDDEN"),
        (&team.manager, "OK"),
    ] {
        assert_eq!(client.refused("jobSubmit", submit.clone()).await, code);
    }
    // In no project: a job of the project's service, which those see who manage it.
    let job = team.contributor.submit_with(submit.clone()).await;
    let see = "query($id: ID!) { job(id: $id) { id } }";
    for (client, code) in
        [(&team.owner, "OK"), (&team.manager, "OK"), (&team.watcher, "NOT_FOUND"), (&team.stranger, "NOT_FOUND")]
    {
        assert_eq!(client.code(see, json!({ "id": job })).await, code);
    }
    assert_eq!(team.manager.refused("jobOverride", json!({ "jobId": job, "message": "x" })).await, "OK");
    // The service of one project is not the way into another.
    let other = team.stranger.project(json!({})).await;
    let both = json!({ "serviceId": service, "projectId": other });
    assert_eq!(team.stranger.refused("jobSubmit", both.clone()).await, "FORBIDDEN");
    assert_eq!(team.contributor.wrong("jobSubmit", both).await, ["projectId"]);
    let runner = team.manager.runner(json!({ "serviceIds": [service] })).await;
    assert!(runner.claim_with(json!({ "max": 10 })).await.iter().any(|lease| lease.job == job));
    // Who stopped contributing runs nothing again.
    team.contributor.change("jobCancel", json!({ "jobId": job }), "job { id }").await;
    team.owner.enrol(&team.project, &team.contributor, "WATCHER").await;
    team.manager
        .graphql(
            "mutation($input: JobOverrideInput!) { jobOverride(input: $input) { job { id } } }",
            json!({ "input": { "jobId": job, "status": "CANCELLED" } }),
        )
        .await;
    assert_eq!(team.contributor.refused("jobRetry", json!({ "jobId": job })).await, "FORBIDDEN");
}

#[tokio::test]
async fn the_services_of_a_public_project_are_seen_by_everybody() {
    let team = Team::new().await;
    let exported = team.owner.service(json!({ "projectId": team.project, "title": "Out", "isExported": true })).await;
    let inner = team.owner.service(json!({ "projectId": team.project, "title": "In" })).await;
    let seen = async |client: &Client| {
        let found = client.data("{ services { nodes { name } } }", json!({})).await["services"]["nodes"].take();
        found.as_array().expect("a list").iter().map(|node| text(&node["name"])).collect::<Vec<_>>().join(" ")
    };
    let of_project = async |client: &Client| {
        let document = "query($id: ID!) { project(id: $id) { services { nodes { name } totalCount } } }";
        let answer = client.graphql(document, json!({ "id": team.project })).await;
        if code(&answer) == "OK" { answer["data"]["project"]["services"]["totalCount"].clone() } else { Value::Null }
    };
    let (anonymous, watcher, stranger) = (team.app.anonymous(), &team.watcher, &team.stranger);
    assert_eq!(
        [seen(&anonymous).await, seen(stranger).await, seen(watcher).await],
        ["shared", "shared", "in out shared"]
    );
    assert_eq!([of_project(&anonymous).await, of_project(watcher).await], [Value::Null, json!(2)]);
    let public = |public: bool| json!({ "projectId": team.project, "isPublic": public });
    team.owner.change("projectUpdate", public(true), "project { id }").await;
    assert_eq!([seen(&anonymous).await, seen(stranger).await], ["in out shared", "in out shared"]);
    assert_eq!([of_project(&anonymous).await, of_project(stranger).await], [json!(2), json!(2)]);
    let project = "query($id: ID!) { service(id: $id) { isExported project { name } owner { username } } }";
    let shown = json!({ "isExported": true, "project": { "name": "team" }, "owner": { "username": "olga" } });
    assert_eq!(anonymous.data(project, json!({ "id": exported })).await["service"], shown);
    // Whether other servers may show it is another matter.
    assert_eq!(anonymous.data(project, json!({ "id": inner })).await["service"]["isExported"], false);
    team.owner.change("projectUpdate", public(false), "project { id }").await;
    for service in [exported, inner] {
        assert_eq!(stranger.code(project, json!({ "id": service })).await, "NOT_FOUND");
    }
}

#[tokio::test]
async fn names_are_unique_in_their_project() {
    let team = Team::new().await;
    let create = |name: &str| json!({ "projectId": team.project, "title": "x", "name": name });
    // Of the server there is one of this name.
    let own = team.owner.service(create("shared")).await;
    assert_eq!(team.owner.wrong("serviceCreate", create("shared")).await, ["name"]);
    let other = team.stranger.project(json!({})).await;
    let foreign = team.stranger.service(json!({ "projectId": other, "title": "Shared" })).await;
    let named = async |client: &Client, project: Value| {
        let document = "query($project: ID) { service(name: \"shared\", projectId: $project) { id } }";
        let answer = client.graphql(document, json!({ "project": project })).await;
        if code(&answer) == "OK" { text(&answer["data"]["service"]["id"]) } else { code(&answer) }
    };
    assert_eq!(named(&team.owner, Value::Null).await, team.service);
    assert_eq!(named(&team.owner, json!(team.project)).await, own);
    assert_eq!(named(&team.owner, json!(other)).await, "NOT_FOUND");
    assert_eq!(named(&team.stranger, json!(other)).await, foreign);
}
