use async_graphql::{Variables, value};
use serde_json::Value as Json;

use super::*;
use crate::graphql::guard::Limits;
use crate::graphql::strict::Validator;
use crate::graphql::test_schema::{Mutation, Query, Subscription, builder, caller};
use crate::graphql::{Client, Origin, RequestId};

type TestExecutor = Executor<Query, Mutation, Subscription>;

fn executor() -> TestExecutor {
    Executor::new(builder())
}

/// The same, but that everything goes the library's way.
fn library() -> TestExecutor {
    Executor { kept: None, ..executor() }
}

fn document(text: &str) -> Document {
    Document::load(text, &Limits::default(), |ast| Validator::new(builder()).validate(ast)).expect("a valid document")
}

fn request(name: Option<&str>, variables: Value) -> Request {
    let caller = caller(None);
    let mut request = Request::new(String::new()).variables(Variables::from_value(variables));
    request.operation_name = name.map(str::to_owned);
    request.data(caller.viewer).data(Origin::GraphQl).data(RequestId("r-1".to_owned())).data::<Client>(caller.client)
}

async fn both_ways(text: &str, name: Option<&str>, variables: Value) -> (Json, Json) {
    let document = document(text);
    let json = |response: Response| serde_json::to_value(&response).expect("a response is JSON");
    let ours = executor().execute(request(name, variables.clone()), &document).await;
    let theirs = library().execute(request(name, variables), &document).await;
    (json(ours), json(theirs))
}

#[tokio::test]
async fn it_answers_as_the_library_does() {
    let two = "query A { caller } query B($n: Int = 2) { jobs(first: $n) { nodes { id } } }";
    let submit = "mutation($input: JobInput!) { made: jobSubmit(input: $input) }";
    let page = "{ first: jobs(first: 1) { ...Nodes } jobs(first: 2) { ...Nodes } caller } fragment Nodes on Jobs { \
                nodes { __typename id owner { username } } }";
    let cases = [
        ("{ caller }", None, value!({})),
        ("query($id: ID!) { job(id: $id) { id owner { id username } } }", None, value!({ "id": "7" })),
        ("query($id: ID!) { job(id: $id) { id } }", None, value!({ "id": "none" })),
        (two, Some("A"), value!({})),
        (two, Some("B"), value!({})),
        (two, Some("B"), value!({ "n": 1 })),
        (page, None, value!({})),
        (submit, None, value!({ "input": { "name": "a", "urgency": "HIGH", "tags": ["b"] } })),
        ("{ fail(kind: 0) }", None, value!({})),
        ("{ fail(kind: 1) }", None, value!({})),
        ("{ caller other: fail(kind: 3) failShared failForeign }", None, value!({})),
        ("{ failMany }", None, value!({})),
    ];
    for (text, name, variables) in cases {
        let document = document(text);
        assert!(direct(&document, name).is_some(), "{text} is run here");
        let (ours, theirs) = both_ways(text, name, variables).await;
        assert_eq!(ours, theirs, "{text}");
        assert!(ours["data"].is_object() || ours["errors"].is_array(), "{text} {ours}");
    }
}

#[test]
fn it_is_gone_when_it_is_dropped() {
    let held = Arc::new(());
    let watched = Arc::downgrade(&held);
    let executor: TestExecutor = Executor::new(builder().data(held));
    assert!(executor.kept.is_some());
    drop(executor);
    assert!(watched.upgrade().is_none(), "nothing holds the schema");
}

#[test]
fn what_the_library_has_to_prepare_is_left_to_it() {
    let is_direct = |text: &str| direct(&document(text), None).is_some();
    assert!(is_direct("{ caller }"));
    assert!(!is_direct("query($yes: Boolean!) { caller @include(if: $yes) }"));
    assert!(!is_direct("query($yes: Boolean!) { job(id: 1) { id owner @skip(if: $yes) { id } } }"));
    assert!(!is_direct("{ ...Root } fragment Root on Query { caller }"));
    assert!(!is_direct("{ caller ... { again: caller } }"));
    assert!(!is_direct("{ job(id: 1) { ...Part } } fragment Part on Job { id owner @skip(if: false) { id } }"));
    assert!(!is_direct("{ caller caller }"));
    assert!(!is_direct("{ __typename }"));
    assert!(!is_direct("{ caller __schema { queryType { name } } }"));
    assert!(!is_direct("subscription { numbers }"));
}
