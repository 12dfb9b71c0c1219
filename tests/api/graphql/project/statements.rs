//! What reading a project's jobs costs the database.

use serde_json::{Value, json};

use super::Team;
use crate::{graphql::job::statements::statements, support::TestApp};

const PLAIN: &str = "{ jobs(first: 100) { nodes { id owner { username } service { name } } } }";
const WITH_PROJECT: &str = "{ jobs(first: 100) { nodes { id owner { username } service { name } project { name } } } }";
const OF_PROJECT: &str = "query($id: ID!) { project(id: $id) { jobs(first: 100) { nodes { id owner { username }
    service { name } project { name } } } } }";

#[tokio::test]
async fn projects_of_a_page_are_one_statement_more() {
    // Nothing asks in the background meanwhile.
    let team = Team::on(TestApp::with(|config| config.events.poll_millis = 60_000).await).await;
    for _ in 0..60 {
        team.job(&team.contributor).await;
        team.job(&team.owner).await;
    }
    let app: &TestApp = &team.app;
    for client in [&team.watcher, &team.owner, &app.admin()] {
        let jobs = client.data(PLAIN, json!({})).await["jobs"]["nodes"].as_array().expect("a list").len();
        assert_eq!(jobs, 100);
        let plain = statements(app, client, PLAIN, json!({})).await;
        assert_eq!(plain, 3);
        assert_eq!(statements(app, client, WITH_PROJECT, Value::Null).await, plain + 1);
        let id = json!({ "id": team.project });
        assert_eq!(
            statements(app, client, OF_PROJECT, id).await,
            plain + 2,
            "the project, and its jobs with all they have"
        );
    }
}
