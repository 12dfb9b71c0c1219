//! Documents and variables that do not fit the schema.

use serde_json::{Value, json};

use crate::support::{TestApp, code};

/// Documents, and a word of what is said about them.
const WRONG: &[(&str, &str)] = &[
    ("", ""),
    ("# nothing", ""),
    ("{", ""),
    ("{ viewer", ""),
    ("{ viewer { user { id } } } }", ""),
    ("{ viewer { user { id ", ""),
    ("{ job(number: \"one) { id } }", ""),
    ("query query query", ""),
    ("{ nothing }", "nothing"),
    ("{ viewer { nothing } }", "nothing"),
    ("{ viewer }", "viewer"),
    ("{ serverInfo { name { first } } }", "name"),
    ("{ job(numbr: 1) { id } }", "numbr"),
    ("{ job(number: \"1\") { id } }", "number"),
    ("{ job(number: 1.5) { id } }", "number"),
    ("{ job(number: 2147483648) { id } }", "Int"),
    ("{ job(number: -2147483649) { id } }", "Int"),
    ("{ job(number: [1, 2]) { id } }", "number"),
    ("{ job(number: {}) { id } }", "number"),
    ("{ job(id: true) { id } }", "id"),
    ("{ job(id: 1.5) { id } }", "id"),
    ("{ nodes { id } }", "ids"),
    ("{ nodes(ids: null) { id } }", "ids"),
    ("{ nodes(ids: [null]) { id } }", "ids"),
    ("{ jobs(order: NEWEST) { nodes { id } } }", "order"),
    ("{ jobs(order: null) { nodes { id } } }", "order"),
    ("{ jobs(first: 1, first: 2) { nodes { id } } }", "first"),
    ("{ jobs(filter: { stat: {} }) { nodes { id } } }", "stat"),
    ("{ jobs(filter: { status: { eq: queued } }) { nodes { id } } }", "filter"),
    ("{ jobs(filter: { status: \"QUEUED\" }) { nodes { id } } }", "JobStatusFilter"),
    ("{ jobs(filter: { submittedAt: { gt: 5 } }) { nodes { id } } }", "DateTime"),
    ("{ jobs(filter: { submittedAt: { gt: \"yesterday\" } }) { nodes { id } } }", "moment"),
    ("{ jobEvents(after: 5) { nodes { __typename } } }", "Cursor"),
    ("mutation { jobSubmit { job { id } } }", "input"),
    ("mutation { jobSubmit(input: {}) { job { id } } }", "serviceId"),
    ("mutation { jobSubmit(input: { serviceId: \"x\", prio: 1 }) { job { id } } }", "prio"),
    ("mutation { nothing }", "nothing"),
    ("mutation { sessionDelete { deleted } again: sessionDelete { deleted } }", ""),
    ("subscription { jobEvents { cursor } job(id: \"x\") { id } }", ""),
    ("query($a: Int) { viewer { user { id } } }", "a"),
    ("query($a: Nothing) { job(id: $a) { id } }", "Nothing"),
    ("query($a: Job) { job(id: $a) { id } }", ""),
    ("{ job(number: $a) { id } }", "a"),
    ("query A { viewer { user { id } } } query A { viewer { user { id } } }", "A"),
    ("query A { viewer { user { id } } } query B { viewer { user { id } } }", ""),
    ("{ ...F }", "F"),
    ("{ viewer { user { id } } } fragment F on Query { viewer { user { id } } }", "F"),
    ("{ ...F } fragment F on Query { ...F }", "F"),
    ("{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }", ""),
    ("{ ... on Nothing { id } }", "Nothing"),
    ("{ ... on Job { id } }", ""),
    ("{ viewer @nothing { user { id } } }", "nothing"),
    ("{ viewer @skip { user { id } } }", ""),
    ("{ viewer @skip(if: \"no\") { user { id } } }", ""),
    ("{ a: viewer { user { id } } a: serverInfo { name } }", "a"),
    ("type Query { a: Int }", ""),
];

