//! What scopes leave of the rights in projects.

use serde_json::json;

use super::Team;

#[tokio::test]
async fn scopes_narrow_what_is_read_and_changed() {
    let team = Team::new().await;
    let file = team.owner.file("a.txt", "a").await;
    let data = team.owner.data_of(&team.project, json!({ "fileId": file })).await;
    let job = team.job(&team.owner).await;
    let project = "query($id: ID!) { project(id: $id) { id } }";
    let update = json!({ "projectId": team.project, "description": "x" });
    let status = async |client: &crate::support::Client| {
        client.get(&format!("/files/{file}")).send().await.expect("an answer").status().as_u16()
    };
    let token = async |scopes: &[&str]| team.owner.api_token(scopes).await;
    let (reads, writes, none) = (token(&["projects:read"]).await, token(&["projects:write"]).await, token(&[]).await);
    let jobs = token(&["jobs:read", "jobs:write"]).await;
    let ids = json!({ "id": team.project });
    for (client, read, write) in
        [(&reads, "OK", "FORBIDDEN"), (&writes, "FORBIDDEN", "OK"), (&none, "FORBIDDEN", "FORBIDDEN")]
    {
        assert_eq!(client.code(project, ids.clone()).await, read);
        assert_eq!(client.code("{ projects { totalCount } }", json!({})).await, read);
        assert_eq!(client.code("{ groups { totalCount } }", json!({})).await, read);
        assert_eq!(client.code("query($id: ID!) { projectData(id: $id) { id } }", json!({ "id": data })).await, read);
        assert_eq!(client.refused("projectUpdate", update.clone()).await, write);
        assert_eq!(client.refused("projectDataUpdate", json!({ "dataId": data, "title": "x" })).await, write);
        assert_eq!(client.refused("favoriteAdd", json!({ "projectId": team.project })).await, write);
    }
    assert_eq!((status(&reads).await, status(&writes).await, status(&none).await), (200, 403, 403));
    // Jobs of a project need the scopes of jobs, and show nothing of the project.
    assert_eq!(jobs.job(&job, "id project { id }").await, json!({ "id": job, "project": null }));
    assert_eq!(reads.code("query($id: ID!) { job(id: $id) { id } }", json!({ "id": job })).await, "FORBIDDEN");
    let submit = json!({ "serviceId": team.service, "projectId": team.project });
    assert_eq!(jobs.refused("jobSubmit", submit.clone()).await, "OK");
    assert_eq!(writes.refused("jobSubmit", submit).await, "FORBIDDEN");
    let shown = "query($id: ID!) { project(id: $id) { viewerCan { submitJobs manage editData } jobs { totalCount } } }";
    let seen = reads.graphql(shown, ids).await;
    assert_eq!(
        seen["data"]["project"]["viewerCan"],
        json!({ "submitJobs": false, "manage": false, "editData": false })
    );
    assert_eq!(seen["data"]["project"]["jobs"], json!(null), "null, and the rest is shown");
}
