//! Runners of projects' services.

use serde_json::json;

use super::Team;
use crate::support::Client;

/// How many jobs of the project's service a runner gets, of one that waits.
async fn claims(team: &Team, service: &str, runner: &Client) -> usize {
    team.contributor.submit_with(json!({ "serviceId": service })).await;
    let leases = runner.claim_with(json!({ "max": 100 })).await;
    for lease in &leases {
        runner.change("workComplete", json!({ "leaseToken": lease.token }), "job { id }").await;
    }
    leases.len().min(1)
}

#[tokio::test]
async fn a_runner_works_for_a_project_as_long_as_its_maker_manages_it() {
    let team = Team::new().await;
    let service = team.owner.service(json!({ "projectId": team.project, "title": "Own" })).await;
    let experts = team.app.group(json!({}), &[&team.stranger]).await;
    team.app.admin().enrol_group(&team.project, &experts, "MANAGER").await;
    let input = json!({ "serviceIds": [service] });
    let of_manager = team.manager.runner(input.clone()).await;
    let of_group = team.stranger.runner(input.clone()).await;
    let of_owner = team.owner.runner(input.clone()).await;
    let of_admin = team.app.runner_with(input).await;
    for runner in [&of_manager, &of_group, &of_owner, &of_admin] {
        assert_eq!(claims(&team, &service, runner).await, 1);
    }
    team.owner.enrol(&team.project, &team.manager, "CONTRIBUTOR").await;
    assert_eq!(claims(&team, &service, &of_manager).await, 0, "no manager any more");
    let who = json!({ "groupId": experts, "userId": team.stranger.id });
    team.app.admin().change("groupMemberRemove", who, "group { id }").await;
    assert_eq!(claims(&team, &service, &of_group).await, 0, "not in the group any more");
    for runner in [&of_owner, &of_admin] {
        assert_eq!(claims(&team, &service, runner).await, 1);
    }
    team.owner.enrol(&team.project, &team.watcher, "OWNER").await;
    let leaves = json!({ "projectId": team.project, "userId": team.owner.id });
    team.owner.change("projectMemberRemove", leaves, "member { role }").await;
    assert_eq!(claims(&team, &service, &of_owner).await, 0);
    assert_eq!(claims(&team, &service, &of_admin).await, 1);
}
