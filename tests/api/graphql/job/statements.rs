//! What reading jobs costs the database. A statement too many is invisible in every other test.

use serde_json::{Value, json};

use crate::support::{Client, TestApp, page_of_metrics};

const JOB: &str = "query($id: ID!) { job(id: $id) { id number status parameters results submittedAt } }";
const PAGE: &str = "{ jobs(first: 100) { nodes { id status owner { username } service { name } } } }";
const TWO_LEVELS: &str = "{ jobs(first: 100) { nodes { owner { id username } service { name owner { username } } } } }";

/// Statements that reading connections have run so far.
async fn read_so_far(app: &TestApp) -> u64 {
    let page = page_of_metrics(&app.anonymous()).await;
    let line = page.lines().find_map(|line| line.strip_prefix("docket_db_statements_total{role=\"read\"} "));
    line.expect("statements are counted").parse().expect("a number")
}

/// Statements that one question takes. The least of some tries: the credential is looked up again now and then.
pub async fn statements(app: &TestApp, client: &Client, document: &str, variables: Value) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..4 {
        let before = read_so_far(app).await;
        client.data(document, variables.clone()).await;
        least = least.min(read_so_far(app).await - before);
    }
    least
}

/// A server whose background work asks nothing meanwhile, with an owner of a service and 120 jobs of two users.
async fn crowd() -> (TestApp, Client, String) {
    let app = TestApp::with(|config| config.events.poll_millis = 60_000).await;
    let (ada, bob) = (app.author("ada").await, app.user("bob").await);
    let service = ada.service(json!({})).await;
    let mut last = String::new();
    for _ in 0..60 {
        bob.submit(&service, json!({})).await;
        last = ada.submit(&service, json!({ "n": 1 })).await;
    }
    (app, ada, last)
}

#[tokio::test]
async fn a_job_is_one_statement_and_a_page_with_owners_and_services_three() {
    let (app, ada, job) = crowd().await;
    let plain = app.user("eve").await;
    for client in [&ada, &app.admin(), &plain] {
        let jobs = client.data(PAGE, json!({})).await["jobs"]["nodes"].as_array().expect("a list").len();
        let expected = if jobs == 0 { 1 } else { 3 };
        assert_eq!(statements(&app, client, PAGE, json!({})).await, expected, "for {jobs} jobs");
    }
    assert_eq!(statements(&app, &ada, JOB, json!({ "id": job })).await, 1);
}

/// What the owner of paid jobs asks.
#[tokio::test]
async fn accounts_and_charges_of_a_page_are_one_statement_each() {
    let app = TestApp::with(|config| config.events.poll_millis = 60_000).await;
    let ada = app.user("ada").await;
    let service = app.service(json!({ "prices": { "perJob": "1" } })).await;
    let mut accounts = Vec::new();
    for _ in 0..2 {
        let account = app.account(json!({ "granted": "100" })).await;
        app.member(&account, &ada, json!({})).await;
        accounts.push(account);
    }
    for number in 0..12 {
        ada.submit_with(json!({ "serviceId": service, "accountId": accounts[number % 2] })).await;
    }
    let page = |what: &str| format!("{{ jobs(first: 12) {{ nodes {{ id status owner {{ username }} {what} }} }} }}");
    let found = ada.data(&page("account { name } charges { kind held }"), json!({})).await["jobs"]["nodes"].take();
    for job in found.as_array().expect("a list") {
        assert_eq!((&job["charges"], job["account"].is_object()), (&json!([{ "kind": "HOLD", "held": "1" }]), true));
    }
    assert_eq!(statements(&app, &ada, &page("account { name }"), json!({})).await, 3);
    assert_eq!(statements(&app, &ada, &page("charges { kind held }"), json!({})).await, 3);
    assert_eq!(statements(&app, &ada, &page("account { name } service { name } charges { kind }"), json!({})).await, 5);
}

#[tokio::test]
async fn what_is_not_looked_ahead_is_loaded_at_once_for_all() {
    let (app, ada, _) = crowd().await;
    assert_eq!(statements(&app, &ada, TWO_LEVELS, json!({})).await, 4);
}
