//! Giving and taking roles.

use serde_json::{Value, json};

use super::Team;
use crate::support::{Client, text};

fn role(team: &Team, who: &Client, role: &str) -> Value {
    json!({ "projectId": team.project, "userId": who.id, "role": role })
}

fn of(team: &Team, who: &Client) -> Value {
    json!({ "projectId": team.project, "userId": who.id })
}

#[tokio::test]
async fn a_role_counts_from_the_next_request_on() {
    let team = Team::new().await;
    let stan = &team.stranger;
    assert_eq!(team.role(stan).await, "NOT_FOUND");
    for role in ["WATCHER", "CONTRIBUTOR", "MANAGER", "OWNER"] {
        team.owner.enrol(&team.project, stan, role).await;
        assert_eq!(team.role(stan).await, role);
    }
    team.owner.change("projectMemberRemove", of(&team, stan), "member { role }").await;
    assert_eq!(team.role(stan).await, "NOT_FOUND");
}

#[tokio::test]
async fn the_highest_role_counts_of_ones_own_and_those_of_groups() {
    let team = Team::new().await;
    let gus = &team.grouped;
    assert_eq!(team.role(gus).await, "WATCHER");
    let experts = team.app.group(json!({}), &[gus]).await;
    team.app.admin().enrol_group(&team.project, &experts, "MANAGER").await;
    assert_eq!(team.role(gus).await, "MANAGER");
    team.owner.enrol(&team.project, gus, "CONTRIBUTOR").await;
    assert_eq!(team.role(gus).await, "MANAGER");
    team.app.admin().enrol_group(&team.project, &experts, "WATCHER").await;
    assert_eq!(team.role(gus).await, "CONTRIBUTOR");
    team.owner.change("projectMemberRemove", of(&team, gus), "member { role }").await;
    assert_eq!(team.role(gus).await, "WATCHER", "by the groups");
    for group in [&experts, &team.group] {
        let input = json!({ "projectId": team.project, "groupId": group });
        team.owner.change("projectMemberRemove", input, "member { group { name } }").await;
    }
    assert_eq!(team.role(gus).await, "NOT_FOUND");
}

#[tokio::test]
async fn the_last_user_who_owns_a_project_stays_its_owner() {
    let team = Team::new().await;
    let (owner, admin) = (&team.owner, team.app.admin());
    // A group that owns it does not count: it may be empty tomorrow.
    admin.enrol_group(&team.project, &team.group, "OWNER").await;
    for client in [owner, &admin] {
        assert_eq!(client.wrong("projectMemberSet", role(&team, owner, "MANAGER")).await, ["role"]);
        assert_eq!(client.wrong("projectMemberRemove", of(&team, owner)).await, ["userId"]);
    }
    assert_eq!(owner.refused("projectMemberSet", role(&team, owner, "OWNER")).await, "OK", "nothing changes");
    owner.enrol(&team.project, &team.manager, "OWNER").await;
    assert_eq!(team.manager.refused("projectMemberSet", role(&team, owner, "WATCHER")).await, "OK");
    assert_eq!(team.role(owner).await, "WATCHER");
    assert_eq!(team.manager.wrong("projectMemberRemove", of(&team, &team.manager)).await, ["userId"]);
    let shown = "query($id: ID!) { project(id: $id) { owner { username } } }";
    let found = admin.data(shown, json!({ "id": team.project })).await;
    assert_eq!(found["project"]["owner"]["username"], "max");
}

#[tokio::test]
async fn two_owners_who_leave_at_once_leave_one_behind() {
    let team = Team::new().await;
    team.owner.enrol(&team.project, &team.manager, "OWNER").await;
    let (one, two) = tokio::join!(
        team.owner.refused("projectMemberRemove", of(&team, &team.owner)),
        team.manager.refused("projectMemberRemove", of(&team, &team.manager)),
    );
    let mut outcomes = [one, two];
    outcomes.sort();
    assert_eq!(outcomes, ["INVALID", "OK"]);
}