#[tokio::test]
async fn a_document_that_does_not_fit_is_a_bad_request_that_says_where() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let mut wrong = Vec::new();
    for (document, word) in WRONG {
        let answer = admin.graphql(document, json!({})).await;
        let error = &answer["errors"][0];
        let is_right = error["extensions"]["code"] == "BAD_REQUEST"
            && answer.get("data").is_none_or(Value::is_null)
            && error["message"].as_str().is_some_and(|message| message.contains(word))
            && error["extensions"]["requestId"].is_string();
        if !is_right {
            wrong.push(format!("{document}: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn variables_that_do_not_fit_are_named_by_their_path() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let submit = "mutation($input: JobSubmitInput!) { jobSubmit(input: $input) { job { id } } }";
    let list = "query($first: Int, $filter: JobFilter, $order: JobOrder) {
        jobs(first: $first, filter: $filter, order: $order) { nodes { id } } }"
        .replace("$order: JobOrder)", "$order: JobOrder! = PRIORITY_DESC)");
    for (document, variables, paths) in [
        (submit, json!({}), vec!["input"]),
        (submit, json!({ "input": null }), vec!["input"]),
        (submit, json!({ "input": "x" }), vec!["input"]),
        (submit, json!({ "input": [] }), vec!["input"]),
        (submit, json!({ "input": {} }), vec!["input/serviceId"]),
        (submit, json!({ "input": { "serviceId": service, "priority": "high" } }), vec!["input/priority"]),
        (submit, json!({ "input": { "serviceId": service, "priority": 1.5 } }), vec!["input/priority"]),
        (submit, json!({ "input": { "serviceId": service, "priority": 2_147_483_648_i64 } }), vec!["input/priority"]),
        (submit, json!({ "input": { "serviceId": service, "priority": null } }), vec!["input/priority"]),
        (
            submit,
            json!({ "input": { "serviceId": null, "priority": [], "more": 1, "": 1 } }),
            vec!["input/more", "input/", "input/serviceId", "input/priority"],
        ),
        (&list, json!({ "first": "1" }), vec!["first"]),
        (&list, json!({ "first": true }), vec!["first"]),
        (&list, json!({ "order": "NEWEST" }), vec!["order"]),
        (&list, json!({ "order": null }), vec!["order"]),
        (
            &list,
            json!({ "filter": { "status": { "in": ["QUEUED", "queued", 1] } } }),
            vec!["filter/status/in/1", "filter/status/in/2"],
        ),
    ] {
        let answer = app.admin().graphql(document, variables.clone()).await;
        assert_eq!(code(&answer), "INVALID", "{variables}: {answer}");
        let fields = answer["errors"][0]["extensions"]["fields"].as_array().expect("fields");
        let found: Vec<&str> = fields.iter().filter_map(|field| field["path"].as_str()).collect();
        assert_eq!(found, paths, "{variables}");
    }
    let nothing = app.admin().data("{ jobs { totalCount } }", json!({})).await;
    assert_eq!(nothing["jobs"]["totalCount"], 0);
    // A value that nobody asked for does no harm.
    assert_eq!(app.admin().code("{ viewer { user { id } } }", json!({ "more": { "a": [1] } })).await, "OK");
}

#[tokio::test]
async fn scalars_take_what_they_say_and_nothing_near_it() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    let job = app.admin().submit(&service, json!({})).await;
    let log = "query($id: ID!, $offset: Long!) { job(id: $id) { log(offset: $offset) { text } } }";
    let list = "query($at: DateTime) { jobs(filter: { submittedAt: { gt: $at } }) { nodes { id } } }";
    for (offset, fine) in [
        (json!(0), true),
        (json!(i64::MAX), true),
        (json!(u64::MAX), false),
        (json!(1.5), false),
        (json!("1"), false),
        (json!(true), false),
        (json!(i64::MIN), false),
    ] {
        let code = app.admin().code(log, json!({ "id": job, "offset": offset })).await;
        assert_eq!(code == "OK", fine, "{offset}: {code}");
    }
    for (at, fine) in [
        ("2026-01-01T00:00:00Z", true),
        ("2026-01-01T00:00:00.123456789+05:30", true),
        ("1969-12-31T23:59:59Z", true),
        ("9999-12-31T23:59:59.999999Z", true),
        ("0000-01-01T00:00:00Z", true),
        ("2026-01-01", false),
        ("2026-01-01T00:00:00", false),
        ("2026-02-30T00:00:00Z", false),
        ("10000-01-01T00:00:00Z", false),
        ("", false),
        ("now", false),
    ] {
        let code = app.admin().code(list, json!({ "at": at })).await;
        assert_eq!(code == "OK", fine, "{at}: {code}");
    }
}

#[tokio::test]
async fn json_in_a_document_is_the_same_as_in_a_variable() {
    let app = TestApp::new().await;
    let service = app.service(json!({})).await;
    for (literal, value) in [
        ("{}", json!({})),
        ("NAME", json!("NAME")),
        (
            "[1, 2.5, -3e2, \"a\\u00e9\", true, null, [], {a: {b: $deep}}]",
            json!([1, 2.5, -300.0, "aé", true, null, [], { "a": { "b": [1] } }]),
        ),
        ("\"\"\"\n  block\n    text\n  \"\"\"", json!("block\n  text")),
        ("9007199254740993", json!(9_007_199_254_740_993_i64)),
    ] {
        let (declared, variables) =
            if literal.contains("$deep") { ("($deep: JSON)", json!({ "deep": [1] })) } else { ("", json!({})) };
        let document = format!(
            "mutation{declared} {{ jobSubmit(input: {{ serviceId: \"{service}\", parameters: {literal} }}) {{ job {{ parameters }} }} }}"
        );
        let data = app.admin().data(&document, variables).await;
        assert_eq!(data["jobSubmit"]["job"]["parameters"], value, "{literal}");
    }
}
