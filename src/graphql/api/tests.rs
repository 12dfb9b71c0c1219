use async_graphql::{Value, Variables};
use serde_json::{Value as Json, json};

use super::*;
use crate::graphql::test_schema::{Mutation, Query, Subscription, builder, caller, door};
use crate::graphql::{OperationKind, ResumePoint};

type TestDoor = Door<Query, Mutation, Subscription>;

fn params(query: &str, variables: Value) -> Params {
    Params { query: query.to_owned(), operation_name: None, variables: Variables::from_value(variables) }
}

fn body(response: &Response) -> Json {
    serde_json::to_value(response).expect("a response is JSON")
}

fn refusal(door: &TestDoor, params: Params) -> Json {
    let mut response = door.prepare(params).expect_err("the request must be refused");
    sign(&mut response, "r-1");
    body(&response)["errors"].take()
}

fn code(door: &TestDoor, query: &str) -> String {
    let errors = refusal(door, params(query, value!({})));
    errors[0]["extensions"]["code"].as_str().expect("every error has a code").to_owned()
}

async fn run(door: &TestDoor, query: &str, variables: Value) -> Json {
    let prepared = door.prepare(params(query, variables)).expect("the request is right");
    body(&door.execute(caller(None), prepared).await)
}

#[tokio::test]
async fn an_answer_has_its_data_and_its_cost() {
    let answer = run(&door(), "{ jobs(first: 2) { nodes { id owner { username } } } }", value!({})).await;
    let node = |id: &str| json!({ "id": id, "owner": { "username": "ada" } });
    assert_eq!(
        answer,
        json!({ "data": { "jobs": { "nodes": [node("0"), node("1")] } }, "extensions": { "cost": { "requested": 6 } } })
    );
}

#[tokio::test]
async fn resolvers_see_the_caller_and_what_is_attached() {
    let door = door();
    assert_eq!(run(&door, "{ caller }", value!({})).await["data"]["caller"], "Anonymous GraphQl r-1 Some(\"test\")");

    let seen = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let door = Door::new(builder, Limits::default()).attaching(move |caller, request| {
        assert_eq!(caller.request_id, "r-1");
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        request
    });
    run(&door, "{ caller }", value!({})).await;
    run(&door, "{ caller }", value!({})).await;
    assert_eq!(seen.load(std::sync::atomic::Ordering::Relaxed), 2, "once for every request");
}

#[tokio::test]
async fn a_new_and_a_known_document_answer_the_same() {
    let submit = "mutation($input: JobInput!, $n: Int) { jobSubmit(input: $input) @include(if: true) }";
    let submit = submit.replace(", $n: Int", "");
    let page = "query($n: Int = 3) { jobs(first: $n) { nodes { id } } }";
    let cases = [
        (submit.as_str(), value!({ "input": { "name": "a", "urgency": "HIGH", "tags": "one" } })),
        (&submit, value!({ "input": { "name": 1, "urgency": "NOW", "color": "red" } })),
        (&submit, value!({ "input": { "name": "a", "priority": 5_000_000_000_i64 } })),
        (&submit, value!({ "input": null })),
        (&submit, value!({})),
        (page, value!({})),
        (page, value!({ "n": 2 })),
        (page, value!({ "n": "2" })),
        ("{ jobs(first: \"2\") { nodes { id } } }", value!({})),
        ("{ nothing }", value!({})),
        ("{", value!({})),
    ];
    let warm = door();
    for (query, good) in [(submit.as_str(), value!({ "input": { "name": "a" } })), (page, value!({}))] {
        warm.prepare(params(query, good)).expect("these warm the cache");
    }
    for (query, variables) in cases {
        let ask = async |door: &TestDoor| match door.prepare(params(query, variables.clone())) {
            Ok(prepared) => body(&door.execute(caller(None), prepared).await),
            Err(refused) => body(&refused),
        };
        assert_eq!(ask(&door()).await, ask(&warm).await, "{query} {variables}");
    }
}

