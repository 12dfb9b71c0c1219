//! The log of events: as a list, and live.

use serde_json::{Value, json};

use crate::support::{Client, Stream, TestApp, text};

const EVENT: &str = "__typename
    ... on JobStatusChanged { jobId revision attempt from to message }
    ... on JobProgressed { jobId revision attempt progress message }
    ... on JobLogAppended { jobId revision attempt offset length text }
    ... on StreamGap { reason gapFrom: from gapTo: to }";

/// Events of the query, with their cursors.
async fn list(client: &Client, filter: Value, after: Option<&str>) -> Vec<(String, Value)> {
    let document = format!(
        "query($filter: JobEventFilter, $after: Cursor) {{ jobEvents(first: 100, after: $after, filter: $filter) {{
            edges {{ cursor node {{ {EVENT} }} }} }} }}"
    );
    let data = client.data(&document, json!({ "filter": filter, "after": after })).await;
    let edges = data["jobEvents"]["edges"].as_array().expect("edges").clone();
    edges.into_iter().map(|mut edge| (text(&edge["cursor"]), edge["node"].take())).collect()
}

/// Follows from a cursor on, or from the beginning: without a cursor a stream begins at some moment after it was asked
/// for, and nothing tells the reader when that was.
async fn follow(client: &Client, filter: Value, after: Option<&str>) -> Stream {
    let after = after.unwrap_or("e0");
    let document = format!(
        "subscription($filter: JobEventFilter, $after: Cursor) {{ jobEvents(filter: $filter, after: $after) {{
            cursor live event {{ {EVENT} }} }} }}"
    );
    client.subscribe(&document, json!({ "filter": filter, "after": after })).await
}

async fn delivered(stream: &mut Stream) -> (String, Value) {
    let mut item = stream.item("jobEvents").await;
    (text(&item["cursor"]), item["event"].take())
}

/// Every step that a job can take, until it is done.
async fn live_through(ada: &Client, runner: &Client, service: &str) -> String {
    let job = ada.submit(service, json!({})).await;
    ada.change("jobUpdate", json!({ "jobId": job, "priority": 3 }), "job { id }").await;
    let first = runner.claim().await;
    runner.change("workRelease", json!({ "leaseToken": first.token }), "job { id }").await;
    let second = runner.claim().await;
    let beat = json!({ "leaseToken": second.token, "progress": 0.5, "message": "half" });
    runner.change("workHeartbeat", beat, "expiresAt").await;
    runner.change("workLog", json!({ "leaseToken": second.token, "text": "hällo\n" }), "expiresAt").await;
    ada.change("jobCancel", json!({ "jobId": job }), "job { id }").await;
    runner.change("workComplete", json!({ "leaseToken": second.token }), "job { id }").await;
    job
}

#[tokio::test]
async fn a_life_is_told_without_a_gap() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    let mut stream = follow(&ada, json!({}), None).await;
    let job = live_through(&ada, &runner, &service).await;
    let told = list(&ada, json!({}), None).await;
    let revisions: Vec<i64> = told.iter().filter_map(|(_, event)| event["revision"].as_i64()).collect();
    assert_eq!(revisions, (1..=10).collect::<Vec<i64>>());
    let steps: Vec<String> = told.iter().map(|(_, event)| step(event)).collect();
    assert_eq!(
        steps,
        [
            "0: null -> QUEUED",
            "0: QUEUED -> QUEUED",
            "1: QUEUED -> CLAIMED",
            "1: CLAIMED -> QUEUED",
            "2: QUEUED -> CLAIMED",
            "2: CLAIMED -> RUNNING",
            "2: 0.5 half",
            "2: 0+7 hällo\n",
            "2: RUNNING -> RUNNING",
            "2: RUNNING -> SUCCEEDED",
        ]
    );
    // The stream tells the same under the same cursors, and so does the job's own list.
    for expected in &told {
        assert_eq!(delivered(&mut stream).await, *expected);
    }
    let document = format!("events(first: 100) {{ edges {{ cursor node {{ {EVENT} }} }} }} revision");
    let own = ada.job(&job, &document).await;
    assert_eq!(own["revision"], 10);
    let own = own["events"]["edges"].as_array().expect("edges").clone();
    assert_eq!(own.into_iter().map(|mut edge| (text(&edge["cursor"]), edge["node"].take())).collect::<Vec<_>>(), told);
}

