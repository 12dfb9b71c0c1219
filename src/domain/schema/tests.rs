use serde_json::{Value, json};

use super::*;

mod hostile;

/// Paths and messages of what [`check`] refuses.
fn refused(schema: &Value) -> Vec<(String, String)> {
    match check(schema, Semantics::Declared, "schema") {
        Err(Error::Invalid(fields)) => fields.into_iter().map(|field| (field.path, field.message)).collect(),
        Err(other) => panic!("{other:?}"),
        Ok(()) => panic!("accepted: {:.200}", schema.to_string()),
    }
}

fn refused_at(schema: &Value, path: &str, part: &str) {
    let refusals = refused(schema);
    let found = refusals.iter().any(|(at, message)| at == path && message.contains(part));
    assert!(found, "expected {path}: {part}, found {refusals:?}");
}

fn compiled(schema: &Value) -> Validator {
    check(schema, Semantics::Declared, "schema").expect("a good schema");
    Validator::compile(schema, Semantics::Declared).expect("it was checked")
}

fn violations(schema: &Value, value: &Value) -> Vec<String> {
    let errors = compiled(schema).validate(value, "parameters").err().unwrap_or_default();
    errors.into_iter().map(|error| format!("{}: {}", error.path, error.message)).collect()
}

#[test]
fn every_violation_is_listed_with_its_pointer() {
    let schema = json!({
        "type": "object",
        "required": ["text"],
        "properties": { "seconds": { "minimum": 0 }, "a/b": { "items": { "type": "string" } } },
        "additionalProperties": false
    });
    let found = violations(&schema, &json!({ "seconds": -1, "a/b": ["x", 7], "more": 1 }));
    assert_eq!(found.len(), 4, "{found:?}");
    for expected in [
        "parameters/seconds: -1 is less than the minimum of 0",
        "parameters/a~1b/1: 7 is not of type \"string\"",
        "parameters: \"text\" is a required property",
        "parameters: Additional properties are not allowed ('more' was unexpected)",
    ] {
        assert!(found.iter().any(|line| line == expected), "{expected} is not in {found:?}");
    }
}

#[test]
fn values_are_named_and_not_repeated() {
    let found = violations(&json!({ "type": "integer" }), &json!({ "secret": "x".repeat(1000) }));
    assert_eq!(found, ["parameters: This object is not of type \"integer\""]);
    let found = violations(&json!({ "maxLength": 5 }), &json!("x".repeat(1000)));
    assert_eq!(found, ["parameters: This text is longer than 5 characters"]);
    let found = violations(&json!({ "propertyNames": { "maxLength": 5 } }), &json!({ "x".repeat(1000): 1 }));
    assert_eq!(found, ["parameters: A name of the object is not allowed: This text is longer than 5 characters"]);
    let found = violations(&json!({ "enum": ["y".repeat(1000)] }), &json!(1));
    assert!(found[0].ends_with('…') && found[0].chars().count() < 400, "{found:?}");
}

#[test]
fn the_list_ends_at_a_hundred() {
    let found = violations(&json!({ "items": { "type": "string" } }), &json!(vec![1; 1000]));
    assert_eq!(found.len(), 100);
}

#[test]
fn each_draft_is_read_in_its_own_way() {
    let four = json!({ "$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": true });
    assert_eq!(violations(&four, &json!(1)).len(), 1);
    let six = json!({ "$schema": "http://json-schema.org/draft-06/schema#", "exclusiveMinimum": 1 });
    assert_eq!(violations(&six, &json!(1)).len(), 1);
    let seven = json!({ "$schema": "http://json-schema.org/draft-07/schema#", "if": { "minimum": 5 }, "then": false });
    assert_eq!(violations(&seven, &json!(6)).len(), 1);
    let nineteen = json!({ "$schema": "https://json-schema.org/draft/2019-09/schema", "items": [{ "minimum": 5 }] });
    assert_eq!(violations(&nineteen, &json!([1])).len(), 1);
    let twenty = json!({ "prefixItems": [{ "minimum": 5 }], "unevaluatedItems": false });
    assert_eq!(violations(&twenty, &json!([1, 2])).len(), 2);
    // What is right in one draft is wrong in another.
    refused_at(&json!({ "minimum": 1, "exclusiveMinimum": true }), "schema/exclusiveMinimum", "number");
    refused_at(&json!({ "$schema": "https://example.com/mine" }), "schema/$schema", "draft-07");
    refused_at(&json!({ "$schema": 7 }), "schema/$schema", "draft/2020-12");
}

