//! Every kind of caller against every way to a project and what it has. The snapshot is the rights: read it when it changes.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::{Value, json};

use super::Team;
use crate::support::{Client, code, mutation, read, text};

/// What a project has, to be asked for.
struct World {
    team: Team,
    /// The contributor's, in the project.
    job: String,
    /// The project's.
    service: String,
    data: String,
    file: String,
    runner: Client,
}

async fn world(public: bool) -> World {
    let team = Team::new().await;
    let (owner, contributor) = (&team.owner, &team.contributor);
    let service = owner.service(json!({ "projectId": team.project, "title": "Own", "isExported": true })).await;
    let runner = owner.runner(json!({ "serviceIds": [service] })).await;
    let input = json!({ "serviceId": service, "projectId": team.project });
    let job = contributor.submit_with(input).await;
    let file = contributor.file("data.txt", "bytes").await;
    let data = contributor.data_of(&team.project, json!({ "isPublic": true, "fileId": file, "value": 7 })).await;
    if public {
        let input = json!({ "projectId": team.project, "isPublic": true });
        owner.change("projectUpdate", input, "project { id }").await;
    }
    World { team, job, service, data, file, runner }
}

async fn callers(world: &World) -> Vec<(&'static str, Client)> {
    let team = &world.team;
    vec![
        ("owner", team.owner.clone()),
        ("manager", team.manager.clone()),
        ("contributor", team.contributor.clone()),
        ("watcher", team.watcher.clone()),
        ("member by group", team.grouped.clone()),
        ("stranger", team.stranger.clone()),
        ("anonymous", team.app.anonymous()),
        ("runner", world.runner.clone()),
        ("admin", team.app.admin()),
        ("owner's token without scopes", team.owner.api_token(&[]).await),
    ]
}

/// Documents whose first field is looked at: null or empty is `-`.
fn queries(world: &World) -> Vec<(&'static str, &'static str, Value)> {
    let team = &world.team;
    let (project, service) = (json!({ "id": team.project }), json!({ "id": world.service }));
    let (job, data, file) = (json!({ "id": world.job }), json!({ "id": world.data }), json!({ "id": world.file }));
    let ids = json!({ "ids": [team.project, world.service, world.job, world.data, world.file, team.group] });
    vec![
        ("project", "query($id: ID!) { project(id: $id) { __typename } }", project.clone()),
        ("project by name", "{ project(name: \"team\") { __typename } }", json!({})),
        ("projects", "{ projects(filter: { name: { eq: \"team\" } }) { nodes { __typename } } }", json!({})),
        ("members", "query($id: ID!) { project(id: $id) { members { nodes { role } } } }", project.clone()),
        ("its services", "query($id: ID!) { project(id: $id) { services { nodes { id } } } }", project.clone()),
        ("its jobs", "query($id: ID!) { project(id: $id) { jobs { nodes { id } } } }", project.clone()),
        ("its data", "query($id: ID!) { project(id: $id) { data { nodes { id } } } }", project.clone()),
        ("node", "query($id: ID!) { node(id: $id) { id } }", project.clone()),
        ("nodes", "query($ids: [ID!]!) { nodes(ids: $ids) { __typename } }", ids),
        ("service", "query($id: ID!) { service(id: $id) { id } }", service),
        (
            "services",
            "query($id: ID!) { services(filter: { projectId: { eq: $id } }) { nodes { id } } }",
            project.clone(),
        ),
        ("job", "query($id: ID!) { job(id: $id) { id } }", job.clone()),
        ("project of the job", "query($id: ID!) { job(id: $id) { project { id } } }", job),
        ("jobs", "{ jobs { nodes { id } } }", json!({})),
        (
            "jobs by project",
            "query($id: ID!) { jobs(filter: { projectId: { eq: $id } }) { nodes { id } } }",
            project.clone(),
        ),
        (
            "events",
            "query($id: ID!) { jobEvents(filter: { projectId: { eq: $id } }) { nodes { __typename } } }",
            project,
        ),
        ("data", "query($id: ID!) { projectData(id: $id) { id } }", data),
        ("file", "query($id: ID!) { file(id: $id) { data { id } } }", file),
        (
            "group",
            "query($id: ID!) { group(id: $id) { members { nodes { user { username } } } } }",
            json!({ "id": team.group }),
        ),
    ]
}

/// How much of it is there.
fn seen(value: &Value) -> String {
    let mut value = value;
    while let Some((_, only)) =
        value.as_object().filter(|object| object.len() == 1).and_then(|object| object.iter().next())
    {
        value = only;
    }
    match value {
        Value::Null => "-".to_owned(),
        Value::Array(items) => match items.iter().filter(|item| !item.is_null()).count() {
            0 => "-".to_owned(),
            there => there.to_string(),
        },
        _ => "yes".to_owned(),
    }
}

