//! Who pays for a project's jobs when they name nobody.

use serde_json::json;

use super::Team;

#[tokio::test]
async fn the_projects_account_pays_for_who_may_charge_it() {
    let team = Team::new().await;
    let paid = team.app.service(json!({ "prices": { "perJob": "5" } })).await;
    let account = team.app.account(json!({ "granted": "100" })).await;
    team.app.member(&account, &team.owner, json!({})).await;
    team.app.member(&account, &team.contributor, json!({})).await;
    let update = json!({ "projectId": team.project, "defaultAccountId": account });
    assert_eq!(team.manager.wrong("projectUpdate", update.clone()).await, ["defaultAccountId"], "not a member of it");
    team.owner.change("projectUpdate", update, "project { id }").await;
    let input = json!({ "serviceId": paid, "projectId": team.project });
    let job = team.contributor.submit_with(input.clone()).await;
    assert_eq!(
        team.contributor.job(&job, "held account { id }").await,
        json!({ "held": "5", "account": { "id": account } })
    );
    assert_eq!(team.watcher.job(&job, "held account { id }").await, json!({ "held": "5", "account": null }));
    assert_eq!(team.manager.wrong("jobSubmit", input.clone()).await, ["accountId"], "no member of the account");
    assert_eq!(team.contributor.wrong("jobSubmit", json!({ "serviceId": paid })).await, ["accountId"], "in no project");
    // A named account goes before it, and what costs nothing needs none.
    let other = team.app.account(json!({ "granted": "100" })).await;
    team.app.member(&other, &team.contributor, json!({})).await;
    let mut named = input.clone();
    named["accountId"] = json!(other);
    let job = team.contributor.submit_with(named).await;
    assert_eq!(team.contributor.job(&job, "account { id }").await["account"]["id"], json!(other));
    let free = team.job(&team.contributor).await;
    assert_eq!(team.contributor.job(&free, "account { id }").await, json!({ "account": null }));
    // One that is gone pays nothing any more.
    team.app
        .admin()
        .change("projectUpdate", json!({ "projectId": team.project, "defaultAccountId": other }), "project { id }")
        .await;
    let input_again = json!({ "serviceId": paid, "projectId": team.project });
    let job = team.contributor.submit_with(input_again.clone()).await;
    for job in [job, team.contributor.job(&free, "id").await["id"].as_str().expect("an id").to_owned()] {
        team.contributor.change("jobCancel", json!({ "jobId": job }), "job { id }").await;
    }
    team.app.audit().await;
}
