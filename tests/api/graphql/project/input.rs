//! Wrong input: every fault names its field, and nothing is changed.

use serde_json::{Value, json};

use super::Team;
use crate::support::TestApp;

#[tokio::test]
async fn wrong_projects_are_named() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let project = ada.project(json!({ "title": "One" })).await;
    let hidden = app.account(json!({})).await;
    for (given, paths) in [
        (json!({ "title": "" }), vec!["title"]),
        (json!({ "title": "x".repeat(201), "name": "a b" }), vec!["name", "title"]),
        (json!({ "title": "x", "name": "" }), vec!["name"]),
        (json!({ "title": "x", "name": "x".repeat(65) }), vec!["name"]),
        (json!({ "title": "x", "name": "ü" }), vec!["name"]),
        (json!({ "title": "x", "name": "server" }), vec!["name"]),
        (json!({ "title": "x", "name": "ada" }), vec!["name"]),
        (json!({ "title": "x", "description": "x".repeat(10_001) }), vec!["description"]),
        (json!({ "title": "x", "defaultAccountId": hidden }), vec!["defaultAccountId"]),
        (json!({ "title": "x", "defaultAccountId": project }), vec!["defaultAccountId"]),
    ] {
        assert_eq!(ada.wrong("projectCreate", given.clone()).await, paths);
        let mut change = given;
        change["projectId"] = json!(project);
        assert_eq!(ada.wrong("projectUpdate", change).await, paths);
    }
    let found = ada.data("{ projects(filter: { role: { eq: OWNER } }) { nodes { title } } }", json!({})).await;
    assert_eq!(found["projects"]["nodes"], json!([{ "title": "ada" }, { "title": "One" }]));
    for arguments in ["", "(id: \"x\", name: \"y\")", "(id: \"job_00000000000000000000000000000000\")"] {
        let answer = ada.graphql(&format!("{{ project{arguments} {{ id }} }}"), json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["fields"][0]["path"], "id", "{answer}");
    }
}

#[tokio::test]
async fn a_foreign_project_is_not_there_by_any_path() {
    let team = Team::new().await;
    let stan = &team.stranger;
    let data = team.owner.data_of(&team.project, json!({})).await;
    let service = team.owner.service(json!({ "projectId": team.project, "title": "x" })).await;
    let absent = |id: &str| {
        let (prefix, digits) = id.split_once('_').expect("an id");
        format!("{prefix}_{}", digits.chars().rev().collect::<String>())
    };
    for (field, input, key) in [
        ("projectUpdate", json!({}), "projectId"),
        ("projectDelete", json!({}), "projectId"),
        ("favoriteAdd", json!({}), "projectId"),
        ("favoriteRemove", json!({}), "projectId"),
        ("projectMemberSet", json!({ "userId": stan.id, "role": "WATCHER" }), "projectId"),
        ("projectMemberRemove", json!({ "userId": stan.id }), "projectId"),
        ("projectDataCreate", json!({ "title": "x" }), "projectId"),
        ("serviceCreate", json!({ "title": "x" }), "projectId"),
        ("jobSubmit", json!({ "serviceId": team.service }), "projectId"),
    ] {
        let with = |id: &str| {
            let mut input = input.clone();
            input[key] = json!(id);
            json!({ "input": input })
        };
        let document = crate::support::mutation(field, "__typename");
        let (hidden, absent) = (
            stan.graphql(&document, with(&team.project)).await,
            stan.graphql(&document, with(&absent(&team.project))).await,
        );
        let told = |answer: &Value| {
            let error = &answer["errors"][0];
            json!([error["message"], error["extensions"]["code"], error["extensions"]["fields"]])
        };
        assert_eq!(told(&hidden), told(&absent), "{field}: hidden equals absent");
        assert_ne!(told(&hidden)[1], Value::Null, "{field}");
    }
    for (id, noun) in
        [(&data, "projectData"), (&service, "service"), (&team.project, "project"), (&team.group, "group")]
    {
        let document = format!("query($id: ID!) {{ {noun}(id: $id) {{ id }} }}");
        assert_eq!(stan.code(&document, json!({ "id": id })).await, "NOT_FOUND");
        assert_eq!(stan.code(&document, json!({ "id": absent(id) })).await, "NOT_FOUND");
        assert_eq!(
            stan.data("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await["node"],
            Value::Null
        );
    }
}
