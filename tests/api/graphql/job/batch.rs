//! Many jobs in one call.

use serde_json::{Value, json};

use crate::support::TestApp;

const RESULTS: &str = "results { replayed job { id status parameters } error { code message fields { path } } }";

fn codes(results: &Value) -> Vec<&str> {
    let code = |result: &'_ Value| result["error"]["code"].as_str().map_or("OK", |code| code).to_owned();
    let known = ["OK", "INVALID", "NOT_FOUND", "IDEMPOTENCY_MISMATCH", "INVALID_STATE", "INSUFFICIENT_FUNDS"];
    let results = results.as_array().expect("results").iter().map(code);
    results.map(|code| *known.iter().find(|known| **known == code).expect("a known code")).collect()
}

#[tokio::test]
async fn each_job_has_its_own_result_and_none_is_in_anothers_way() {
    let app = TestApp::new().await;
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } } });
    let service = app.service(json!({ "parametersSchema": schema })).await;
    let paid = app.service(json!({ "prices": { "perJob": "1" } })).await;
    let closed = app.service(json!({})).await;
    app.admin().change("serviceDisable", json!({ "serviceId": closed }), "service { id }").await;
    let ada = app.user("ada").await;
    let account = app.account(json!({ "granted": "1" })).await;
    app.member(&account, &ada, json!({})).await;
    let absent = format!("service_{}", "0".repeat(32));
    let job = |n: Value, key: &str| json!({ "serviceId": service, "parameters": { "n": n }, "idempotencyKey": format!("{key}") });
    let jobs = json!({ "jobs": [
        job(json!(1), "one"),
        job(json!("x"), "two"),
        { "serviceId": absent },
        { "serviceId": "job_1" },
        job(json!(4), "four"),
        job(json!(1), "one"),
        job(json!(2), "one"),
        { "serviceId": closed },
        { "serviceId": service, "priority": 1001, "requires": [{ "key": "", "value": "" }] },
        { "serviceId": paid, "accountId": account },
        { "serviceId": paid, "accountId": account },
    ] });
    let done = ada.change("jobSubmitBatch", jobs.clone(), RESULTS).await["results"].take();
    let expected =
        vec!["OK", "INVALID", "NOT_FOUND", "INVALID", "OK", "OK", "IDEMPOTENCY_MISMATCH", "INVALID_STATE", "INVALID"];
    assert_eq!(codes(&done)[..9], expected, "{done}");
    let mut priced = codes(&done)[9..].to_vec();
    priced.sort_unstable();
    assert_eq!(priced, ["INSUFFICIENT_FUNDS", "OK"]);
    assert_eq!(done[1]["error"]["fields"], json!([{ "path": "parameters/n" }]));
    assert_eq!(done[8]["error"]["fields"], json!([{ "path": "priority" }, { "path": "requires/0/key" }]));
    assert_eq!((&done[1]["job"], &done[4]["job"]["parameters"]), (&Value::Null, &json!({ "n": 4 })));
    assert_eq!(done[0]["job"]["id"], done[5]["job"]["id"]);
    let replays = |done: &Value| [0, 4, 5].map(|place: usize| done[place]["replayed"].as_bool().expect("a flag"));
    assert_eq!(replays(&done).iter().filter(|replayed| **replayed).count(), 1);
    // The same call again does what was not done, and nothing twice.
    let again = ada.change("jobSubmitBatch", jobs, RESULTS).await["results"].take();
    assert_eq!((codes(&again)[..9].to_vec(), replays(&again)), (expected, [true; 3]));
    assert_eq!(again[4]["job"], done[4]["job"]);
    assert_eq!(ada.data("{ jobs { totalCount } }", json!({})).await["jobs"]["totalCount"], 3);
    app.audit().await;
}

#[tokio::test]
async fn a_thousand_jobs_fit_into_one_call_and_what_it_may_cost() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    let jobs: Vec<Value> = (0..1000).map(|n| json!({ "serviceId": service, "parameters": { "n": n } })).collect();
    let done = ada.change("jobSubmitBatch", json!({ "jobs": jobs }), RESULTS).await["results"].take();
    assert_eq!(codes(&done), vec!["OK"; 1000]);
    for (n, result) in done.as_array().expect("results").iter().enumerate() {
        assert_eq!(result["job"]["parameters"]["n"], n);
    }
    assert_eq!(ada.data("{ jobs { totalCount } }", json!({})).await["jobs"]["totalCount"], 1000);
    assert_eq!(runner.claim_with(json!({ "max": 100 })).await.len(), 100);
    // What is read of each job has its price.
    let costly = "results { job { events(first: 100) { nodes { __typename } } } }";
    let document = crate::support::mutation("jobSubmitBatch", costly);
    assert_eq!(ada.code(&document, json!({ "input": { "jobs": jobs } })).await, "COST_EXCEEDED");
}

#[tokio::test]
async fn a_number_out_of_bounds_and_a_stranger_are_refused_as_a_whole() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    let jobs = |count: usize| json!({ "jobs": vec![json!({ "serviceId": service }); count] });
    for count in [0, 1001] {
        assert_eq!(ada.wrong("jobSubmitBatch", jobs(count)).await, ["jobs"]);
    }
    assert_eq!(app.anonymous().refused("jobSubmitBatch", jobs(1)).await, "UNAUTHENTICATED");
    assert_eq!(app.runner(&service).await.refused("jobSubmitBatch", jobs(1)).await, "FORBIDDEN");
    assert_eq!(ada.api_token(&["jobs:read"]).await.refused("jobSubmitBatch", jobs(1)).await, "FORBIDDEN");
    assert_eq!(app.admin().data("{ jobs { totalCount } }", json!({})).await["jobs"]["totalCount"], 0);
}
