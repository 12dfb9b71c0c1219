//! Fields that are read at once show what the library's own way shows.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::support::{Client, TestApp, text};

const FIELDS: &str = "query($type: String!) { __type(name: $type) { fields { name args { name } type { ...T ofType { ...T \
                      ofType { ...T ofType { ...T } } } } } } } fragment T on __Type { kind }";

/// The fields of a type that hold a scalar or an enum and take no arguments.
async fn plain_fields(client: &Client, name: &str) -> Vec<String> {
    let found = client.data(FIELDS, json!({ "type": name })).await["__type"]["fields"].take();
    let plain = |field: &&Value| {
        let mut kind = &field["type"];
        while kind["ofType"].is_object() {
            kind = &kind["ofType"];
        }
        field["args"] == json!([]) && (kind["kind"] == "SCALAR" || kind["kind"] == "ENUM")
    };
    found.as_array().expect("fields").iter().filter(plain).map(|field| text(&field["name"])).collect()
}

/// How the fields of an object are written down.
type Written = fn(&str) -> String;

/// So that they may be read at once.
const QUICK: Written = str::to_owned;

/// So that the library has to put them together: it is left what has a fragment. (Directives would not do, for those that
/// leave nothing out are gone before anything is resolved.)
const SLOW: Written = |fields| format!("... {{ {fields} }}");

/// Everything plain of a job and of what belongs to it. Every field of a related object stands in a selection of its own,
/// since one that is slow makes its neighbours so.
async fn selection(client: &Client, written: Written) -> String {
    let mut all = String::new();
    for field in plain_fields(client, "Job").await {
        write!(all, "{field} ").expect("text");
    }
    for (related, name) in [("owner", "User"), ("service", "Service"), ("account", "Account"), ("project", "Project")] {
        for field in plain_fields(client, name).await {
            write!(all, "{related}_{field}: {related} {{ {} }} ", written(&field)).expect("text");
        }
    }
    written(&all)
}

/// Jobs in which every column is null somewhere and set somewhere else.
async fn jobs(app: &TestApp) -> [Client; 2] {
    let ada = app.author("ada").await;
    let profile = json!({ "firstName": "Ada", "lastName": "Lovelace" });
    ada.change("userUpdate", profile, "user { firstName }").await;
    let account = app.account(json!({ "granted": "100" })).await;
    app.member(&account, &ada, json!({})).await;
    let limits = json!({ "maxAttempts": 3, "maxRunSeconds": 60, "maxResultBytes": 4096, "maxRunning": 2 });
    let paid = app.service(json!({ "prices": { "perJob": "1.5" }, "limits": limits })).await;
    let free = ada.service(json!({})).await;
    let (project, eve) = (ada.project(json!({ "description": "x" })).await, app.user("eve").await);
    ada.enrol(&project, &eve, "WATCHER").await;
    let runner = app.runner_with(json!({ "serviceIds": [paid] })).await;
    let later = (app.clock.now() + chrono::Duration::days(1)).to_rfc3339();
    for scheduled in [None, None, None, Some(later)] {
        let given = json!({ "serviceId": paid, "accountId": account, "parameters": { "n": [1, 2.5, null] },
            "projectId": project, "scheduledAt": scheduled });
        ada.submit_with(given).await;
    }
    ada.submit(&free, json!({})).await;
    let (done, running) = (runner.claim().await, runner.claim().await);
    let heard = json!({ "leaseToken": running.token, "progress": 0.25, "message": "a \"quarter\"" });
    runner.change("workHeartbeat", heard, "cancelRequested").await;
    let results = json!({ "leaseToken": done.token, "results": { "ok": true } });
    runner.change("workComplete", results, "job { id }").await;
    ada.change("jobCancel", json!({ "jobId": running.job }), "job { id }").await;
    let keeper = app.user_with("bea", &["accounting"], false).await;
    keeper.change("jobRecord", json!({ "ownerId": ada.id }), "job { id }").await;
    [ada, eve]
}

#[tokio::test]
async fn a_quick_field_shows_what_the_library_shows() {
    let app = TestApp::with(|config| {
        (config.graphql.aliases, config.graphql.cost) = (1000, 1_000_000);
        config.graphql.tokens = 100_000;
    })
    .await;
    let [ada, eve] = jobs(&app).await;
    // A watcher of the project sees neither who pays nor what is the owner's own affair.
    for (client, count) in [(&ada, 6), (&app.admin(), 6), (&eve, 4)] {
        let (quick, slow) = (selection(client, QUICK).await, selection(client, SLOW).await);
        let page =
            |fields: &str| format!("{{ jobs {{ nodes {{ {fields} }} edges {{ cursor node {{ {fields} }} }} }} }}");
        let expected = client.data(&page(&slow), json!({})).await["jobs"].take();
        assert_eq!(client.data(&page(&quick), json!({})).await["jobs"], expected);
        let nodes = expected["nodes"].as_array().expect("a list");
        assert_eq!(nodes.len(), count);
        for node in nodes {
            assert_eq!(client.job(&text(&node["id"]), &quick).await, *node);
        }
    }
}