fn step(event: &Value) -> String {
    let word = |name: &str| event[name].as_str().unwrap_or("null").to_owned();
    match event["__typename"].as_str() {
        Some("JobStatusChanged") => format!("{}: {} -> {}", event["attempt"], word("from"), word("to")),
        Some("JobProgressed") => format!("{}: {} {}", event["attempt"], event["progress"], word("message")),
        Some("JobLogAppended") => {
            format!("{}: {}+{} {}", event["attempt"], event["offset"], event["length"], word("text"))
        }
        _ => event.to_string(),
    }
}

#[tokio::test]
async fn after_any_cursor_comes_exactly_the_rest() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    live_through(&ada, &runner, &service).await;
    let told = list(&ada, json!({}), None).await;
    for (index, (cursor, _)) in told.iter().enumerate() {
        assert_eq!(list(&ada, json!({}), Some(cursor)).await, told[index + 1..]);
        let mut stream = follow(&ada, json!({}), Some(cursor)).await;
        for expected in &told[index + 1..] {
            assert_eq!(delivered(&mut stream).await, *expected);
        }
        drop(stream);
    }
    // A stream that resumes at the end goes on with news.
    let mut stream = follow(&ada, json!({}), told.last().map(|(cursor, _)| cursor.as_str())).await;
    let job = ada.submit(&service, json!({})).await;
    let (_, event) = delivered(&mut stream).await;
    assert_eq!((&event["jobId"], &event["revision"]), (&json!(job), &json!(1)));
}

#[tokio::test]
async fn last_event_id_takes_the_place_of_after() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    for _ in 0..3 {
        ada.submit(&service, json!({})).await;
    }
    let told = list(&ada, json!({}), None).await;
    let document = "subscription($after: Cursor) { jobEvents(after: $after) { cursor } }";
    let mut stream = ada.resume(document, json!({ "after": told[0].0 }), Some(&told[1].0)).await;
    let (id, item) = stream.next_with_id().await.expect("an item");
    assert_eq!(id.as_deref(), Some(told[2].0.as_str()));
    assert_eq!(item["data"]["jobEvents"]["cursor"], told[2].0);
}

#[tokio::test]
async fn paging_through_events_loses_and_repeats_nothing() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    for _ in 0..7 {
        ada.submit(&service, json!({})).await;
    }
    let all: Vec<String> = list(&ada, json!({}), None).await.into_iter().map(|(cursor, _)| cursor).collect();
    let document = "query($after: Cursor) { jobEvents(first: 3, after: $after) {
        edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    let (mut after, mut seen) = (Value::Null, Vec::new());
    for (index, count) in [3, 3, 1].into_iter().enumerate() {
        let page = ada.data(document, json!({ "after": after })).await["jobEvents"].take();
        let cursors: Vec<String> =
            page["edges"].as_array().expect("edges").iter().map(|edge| text(&edge["cursor"])).collect();
        assert_eq!(cursors.len(), count);
        let info = json!({ "hasNextPage": index < 2, "hasPreviousPage": index > 0,
            "startCursor": cursors[0], "endCursor": cursors[count - 1] });
        assert_eq!(page["pageInfo"], info);
        after = page["pageInfo"]["endCursor"].clone();
        seen.extend(cursors);
    }
    assert_eq!(seen, all);
}