/// Whatever each of them would do, done on something of its own, so that one does not undo another's.
async fn changes(world: &World) -> Vec<(&'static str, Value)> {
    let team = &world.team;
    let (project, contributor) = (&team.project, &team.contributor);
    let job = || team.job(contributor);
    let cancelled = job().await;
    contributor.change("jobCancel", json!({ "jobId": cancelled }), "job { id }").await;
    vec![
        ("projectUpdate", json!({ "projectId": project, "description": "x" })),
        ("favoriteAdd", json!({ "projectId": project })),
        ("projectMemberSet", json!({ "projectId": project, "userId": team.watcher.id, "role": "WATCHER" })),
        ("serviceCreate", json!({ "projectId": project, "title": "New" })),
        ("serviceUpdate", json!({ "serviceId": world.service, "description": "x" })),
        ("runnerCreate", json!({ "serviceIds": [world.service], "name": "r" })),
        ("jobSubmit", json!({ "serviceId": team.service, "projectId": project })),
        ("jobSubmit", json!({ "serviceId": world.service })),
        ("jobUpdate", json!({ "jobId": job().await, "priority": 3 })),
        ("jobOverride", json!({ "jobId": job().await, "message": "x" })),
        ("jobCancel", json!({ "jobId": job().await })),
        ("jobRetry", json!({ "jobId": cancelled })),
        ("projectDataCreate", json!({ "projectId": project, "title": "x" })),
        ("projectDataUpdate", json!({ "dataId": world.data, "title": "x" })),
        ("projectDataDelete", json!({ "dataId": contributor.data_of(project, json!({})).await })),
        ("fileDetach", json!({ "fileId": fresh_file(world).await })),
        ("projectDelete", json!({ "projectId": project })),
    ]
}

/// A file of the contributor's at data of the project.
async fn fresh_file(world: &World) -> String {
    let contributor = &world.team.contributor;
    let file = contributor.file("x.txt", "x").await;
    contributor.data_of(&world.team.project, json!({ "fileId": file })).await;
    file
}

async fn table(public: bool) -> String {
    let world = world(public).await;
    let callers = callers(&world).await;
    let mut rows: Vec<(String, Vec<(&str, String)>)> = Vec::new();
    for (name, document, variables) in queries(&world) {
        let mut outcomes = Vec::new();
        for (kind, client) in &callers {
            let answer = client.graphql(document, variables.clone()).await;
            let code = code(&answer);
            outcomes.push((*kind, if code == "OK" { seen(&answer["data"]) } else { code }));
        }
        rows.push((name.to_owned(), outcomes));
    }
    let mut outcomes = Vec::new();
    for (kind, client) in &callers {
        let status = client.get(&format!("/files/{}", world.file)).send().await.expect("an answer").status();
        outcomes.push((*kind, status.as_u16().to_string()));
    }
    rows.push(("download".to_owned(), outcomes));
    let before = rows.len();
    for (kind, client) in &callers {
        for (index, (field, input)) in changes(&world).await.into_iter().enumerate() {
            let answer = client.graphql(&mutation(field, "__typename"), json!({ "input": input })).await;
            if rows.len() == before + index {
                rows.push((field.to_owned(), Vec::new()));
            }
            rows[before + index].1.push((*kind, code(&answer)));
        }
    }
    shown(&rows)
}

/// Ways with their outcomes, and the callers under each.
fn shown(rows: &[(String, Vec<(&str, String)>)]) -> String {
    let mut text = String::new();
    for (way, outcomes) in rows {
        let mut by_outcome: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (kind, outcome) in outcomes {
            by_outcome.entry(outcome).or_default().push(kind);
        }
        writeln!(text, "{way}").expect("a text takes everything");
        for (outcome, kinds) in by_outcome {
            writeln!(text, "    {outcome}: {}", kinds.join(", ")).expect("a text takes everything");
        }
    }
    text
}

#[tokio::test]
async fn who_may_do_what_in_a_project() {
    insta::assert_snapshot!(table(false).await);
}

#[tokio::test]
async fn who_may_do_what_in_a_public_project() {
    insta::assert_snapshot!(table(true).await);
}

#[tokio::test]
async fn what_is_public_is_so_only_where_the_server_says_it() {
    let app = crate::support::TestApp::with(|config| config.anonymous_reads_services = false).await;
    let ada = app.user("ada").await;
    let project = ada.project(json!({ "isPublic": true, "name": "open" })).await;
    let file = ada.file("a.txt", "a").await;
    let data = ada.data_of(&project, json!({ "isPublic": true, "fileId": file })).await;
    let (anonymous, bob) = (app.anonymous(), app.user("bob").await);
    let document = "query($project: ID!, $data: ID!) { project(id: $project) { name } projectData(id: $data) { id } }";
    let ids = json!({ "project": project, "data": data });
    assert_eq!(anonymous.code(document, ids.clone()).await, "NOT_FOUND");
    assert_eq!(bob.code(document, ids).await, "OK");
    let path = format!("/files/{file}");
    assert_eq!(anonymous.get(&path).send().await.expect("an answer").status(), 401);
    assert_eq!(bob.get(&path).send().await.expect("an answer").status(), 200);
    // What is refused says so as everywhere.
    assert_eq!(text(&read(anonymous.get(&path)).await["errors"][0]["extensions"]["code"]), "UNAUTHENTICATED");
}
