use async_graphql::parser::parse_query;
use async_graphql::value;

use super::*;

const SDL: &str = r#"
type Query { a(b: Int): Int }
enum Status { QUEUED RUNNING }
scalar Json
input Tag @oneOf { name: String id: ID }
input Filter { status: [Status!] and: [Filter!] limit: Int = 5 }
input Submit { "Which." service: ID! priority: Int! = 0 factor: Float parameters: Json tags: [Tag!] filter: Filter urgent: Boolean }
directive @include(if: Boolean!) on FIELD
"#;

fn coerced(definitions: &str, given: Value) -> Result<Variables, Vec<(String, String)>> {
    let types = InputTypes::of(SDL).expect("the test's SDL parses");
    let document = parse_query(format!("query({definitions}) {{ a }}")).expect("the definitions parse");
    let (_, operation) = document.operations.iter().next().expect("there is one operation");
    coerce(&types, &operation.node.variable_definitions, Variables::from_value(given))
        .map_err(|error| error.fields().iter().map(|field| (field.path.clone(), field.message.clone())).collect())
}

#[track_caller]
fn violations(definitions: &str, given: Value) -> Vec<(String, String)> {
    coerced(definitions, given).expect_err("the values are wrong")
}

#[track_caller]
fn wrong(definitions: &str, given: Value, path: &str, message: &str) {
    let found = violations(definitions, given);
    assert_eq!(found, [(path.to_owned(), message.to_owned())]);
}

#[test]
fn right_values_pass_as_they_are() {
    let given = value!({ "s": {
        "service": "x", "priority": -3, "factor": 2, "parameters": [{ "any": ["thing"] }, null],
        "tags": { "name": "one" }, "filter": { "and": [{ "status": "QUEUED" }, { "limit": null }] }, "urgent": null
    }});
    let values = coerced("$s: Submit!", given.clone()).expect("all of it is right");
    assert_eq!(values.into_value(), given);
    assert!(coerced("$a: Float!, $b: ID!, $c: Int!", value!({ "a": 1.5, "b": 7, "c": 2_147_483_647 })).is_ok());
}

#[test]
fn defaults_are_filled_in_and_unknown_names_ignored() {
    let values =
        coerced("$a: Int = 5, $b: Int, $c: Boolean! = true", value!({ "zzz": 1 })).expect("nothing is required");
    assert_eq!(values.into_value(), value!({ "a": 5, "c": true }));
    // An explicit null is a value: it stays.
    let values = coerced("$a: Int = 5", value!({ "a": null })).expect("the type is nullable");
    assert_eq!(values.into_value(), value!({ "a": null }));
}

#[test]
fn each_scalar_says_what_it_takes() {
    let int = "an Int, a whole number from -2147483648 to 2147483647";
    wrong("$a: Int!", value!({}), "a", &format!("is required: {int}"));
    wrong("$a: Int!", value!({ "a": null }), "a", &format!("must be {int}, not null"));
    wrong("$a: Int! = 1", value!({ "a": null }), "a", &format!("must be {int}, not null"));
    wrong("$a: Int", value!({ "a": "1" }), "a", &format!("must be {int}, not this text"));
    wrong("$a: Int", value!({ "a": 1.5 }), "a", &format!("must be {int}, not a fraction"));
    wrong("$a: Int", value!({ "a": 2_147_483_648_i64 }), "a", &format!("must be {int}, not this number"));
    wrong("$a: Float", value!({ "a": true }), "a", "must be a Float, a number, not a Boolean");
    wrong("$a: String", value!({ "a": 1 }), "a", "must be a String, not this number");
    wrong("$a: Boolean", value!({ "a": "true" }), "a", "must be a Boolean, true or false, not this text");
    wrong("$a: ID", value!({ "a": 1.5 }), "a", "must be an ID, a string, not a fraction");
    wrong("$a: Status", value!({ "a": "queued" }), "a", "must be one of QUEUED, RUNNING, not this text");
    wrong("$a: String", value!({ "a": ["x"] }), "a", "must be a String, not a list");
}

#[test]
fn all_violations_are_named_with_their_paths() {
    let given = value!({ "s": {
        "priority": "high", "sevice": "x", "a/b~c": 1, "filter": { "and": [{ "status": ["QUEUED", "DONE"] }, 5] }
    }, "n": null});
    let found = violations("$s: Submit!, $n: Int!", given);
    let paths: Vec<_> = found.iter().map(|(path, _)| path.as_str()).collect();
    let expected =
        ["s/sevice", "s/a~1b~0c", "s/service", "s/priority", "s/filter/and/0/status/1", "s/filter/and/1", "n"];
    assert_eq!(paths, expected);
    assert_eq!(found[0].1, "is not a field of Submit; did you mean `service`?");
    assert_eq!(
        found[1].1,
        "is not a field of Submit; it has service, priority, factor, parameters, tags, filter, urgent"
    );
    assert_eq!(found[2].1, "is required: an ID, a string");
    assert_eq!(found[5].1, "must be an object with status, and, limit, not this number");
}

#[test]
fn exactly_one_field_of_a_one_of_object_is_given() {
    let message = "must have exactly one field, and a value for it: one of name, id";
    for tag in [value!({}), value!({ "name": "a", "id": "b" }), value!({ "name": null })] {
        wrong("$t: [Tag!]", value!({ "t": [tag] }), "t/0", message);
    }
}

#[test]
fn deep_values_are_refused() {
    let nested = |levels: usize| (0..levels).fold(value!(1), |inner, _| Value::List(vec![inner]));
    assert!(coerced("$a: Json", Value::Object([(Name::new("a"), nested(64))].into_iter().collect())).is_ok());
    let found = violations("$a: Json", Value::Object([(Name::new("a"), nested(120))].into_iter().collect()));
    assert_eq!(found, [("a".to_owned(), "nests lists and objects too deep; at most 64 levels are allowed".to_owned())]);

    let filters = (0..60).fold(value!({}), |inner, _| value!({ "and": [inner] }));
    let found = violations("$a: Filter", value!({ "a": filters }));
    assert_eq!(found.len(), 1);
    assert!(found[0].1.starts_with("nests lists and objects too deep"), "{found:?}");
}

#[test]
fn nul_characters_are_refused_wherever_text_can_stand() {
    let message = "holds a NUL character (U+0000), which cannot be stored";
    wrong("$a: String", value!({ "a": "x\0" }), "a", message);
    wrong("$a: ID", value!({ "a": "\0" }), "a", message);
    wrong("$a: Json", value!({ "a": { "b": [1, "\0"] } }), "a/b/1", message);
    wrong("$s: Submit!", value!({ "s": { "service": "x", "parameters": ["\0"] } }), "s/parameters/0", message);
    let key = Value::Object([(Name::new("\0"), value!(1))].into_iter().collect());
    let found = violations("$a: Json", Value::Object([(Name::new("a"), key)].into_iter().collect()));
    assert_eq!(found, [("a".to_owned(), "has a key with a NUL character (U+0000), which cannot be stored".to_owned())]);
}

#[test]
fn the_list_of_violations_is_bounded() {
    let many = Value::List(vec![value!("x"); 10_000]);
    assert_eq!(violations("$a: [Int]", value!({ "a": many })).len(), LISTED);
}
