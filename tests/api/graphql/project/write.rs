//! Making, changing and deleting projects.

use serde_json::{Value, json};

use super::Team;
use crate::support::{TestApp, text};

#[tokio::test]
async fn who_makes_a_project_owns_it() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let input = json!({ "title": "Word statistics", "description": "All of them.", "isPublic": true });
    let selection = "project { number name title description isPublic isPersonal isFavorite viewerRole
        owner { username } defaultAccount { id } deletedAt viewerCan { manage setOwners } }";
    let made = ada.change("projectCreate", input.clone(), selection).await["project"].take();
    let mut expected = input;
    expected.as_object_mut().expect("an object").extend(
        json!({ "number": made["number"], "name": "word-statistics", "isPersonal": false, "isFavorite": false,
            "viewerRole": "OWNER", "owner": { "username": "ada" }, "defaultAccount": null, "deletedAt": null,
            "viewerCan": { "manage": true, "setOwners": true } })
        .as_object()
        .expect("an object")
        .clone(),
    );
    assert_eq!(made, expected);
    let by = async |document: &str, variables: Value| ada.data(document, variables).await["project"]["name"].take();
    assert_eq!(
        by("query($n: Int!) { project(number: $n) { name } }", json!({ "n": made["number"] })).await,
        "word-statistics"
    );
    let second = ada.project(json!({ "title": "word statistics" })).await;
    assert_eq!(by("query($id: ID!) { project(id: $id) { name } }", json!({ "id": second })).await, "word-statistics-2");
    let third = ada.project(json!({ "title": "server" })).await;
    assert_eq!(by("query($id: ID!) { project(id: $id) { name } }", json!({ "id": third })).await, "server-2");
}

#[tokio::test]
async fn what_is_changed_is_shown_and_the_rest_stays() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let account = app.account(json!({ "granted": "5" })).await;
    app.member(&account, &ada, json!({})).await;
    let project = ada.project(json!({ "title": "One", "description": "old" })).await;
    let change = async |input: Value| {
        let mut input = input;
        input["projectId"] = json!(project);
        let selection = "project { name title description isPublic defaultAccount { id } }";
        ada.change("projectUpdate", input, selection).await["project"].take()
    };
    let shown = |title: &str, public: bool, account: Value| {
        json!({ "name": "one", "title": title, "description": "old",
        "isPublic": public, "defaultAccount": account })
    };
    assert_eq!(change(json!({ "title": "Two" })).await, shown("Two", false, Value::Null));
    let with_account = shown("Two", true, json!({ "id": account }));
    assert_eq!(change(json!({ "isPublic": true, "defaultAccountId": account })).await, with_account);
    assert_eq!(change(json!({ "name": null })).await, with_account);
    assert_eq!(change(json!({ "defaultAccountId": null })).await, shown("Two", true, Value::Null));
}

#[tokio::test]
async fn a_deleted_project_is_gone_and_its_jobs_stay_with_their_owners() {
    let team = Team::new().await;
    let Team { app, project, owner, manager, contributor, watcher, .. } = &team;
    let own = owner.service(json!({ "projectId": project, "title": "Own" })).await;
    let file = contributor.file("a.txt", "a").await;
    let data = contributor.data_of(project, json!({ "fileId": file })).await;
    owner.change("favoriteAdd", json!({ "projectId": project }), "project { id }").await;
    let job = team.job(contributor).await;
    let delete = json!({ "projectId": project });
    assert_eq!(owner.refused("projectDelete", delete.clone()).await, "INVALID_STATE", "a live job");
    contributor.change("jobCancel", json!({ "jobId": job }), "job { id }").await;
    // Of a service of the project, though in no project itself.
    let other = contributor.submit_with(json!({ "serviceId": own })).await;
    assert_eq!(owner.refused("projectDelete", delete.clone()).await, "INVALID_STATE", "a live job of a service");
    contributor.change("jobCancel", json!({ "jobId": other }), "job { id }").await;
    let deleted = manager.change("projectDelete", delete.clone(), "project { name }").await;
    assert_eq!(deleted["project"]["name"], "team");
    for client in [owner, manager, contributor, &app.admin()] {
        let ids = json!({ "ids": [project, own, data, file] });
        let found = client.data("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids).await;
        assert_eq!(found["nodes"], json!([null, null, null, null]));
        assert_eq!(client.refused("projectDelete", delete.clone()).await, "NOT_FOUND");
        let submit = json!({ "serviceId": team.service, "projectId": project });
        assert_eq!(client.wrong("jobSubmit", submit).await, ["projectId"]);
    }
    assert_eq!(contributor.job(&job, "status project { id }").await, json!({ "status": "CANCELLED", "project": null }));
    assert_eq!(watcher.code("query($id: ID!) { job(id: $id) { id } }", json!({ "id": job })).await, "NOT_FOUND");
    assert_eq!(manager.code("query($id: ID!) { job(id: $id) { id } }", json!({ "id": job })).await, "NOT_FOUND");
    // A deleted project runs nothing more.
    assert_eq!(contributor.refused("jobRetry", json!({ "jobId": job })).await, "FORBIDDEN");
    assert_eq!(app.admin().refused("jobRetry", json!({ "jobId": job })).await, "INVALID_STATE");
    // Its bytes go with the next sweep, and its name is free.
    app.sweep_files().await;
    assert_eq!(app.stored(), [""; 0]);
    let again = owner.project(json!({ "title": "Team" })).await;
    let found = owner.data("query($id: ID!) { project(id: $id) { name } }", json!({ "id": again })).await;
    assert_eq!(text(&found["project"]["name"]), "team");
}

#[tokio::test]
async fn projects_are_filtered_ordered_and_paged() {
    let team = Team::new().await;
    let ada = team.app.user("ada").await;
    for title in ["C", "A", "B"] {
        ada.project(json!({ "title": title, "isPublic": title == "A" })).await;
    }
    team.owner.enrol(&team.project, &ada, "WATCHER").await;
    let names = async |arguments: &str| {
        let document = format!("{{ projects({arguments}) {{ nodes {{ name }} totalCount }} }}");
        let found = ada.data(&document, json!({})).await["projects"].take();
        let names: Vec<String> =
            found["nodes"].as_array().expect("a list").iter().map(|node| text(&node["name"])).collect();
        assert_eq!(found["totalCount"], names.len());
        names.join(" ")
    };
    assert_eq!(names("first: 100").await, "a ada b c team");
    assert_eq!(names("order: CREATED_AT_DESC").await, "b a c ada team");
    assert_eq!(names("filter: { role: { eq: WATCHER } }").await, "team");
    assert_eq!(names("filter: { role: { in: [OWNER] }, isPersonal: false }").await, "a b c");
    assert_eq!(names("filter: { isPublic: true }").await, "a");
    assert_eq!(names("filter: { isPublic: false, name: { startsWith: \"a\" } }").await, "ada");
    assert_eq!(names("filter: { role: { in: [] } }").await, "");
    let page =
        ada.data("{ projects(first: 2) { nodes { name } pageInfo { hasNextPage endCursor } } }", json!({})).await;
    let after = json!({ "after": page["projects"]["pageInfo"]["endCursor"] });
    let next = ada.data("query($after: String) { projects(first: 2, after: $after) { nodes { name } } }", after).await;
    assert_eq!(next["projects"]["nodes"], json!([{ "name": "b" }, { "name": "c" }]));
    // Everybody sees what is public, and nobody else's.
    let seen = team.stranger.data("{ projects { nodes { name } } }", json!({})).await;
    assert_eq!(seen["projects"]["nodes"], json!([{ "name": "a" }, { "name": "stan" }]));
}