#[tokio::test]
async fn wrong_variables_are_named_one_by_one() {
    let submit = "mutation($input: JobInput!) { jobSubmit(input: $input) }";
    let errors = refusal(&door(), params(submit, value!({ "input": { "priority": "high", "urgency": "NOW" } })));
    let extensions = &errors[0]["extensions"];
    assert_eq!((&extensions["code"], &extensions["requestId"]), (&json!("INVALID"), &json!("r-1")));
    assert_eq!(
        extensions["fields"],
        json!([
            { "path": "input/name", "message": "is required: a String" },
            { "path": "input/priority",
              "message": "must be an Int, a whole number from -2147483648 to 2147483647, not this text" },
            { "path": "input/urgency", "message": "must be one of LOW, HIGH, not this text" },
        ])
    );
}

#[tokio::test]
async fn the_default_of_a_variable_decides_a_directive() {
    let query = "query($with: Boolean = true) { caller job(id: 1) @include(if: $with) { id } }";
    let door = door();
    assert_eq!(run(&door, query, value!({})).await["data"]["job"]["id"], "1");
    assert_eq!(run(&door, query, value!({ "with": false })).await["data"].get("job"), None);
}

#[tokio::test]
async fn cost_is_exact_at_every_request() {
    let door = door();
    let page = "query($n: Int) { jobs(first: $n) { nodes { id owner { id } } } }";
    for (n, cost) in [(1, 4), (100, 211), (1, 4)] {
        let prepared = door.prepare(params(page, value!({ "n": n }))).expect("within the limits");
        assert_eq!(prepared.cost(), cost);
    }
    let many = "query($n: Int) { a: jobs(first: $n) { nodes { owner { id } } } b: jobs(first: $n) { nodes { owner { id } } } \
                c: jobs(first: $n) { nodes { owner { id } } } d: jobs(first: $n) { nodes { owner { id } } } \
                e: jobs(first: $n) { nodes { owner { id } } } }";
    assert!(door.prepare(params(many, value!({ "n": 10 }))).is_ok());
    let errors = refusal(&door, params(many, value!({ "n": 100 })));
    assert_eq!(errors[0]["extensions"]["code"], "COST_EXCEEDED");
}

#[test]
fn what_cannot_run_is_a_bad_request() {
    let door = door();
    for query in ["", "{", "{ nothing }", "{ ...a } fragment a on Query { ...a }", "{ jobs }", "{ job { id } }"] {
        assert_eq!(code(&door, query), "BAD_REQUEST", "{query}");
    }
    assert_eq!(
        code(&door, "mutation { a: jobSubmit(input: { name: \"a\" }) b: __typename c: jobSubmit }"),
        "BAD_REQUEST"
    );
    assert_eq!(code(&door, &format!("{{ {} }}", "a ".repeat(40_000))), "COST_EXCEEDED");
    assert_eq!(door.documents.len(), 0, "failures are not kept");
}

#[test]
fn every_limit_of_the_library_is_wider_than_the_guard() {
    let door = door();
    for levels in [31, 32] {
        let text = format!("{}caller{}", "{ ... ".repeat(levels) + "{ ", " }".repeat(levels + 1));
        assert_eq!(door.prepare(params(&text, value!({}))).is_ok(), levels == 31);
    }
    let chain = (0..30).fold(String::from("{ ...f0 }"), |text, index| {
        format!("{text} fragment f{index} on Query {{ ...f{} }}", index + 1)
    });
    assert!(door.prepare(params(&(chain + " fragment f30 on Query { caller }"), value!({}))).is_ok());
}

#[test]
fn a_bomb_of_fragments_never_reaches_the_library() {
    let bomb = (0..22).fold(String::from("{ ...f0 }"), |text, index| {
        let next = index + 1;
        format!("{text} fragment f{index} on Query {{ ...f{next} ...f{next} }}")
    });
    assert_eq!(code(&door(), &(bomb + " fragment f22 on Query { caller }")), "COST_EXCEEDED");
}