#[test]
fn what_is_not_a_schema_is_refused_with_all_its_faults() {
    refused_at(&json!([]), "schema", "an object or a boolean");
    let refusals = refused(&json!({ "type": "text", "properties": { "a": { "minimum": "one" } } }));
    assert!(refusals.len() >= 2, "{refusals:?}");
    assert!(refusals.iter().any(|(path, _)| path == "schema/type"));
    assert!(refusals.iter().any(|(path, _)| path == "schema/properties/a/minimum"));
    check(&json!(true), Semantics::Declared, "schema").expect("a boolean is a schema");
    check(&json!({}), Semantics::Declared, "schema").expect("so is an empty object");
}

#[test]
fn references_stay_within_the_document() {
    for target in ["https://example.com/x.json", "file:///etc/passwd", "other.json", "//host/x", "urn:x:y", "../x#/a"] {
        let schema = json!({ "properties": { "a/b": { "allOf": [{ "$ref": target }] } } });
        refused_at(&schema, "schema/properties/a~1b/allOf/0/$ref", "leads out of this schema");
    }
    // Known to the library, and yet not part of the document.
    refused_at(
        &json!({ "items": { "$ref": "https://json-schema.org/draft/2020-12/schema" } }),
        "schema/items/$ref",
        "out",
    );
    refused_at(&json!({ "items": { "$ref": "#/nowhere" } }), "schema/items/$ref", "cannot be resolved");
    refused_at(&json!({ "items": { "$ref": "#name" } }), "schema/items/$ref", "cannot be resolved");
    refused_at(&json!({ "title": "x", "items": { "$ref": "#/title" } }), "schema/items/$ref", "not a schema");
    refused_at(&json!({ "items": { "$dynamicRef": "#x" } }), "schema/items/$dynamicRef", "use $ref");
    let other = "http://json-schema.org/draft-07/schema#";
    refused_at(&json!({ "items": { "$schema": other } }), "schema/items/$schema", "outermost");
}

#[test]
fn pointers_anchors_and_ids_inside_the_document_are_followed() {
    let schema = json!({
        "$id": "https://example.com/root.json",
        "$defs": {
            "pointed": { "type": "integer" },
            "anchored": { "$anchor": "here", "type": "integer" },
            "named": { "$id": "named/this.json", "$defs": { "inner": { "type": "integer" } }, "$ref": "#/$defs/inner" }
        },
        "odd": { "place": { "type": "integer" } },
        "properties": {
            "a": { "$ref": "#/$defs/pointed" },
            "b": { "$ref": "#here" },
            "c": { "$ref": "named/this.json" },
            "d": { "$ref": "https://example.com/root.json#/odd/place" },
            "e": { "$ref": "named/this.json#/$defs/inner" }
        }
    });
    assert_eq!(violations(&schema, &json!({ "a": "x", "b": "x", "c": "x", "d": "x", "e": "x" })).len(), 5);
    assert!(violations(&schema, &json!({ "a": 1, "b": 1, "c": 1, "d": 1, "e": 1 })).is_empty());
    let legacy = json!({
        "$schema": "http://json-schema.org/draft-04/schema#", "id": "urn:example:root", "$ref": "#/definitions/a",
        "definitions": { "a": { "type": "integer" } }
    });
    assert_eq!(violations(&legacy, &json!("x")).len(), 1);
}

#[test]
fn strange_ids_are_refused_and_nothing_panics() {
    for id in ["http://a/b#c", "#c", "a b", "http://[", "", "#", "http://a/b#", "%zz", "x", "\u{0}"] {
        let drafts = [
            ("https://json-schema.org/draft/2020-12/schema", "$id"),
            ("http://json-schema.org/draft-07/schema#", "$id"),
        ];
        for (draft, keyword) in drafts.into_iter().chain([("http://json-schema.org/draft-04/schema#", "id")]) {
            let inner = json!({ keyword: id, "type": "integer" });
            for schema in [
                json!({ "$schema": draft, keyword: id, "items": { "$ref": "#" } }),
                json!({ "$schema": draft, "properties": { "a": inner.clone() }, "items": { "$ref": id } }),
            ] {
                if check(&schema, Semantics::Declared, "schema").is_ok() {
                    Validator::compile(&schema, Semantics::Declared).expect("checked");
                }
            }
        }
    }
    refused_at(&json!({ "$id": "http://a/b#c" }), "schema/$id", "does not match");
}

#[test]
fn formats_are_annotations() {
    let schema = json!({ "$schema": "http://json-schema.org/draft-07/schema#", "format": "date" });
    assert!(violations(&schema, &json!("not a date")).is_empty());
}

#[test]
fn the_word_of_the_semantics_is_stored() {
    assert_eq!(Semantics::from_word("declared"), Some(Semantics::Declared));
    assert_eq!(Semantics::from_word("draft4_legacy"), Some(Semantics::Draft4Legacy));
    assert_eq!(Semantics::from_word("other"), None);
}
