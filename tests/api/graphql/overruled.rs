//! What an admin does with things of others is in the audit.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::calls::{World, fields_of};
use crate::support::{Client, TestApp, code, text};

/// Changes of services, projects, jobs and files that belong to others: each is noted as that.
const OVERRULING: &[&str] = &[
    "fileAttach",
    "fileDelete",
    "fileDetach",
    "jobCancel",
    "jobDelete",
    "jobMarkDownloaded",
    "jobOverride",
    "jobRecord",
    "jobRecordUpdate",
    "jobRetry",
    "jobUpdate",
    "projectDataDelete",
    "projectDataUpdate",
    "projectDelete",
    "projectMemberRemove",
    "projectMemberSet",
    "projectUpdate",
    "serviceDelete",
    "serviceDisable",
    "serviceEnable",
    "serviceUpdate",
];

/// What the audit has of this caller, the oldest first: the action, what it was done to, and the detail.
async fn of(reader: &Client, actor: &Client) -> Vec<Value> {
    let document =
        "query($id: ID!) { auditEntries(last: 100, order: CREATED_AT_ASC, filter: { actorId: { eq: $id } }) {
        nodes { id action subjectId detail } } }";
    let data = reader.data(document, json!({ "id": actor.id })).await;
    data["auditEntries"]["nodes"].as_array().expect("a list").clone()
}

/// Every mutation, called by an admin on things of others, with what the audit says then. `-` is what leaves no trace there:
/// what an admin makes has its name on it, and a sign of life changes nothing.
#[tokio::test]
async fn every_mutation_of_an_admin_on_things_of_others_is_noted() {
    let world = World::new().await;
    let admin = world.app.admin();
    world.app.user_with("root", &[], true).await;
    let (mut table, mut wrong) = (String::new(), Vec::new());
    for field in fields_of(&admin, "mutation").await {
        // Some of the calls end the session that they come with.
        let root = world.app.anonymous().log_in("root").await;
        let arguments = world.arguments(&field.name).await;
        if field.name == "fileDetach" {
            let job = world.ada.submit(&world.service, json!({})).await;
            let input = json!({ "fileId": arguments["input"]["fileId"], "jobId": job });
            world.ada.change("fileAttach", input, "file { id }").await;
        }
        let before = of(&admin, &root).await;
        let answer = root.graphql(&field.document("mutation", &arguments), arguments).await;
        let noted: Vec<_> = of(&admin, &root).await.into_iter().filter(|entry| !before.contains(entry)).collect();
        let noted_as = |entry: &Value| match &entry["detail"] {
            Value::String(detail) if entry["action"] == "OVERRULED" => format!("OVERRULED ({detail})"),
            _ => text(&entry["action"]),
        };
        let words: Vec<_> = noted.iter().map(noted_as).collect();
        let name = &field.name;
        let told = if words.is_empty() { "-".to_owned() } else { words.join(", ") };
        writeln!(table, "{name}: {}", if code(&answer) == "OK" { told } else { code(&answer) }).expect("a text");
        let overrules = OVERRULING.contains(&name.as_str());
        let seen = noted.iter().any(|entry| entry["action"] == "OVERRULED");
        if seen != overrules {
            wrong.push(format!("{name}: {answer} {noted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn who_may_do_it_anyway_overrules_nobody() {
    let app = TestApp::new().await;
    let root = app.user_with("root", &[], true).await;
    let ada = app.user("ada").await;
    let service = root.service(json!({})).await;
    root.change("serviceUpdate", json!({ "serviceId": service, "title": "Own" }), "service { id }").await;
    let own = root.submit(&service, json!({})).await;
    root.change("jobCancel", json!({ "jobId": own }), "job { id }").await;
    // Of somebody else, but at the admin's own service.
    let of_ada = ada.submit(&service, json!({})).await;
    root.change("jobUpdate", json!({ "jobId": of_ada, "priority": 1 }), "job { id }").await;
    let project = ada.project(json!({})).await;
    ada.enrol(&project, &root, "MANAGER").await;
    root.change("projectUpdate", json!({ "projectId": project, "title": "Ours" }), "project { id }").await;
    let noted = of(&app.admin(), &root).await;
    assert!(noted.iter().all(|entry| entry["action"] != "OVERRULED"), "{noted:?}");
    // An owner's role is more than a manager's.
    root.enrol(&project, &ada, "OWNER").await;
    root.enrol(&project, &root, "OWNER").await;
    let noted = of(&app.admin(), &root).await;
    let last = noted.last().expect("an entry");
    assert_eq!((&last["action"], &last["subjectId"]), (&json!("OVERRULED"), &json!(project)));
}

#[tokio::test]
async fn of_many_jobs_each_one_is_noted() {
    let app = TestApp::new().await;
    let root = app.user_with("root", &[], true).await;
    let (cara, ada) = (app.author("cara").await, app.user("ada").await);
    let service = cara.service(json!({})).await;
    let own = root.submit(&service, json!({})).await;
    let others = [ada.submit(&service, json!({})).await, ada.submit(&service, json!({})).await];
    let filter = json!({ "filter": { "serviceId": { "eq": service } } });
    assert_eq!(root.change("jobsCancel", filter, "cancelled").await["cancelled"], 3);
    let noted = of(&app.admin(), &root).await;
    let mut overruled: Vec<_> =
        noted.iter().filter(|entry| entry["action"] == "OVERRULED").map(|entry| text(&entry["subjectId"])).collect();
    overruled.sort();
    let mut expected = others.to_vec();
    expected.sort();
    assert_eq!(overruled, expected);
    assert!(!overruled.contains(&own));
}
