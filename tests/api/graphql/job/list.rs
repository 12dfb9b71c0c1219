//! Lists, pages, and looking one up.

use serde_json::{Value, json};

use crate::support::{Client, TestApp, text};

const PAGE: &str = "query($filter: JobFilter, $order: JobOrder! = SUBMITTED_AT_DESC, $first: Int, $last: Int, $after: String, $before: String) {
    jobs(filter: $filter, order: $order, first: $first, last: $last, after: $after, before: $before) {
        edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

/// The ids of a page and where it lies.
async fn page(client: &Client, variables: Value) -> (Vec<String>, Value) {
    let mut jobs = client.data(PAGE, variables).await["jobs"].take();
    let edges = jobs["edges"].as_array().expect("edges");
    let ids = edges.iter().map(|edge| text(&edge["node"]["id"])).collect();
    let ends = (edges.first().map(|edge| &edge["cursor"]), edges.last().map(|edge| &edge["cursor"]));
    let info = &jobs["pageInfo"];
    assert_eq!(
        ends,
        (info.get("startCursor").filter(|it| !it.is_null()), info.get("endCursor").filter(|it| !it.is_null()))
    );
    (ids, jobs["pageInfo"].take())
}

const ORDERS: [&str; 5] =
    ["SUBMITTED_AT_ASC", "SUBMITTED_AT_DESC", "UPDATED_AT_ASC", "UPDATED_AT_DESC", "PRIORITY_DESC"];

/// Seven jobs of ada with equal and different priorities, some changed since.
async fn seven(app: &TestApp) -> (Client, Vec<String>) {
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    let mut jobs = Vec::new();
    for priority in [0, 5, 0, -2, 5, 0, 9] {
        jobs.push(ada.submit_with(json!({ "serviceId": service, "priority": priority })).await);
        app.clock.advance(std::time::Duration::from_micros(7));
    }
    for index in [3, 0] {
        ada.change("jobCancel", json!({ "jobId": jobs[index] }), "job { id }").await;
        app.clock.advance(std::time::Duration::from_micros(7));
    }
    (ada, jobs)
}

fn pick(jobs: &[String], indexes: &[usize]) -> Vec<String> {
    indexes.iter().map(|index| jobs[*index].clone()).collect()
}

#[tokio::test]
async fn each_order_is_the_one_that_it_says() {
    let app = TestApp::new().await;
    let (ada, jobs) = seven(&app).await;
    for (order, expected) in ORDERS.iter().zip([
        [0, 1, 2, 3, 4, 5, 6],
        [6, 5, 4, 3, 2, 1, 0],
        [1, 2, 4, 5, 6, 3, 0],
        [0, 3, 6, 5, 4, 2, 1],
        [6, 4, 1, 5, 2, 0, 3],
    ]) {
        let (ids, info) = page(&ada, json!({ "order": order })).await;
        assert_eq!(ids, pick(&jobs, &expected), "{order}");
        assert_eq!((&info["hasNextPage"], &info["hasPreviousPage"]), (&json!(false), &json!(false)));
    }
}

#[tokio::test]
async fn paging_in_every_order_and_both_ways_loses_and_repeats_nothing() {
    let app = TestApp::new().await;
    let (ada, _) = seven(&app).await;
    for order in ORDERS {
        let (all, _) = page(&ada, json!({ "order": order })).await;
        for size in [1, 2, 3] {
            let mut seen = Vec::new();
            let mut after = Value::Null;
            loop {
                let (ids, info) = page(&ada, json!({ "order": order, "first": size, "after": after })).await;
                assert_eq!(info["hasPreviousPage"], !seen.is_empty(), "{order}");
                seen.extend(ids);
                if info["hasNextPage"] == false {
                    break;
                }
                after = info["endCursor"].clone();
            }
            assert_eq!(seen, all, "{order} {size} forwards");
            let mut seen = Vec::new();
            let mut before = Value::Null;
            loop {
                let (ids, info) = page(&ada, json!({ "order": order, "last": size, "before": before })).await;
                assert_eq!(info["hasNextPage"], !seen.is_empty(), "{order}");
                seen.splice(0..0, ids);
                if info["hasPreviousPage"] == false {
                    break;
                }
                before = info["startCursor"].clone();
            }
            assert_eq!(seen, all, "{order} {size} backwards");
        }
    }
}

#[tokio::test]
async fn a_page_between_two_cursors_has_what_lies_between() {
    let app = TestApp::new().await;
    let (ada, jobs) = seven(&app).await;
    let edges =
        ada.data("{ jobs(order: PRIORITY_DESC) { edges { cursor } } }", json!({})).await["jobs"]["edges"].take();
    let variables = json!({ "order": "PRIORITY_DESC", "after": edges[1]["cursor"], "before": edges[5]["cursor"] });
    assert_eq!(page(&ada, variables).await.0, pick(&jobs, &[1, 5, 2]));
    let variables = json!({ "order": "PRIORITY_DESC", "after": edges[6]["cursor"] });
    let nothing = json!({ "hasNextPage": false, "hasPreviousPage": true, "startCursor": null, "endCursor": null });
    assert_eq!(page(&ada, variables).await, (vec![], nothing));
}

#[tokio::test]
async fn what_comes_meanwhile_neither_repeats_nor_hides_others() {
    let app = TestApp::new().await;
    let (ada, jobs) = seven(&app).await;
    let (first, info) = page(&ada, json!({ "first": 3 })).await;
    assert_eq!(first, pick(&jobs, &[6, 5, 4]));
    let service = app.service(json!({})).await;
    ada.submit(&service, json!({})).await;
    ada.change("jobDelete", json!({ "jobId": jobs[3] }), "job { id }").await;
    let (rest, _) = page(&ada, json!({ "first": 3, "after": info["endCursor"] })).await;
    assert_eq!(rest, pick(&jobs, &[2, 1, 0]));
}

#[tokio::test]
async fn a_page_that_cannot_be_is_refused() {
    let app = TestApp::new().await;
    let (ada, _) = seven(&app).await;
    let (_, info) = page(&ada, json!({ "order": "PRIORITY_DESC" })).await;
    for order in &ORDERS[..4] {
        for argument in ["after", "before"] {
            let variables = json!({ "order": order, argument: info["endCursor"] });
            assert_eq!(ada.code(PAGE, variables).await, "INVALID", "{order} {argument}");
        }
    }
    let services = ada.data("{ services { pageInfo { endCursor } } }", json!({})).await;
    for cursor in [
        &services["services"]["pageInfo"]["endCursor"],
        &json!(""),
        &json!("e1"),
        &json!("WyJzZCIsbnVsbF0"),
        &json!("é"),
    ] {
        assert_eq!(ada.code(PAGE, json!({ "after": cursor })).await, "INVALID", "{cursor}");
    }
    for (variables, path) in [
        (json!({ "first": 0 }), "first"),
        (json!({ "first": 101 }), "first"),
        (json!({ "first": -1 }), "first"),
        (json!({ "last": 0 }), "last"),
        (json!({ "last": 101 }), "last"),
        (json!({ "first": 1, "last": 1 }), "last"),
    ] {
        let faults = ada.faults(PAGE, variables.clone()).await;
        assert_eq!(faults.into_iter().map(|(path, _)| path).collect::<Vec<_>>(), [path], "{variables}");
    }
}

#[tokio::test]
async fn each_filter_narrows_as_it_says() {
    let app = TestApp::new().await;
    let (one, two) = (app.service(json!({})).await, app.service(json!({})).await);
    let (ada, bob, runner) = (app.user("ada").await, app.user("bob").await, app.runner(&one).await);
    let mut jobs = Vec::new();
    let mut times = Vec::new();
    for (client, service, priority) in [(&ada, &one, 9), (&ada, &two, 0), (&bob, &one, -5), (&bob, &two, 5)] {
        app.advance(10);
        jobs.push(client.submit_with(json!({ "serviceId": service, "priority": priority })).await);
        times.push(client.job(jobs.last().expect("a job"), "submittedAt").await["submittedAt"].take());
    }
    let lease = runner.claim().await;
    app.advance(10);
    runner.change("workComplete", json!({ "leaseToken": lease.token }), "job { id }").await;
    let finished = ada.job(&lease.job, "finishedAt").await["finishedAt"].take();
    let cases: Vec<(Value, &[usize])> = vec![
        (json!({}), &[0, 1, 2, 3]),
        (json!({ "status": { "eq": "SUCCEEDED" } }), &[0]),
        (json!({ "status": { "in": ["QUEUED", "RUNNING"] } }), &[1, 2, 3]),
        (json!({ "status": { "in": [] } }), &[]),
        (json!({ "status": { "eq": "QUEUED", "in": ["SUCCEEDED"] } }), &[]),
        (json!({ "serviceId": { "eq": one } }), &[0, 2]),
        (json!({ "serviceId": { "in": [one, two] }, "ownerId": { "eq": bob.id } }), &[2, 3]),
        (json!({ "ownerId": { "in": [ada.id] } }), &[0, 1]),
        (json!({ "ownerId": { "eq": format!("user_{}", "0".repeat(32)) } }), &[]),
        (json!({ "runnerId": { "eq": runner.id } }), &[0]),
        (json!({ "priority": { "eq": 5 } }), &[3]),
        (json!({ "priority": { "gt": 0 } }), &[0, 3]),
        (json!({ "priority": { "gte": 0, "lt": 9 } }), &[1, 3]),
        (json!({ "priority": { "lte": -5 } }), &[2]),
        (json!({ "priority": { "gt": i32::MAX } }), &[]),
        (json!({ "priority": { "lt": i32::MIN } }), &[]),
        (json!({ "priority": { "gte": i32::MIN, "lte": i32::MAX } }), &[0, 1, 2, 3]),
        (json!({ "submittedAt": { "gt": times[1] } }), &[2, 3]),
        (json!({ "submittedAt": { "gte": times[1], "lte": times[2] } }), &[1, 2]),
        (json!({ "submittedAt": { "lt": times[1] } }), &[0]),
        (json!({ "finishedAt": { "gte": finished } }), &[0]),
        (json!({ "finishedAt": { "gt": finished } }), &[]),
        (json!({ "finishedAt": { "lt": "2999-01-01T00:00:00+02:00" } }), &[0]),
    ];
    let document =
        "query($filter: JobFilter) { jobs(order: SUBMITTED_AT_ASC, filter: $filter) { totalCount nodes { id } } }";
    for (filter, expected) in cases {
        let found = app.admin().data(document, json!({ "filter": filter })).await["jobs"].take();
        let nodes: Vec<Value> = pick(&jobs, expected).iter().map(|id| json!({ "id": id })).collect();
        assert_eq!(found, json!({ "totalCount": expected.len(), "nodes": nodes }), "{filter}");
    }
    let wrong = json!({ "filter": { "serviceId": { "in": [one, ada.id] }, "runnerId": { "eq": "x" } } });
    assert_eq!(ada.faults(document, wrong).await[0].0, "filter/serviceId/in/1");
}

#[tokio::test]
async fn a_job_is_found_by_id_and_by_number_by_those_who_may_see_it() {
    let app = TestApp::new().await;
    let (cara, ada, eve) = (app.author("cara").await, app.user("ada").await, app.user("eve").await);
    let service = cara.service(json!({})).await;
    let runner = cara.runner(json!({ "serviceIds": [service] })).await;
    let (job, other) = (ada.submit(&service, json!({})).await, ada.submit(&service, json!({})).await);
    let by_id = "query($id: ID!) { job(id: $id) { id } }";
    let by_number = "{ job(number: 1) { id } }";
    let as_node = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";
    let node = json!({ "__typename": "Job", "id": job });
    assert_eq!(runner.claim().await.job, job);
    let absent = format!("job_{}", "0".repeat(32));
    for (client, sees) in [(&ada, true), (&cara, true), (&runner, true), (&app.admin(), true), (&eve, false)] {
        let code = if sees { "OK" } else { "NOT_FOUND" };
        assert_eq!(client.code(by_id, json!({ "id": job })).await, code);
        assert_eq!(client.code(by_number, json!({})).await, code);
        let nodes = client.data(as_node, json!({ "ids": [absent, job, "x"] })).await["nodes"].take();
        assert_eq!(nodes, json!([null, if sees { node.clone() } else { Value::Null }, null]));
    }
    // A runner sees what it holds and nothing else.
    assert_eq!(runner.code(by_id, json!({ "id": other })).await, "NOT_FOUND");
    let listed = runner.data("{ jobs { totalCount nodes { id } } }", json!({})).await;
    assert_eq!(listed["jobs"], json!({ "totalCount": 1, "nodes": [{ "id": job }] }));
    assert_eq!(eve.data("{ jobs { totalCount } }", json!({})).await["jobs"]["totalCount"], 0);
    assert_eq!(app.anonymous().code(by_id, json!({ "id": job })).await, "UNAUTHENTICATED");
    let nodes = app.anonymous().data(as_node, json!({ "ids": [job, service, ada.id] })).await["nodes"].take();
    assert_eq!(nodes, json!([null, { "__typename": "Service", "id": service }, null]));
    for document in ["{ job { id } }", "{ job(id: \"x\", number: 1) { id } }", "{ job(id: \"x\") { id } }"] {
        assert_eq!(ada.code(document, json!({})).await, "INVALID", "{document}");
    }
    for document in ["{ job(number: 0) { id } }", "{ job(number: -1) { id } }", "{ job(number: 2147483647) { id } }"] {
        assert_eq!(ada.code(document, json!({})).await, "NOT_FOUND", "{document}");
    }
    assert_eq!(ada.code(as_node, json!({ "ids": vec![&job; 101] })).await, "INVALID");
}

#[tokio::test]
async fn numbers_and_moments_match_exactly_and_by_lists() {
    let app = TestApp::new().await;
    let (ada, jobs) = seven(&app).await;
    let shown = ada.data("{ jobs(order: SUBMITTED_AT_ASC) { nodes { submittedAt finishedAt } } }", json!({})).await;
    let moment = |index: usize, name: &str| shown["jobs"]["nodes"][index][name].clone();
    for (filter, expected) in [
        (json!({ "priority": { "in": [5, -2, 5, 7] } }), vec![1, 3, 4]),
        (json!({ "priority": { "in": [5, -2, 9], "gt": -2, "lt": 9 } }), vec![1, 4]),
        (json!({ "priority": { "in": [] } }), vec![]),
        (json!({ "submittedAt": { "eq": moment(2, "submittedAt") } }), vec![2]),
        (json!({ "submittedAt": { "eq": moment(2, "submittedAt"), "gt": moment(2, "submittedAt") } }), vec![]),
        (json!({ "submittedAt": { "in": [moment(6, "submittedAt"), moment(1, "submittedAt")] } }), vec![1, 6]),
        (
            json!({ "submittedAt": { "in": [moment(6, "submittedAt"), moment(1, "submittedAt")],
                "gte": moment(2, "submittedAt") } }),
            vec![6],
        ),
        (json!({ "finishedAt": { "eq": moment(3, "finishedAt") } }), vec![3]),
        (json!({ "finishedAt": { "in": [moment(3, "finishedAt"), moment(0, "finishedAt")] } }), vec![0, 3]),
    ] {
        let (ids, _) = page(&ada, json!({ "filter": filter, "order": "SUBMITTED_AT_ASC" })).await;
        assert_eq!(ids, pick(&jobs, &expected), "{filter}");
    }
    let many = json!({ "priority": { "in": vec![1; 101] } });
    let faults = ada.faults(PAGE, json!({ "filter": many })).await;
    assert_eq!(faults[0].0, "filter/priority/in");
    let many = json!({ "finishedAt": { "in": vec![moment(0, "finishedAt"); 101] } });
    let faults = ada.faults(PAGE, json!({ "filter": many })).await;
    assert_eq!(faults[0].0, "filter/finishedAt/in");
}
