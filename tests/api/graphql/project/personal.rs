//! Every user's own project.

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn every_user_has_one_however_it_was_made() {
    let app = TestApp::new().await;
    for (client, name) in
        [(app.admin(), "admin"), (app.user("ada").await, "ada"), (app.author("Al.Ex_1").await, "al-ex-1")]
    {
        let document = "{ projects(filter: { isPersonal: true, role: { eq: OWNER } }) { nodes {
            name isPersonal isPublic viewerRole owner { id } members { nodes { role user { id } } }
            viewerCan { submitJobs editData manage manageServices setMembers setOwners delete } } } }";
        let found = client.data(document, json!({})).await["projects"]["nodes"].take();
        let can = json!({ "submitJobs": true, "editData": true, "manage": true, "manageServices": true,
            "setMembers": false, "setOwners": false, "delete": false });
        let expected = json!({ "name": name, "isPersonal": true, "isPublic": false, "viewerRole": "OWNER",
            "owner": { "id": client.id }, "members": { "nodes": [{ "role": "OWNER", "user": { "id": client.id } }] },
            "viewerCan": can });
        assert_eq!(found, json!([expected]));
    }
}

#[tokio::test]
async fn a_name_that_is_taken_gets_a_number() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    ada.project(json!({ "title": "Bob!" })).await;
    for (username, name) in [("bob", "bob-2"), ("server", "server-2"), ("___", "project")] {
        let user = app.user(username).await;
        let project = user.personal().await;
        let found = user.data("query($id: ID!) { project(id: $id) { name title } }", json!({ "id": project })).await;
        assert_eq!(found["project"], json!({ "name": name, "title": username }));
    }
}

#[tokio::test]
async fn it_is_its_owners_alone_and_stays() {
    let app = TestApp::new().await;
    let (ada, bob, admin) = (app.user("ada").await, app.user("bob").await, app.admin());
    let service = app.service(json!({})).await;
    let project = ada.personal().await;
    let member = json!({ "projectId": project, "userId": bob.id, "role": "WATCHER" });
    for client in [&ada, &admin] {
        assert_eq!(client.wrong("projectMemberSet", member.clone()).await, ["projectId"]);
        let own = json!({ "projectId": project, "userId": ada.id });
        assert_eq!(client.wrong("projectMemberRemove", own).await, ["projectId"]);
        assert_eq!(client.wrong("projectDelete", json!({ "projectId": project })).await, ["projectId"]);
    }
    let group = app.group(json!({}), &[&bob]).await;
    let by_group = json!({ "projectId": project, "groupId": group, "role": "OWNER" });
    assert_eq!(admin.wrong("projectMemberSet", by_group).await, ["projectId"]);
    // What is in it is the owner's: so not even an admin puts anything there.
    let job = json!({ "serviceId": service, "projectId": project });
    for (client, expected) in [(&ada, "OK"), (&admin, "FORBIDDEN"), (&bob, "INVALID")] {
        assert_eq!(client.refused("jobSubmit", job.clone()).await, expected);
        let data = json!({ "projectId": project, "title": "x" });
        assert_eq!(client.refused("projectDataCreate", data).await, expected);
        let own = json!({ "projectId": project, "title": "x" });
        let no_author = if expected == "INVALID" { "INVALID" } else { expected };
        assert_eq!(client.refused("serviceCreate", own).await, no_author);
    }
    assert_eq!(
        ada.refused("projectUpdate", json!({ "projectId": project, "title": "Mine", "name": "mine" })).await,
        "OK"
    );
    assert_eq!(bob.code("{ project(name: \"mine\") { id } }", json!({})).await, "NOT_FOUND");
}
