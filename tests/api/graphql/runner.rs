//! Runners.

use serde_json::{Value, json};

use crate::support::{TestApp, code, text};

const RUNNER: &str = "id number name slots isRegistered lastHeartbeatAt owner { username } services { nodes { id } }
    jobs { nodes { id } }";

#[tokio::test]
async fn a_runner_is_made_for_services_and_gets_a_token_once() {
    let app = TestApp::new().await;
    let cara = app.author("cara").await;
    let (one, two) = (cara.service(json!({})).await, cara.service(json!({})).await);
    let input = json!({ "name": "gpu 1", "serviceIds": [two, one, two], "slots": 3 });
    let made = cara.change("runnerCreate", input, &format!("token runner {{ {RUNNER} }}")).await;
    assert!(text(&made["token"]).starts_with("dkr_"));
    let runner = &made["runner"];
    assert_eq!((&runner["name"], &runner["slots"]), (&json!("gpu 1"), &json!(3)));
    assert_eq!((&runner["isRegistered"], &runner["lastHeartbeatAt"]), (&json!(false), &Value::Null));
    assert_eq!(runner["services"]["nodes"], json!([{ "id": one }, { "id": two }]));
    let token = cara.with_token(text(&made["token"]), "");
    let me = token.data("{ viewer { user { id } runner { id name } token { scopes } } }", json!({})).await;
    let expected =
        json!({ "user": null, "runner": { "id": runner["id"], "name": "gpu 1" }, "token": { "scopes": ["work"] } });
    assert_eq!(me["viewer"], expected);
}

#[tokio::test]
async fn a_runner_out_of_bounds_is_refused_with_every_reason() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let service = admin.service(json!({})).await;
    let absent = format!("service_{}", "0".repeat(32));
    for (input, paths) in [
        (json!({ "name": "", "serviceIds": [], "slots": 0 }), vec!["name", "slots", "serviceIds"]),
        (json!({ "name": "x".repeat(201), "serviceIds": [service], "slots": 1001 }), vec!["name", "slots"]),
        (json!({ "name": "a\tb", "serviceIds": [service] }), vec!["name"]),
        (json!({ "name": "x", "serviceIds": [service, absent, absent] }), vec!["serviceIds/1", "serviceIds/2"]),
        (json!({ "name": "x", "serviceIds": [admin.id] }), vec!["serviceIds/0"]),
        (json!({ "name": "x", "serviceIds": vec![service.clone(); 101] }), vec!["serviceIds"]),
    ] {
        assert_eq!(admin.wrong("runnerCreate", input.clone()).await, paths, "{input}");
    }
    assert_eq!(admin.data("{ runners { totalCount } }", json!({})).await["runners"]["totalCount"], 0);
}

#[tokio::test]
async fn a_name_is_unique_among_ones_own_runners() {
    let app = TestApp::new().await;
    let (cara, dan) = (app.author("cara").await, app.author("dan").await);
    let (hers, his) = (cara.service(json!({})).await, dan.service(json!({})).await);
    cara.runner(json!({ "name": "gpu", "serviceIds": [hers] })).await;
    dan.runner(json!({ "name": "gpu", "serviceIds": [his] })).await;
    let again = json!({ "name": "gpu", "serviceIds": [hers] });
    assert_eq!(cara.refused("runnerCreate", again.clone()).await, "ALREADY_EXISTS");
    assert_eq!(cara.wrong("runnerCreate", again).await, ["name"]);
}

#[tokio::test]
async fn only_who_owns_all_the_services_makes_a_runner_for_them() {
    let app = TestApp::new().await;
    let (cara, dan, ada) = (app.author("cara").await, app.author("dan").await, app.user("ada").await);
    let (hers, his) = (cara.service(json!({})).await, dan.service(json!({})).await);
    let both = json!({ "name": "x", "serviceIds": [hers, his] });
    assert_eq!(cara.refused("runnerCreate", both.clone()).await, "FORBIDDEN");
    assert_eq!(ada.refused("runnerCreate", both.clone()).await, "FORBIDDEN");
    assert_eq!(app.anonymous().refused("runnerCreate", both.clone()).await, "UNAUTHENTICATED");
    assert_eq!(app.admin().refused("runnerCreate", both).await, "OK");
}

