//! What was spent in projects.

use serde_json::{Value, json};

use super::Team;
use crate::support::Client;

/// Two jobs of the contributor in the project, and one in none, 5 each and done.
async fn spent() -> Team {
    let team = Team::new().await;
    let paid = team.app.service(json!({ "name": "paid", "prices": { "perJob": "5" } })).await;
    let account = team.app.account(json!({ "granted": "100" })).await;
    team.app.member(&account, &team.contributor, json!({})).await;
    let runner = team.app.runner(&paid).await;
    for project in [json!(team.project), json!(team.project), Value::Null] {
        let input = json!({ "serviceId": paid, "accountId": account, "projectId": project });
        team.contributor.submit_with(input).await;
        let lease = runner.claim().await;
        runner.change("workComplete", json!({ "leaseToken": lease.token }), "job { id }").await;
    }
    team
}

async fn rows(who: &Client, arguments: &str) -> Value {
    let document =
        format!("{{ usage({arguments}) {{ rows {{ spent jobs project {{ name }} user {{ username }} }} }} }}");
    who.data(&document, json!({})).await["usage"]["rows"].take()
}

#[tokio::test]
async fn usage_is_added_up_by_project_and_narrowed_to_one() {
    let team = spent().await;
    let row = |project: Value, spent: &str, jobs: i32| json!({ "spent": spent, "jobs": jobs, "project": project, "user": null });
    let by_project = json!([row(Value::Null, "5", 1), row(json!({ "name": "team" }), "10", 2)]);
    let keeper = team.app.user_with("kim", &["accounting"], false).await;
    for client in [&team.app.admin(), &team.contributor, &keeper] {
        assert_eq!(rows(client, "groupBy: PROJECT").await, by_project);
    }
    // Managers see what was spent in their project, and watchers do not.
    for client in [&team.owner, &team.manager] {
        assert_eq!(rows(client, "groupBy: PROJECT").await, json!([row(json!({ "name": "team" }), "10", 2)]));
    }
    for client in [&team.watcher, &team.grouped, &team.stranger] {
        assert_eq!(rows(client, "groupBy: PROJECT").await, json!([]));
    }
    let filter = format!("groupBy: USER, filter: {{ projectId: {{ eq: \"{}\" }} }}", team.project);
    assert_eq!(rows(&team.app.admin(), &filter).await[0]["spent"], "10");
    assert_eq!(rows(&team.stranger, &filter).await, json!([]));
}

#[tokio::test]
async fn entries_say_which_project_they_are_about() {
    let team = spent().await;
    let filter = json!({ "id": team.project });
    let document = "query($id: ID!) { ledger(filter: { projectId: { eq: $id }, kind: { eq: SETTLE } }) {
        nodes { project { id } spent } totalCount } }";
    for client in [&team.app.admin(), &team.manager, &team.contributor] {
        let found = client.data(document, filter.clone()).await["ledger"].take();
        let entry = json!({ "project": { "id": team.project }, "spent": "5" });
        assert_eq!(found, json!({ "nodes": [entry, entry], "totalCount": 2 }));
    }
    assert_eq!(team.watcher.data(document, filter).await["ledger"]["totalCount"], 0);
    // Who keeps the accounts is told which project it was, and not let in.
    let keeper = team.app.user_with("kim", &["accounting"], false).await;
    let document = "{ ledger(filter: { kind: { eq: SETTLE } }, order: CREATED_AT_ASC, first: 1) { nodes {
        project { name viewerRole members { totalCount } data { totalCount } jobs { totalCount } } } } }";
    let found = keeper.data(document, json!({})).await["ledger"]["nodes"][0]["project"].take();
    let none = json!({ "totalCount": 0 });
    assert_eq!(found, json!({ "name": "team", "viewerRole": null, "members": none, "data": none, "jobs": none }));
    assert_eq!(keeper.code("{ project(name: \"team\") { id } }", json!({})).await, "NOT_FOUND");
}
