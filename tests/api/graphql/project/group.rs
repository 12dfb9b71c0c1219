//! Groups.

use serde_json::{Value, json};

use super::Team;
use crate::support::{Client, TestApp, text};

const SHOWN: &str =
    "query($id: ID!) { group(id: $id) { name description members { nodes { user { username } } totalCount } } }";

#[tokio::test]
async fn admins_make_groups_and_say_who_is_in_them() {
    let app = TestApp::new().await;
    let (admin, ada, bob) = (app.admin(), app.user("ada").await, app.user("bob").await);
    let group = app.group(json!({ "name": "lab", "description": "All of us." }), &[&ada]).await;
    let (add, remove) = ("groupMemberAdd", "groupMemberRemove");
    let who = |client: &Client| json!({ "groupId": group, "userId": client.id });
    for _ in 0..2 {
        admin.change(add, who(&bob), "group { name }").await;
    }
    let expected = json!({ "name": "lab", "description": "All of us.",
        "members": { "nodes": [{ "user": { "username": "ada" } }, { "user": { "username": "bob" } }], "totalCount": 2 } });
    for client in [&admin, &ada, &bob] {
        assert_eq!(client.data(SHOWN, json!({ "id": group })).await["group"], expected);
    }
    admin.change(remove, who(&bob), "group { name }").await;
    assert_eq!(admin.wrong(remove, who(&bob)).await, ["userId"], "twice");
    assert_eq!(bob.code(SHOWN, json!({ "id": group })).await, "NOT_FOUND");
    for (field, input) in [
        (add, who(&bob)),
        (remove, who(&ada)),
        ("groupUpdate", json!({ "groupId": group, "name": "x" })),
        ("groupDelete", json!({ "groupId": group })),
    ] {
        assert_eq!(ada.refused(field, input.clone()).await, "FORBIDDEN", "{field}: not by who is in it");
        assert_eq!(bob.refused(field, input.clone()).await, "NOT_FOUND", "{field}");
        assert_eq!(app.anonymous().refused(field, input).await, "UNAUTHENTICATED", "{field}");
    }
    assert_eq!(ada.refused("groupCreate", json!({ "name": "x" })).await, "FORBIDDEN");
    let updated =
        admin.change("groupUpdate", json!({ "groupId": group, "name": "crew" }), "group { name description }");
    assert_eq!(updated.await["group"], json!({ "name": "crew", "description": "All of us." }));
}

#[tokio::test]
async fn wrong_groups_are_named() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let group = app.group(json!({ "name": "lab" }), &[]).await;
    for (field, input, path) in [
        ("groupCreate", json!({ "name": "" }), "name"),
        ("groupCreate", json!({ "name": "a b" }), "name"),
        ("groupCreate", json!({ "name": "lab" }), "name"),
        ("groupCreate", json!({ "name": "x", "description": "x".repeat(10_001) }), "description"),
        ("groupUpdate", json!({ "groupId": group, "name": "ü" }), "name"),
        ("groupUpdate", json!({ "groupId": "lab", "name": "x" }), "groupId"),
        ("groupMemberAdd", json!({ "groupId": group, "userId": group }), "userId"),
        ("groupMemberAdd", json!({ "groupId": group, "userId": "user_ffffffffffff4fffbfffffffffffffff" }), "userId"),
        ("groupMemberRemove", json!({ "groupId": group, "userId": admin.id }), "userId"),
    ] {
        assert_eq!(admin.wrong(field, input.clone()).await, [path], "{field} {input}");
    }
    let gone = json!({ "groupId": "group_ffffffffffff4fffbfffffffffffffff" });
    assert_eq!(admin.refused("groupDelete", gone).await, "NOT_FOUND");
}

#[tokio::test]
async fn who_enters_or_leaves_a_group_enters_or_leaves_its_projects() {
    let team = Team::new().await;
    let (admin, stan) = (team.app.admin(), &team.stranger);
    let job = team.job(&team.contributor).await;
    let who = json!({ "groupId": team.group, "userId": stan.id });
    let sees = async || stan.code("query($id: ID!) { job(id: $id) { id } }", json!({ "id": job })).await;
    assert_eq!(sees().await, "NOT_FOUND");
    admin.change("groupMemberAdd", who.clone(), "group { id }").await;
    assert_eq!((team.role(stan).await.as_str(), sees().await.as_str()), ("WATCHER", "OK"));
    admin.change("groupMemberRemove", who.clone(), "group { id }").await;
    assert_eq!((team.role(stan).await.as_str(), sees().await.as_str()), ("NOT_FOUND", "NOT_FOUND"));
    admin.change("groupMemberAdd", who, "group { id }").await;
    admin.change("groupDelete", json!({ "groupId": team.group }), "group { name }").await;
    assert_eq!(team.role(stan).await, "NOT_FOUND");
    assert_eq!(team.role(&team.grouped).await, "NOT_FOUND");
    let members = "query($id: ID!) { project(id: $id) { members { nodes { group { name } } totalCount } } }";
    let left = team.owner.data(members, json!({ "id": team.project })).await["project"]["members"].take();
    assert_eq!(left["totalCount"], 4, "{left}");
}

#[tokio::test]
async fn groups_are_listed_to_those_who_are_in_them() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    for (name, members) in [("b", vec![&ada]), ("a", vec![&ada, &bob]), ("c", vec![])] {
        app.group(json!({ "name": name }), &members).await;
    }
    let names = async |client: &Client, arguments: &str| {
        let document = format!("{{ groups{arguments} {{ nodes {{ name }} totalCount }} }}");
        let found = client.data(&document, json!({})).await["groups"].take();
        let names: Vec<String> =
            found["nodes"].as_array().expect("a list").iter().map(|node| text(&node["name"])).collect();
        assert_eq!(found["totalCount"], names.len());
        names.join(" ")
    };
    assert_eq!(names(&app.admin(), "").await, "a b c");
    assert_eq!(names(&ada, "(order: CREATED_AT_ASC)").await, "b a");
    assert_eq!(names(&bob, "").await, "a");
    assert_eq!(names(&app.user("eve").await, "").await, "");
    let by_name = ada.data("{ group(name: \"b\") { number } }", json!({})).await;
    let number = json!({ "n": by_name["group"]["number"] });
    let document = "query($n: Int!) { group(number: $n) { name } }";
    assert_eq!(ada.data(document, number.clone()).await["group"]["name"], "b");
    assert_eq!(bob.graphql(document, number).await["data"]["group"], Value::Null);
}