#[tokio::test]
async fn registering_and_leaving_show() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let runner = app.runner_with(json!({ "serviceIds": [service], "slots": 2 })).await;
    let state = "runner { isRegistered slots lastHeartbeatAt }";
    let here = runner.change("runnerRegister", json!({}), state).await["runner"].take();
    assert_eq!((&here["isRegistered"], &here["slots"]), (&json!(true), &json!(2)));
    assert!(here["lastHeartbeatAt"].is_string());
    for slots in [0, 1001, -1] {
        assert_eq!(runner.wrong("runnerRegister", json!({ "slots": slots })).await, ["slots"]);
    }
    assert_eq!(runner.change("runnerRegister", json!({ "slots": 7 }), state).await["runner"]["slots"], 7);
    let gone = runner.data("mutation { runnerUnregister { runner { isRegistered } } }", json!({})).await;
    assert_eq!(gone["runnerUnregister"]["runner"]["isRegistered"], false);
    // Leaving is no farewell for ever.
    app.admin().submit(&service, json!({})).await;
    assert_eq!(runner.claim_with(json!({})).await.len(), 1);
    assert_eq!(app.admin().refused("runnerRegister", json!({})).await, "FORBIDDEN");
    assert_eq!(
        app.anonymous().code("mutation { runnerUnregister { runner { id } } }", json!({})).await,
        "UNAUTHENTICATED"
    );
}

#[tokio::test]
async fn a_runner_is_seen_by_its_owner_itself_and_admins() {
    let app = TestApp::new().await;
    let cara = app.author("cara").await;
    let service = cara.service(json!({})).await;
    let runner = cara.runner(json!({ "serviceIds": [service] })).await;
    let sibling = cara.runner(json!({ "serviceIds": [service] })).await;
    let document = "query($id: ID!) { runner(id: $id) { id } node(id: $id) { id } }";
    for client in [&cara, &runner, &app.admin()] {
        let data = client.data(document, json!({ "id": runner.id })).await;
        assert_eq!(data, json!({ "runner": { "id": runner.id }, "node": { "id": runner.id } }));
    }
    let number = cara.data("query($id: ID!) { runner(id: $id) { number } }", json!({ "id": runner.id })).await;
    let by_number = format!("{{ runner(number: {}) {{ id }} }}", number["runner"]["number"]);
    assert_eq!(cara.data(&by_number, json!({})).await["runner"]["id"], runner.id);
    for client in [&app.user("eve").await, &sibling, &app.anonymous(), &app.author("dan").await] {
        assert_eq!(
            client.code("query($id: ID!) { runner(id: $id) { id } }", json!({ "id": runner.id })).await,
            "NOT_FOUND"
        );
        assert_eq!(client.code(&by_number, json!({})).await, "NOT_FOUND");
        let data = client.data("query($id: ID!) { node(id: $id) { id } }", json!({ "id": runner.id })).await;
        assert_eq!(data["node"], Value::Null);
        assert_ne!(client.refused("runnerDelete", json!({ "runnerId": runner.id })).await, "OK");
    }
}

#[tokio::test]
async fn a_job_shows_its_runner_and_not_what_else_that_holds() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, bob, runner) = (app.user("ada").await, app.user("bob").await, app.runner(&service).await);
    let (hers, his) = (ada.submit(&service, json!({})).await, bob.submit(&service, json!({ "secret": 1 })).await);
    assert_eq!(runner.claim_with(json!({ "max": 2 })).await.len(), 2);
    let seen = ada.job(&hers, "runner { name jobs { totalCount nodes { id parameters } } }").await;
    assert_eq!(seen["runner"]["jobs"], json!({ "totalCount": 1, "nodes": [{ "id": hers, "parameters": {} }] }));
    let all = app.admin().job(&his, "runner { jobs { nodes { id } } }").await;
    assert_eq!(all["runner"]["jobs"]["nodes"], json!([{ "id": hers }, { "id": his }]));
    let token = ada.api_token(&[]).await;
    let document = "{ runners { nodes { jobs { nodes { id } } } } }";
    assert_eq!(token.data(document, json!({})).await["runners"]["nodes"], json!([]));
    let token = app.admin().api_token(&["runners:write"]).await;
    let refused = token.graphql(document, json!({})).await;
    assert_eq!(refused["data"]["runners"]["nodes"], json!([{ "jobs": null }]));
    assert_eq!(code(&refused), "FORBIDDEN", "a token that may not read jobs reads none here either");
}

