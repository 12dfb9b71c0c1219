//! What somebody might submit to make the server work for nothing.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{super::Semantics, check, refused_at, violations};

/// `levels` definitions, each of which uses the next one twice through `wrap`.
fn doubled(levels: usize, wrap: impl Fn(Value) -> Value) -> Value {
    let mut definitions = serde_json::Map::new();
    for level in 0..levels {
        let next = json!({ "$ref": format!("#/$defs/a{}", level + 1) });
        definitions.insert(format!("a{level}"), wrap(json!({ "allOf": [next, next] })));
    }
    definitions.insert(format!("a{levels}"), json!({ "type": "integer" }));
    json!({ "$ref": "#/$defs/a0", "$defs": definitions })
}

/// `depth` objects within each other, around `core`.
fn nested(name: &str, depth: usize, core: Value) -> Value {
    (0..depth).fold(core, |inner, _| json!({ name: inner }))
}

#[test]
fn schemas_are_bounded_in_size_and_depth() {
    refused_at(&json!({ "title": "x".repeat(70_000) }), "schema", "longer than 65536 bytes");
    refused_at(&nested("not", 120, json!({})), "schema", "more than 64 levels");
    let alternatives = json!({ "allOf": vec![json!({}); 10_000] });
    refused_at(&alternatives, "schema", "more than 4000 subschemas");
    refused_at(&json!({ "allOf": [{ "enum": vec![1; 12_000] }] }), "schema", "too costly");
}

#[test]
fn doubled_references_are_refused() {
    refused_at(&doubled(30, |inner| inner), "schema", "too costly");
    refused_at(&doubled(20, |inner| json!({ "anyOf": [inner] })), "schema", "too costly");
    check(&doubled(8, |inner| inner), Semantics::Declared, "schema").expect("256 times is affordable");
}

#[test]
fn references_without_progress_are_refused() {
    refused_at(&json!({ "$ref": "#" }), "schema", "has no end");
    let circle =
        json!({ "$defs": { "a": { "not": { "$ref": "#/$defs/b" } }, "b": { "anyOf": [{ "$ref": "#/$defs/a" }] } } });
    refused_at(&circle, "schema/$defs/a", "has no end");
    let mut chain: Vec<Value> = (1..200).map(|next| json!({ "$ref": format!("#/$defs/{next}") })).collect();
    chain.push(json!({}));
    let chain: Value = chain
        .into_iter()
        .enumerate()
        .map(|(n, value)| (n.to_string(), value))
        .collect::<serde_json::Map<_, _>>()
        .into();
    refused_at(&json!({ "$ref": "#/$defs/0", "$defs": chain }), "schema", "more than 64 subschemas");
}

#[test]
fn recursion_that_follows_the_value_works() {
    let tree = json!({
        "type": "object", "required": ["value"],
        "properties": { "value": { "type": "integer" }, "children": { "items": { "$ref": "#" } } }
    });
    let good = json!({ "value": 1, "children": [{ "value": 2 }, { "value": 3, "children": [{ "value": 4 }] }] });
    assert!(violations(&tree, &good).is_empty());
    let bad = json!({ "value": 1, "children": [{ "value": 2 }, { "value": 3, "children": [{ "value": "x" }] }] });
    assert_eq!(violations(&tree, &bad), ["parameters/children/1/children/0/value: \"x\" is not of type \"integer\""]);
    let list = nested("next", 63, json!({}));
    assert!(violations(&json!({ "properties": { "next": { "$ref": "#" } } }), &list).is_empty());
}

#[test]
fn values_that_are_nested_too_deeply_are_refused() {
    let found = violations(&json!({}), &nested("a", 65, json!(1)));
    assert_eq!(found, ["parameters: is nested more than 64 levels deep."]);
}

#[test]
fn recursion_that_multiplies_is_refused_with_the_value_that_feeds_it() {
    let too_large = ["parameters: is too large to be checked against this schema."];
    let twice = json!({ "properties": { "a": { "allOf": [{ "$ref": "#" }, { "$ref": "#" }] } } });
    assert!(violations(&twice, &nested("a", 10, json!(1))).is_empty());
    assert_eq!(violations(&twice, &nested("a", 40, json!(1))), too_large);
    let every_level = doubled(30, |inner| json!({ "properties": { "a": inner } }));
    assert_eq!(violations(&every_level, &nested("a", 30, json!(1))), too_large);
    let any = json!({ "anyOf": [{ "additionalProperties": { "$ref": "#" } }, { "propertyNames": { "$ref": "#" }, "items": { "$ref": "#" } }, { "patternProperties": { "": { "$ref": "#" } } }] });
    assert_eq!(violations(&any, &nested("a", 40, json!(1))), too_large);
    let unevaluated =
        json!({ "allOf": [{ "properties": { "a": { "$ref": "#" } } }], "unevaluatedProperties": { "$ref": "#" } });
    assert_eq!(violations(&unevaluated, &nested("a", 40, json!(1))), too_large);
}