#[test]
fn a_refusal_is_of_bounded_size() {
    let door = door();
    let long = format!("{{ caller(a: {}) {{ ", "\"x\" ".repeat(9000));
    assert!(body(&door.prepare(params(&long, value!({}))).expect_err("syntax")).to_string().len() < 2000);
    let unknown = (0..900).fold(String::from("{"), |text, index| format!("{text} zz{index}")) + "}";
    let errors = refusal(&door, params(&unknown, value!({})));
    assert_eq!(errors.as_array().expect("a list").len(), 20);
}

#[test]
fn the_operation_is_chosen_by_name() {
    let door = door();
    let query = "query a { caller } mutation b { jobSubmit(input: { name: \"x\" }) }";
    let named = |name: Option<&str>| {
        let params = Params { operation_name: name.map(ToOwned::to_owned), ..params(query, value!({})) };
        door.prepare(params).map(|prepared| prepared.kind()).map_err(|refused| refused.errors[0].message.clone())
    };
    assert_eq!(named(Some("a")), Ok(OperationKind::Query));
    assert_eq!(named(Some("b")), Ok(OperationKind::Mutation));
    let message = "The document has 2 operations (a, b): name the one to run in `operationName`.";
    assert_eq!(named(None), Err(message.to_owned()));
    let message = "The document has no operation of the given `operationName`; it has a, b.";
    assert_eq!(named(Some("c")), Err(message.to_owned()));
}

#[tokio::test]
async fn only_the_chosen_operation_runs() {
    let door = door();
    let query = "query a($n: Int!) { jobs(first: $n) { nodes { id } } } query b { caller }";
    let params = Params { operation_name: Some("b".to_owned()), ..params(query, value!({})) };
    let prepared = door.prepare(params).expect("b needs no variable");
    let answer = body(&door.execute(caller(None), prepared).await);
    assert_eq!(answer["data"], json!({ "caller": "Anonymous GraphQl r-1 Some(\"test\")" }));
}

#[tokio::test]
async fn errors_of_the_domain_keep_their_code() {
    let door = door();
    let fail = async |field: &str| run(&door, &format!("{{ {field} }}"), value!({})).await["errors"][0].take();
    let missing = fail("fail(kind: 0)").await;
    assert_eq!(missing["message"], "There is no such job, or you may not see it.");
    assert_eq!(missing["extensions"], json!({ "code": "NOT_FOUND", "requestId": "r-1" }));
    assert_eq!(missing["path"], json!(["fail"]));
    let fields = json!([{ "path": "parameters/seconds", "message": "must be at least 1" }]);
    assert_eq!(
        fail("fail(kind: 1)").await["extensions"],
        json!({ "code": "INVALID", "fields": fields, "requestId": "r-1" })
    );
    assert_eq!(
        fail("fail(kind: 2)").await["extensions"],
        json!({ "code": "RATE_LIMITED", "requestId": "r-1", "retryAfter": 2 })
    );
    assert_eq!(fail("failShared").await["extensions"]["code"], "LEASE_LOST");
    assert_eq!(fail("failMany").await["extensions"]["fields"].as_array().map(Vec::len), Some(2));
    assert_eq!(fail("fail(kind: 5000000000)").await["extensions"]["code"], "BAD_REQUEST");
}

#[tokio::test]
async fn defects_are_not_shown() {
    let door = door();
    for field in ["fail(kind: 9)", "failForeign"] {
        let answer = run(&door, &format!("{{ {field} }}"), value!({})).await.to_string();
        assert!(answer.contains("INTERNAL") && answer.contains("r-1"), "{answer}");
        assert!(!answer.contains("sda1") && !answer.contains("digit"), "{answer}");
    }
}

#[tokio::test]
async fn a_stream_tells_its_cost_once_and_signs_its_errors() {
    let door = door();
    let all = async |query: &str| -> Vec<Json> {
        let prepared = door.prepare(params(query, value!({}))).expect("the request is right");
        door.execute_stream(caller(None), prepared).map(|response| body(&response)).collect().await
    };
    let numbers = all("subscription { numbers }").await;
    assert_eq!(numbers.len(), 3);
    assert_eq!(numbers[0], json!({ "data": { "numbers": 1 }, "extensions": { "cost": { "requested": 1 } } }));
    assert_eq!(numbers[1], json!({ "data": { "numbers": 2 } }));
    let broken = all("subscription { broken }").await;
    assert_eq!(broken[1]["errors"][0]["extensions"], json!({ "code": "FORBIDDEN", "requestId": "r-1" }));
    assert_eq!(all("{ caller }").await.len(), 1, "a query is a stream of one");
}