#[tokio::test]
async fn what_a_runner_holds_and_works_for_comes_in_pages() {
    let app = TestApp::new().await;
    let (one, two) = (app.service(json!({})).await, app.service(json!({})).await);
    let runner = app.runner_with(json!({ "serviceIds": [one, two] })).await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(app.admin().submit(&one, json!({})).await);
    }
    app.admin().submit(&two, json!({})).await;
    assert_eq!(runner.claim_with(json!({ "serviceIds": [one], "max": 2 })).await.len(), 2);
    let document = "query($id: ID!, $jobs: String, $services: String) { runner(id: $id) {
        jobs(first: 1, after: $jobs) { nodes { id runner { id } } pageInfo { hasNextPage endCursor } }
        services(first: 1, after: $services) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } } }";
    for client in [&runner, &app.admin()] {
        let first = client.data(document, json!({ "id": runner.id })).await["runner"].take();
        assert_eq!(first["jobs"]["nodes"], json!([{ "id": jobs[0], "runner": { "id": runner.id } }]));
        assert_eq!(
            (&first["services"]["nodes"], &first["services"]["totalCount"]),
            (&json!([{ "id": one }]), &json!(2))
        );
        let after = |list: &str| first[list]["pageInfo"]["endCursor"].clone();
        let next = json!({ "id": runner.id, "jobs": after("jobs"), "services": after("services") });
        let second = client.data(document, next).await["runner"].take();
        assert_eq!(second["jobs"]["nodes"][0]["id"], jobs[1]);
        assert_eq!(second["services"]["nodes"], json!([{ "id": two }]));
        for list in ["jobs", "services"] {
            assert_eq!(first[list]["pageInfo"]["hasNextPage"], true);
            assert_eq!(second[list]["pageInfo"]["hasNextPage"], false, "the third job is not held");
        }
    }
    let all = "{ runners(first: 100) { nodes { jobs(first: 100) { nodes { parameters } } } } }";
    assert_eq!(app.admin().code(all, json!({})).await, "COST_EXCEEDED");
}

#[tokio::test]
async fn a_runners_number_is_not_given_to_another() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let service = admin.service(json!({})).await;
    let mut numbers = Vec::new();
    for _ in 0..3 {
        let runner = admin.runner(json!({ "serviceIds": [service] })).await;
        let removed = admin.change("runnerDelete", json!({ "runnerId": runner.id }), "runner { number }").await;
        numbers.push(removed["runner"]["number"].as_i64().expect("a number"));
        assert_eq!(admin.refused("runnerDelete", json!({ "runnerId": runner.id })).await, "NOT_FOUND");
    }
    assert_eq!(numbers, [1, 2, 3]);
}

#[tokio::test]
async fn runners_are_listed_in_either_order() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let service = admin.service(json!({})).await;
    for name in ["b", "a", "c"] {
        admin.runner(json!({ "name": name, "serviceIds": [service] })).await;
    }
    for (order, expected) in [("CREATED_AT_ASC", ["b", "a", "c"]), ("CREATED_AT_DESC", ["c", "a", "b"])] {
        let document = format!("{{ runners(order: {order}) {{ totalCount nodes {{ name }} }} }}");
        let data = admin.data(&document, json!({})).await["runners"].take();
        assert_eq!(data["totalCount"], 3);
        assert_eq!(data["nodes"], json!(expected.map(|name| json!({ "name": name }))));
    }
}