#[tokio::test]
async fn filters_narrow_the_list_and_the_stream() {
    let app = TestApp::new().await;
    let (one, two) = (app.service(json!({})).await, app.service(json!({})).await);
    let (ada, bob, runner) = (app.user("ada").await, app.user("bob").await, app.runner(&one).await);
    let admin = app.admin();
    let mut streams = Vec::new();
    let by_kind = json!({ "kind": { "in": ["PROGRESSED", "LOG_APPENDED"] } });
    for filter in [json!({ "serviceId": { "eq": two } }), json!({ "ownerId": { "eq": bob.id } }), by_kind.clone()] {
        streams.push((follow(&admin, filter.clone(), None).await, filter));
    }
    let job = live_through(&ada, &runner, &one).await;
    bob.submit(&one, json!({})).await;
    ada.submit(&two, json!({})).await;
    for ((mut stream, filter), count) in streams.into_iter().zip([1, 1, 2]) {
        let listed = list(&admin, filter.clone(), None).await;
        assert_eq!(listed.len(), count, "{filter}");
        for expected in listed {
            assert_eq!(delivered(&mut stream).await, expected, "{filter}");
        }
    }
    assert_eq!(list(&admin, json!({ "jobId": { "in": [job] } }), None).await.len(), 10);
    assert_eq!(list(&admin, json!({ "jobId": { "in": [] } }), None).await.len(), 0);
    let both = json!({ "jobId": { "eq": job }, "kind": { "eq": "LOG_APPENDED" }, "ownerId": { "eq": ada.id } });
    assert_eq!(list(&admin, both, None).await.len(), 1);
    assert_eq!(list(&admin, json!({ "jobId": { "eq": job }, "ownerId": { "eq": bob.id } }), None).await.len(), 0);
}

#[tokio::test]
async fn what_the_retention_took_is_a_gap_and_not_a_silence() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let ada = app.user("ada").await;
    for _ in 0..3 {
        ada.submit(&service, json!({})).await;
    }
    let old = list(&ada, json!({}), None).await;
    app.advance(31 * 86_400);
    let ada = app.anonymous().log_in("ada").await;
    let job = ada.submit(&service, json!({})).await;
    app.prune().await;
    let gap = json!({ "__typename": "StreamGap", "reason": "EXPIRED", "gapFrom": old[0].0, "gapTo": old[2].0 });
    let mut stream = follow(&ada, json!({}), Some(&old[0].0)).await;
    assert_eq!(delivered(&mut stream).await, (old[2].0.clone(), gap.clone()));
    let (_, event) = delivered(&mut stream).await;
    assert_eq!(event["jobId"], job);
    // A poller with the same cursor learns the same.
    let polled = list(&ada, json!({}), Some(&old[0].0)).await;
    assert_eq!(polled[0], (old[2].0.clone(), gap));
    assert_eq!(polled.len(), 2);
    // The last one that is gone loses nothing, and who asks for everything that there is misses nothing either.
    assert_eq!(list(&ada, json!({}), Some(&old[2].0)).await.len(), 1);
    assert_eq!(list(&ada, json!({}), None).await.len(), 1);
}

#[tokio::test]
async fn strangers_hear_and_see_nothing() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, eve, runner) = (app.user("ada").await, app.user("eve").await, app.runner(&service).await);
    let mut stream = follow(&eve, json!({}), None).await;
    let job = live_through(&ada, &runner, &service).await;
    assert_eq!(list(&eve, json!({}), None).await, []);
    assert_eq!(list(&eve, json!({ "jobId": { "eq": job } }), None).await, []);
    // The first thing that eve hears is her own.
    let own = eve.submit(&service, json!({})).await;
    assert_eq!(delivered(&mut stream).await.1["jobId"], own);
    let anonymous = app.anonymous();
    assert_eq!(anonymous.code("{ jobEvents { nodes { __typename } } }", json!({})).await, "UNAUTHENTICATED");
    assert_eq!(follow(&anonymous, json!({}), None).await.code().await, "UNAUTHENTICATED");
    let mut watch = eve.subscribe("subscription($id: ID!) { job(id: $id) { id } }", json!({ "id": job })).await;
    assert_eq!(watch.code().await, "NOT_FOUND");
}

#[tokio::test]
async fn an_author_hears_of_the_jobs_of_a_service_made_while_listening() {
    let app = TestApp::new().await;
    let (ada, cara) = (app.user("ada").await, app.author("cara").await);
    let mut stream = follow(&cara, json!({}), None).await;
    let service = cara.service(json!({})).await;
    let job = ada.submit(&service, json!({})).await;
    assert_eq!(delivered(&mut stream).await.1["jobId"], job);
}

