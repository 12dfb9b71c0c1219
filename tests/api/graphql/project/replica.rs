//! Rights over several servers of one database: what one changes, another believes within a second.

use serde_json::json;

use super::Team;

#[tokio::test]
async fn a_role_that_ends_elsewhere_ends_here_within_a_second() {
    let team = Team::new().await;
    let Some(replica) = team.app.replica().await else { return };
    let job = team.job(&team.owner).await;
    let there = team.watcher.at(&replica);
    let sees = async || there.code("query($id: ID!) { project(id: $id) { id } }", json!({ "id": team.project })).await;
    let sees_job = async || there.code("query($id: ID!) { job(id: $id) { id } }", json!({ "id": job })).await;
    assert_eq!((sees().await.as_str(), sees_job().await.as_str()), ("OK", "OK"));
    let input = json!({ "projectId": team.project, "userId": team.watcher.id });
    team.owner.change("projectMemberRemove", input, "member { role }").await;
    replica.advance(1);
    assert_eq!((sees().await.as_str(), sees_job().await.as_str()), ("NOT_FOUND", "NOT_FOUND"));
    team.owner.enrol(&team.project, &team.watcher, "MANAGER").await;
    replica.advance(1);
    assert_eq!((sees().await.as_str(), sees_job().await.as_str()), ("OK", "OK"));
    assert_eq!(there.refused("jobCancel", json!({ "jobId": job })).await, "OK");
}
