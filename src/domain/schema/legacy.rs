//! Schemas as TopChef read them: draft 4 whatever `$schema` says, and laxer than draft 4 in two places.
//!
//! Its validator (jsonschema 2.6 for Python) knew draft 4 only, passed over every word of later drafts, and never asked
//! whether a schema was one: each word was looked at when a value met it, and meant what the code did then. So there were
//! schemas that draft 4 forbids and that worked, and they are in use: they are adapted to what they meant before they are
//! compiled. What the old server answered with an error of its own, whenever the schema was used, is refused when the
//! service is made. Patterns were Python's: see [`super::python`].

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::python;

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

/// What the schema means, in draft 4. Patterns may take the classes of Unicode, as they did, or those of ASCII.
pub(super) fn adapted(schema: &Value, unicode: bool) -> Value {
    Adapter { unicode, refers: refers(schema) }.schema(schema)
}

/// Whether anything in it refers to something else.
fn refers(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.contains_key("$ref") || members.values().any(refers),
        Value::Array(items) => items.iter().any(refers),
        _ => false,
    }
}

struct Adapter {
    unicode: bool,
    refers: bool,
}

impl Adapter {
    fn schema(&self, schema: &Value) -> Value {
        let Value::Object(keywords) = schema else { return schema.clone() };
        let mut kept = Map::new();
        let mut never = false;
        for (keyword, value) in keywords {
            never |= matches!(keyword.as_str(), "anyOf" | "oneOf" | "enum") && is_empty(value);
            if !self.is_passed_over(keyword, value, keywords) {
                kept.insert(keyword.clone(), self.below(keyword, value));
            }
        }
        if never {
            nothing_more(&mut kept);
        }
        Value::Object(kept)
    }

    /// Whether the old validator did nothing about it.
    fn is_passed_over(&self, keyword: &str, value: &Value, beside: &Map<String, Value>) -> bool {
        match keyword {
            // Only asked for when the bound itself is there.
            "exclusiveMinimum" => !beside.contains_key("minimum"),
            "exclusiveMaximum" => !beside.contains_key("maximum"),
            // `true` is a habit of draft 3; it was looked at for objects only.
            "required" => value.is_boolean() || is_empty(value),
            "anyOf" | "oneOf" | "allOf" | "enum" => is_empty(value),
            "items" => is_empty(value) && !beside.contains_key("additionalItems"),
            "title" | "description" | "format" => !value.is_string(),
            "definitions" | "$defs" => !self.refers || !value.is_object(),
            "prefixItems" | "contentEncoding" | "contentMediaType" | "contentSchema" => true,
            keyword => LATER.contains(&keyword),
        }
    }

    /// The value of a keyword, with the schemas that it holds adapted.
    fn below(&self, keyword: &str, value: &Value) -> Value {
        match (keyword, value) {
            ("items" | "allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                schemas.iter().map(|schema| self.schema(schema)).collect()
            }
            ("items" | "not" | "additionalItems" | "additionalProperties", Value::Object(_)) => self.schema(value),
            // Only those that could be used; what refers to another is refused.
            ("definitions" | "$defs", Value::Object(schemas)) => schemas
                .iter()
                .filter(|(_, schema)| schema.is_object())
                .map(|(name, it)| (name.clone(), self.schema(it)))
                .collect(),
            ("properties", Value::Object(schemas)) => {
                schemas.iter().map(|(name, schema)| (name.clone(), self.schema(schema))).collect()
            }
            ("patternProperties", Value::Object(schemas)) => {
                schemas.iter().map(|(pattern, schema)| (self.pattern(pattern), self.schema(schema))).collect()
            }
            ("pattern", Value::String(pattern)) => self.pattern(pattern).into(),
            ("dependencies", Value::Object(dependencies)) => {
                let kept = dependencies.iter().filter(|(_, needed)| !is_empty(needed));
                kept.map(|(name, needed)| (name.clone(), self.dependency(needed))).collect()
            }
            ("required" | "enum" | "type", Value::Array(items)) => distinct(items),
            ("exclusiveMinimum" | "exclusiveMaximum", value) => truth(value).into(),
            _ => value.clone(),
        }
    }

