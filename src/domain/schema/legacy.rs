//! Schemas as TopChef read them: draft 4 whatever `$schema` says, and laxer than draft 4 in two places.
//!
//! Its validator (jsonschema 2.6 for Python) knew draft 4 only and passed over every word of later drafts. It took
//! `required: []`, which draft 4 forbids, and numbers for `exclusiveMinimum` and `exclusiveMaximum`, which draft 4 wants
//! to be true or false, without looking at them when there was no `minimum` or `maximum` beside them. Such schemas are in
//! use; so they are adapted to what they meant before they are compiled. What the old server answered with an error of
//! its own, whenever the schema was used, is refused when the service is made.

use serde_json::{Map, Value};

/// Words of later drafts, which a draft 4 validator passes over.
const LATER: [&str; 20] = [
    "$schema",
    "$id",
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$recursiveAnchor",
    "$recursiveRef",
    "$vocabulary",
    "const",
    "contains",
    "minContains",
    "maxContains",
    "propertyNames",
    "if",
    "then",
    "else",
    "dependentSchemas",
    "dependentRequired",
    "unevaluatedProperties",
    "unevaluatedItems",
];

/// What the schema means, in draft 4.
pub(super) fn adapted(schema: &Value) -> Value {
    let Value::Object(keywords) = schema else { return schema.clone() };
    let mut kept = Map::new();
    for (keyword, value) in keywords {
        let dropped = match keyword.as_str() {
            "exclusiveMinimum" | "exclusiveMaximum" => value.is_number(),
            "required" => value.as_array().is_some_and(Vec::is_empty),
            "prefixItems" | "contentEncoding" | "contentMediaType" | "contentSchema" => true,
            keyword => LATER.contains(&keyword),
        };
        if !dropped {
            kept.insert(keyword.clone(), below(keyword, value));
        }
    }
    Value::Object(kept)
}

/// The value of a keyword, with the schemas that it holds adapted.
fn below(keyword: &str, value: &Value) -> Value {
    match (keyword, value) {
        ("items" | "allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => schemas.iter().map(adapted).collect(),
        ("items" | "not" | "additionalItems" | "additionalProperties", Value::Object(_)) => adapted(value),
        ("properties" | "patternProperties" | "definitions" | "$defs" | "dependencies", Value::Object(schemas)) => {
            let schemas = schemas.iter().map(|(name, schema)| (name.clone(), adapted(schema)));
            Value::Object(schemas.collect())
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Semantics, Validator, check};
    use super::*;

    fn takes(schema: &Value, value: &Value) -> bool {
        check(schema, Semantics::Draft4Legacy, "schema").expect("a schema");
        let validator = Validator::compile(schema, Semantics::Draft4Legacy).expect("it compiles");
        validator.validate(value, "value").is_ok()
    }

    #[test]
    fn words_of_later_drafts_mean_nothing() {
        for (schema, value) in [
            (json!({ "$schema": "http://json-schema.org/draft-07/schema#", "const": 1 }), json!(2)),
            (json!({ "$schema": "no draft at all", "if": true, "then": false }), json!(2)),
            (json!({ "exclusiveMinimum": 5 }), json!(1)),
            (json!({ "required": [] }), json!({})),
            (json!({ "contains": { "type": "string" } }), json!([1])),
            (json!({ "propertyNames": { "maxLength": 1 } }), json!({ "long": 1 })),
            (json!({ "format": "date-time" }), json!("never")),
            (json!({ "dependentRequired": { "a": ["b"] } }), json!({ "a": 1 })),
            (
                json!({ "properties": { "a": { "items": [{ "exclusiveMaximum": 1, "required": [] }] } } }),
                json!({ "a": [5] }),
            ),
        ] {
            assert!(takes(&schema, &value), "{schema} {value}");
        }
    }

    #[test]
    fn draft_four_holds() {
        for (schema, value) in [
            (json!({ "type": "integer" }), json!(1.0)),
            (json!({ "type": "integer" }), json!(true)),
            (json!({ "minimum": 5, "exclusiveMinimum": true }), json!(5)),
            (json!({ "required": ["a"] }), json!({})),
            (json!({ "$ref": "#/$defs/a", "$defs": { "a": { "type": "string" } } }), json!(1)),
            (json!({ "pattern": "^(?!no)" }), json!("nothing")),
            (json!({ "pattern": "(a)\\1" }), json!("ab")),
        ] {
            assert!(!takes(&schema, &value), "{schema} {value}");
        }
        assert!(takes(&json!({ "pattern": "^(?!no)" }), &json!("something")));
        assert!(takes(&json!({ "minimum": 5, "exclusiveMinimum": false }), &json!(5)));
    }

    #[test]
    fn what_could_not_be_used_is_refused() {
        for schema in [
            json!({ "type": "bogus" }),
            json!({ "properties": 5 }),
            json!({ "pattern": "(" }),
            json!({ "properties": { "a": true } }),
            json!({ "$ref": "#/nowhere" }),
            json!({ "$ref": "http://127.0.0.1:1/schema.json" }),
            json!({ "id": "http://127.0.0.1:1/a.json", "properties": { "a": { "$ref": "b.json" } } }),
            json!(true),
        ] {
            check(&schema, Semantics::Draft4Legacy, "schema").expect_err(&schema.to_string());
        }
    }

    #[test]
    fn a_pattern_that_explodes_is_cut_short() {
        let schema = json!({ "pattern": "^(?=(a+)+$)b" });
        let begun = std::time::Instant::now();
        assert!(!takes(&schema, &json!("a".repeat(60) + "!")));
        let many: Value = (0..1_000).map(|_| "a".repeat(60) + "!").collect();
        assert!(!takes(&json!({ "items": schema }), &many));
        assert!(begun.elapsed().as_secs() < 5, "it took {:?}", begun.elapsed());
    }
}
