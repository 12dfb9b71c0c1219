//! Who takes part in a project, by whatever way; and what a user takes part in.

use serde_json::{Value, json};

use super::Team;
use crate::support::{Client, text};

const SHOWN: &str =
    "query($id: ID!) { project(id: $id) { participants { totalCount nodes { user { username } role } } } }";

fn listed(page: &Value) -> Vec<String> {
    let nodes = page["nodes"].as_array().expect("a page");
    nodes.iter().map(|node| format!("{} {}", text(&node["user"]["username"]), text(&node["role"]))).collect()
}

#[tokio::test]
async fn groups_are_written_out_and_each_user_has_its_highest_role() {
    let team = Team::new().await;
    // Who has a role of its own and a lower one by a group, and the other way round.
    let crew = team.app.group(json!({ "name": "crew" }), &[&team.manager, &team.watcher]).await;
    team.owner.enrol(&team.project, &team.stranger, "WATCHER").await;
    team.app.admin().enrol_group(&team.project, &crew, "CONTRIBUTOR").await;
    let expected =
        ["olga OWNER", "max MANAGER", "cleo CONTRIBUTOR", "wanda CONTRIBUTOR", "gus WATCHER", "stan WATCHER"];
    for client in [&team.app.admin(), &team.owner, &team.watcher, &team.grouped] {
        let page = client.data(SHOWN, json!({ "id": team.project })).await["project"]["participants"].take();
        assert_eq!((listed(&page), &page["totalCount"]), (expected.map(ToOwned::to_owned).to_vec(), &json!(6)));
    }
    let document = "query($id: ID!, $after: String) { project(id: $id) { participants(order: USERNAME_ASC, first: 2,
        after: $after) { nodes { user { username } role } pageInfo { endCursor hasNextPage } } } }";
    let (mut after, mut seen) = (Value::Null, Vec::new());
    loop {
        let asked = json!({ "id": team.project, "after": after });
        let page = team.owner.data(document, asked).await["project"]["participants"].take();
        seen.extend(listed(&page));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    let mut sorted = expected.map(ToOwned::to_owned).to_vec();
    sorted.sort();
    assert_eq!(seen, sorted);
}

#[tokio::test]
async fn nobody_else_learns_who_takes_part() {
    let team = Team::new().await;
    team.owner.change("projectUpdate", json!({ "projectId": team.project, "isPublic": true }), "project { id }").await;
    for client in [&team.app.anonymous(), &team.stranger] {
        let page = client.data(SHOWN, json!({ "id": team.project })).await["project"]["participants"].take();
        assert_eq!(page, json!({ "nodes": [], "totalCount": 0 }));
    }
}

#[tokio::test]
async fn a_user_and_admins_see_what_it_takes_part_in() {
    let team = Team::new().await;
    let document = "query($id: ID!) { user(id: $id) { personalProject { name isPersonal } groups { totalCount nodes { name } } projects { totalCount nodes { name } } } }";
    let seen = async |who: &Client, of: &Client| who.data(document, json!({ "id": of.id })).await["user"].take();
    let own = json!({ "personalProject": { "name": "gus", "isPersonal": true }, "groups": { "totalCount": 1, "nodes": [{ "name": "guests" }] },
        "projects": { "totalCount": 2, "nodes": [{ "name": "gus" }, { "name": "team" }] } });
    assert_eq!(seen(&team.grouped, &team.grouped).await, own);
    assert_eq!(seen(&team.app.admin(), &team.grouped).await, own);
    let document = "query($id: ID!) { project(id: $id) { members { nodes { user { groups { totalCount } projects { totalCount } } } } } }";
    let others = team.watcher.data(document, json!({ "id": team.project })).await["project"]["members"]["nodes"].take();
    assert_eq!(others[0]["user"], json!({ "groups": null, "projects": null }), "of others it is nobody's business");
}

#[tokio::test]
async fn favorite_services_are_the_projects() {
    let team = Team::new().await;
    let document = "query($id: ID!) { project(id: $id) { favoriteServices } }";
    let seen = async |who: &Client| {
        who.data(document, json!({ "id": team.project })).await["project"]["favoriteServices"].take()
    };
    assert_eq!(seen(&team.watcher).await, Value::Null);
    let set = |names: Value| json!({ "projectId": team.project, "favoriteServices": names });
    team.manager.change("projectUpdate", set(json!(["shared::server::localhost"])), "project { id }").await;
    assert_eq!(seen(&team.watcher).await, json!(["shared::server::localhost"]));
    team.manager.change("projectUpdate", json!({ "projectId": team.project, "title": "T" }), "project { id }").await;
    assert_eq!(seen(&team.watcher).await, json!(["shared::server::localhost"]), "another change leaves them");
    assert_eq!(team.contributor.refused("projectUpdate", set(json!([]))).await, "FORBIDDEN");
    let wrong = set(json!(["x", "", "a\nb", "y".repeat(201)]));
    assert_eq!(
        team.manager.wrong("projectUpdate", wrong).await,
        ["favoriteServices/1", "favoriteServices/2", "favoriteServices/3"]
    );
    assert_eq!(team.manager.wrong("projectUpdate", set(json!(vec!["x"; 101]))).await, ["favoriteServices"]);
    team.manager.change("projectUpdate", set(json!([])), "project { id }").await;
    assert_eq!(seen(&team.watcher).await, json!([]));
}