    fn dependency(&self, needed: &Value) -> Value {
        match needed {
            Value::String(_) => Value::Array(vec![needed.clone()]),
            Value::Array(names) => distinct(names),
            schema => self.schema(schema),
        }
    }

    fn pattern(&self, pattern: &str) -> String {
        python::translated(pattern, self.unicode)
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

/// What Python takes for true.
fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

fn distinct(items: &[Value]) -> Value {
    let mut seen = HashSet::new();
    items.iter().filter(|item| seen.insert(item.to_string())).cloned().collect()
}

/// Makes a schema that takes no value: none is one of no choices.
fn nothing_more(keywords: &mut Map<String, Value>) {
    let never = json!({ "not": {} });
    match keywords.get_mut("allOf").and_then(Value::as_array_mut) {
        Some(schemas) => schemas.push(never),
        None => drop(keywords.insert("allOf".to_owned(), json!([never]))),
    }
}

#[cfg(test)]
mod tests {
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
    fn what_worked_works() {
        let nested = |schema: Value| json!({ "properties": { "a": schema } });
        for (schema, value) in [
            (nested(json!({ "type": "string", "required": true })), json!({ "a": "x" })),
            (json!({ "required": ["a", "a"] }), json!({ "a": 1 })),
            (json!({ "exclusiveMinimum": true }), json!(1)),
            (json!({ "maximum": 5, "exclusiveMaximum": 0 }), json!(5)),
            (json!({ "dependencies": { "a": "b" } }), json!({ "a": 1, "b": 2 })),
            (json!({ "dependencies": { "a": [] } }), json!({ "a": 1 })),
            (json!({ "allOf": [] }), json!(1)),
            (json!({ "items": [] }), json!([1])),
            (json!({ "title": 5, "description": ["x"], "format": null }), json!(1)),
            (json!({ "definitions": { "a": 5, "b": { "type": "bogus" } } }), json!(1)),
            (json!({ "definitions": 5 }), json!(1)),
            (json!({ "enum": [1, 1] }), json!(1)),
            (json!({ "type": ["string", "string"] }), json!("x")),
        ] {
            assert!(takes(&schema, &value), "{schema} {value}");
            assert!(takes(&nested(schema.clone()), &json!({ "a": value })), "{schema} {value}, nested");
        }
        assert!(takes(&json!({ "$ref": "#/definitions/a", "definitions": { "a": {}, "b": 5 } }), &json!(1)));
        for (schema, value) in [
            (json!({ "minimum": 5, "exclusiveMinimum": 3 }), json!(5)),
            (json!({ "dependencies": { "a": "b" } }), json!({ "a": 1 })),
            (json!({ "anyOf": [] }), json!(1)),
            (json!({ "oneOf": [], "allOf": [{}] }), json!(1)),
            (json!({ "enum": [] }), json!(1)),
            (json!({ "required": ["a", "a"] }), json!({})),
        ] {
            assert!(!takes(&schema, &value), "{schema} {value}");
        }
    }

    #[test]
    fn patterns_are_pythons() {
        for (pattern, taken, refused) in [
            ("^\\w+$", "Zoë", "a b"),
            ("^\\d+$", "٣4", "3x"),
            ("^a\\Z", "a", "ab"),
            ("^\\S+\\s\\S+$", "a\u{2003}b", "ab"),
            ("^[\\w-]+$", "Zoë-1_", "a.b"),
            ("^\\W$", "-", "ë"),
            ("^(?!no)\\w+$", "ëno", "noë"),
        ] {
            let schema = json!({ "pattern": pattern });
            assert!(takes(&schema, &json!(taken)), "{pattern} {taken}");
            assert!(!takes(&schema, &json!(refused)), "{pattern} {refused}");
        }
        let named = json!({ "patternProperties": { "^\\w+$": { "type": "integer" } } });
        assert!(!takes(&named, &json!({ "Zoë": "x" })));
        // Too large with all letters there are, it keeps to those of ASCII.
        let large = json!({ "pattern": "^\\w{200}$" });
        assert!(takes(&large, &json!("a".repeat(200))) && !takes(&large, &json!("a".repeat(199))));
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
            json!({ "required": "a" }),
            json!({ "minimum": "1" }),
            json!({ "$ref": "#/definitions/a", "definitions": { "a": 5 } }),
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