#[tokio::test]
async fn following_one_job_gives_its_state_and_ends_with_its_final_one() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    let job = ada.submit(&service, json!({})).await;
    let document = "subscription($id: ID!) { job(id: $id) { status revision progress } }";
    let mut stream = ada.subscribe(document, json!({ "id": job })).await;
    assert_eq!(stream.item("job").await, json!({ "status": "QUEUED", "revision": 1, "progress": null }));
    let lease = runner.claim().await;
    for step in 1..=20 {
        let beat = json!({ "leaseToken": lease.token, "progress": f64::from(step) / 20.0 });
        runner.change("workHeartbeat", beat, "expiresAt").await;
    }
    runner.change("workComplete", json!({ "leaseToken": lease.token }), "job { id }").await;
    let (mut last, mut items) = (1, 0);
    while let Some(item) = stream.next().await {
        let job = &item["data"]["job"];
        let revision = job["revision"].as_i64().expect("a number");
        assert!(revision > last, "{revision} after {last}");
        (last, items) = (revision, items + 1);
        assert!(last < 24 || job["status"] == "SUCCEEDED");
    }
    assert!(last == 24 && items <= 23, "{items} items, the last of revision {last}");
    // A job that is over: its state, and the end.
    let mut stream = ada.subscribe(document, json!({ "id": job })).await;
    assert_eq!(stream.item("job").await["status"], "SUCCEEDED");
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_removed_job_is_remembered_by_its_events() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let (ada, runner) = (app.user("ada").await, app.runner(&service).await);
    let job = live_through(&ada, &runner, &service).await;
    ada.change("jobDelete", json!({ "jobId": job }), "job { id }").await;
    let document = "{ jobEvents { nodes { ... on JobStatusChanged { jobId job { id } } ... on JobLogAppended { text job { id } } } } }";
    let data = ada.data(document, json!({})).await;
    assert_eq!(data["jobEvents"]["nodes"][0], json!({ "jobId": job, "job": null }));
    assert_eq!(data["jobEvents"]["nodes"][7], json!({ "text": "", "job": null }));
    assert_eq!(list(&ada, json!({}), None).await.len(), 10);
}

#[tokio::test]
async fn a_hint_comes_with_each_job_that_enters_a_queue() {
    let app = TestApp::new().await;
    let (service, other) = (app.service(json!({})).await, app.service(json!({})).await);
    let runner = app.runner(&service).await;
    let document = "subscription($ids: [ID!]!) { jobsAvailable(serviceIds: $ids) { id } }";
    let mut stream = runner.subscribe(document, json!({ "ids": [service] })).await;
    let admin = app.admin();
    // The stream begins at some moment; from its first item on nothing may be missing.
    let mut patience = tokio::time::interval(std::time::Duration::from_millis(50));
    loop {
        tokio::select! {
            item = stream.item("jobsAvailable") => {
                assert_eq!(item["id"], service);
                break;
            }
            _ = patience.tick() => {
                admin.submit(&other, json!({})).await;
                admin.submit(&service, json!({})).await;
            }
        }
    }
    while !runner.claim_with(json!({ "max": 100 })).await.is_empty() {}
    runner.data("mutation { runnerUnregister { runner { id } } }", json!({})).await;
    assert_eq!(stream.item("jobsAvailable").await["id"], service);
    for ids in [json!([]), json!([service, "service_1"]), json!(vec![&service; 101])] {
        assert_eq!(runner.subscribe(document, json!({ "ids": ids })).await.code().await, "INVALID");
    }
}

#[tokio::test]
async fn what_is_no_cursor_is_refused() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let document = "query($after: Cursor) { jobEvents(after: $after) { nodes { __typename } } }";
    for after in ["", "e", "x1", "e-1", "e+1", "e 1", "ezz", "effffffffffffffffff", "E1"] {
        assert_eq!(admin.code(document, json!({ "after": after })).await, "INVALID", "{after}");
        assert_eq!(follow(&admin, json!({}), Some(after)).await.code().await, "INVALID", "{after}");
    }
    // A place that is yet to come, of another database perhaps: nothing follows it now.
    assert_eq!(list(&admin, json!({}), Some("effff")).await, []);
    for first in [0, -1, 101] {
        let document = format!("{{ jobEvents(first: {first}) {{ nodes {{ __typename }} }} }}");
        assert_eq!(admin.code(&document, json!({})).await, "INVALID", "{first}");
    }
}