#[tokio::test]
async fn a_subscription_may_stand_in_a_fragment() {
    let door = door();
    let query = "subscription { ...f } fragment f on Subscription { ... { numbers } }";
    let prepared = door.prepare(params(query, value!({}))).expect("the request is right");
    assert_eq!(prepared.kind(), OperationKind::Subscription);
    assert_eq!(door.execute_stream(caller(None), prepared).count().await, 3);
}

#[tokio::test]
async fn a_stream_resumes_and_reports_where_it_is() {
    let door = door();
    let resume = Arc::new(ResumePoint::new(Some("7".to_owned())));
    let prepared = door.prepare(params("subscription { numbers }", value!({}))).expect("the request is right");
    let mut stream = door.execute_stream(caller(Some(Arc::clone(&resume))), prepared);
    for number in 8..=10 {
        let item = stream.next().await.expect("three numbers follow");
        assert_eq!(body(&item)["data"]["numbers"], number);
        assert_eq!(resume.take_delivered(), Some(number.to_string()));
    }
    assert_eq!(resume.take_delivered(), None);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn the_usual_introspection_runs() {
    let query = include_str!("../guard/introspection.graphql");
    let answer = run(&door(), query, value!({})).await;
    assert_eq!(answer.get("errors"), None);
    assert_eq!(answer["data"]["__schema"]["queryType"]["name"], "Query");
}

#[test]
fn the_cache_is_bounded_and_keeps_what_is_asked_for_again() {
    let limits = Limits { cached_documents: 4, ..Limits::default() };
    let door = Door::new(builder, limits);
    let known = |query: &str| door.documents.get(query).is_some();
    let ask = |query: &str| drop(door.prepare(params(query, value!({}))).expect("the request is right"));
    ask("{ caller }");
    for index in 0..50 {
        ask("{ caller }");
        ask(&format!("{{ a{index}: caller }}"));
    }
    assert_eq!(door.documents.len(), 4);
    assert!(known("{ caller }") && known("{ a49: caller }") && !known("{ a0: caller }"));
    // Four entries hold 8 KiB of text: a long document pushes short ones out, a longer one is not kept.
    ask(&format!("{{ caller }} # {}", "x".repeat(8170)));
    assert!(door.documents.len() < 4);
    ask(&format!("{{ caller }} # {}", "x".repeat(9000)));
    assert!(door.documents.len() < 4);
}

#[tokio::test]
async fn the_programs_own_documents_have_wider_limits() {
    let door = door();
    let page = "query Own($first: Int) { jobs(first: $first) { nodes { id owner { id username } } } }";
    let wide = value!({ "first": 1_000 });
    let public = door.prepare(params(page, wide.clone())).expect("its page is refused by who makes it");
    assert!(public.cost() < 300, "{}", public.cost());
    let statement = door.statement(page).expect("a document");
    let prepared = door.prepare_statement(&statement, Variables::from_value(wide)).expect("it is within its limits");
    assert!((1_000..20_000).contains(&prepared.cost()), "{}", prepared.cost());
    let costly = "query Own { jobs(first: 1000) { nodes { a: owner { id } b: owner { id } c: owner { id } \
                  d: owner { id } e: owner { id } f: owner { id } g: owner { id } h: owner { id } i: owner { id } \
                  j: owner { id } k: owner { id } l: owner { id } m: owner { id } n: owner { id } o: owner { id } \
                  p: owner { id } q: owner { id } r: owner { id } s: owner { id } t: owner { id } } } }";
    assert!(door.statement(costly).expect_err("it has a bound, too").contains("at most 20000"));
    assert!(door.statement("{ nothing }").expect_err("it is checked").contains("nothing"));
}
