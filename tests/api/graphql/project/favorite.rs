//! Marked projects.

use serde_json::{Value, json};

use super::Team;
use crate::support::Client;

async fn marked(who: &Client) -> Value {
    let document = "{ projects(filter: { isFavorite: true }) { nodes { name isFavorite } } }";
    who.data(document, json!({})).await["projects"]["nodes"].take()
}

#[tokio::test]
async fn a_mark_is_ones_own_and_gives_no_right() {
    let team = Team::new().await;
    let project = json!({ "projectId": team.project });
    for _ in 0..2 {
        let added = team.watcher.change("favoriteAdd", project.clone(), "project { isFavorite }").await;
        assert_eq!(added["project"]["isFavorite"], true);
    }
    assert_eq!(marked(&team.watcher).await, json!([{ "name": "team", "isFavorite": true }]));
    assert_eq!(marked(&team.owner).await, json!([]), "nobody else's");
    assert_eq!(marked(&team.app.anonymous()).await, json!([]));
    assert_eq!(team.stranger.refused("favoriteAdd", project.clone()).await, "NOT_FOUND");
    let member = json!({ "projectId": team.project, "userId": team.watcher.id });
    team.owner.change("projectMemberRemove", member, "member { role }").await;
    assert_eq!(marked(&team.watcher).await, json!([]), "hidden, though marked");
    assert_eq!(team.watcher.refused("favoriteRemove", project.clone()).await, "NOT_FOUND");
    team.owner.enrol(&team.project, &team.watcher, "WATCHER").await;
    for _ in 0..2 {
        let removed = team.watcher.change("favoriteRemove", project.clone(), "project { isFavorite }").await;
        assert_eq!(removed["project"]["isFavorite"], false);
    }
    assert_eq!(marked(&team.watcher).await, json!([]));
}