#[tokio::test]
async fn owners_are_made_and_unmade_by_owners() {
    let team = Team::new().await;
    let Team { owner, manager, contributor, watcher, stranger, .. } = &team;
    for (client, code) in
        [(manager, "FORBIDDEN"), (contributor, "FORBIDDEN"), (watcher, "FORBIDDEN"), (stranger, "NOT_FOUND")]
    {
        assert_eq!(client.refused("projectMemberSet", role(&team, stranger, "OWNER")).await, code);
        assert_eq!(client.refused("projectMemberSet", role(&team, client, "OWNER")).await, code, "not oneself either");
        assert_eq!(client.refused("projectMemberSet", role(&team, owner, "WATCHER")).await, code);
        assert_eq!(client.refused("projectMemberRemove", of(&team, owner)).await, code);
    }
    for (client, code) in [(manager, "OK"), (contributor, "FORBIDDEN"), (watcher, "FORBIDDEN")] {
        assert_eq!(client.refused("projectMemberSet", role(&team, stranger, "MANAGER")).await, code);
        assert_eq!(client.refused("projectMemberRemove", of(&team, stranger)).await, code);
    }
    assert_eq!(team.app.admin().refused("projectMemberSet", role(&team, stranger, "OWNER")).await, "OK");
}

#[tokio::test]
async fn whoever_wants_to_leaves() {
    let team = Team::new().await;
    for client in [&team.manager, &team.contributor, &team.watcher] {
        assert_eq!(client.refused("projectMemberRemove", of(&team, client)).await, "OK");
        assert_eq!(team.role(client).await, "NOT_FOUND");
    }
    // Who is here by a group alone has no role of its own to give up.
    assert_eq!(team.grouped.wrong("projectMemberRemove", of(&team, &team.grouped)).await, ["userId"]);
}

#[tokio::test]
async fn wrong_members_are_named() {
    let team = Team::new().await;
    let hidden = team.app.group(json!({}), &[]).await;
    let nobody = "user_ffffffffffff4fffbfffffffffffffff";
    for (given, path) in [
        (json!({ "userId": nobody }), "userId"),
        (json!({ "userId": team.project }), "userId"),
        (json!({ "userId": "olga" }), "userId"),
        (json!({ "groupId": hidden }), "groupId"),
        (json!({ "groupId": "group_ffffffffffff4fffbfffffffffffffff" }), "groupId"),
        (json!({ "groupId": team.watcher.id }), "groupId"),
        (json!({}), "userId"),
        (json!({ "userId": team.watcher.id, "groupId": team.group }), "userId"),
    ] {
        let mut input = given.clone();
        input["projectId"] = json!(team.project);
        assert_eq!(team.owner.wrong("projectMemberRemove", input.clone()).await, [path], "{given}");
        input["role"] = json!("WATCHER");
        assert_eq!(team.owner.wrong("projectMemberSet", input).await, [path], "{given}");
    }
    let absent = of(&team, &team.stranger);
    assert_eq!(team.owner.wrong("projectMemberRemove", absent).await, ["userId"], "no member");
}

#[tokio::test]
async fn members_see_each_other_and_nobody_else_sees_them() {
    let team = Team::new().await;
    team.owner.enrol(&team.project, &team.watcher, "WATCHER").await;
    let input = json!({ "projectId": team.project, "isPublic": true });
    team.owner.change("projectUpdate", input, "project { id }").await;
    let seen = async |client: &Client| {
        let document = "query($id: ID!) { project(id: $id) { members { nodes { role user { username } group { name } }
            totalCount } } }";
        let members = client.data(document, json!({ "id": team.project })).await["project"]["members"].take();
        assert_eq!(members["totalCount"], members["nodes"].as_array().map_or(0, Vec::len));
        let shown = |member: &Value| {
            let name = [&member["user"]["username"], &member["group"]["name"]].into_iter().find(|name| !name.is_null());
            format!("{} {}", text(&member["role"]), text(name.expect("a user or a group")))
        };
        members["nodes"].as_array().expect("a list").iter().map(shown).collect::<Vec<_>>()
    };
    let all = ["OWNER olga", "MANAGER max", "CONTRIBUTOR cleo", "WATCHER wanda", "WATCHER guests"];
    for client in [&team.watcher, &team.grouped, &team.owner, &team.app.admin()] {
        assert_eq!(seen(client).await, all);
    }
    for client in [&team.stranger, &team.app.anonymous()] {
        assert_eq!(seen(client).await, [""; 0]);
    }
}