#[test]
fn the_deepest_recursion_fits_the_stack() {
    // Seven frames for each of 64 levels, through the evaluation that reports: close to the limit of 512.
    let schema = json!({
        "properties": { "a": { "anyOf": [{ "allOf": [{ "oneOf": [{ "allOf": [{ "$ref": "#" }] }] }] }] } },
        "if": { "const": 7 }, "then": false
    });
    let found = violations(&schema, &nested("a", 63, json!(7)));
    assert_eq!(found.len(), 1, "{found:?}");
    let longer =
        json!({ "properties": { "a": (0..16).fold(json!({ "$ref": "#" }), |inner, _| json!({ "allOf": [inner] })) } });
    assert_eq!(violations(&longer, &nested("a", 63, json!(7))).len(), 1, "more than 512 frames");
}

#[test]
fn many_subschemas_for_many_items_are_refused() {
    let each = json!({ "items": { "allOf": vec![json!({ "minimum": 0 }); 1_000] } });
    assert!(violations(&each, &json!(vec![1; 1_000])).is_empty());
    assert!(violations(&each, &json!(vec![1; 10_000]))[0].contains("too large to be checked"));
}

#[test]
fn reports_stay_affordable() {
    // All items fail: the first violation stands for the list.
    let each = json!({ "items": { "allOf": vec![json!({ "minimum": 0 }); 100] } });
    assert_eq!(violations(&each, &json!(vec![-1; 10_000])), ["parameters/0: -1 is less than the minimum of 0"]);
    // Each alternative would copy the whole value into its report.
    let alternatives = json!({ "anyOf": vec![json!({ "type": "integer" }); 100] });
    assert_eq!(violations(&alternatives, &json!(vec![1; 100_000])).len(), 1);
    assert!(violations(&alternatives, &json!(vec![1; 100_000]))[0].contains("too large for a list"));
    assert!(violations(&alternatives, &json!([1]))[0].contains("'anyOf'"));
}

#[test]
fn patterns_are_linear_and_bounded() {
    let harmless = json!({ "pattern": "^(a+)+$" });
    assert_eq!(violations(&harmless, &json!("a".repeat(262_143) + "b")).len(), 1);
    refused_at(&json!({ "items": { "pattern": "(?=a)" } }), "schema/items/pattern", "linear time");
    refused_at(&json!({ "patternProperties": { "(a)\\1": {} } }), "schema/patternProperties/(a)\\1", "linear time");
    let many: Vec<Value> = (0..65).map(|n| json!({ "pattern": format!("^a{{{n}}}$") })).collect();
    refused_at(&json!({ "anyOf": many }), "schema/anyOf/0/pattern", "one too many");
    let large: Vec<Value> = (0..6).map(|n| json!({ "pattern": format!("^.{{1,{}}}$", 250 + n) })).collect();
    refused_at(&json!({ "anyOf": large }), "schema/anyOf/0/pattern", "12000 states");
    let costly: Vec<Value> = (0..9).map(|n| json!({ "pattern": format!("[ab]*a[ab]{{{}}}c", 60 + n) })).collect();
    refused_at(&json!({ "anyOf": costly }), "schema/anyOf/0/pattern", "costly to match");
    let often = json!({ "allOf": vec![json!({ "pattern": "[ab]*a[ab]{500}c" }); 40] });
    assert!(violations(&often, &json!("ab".repeat(100_000)))[0].contains("too large to be checked"));
    assert_eq!(violations(&often, &json!("abab")).len(), 40);
}

#[test]
fn unique_items_are_found_among_brackets() {
    let mut text = String::from("[");
    for number in 0..20_000_u32 {
        // Distinct values which consist of nothing but brackets: the binary digits as `[[]]` and `[]`.
        let digits = format!("{number:015b}").replace('1', "[[]],").replace('0', "[],");
        write!(text, "[{}],", digits.trim_end_matches(',')).expect("writing to a string");
    }
    let value: Value = serde_json::from_str(&(text + "0]")).expect("JSON");
    assert!(violations(&json!({ "uniqueItems": true }), &value).is_empty());
    let twice = violations(&json!({ "items": { "uniqueItems": true } }), &json!([[1, 2], [3, 1, 3.0]]));
    assert_eq!(twice, ["parameters/1: The items must be unique; item 2 repeats an earlier one"]);
    assert!(violations(&json!({ "uniqueItems": false }), &json!([1, 1])).is_empty());
}
