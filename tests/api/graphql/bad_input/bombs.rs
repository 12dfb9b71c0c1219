//! Documents that ask for too much: refused before they cost anything, with a health check beside them.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Client, TestApp};

/// The promise is 50 ms of a release build on an idle machine; a build without optimisation among other tests gets
/// more. Each of these would take minutes if it was run.
const QUICKLY: Duration = Duration::from_secs(2);

fn bombs() -> Vec<(&'static str, String)> {
    let doubling = |levels: usize| {
        let mut document = "{ viewer { user { ...F0 } } }".to_owned();
        for level in 0..levels {
            let next = level + 1;
            write!(document, " fragment F{level} on User {{ a: id ...F{next} ...F{next} }}").expect("a text");
        }
        write!(document, " fragment F{levels} on User {{ id }}").expect("a text");
        document
    };
    let nested = |levels: usize| {
        let (open, close) = ("{ job(number: 1) { runner { jobs { nodes ".repeat(levels), "} } } }".repeat(levels));
        format!(
            "{{ job(number: 1) {{ runner {{ jobs {{ nodes {}{{ id }}{} }} }} }} }}",
            open.replace("{ job(number: 1) ", ""),
            close
        )
    };
    let events = "jobs(first: 100) { nodes { events(first: 100) { nodes { ... on JobStatusChanged { job { events(first: 100) { nodes { __typename } } } } } } } }";
    vec![
        ("fragments that double", doubling(30)),
        ("many fragments", doubling(800)),
        ("a deep path", nested(20)),
        ("a very deep path", nested(2_000)),
        ("pages within pages", format!("{{ {events} }}")),
        (
            "aliases",
            format!(
                "{{ {} }}",
                (0..200).fold(String::new(), |text, index| text + &format!("a{index}: serverInfo {{ name }} "))
            ),
        ),
        ("a repeated field", format!("{{ {} }}", "viewer { user { id } } ".repeat(3_000))),
        ("directives", format!("{{ viewer {} {{ user {{ id }} }} }}", "@skip(if: false) ".repeat(2_000))),
        ("a long document", format!("{{ viewer {{ user {{ id }} }} }} #{}", "x".repeat(65_536))),
        ("many tokens", format!("{{ nodes(ids: [{}]) {{ id }} }}", "1 ".repeat(20_000))),
        ("many ids", format!("{{ nodes(ids: [{}]) {{ id }} }}", "\"x\" ".repeat(5_000))),
        (
            "circular introspection",
            "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }".into(),
        ),
        (
            "much introspection",
            format!(
                "{{ {} }}",
                (0..25).fold(String::new(), |text, index| text
                    + &format!("a{index}: __schema {{ types {{ fields {{ args {{ name }} }} }} }} "))
            ),
        ),
        ("open brackets", "{".repeat(60_000)),
        ("open lists", format!("{{ nodes(ids: {}) }}", "[".repeat(60_000))),
        ("many operations", (0..2_000).fold(String::new(), |text, index| text + &format!("query Q{index} {{ a }} "))),
        (
            "many unknown fields",
            format!("{{ {} }}", (0..5_000).fold(String::new(), |text, index| text + &format!("f{index} "))),
        ),
        ("inline fragments", format!("{}{{ id }}{}", "{ ... ".repeat(3_000), "}".repeat(3_000))),
    ]
}

#[tokio::test]
async fn bombs_are_refused_quickly_while_the_server_is_well() {
    let app = TestApp::new().await;
    for (what, document) in bombs() {
        let (answer, health) = tokio::join!(timed(app.admin(), document), healthy(&app));
        let (code, took) = answer;
        // What is not refused must be as cheap as a refusal.
        assert!(
            matches!(code.as_str(), "BAD_REQUEST" | "COST_EXCEEDED" | "INVALID") || what == "much introspection",
            "{what}: {code}"
        );
        assert!(took < QUICKLY, "{what} took {took:?}");
        assert!(health < QUICKLY, "beside {what} the health check took {health:?}");
    }
}

async fn timed(client: Client, document: String) -> (String, Duration) {
    let begun = Instant::now();
    let code = client.code(&document, json!({})).await;
    (code, begun.elapsed())
}

async fn healthy(app: &TestApp) -> Duration {
    let begun = Instant::now();
    let response = app.anonymous().get("/healthz").send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    begun.elapsed()
}

#[tokio::test]
async fn a_subscription_is_measured_like_a_query() {
    let app = TestApp::new().await;
    for (what, document) in bombs() {
        if !document.starts_with("{ viewer") && !document.starts_with("{ nodes") {
            continue;
        }
        let mut stream = app.admin().subscribe(&document, json!({})).await;
        let code = stream.code().await;
        assert!(matches!(code.as_str(), "BAD_REQUEST" | "COST_EXCEEDED" | "INVALID"), "{what}: {code}");
    }
}

#[tokio::test]
async fn the_cost_of_variables_counts() {
    let app = TestApp::new().await;
    let document =
        "query($first: Int) { jobs(first: $first) { nodes { events(first: 20) { nodes { __typename } } } } }";
    assert_eq!(app.admin().code(document, json!({ "first": 5 })).await, "OK");
    assert_eq!(app.admin().code(document, json!({ "first": 100 })).await, "COST_EXCEEDED");
    assert_eq!(app.admin().code(document, json!({})).await, "OK");
    let answer = app.admin().graphql(document, json!({ "first": 5 })).await;
    assert!(
        answer["extensions"]["cost"]["requested"].as_u64().is_some_and(|cost| (100..200).contains(&cost)),
        "{answer}"
    );
}

#[tokio::test]
async fn a_list_of_any_length_is_answered() {
    let app = TestApp::new().await;
    let many = |value: &str| vec![value.to_owned(); 50_000];
    let names: Vec<String> = (0..50_000).map(|index| format!("name-{index}")).collect();
    let events = "query($filter: JobEventFilter) { jobEvents(filter: $filter) { nodes { __typename } } }";
    let jobs = "query($filter: JobFilter) { jobs(filter: $filter) { totalCount } }";
    let services = "query($filter: ServiceFilter) { services(filter: $filter) { totalCount } }";
    for (document, filter) in [
        (jobs, json!({ "status": { "in": many("QUEUED") } })),
        (jobs, json!({ "serviceId": { "in": vec!["x"; 50_000] } })),
        (events, json!({ "kind": { "in": many("PROGRESSED") } })),
        (services, json!({ "kind": { "in": many("WIDGET") } })),
        (services, json!({ "name": { "in": names } })),
        (services, json!({ "name": { "eq": "x".repeat(500_000), "startsWith": "_%".repeat(100_000) } })),
    ] {
        let code = app.admin().code(document, json!({ "filter": filter })).await;
        assert!(code == "OK" || code == "INVALID", "{document}: {code}");
    }
    let scopes = json!({ "name": "x", "scopes": many("nothing") });
    let answer =
        app.admin().graphql(&crate::support::mutation("tokenCreate", "token"), json!({ "input": scopes })).await;
    assert!(answer.to_string().len() < 100_000, "{} bytes of faults", answer.to_string().len());
}
