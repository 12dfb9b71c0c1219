//! The check of the variables' values against the operation's definitions.
//!
//! The library checks values as a part of validating the document, which docket does once per document and without
//! values. So they are checked here at every request, whether the document is new or known: all violations at once,
//! each with its path and with what would be right. Values themselves are never repeated in a message: they may be
//! passwords.

mod path;
mod types;

#[cfg(test)]
mod tests;

use async_graphql::parser::types::{BaseType, Type, VariableDefinition};
use async_graphql::{Name, Positioned, Value, Variables, indexmap::IndexMap};

use self::path::Path;
pub(super) use self::types::InputTypes;
use self::types::{InputObject, InputType};
use crate::error::{Error, FieldError};

/// Violations that one answer lists.
const LISTED: usize = 100;

/// Lists and objects within each other, in one value.
const NESTED: usize = 64;

/// Names that a message lists before it breaks off.
const NAMED: usize = 20;

/// The values to run with: those that are defined, defaults filled in.
pub(super) fn coerce(
    types: &InputTypes,
    definitions: &[Positioned<VariableDefinition>],
    mut given: Variables,
) -> Result<Variables, Error> {
    let mut check = Check { types, violations: Vec::new() };
    let mut values = Variables::default();
    for definition in definitions {
        let VariableDefinition { name, var_type, default_value, .. } = &definition.node;
        let path = Path::Root(&name.node);
        match given.remove(&name.node) {
            Some(value) => {
                check.value(&value, &var_type.node, &path);
                values.insert(name.node.clone(), value);
            }
            None => match default_value {
                Some(default) => drop(values.insert(name.node.clone(), default.node.clone())),
                None if var_type.node.nullable => {}
                None => check.violation(&path, format!("is required: {}", types.expected(&var_type.node))),
            },
        }
    }
    if check.violations.is_empty() { Ok(values) } else { Err(Error::Invalid(check.violations)) }
}

struct Check<'a> {
    types: &'a InputTypes,
    violations: Vec<FieldError>,
}

impl Check<'_> {
    fn violation(&mut self, path: &Path<'_>, message: String) {
        if self.violations.len() < LISTED {
            self.violations.push(FieldError { path: path.to_string(), message });
        }
    }

    fn wrong(&mut self, path: &Path<'_>, ty: &Type, value: &Value) {
        self.violation(path, format!("must be {}, not {}", self.types.expected(ty), kind(value)));
    }

    fn value(&mut self, value: &Value, ty: &Type, path: &Path<'_>) {
        match (value, &ty.base) {
            (Value::Null, _) if ty.nullable => {}
            (Value::Null, _) => self.wrong(path, ty, value),
            _ if path.depth() > NESTED => self.too_deep(path),
            (Value::List(items), BaseType::List(item)) => {
                for (index, value) in items.iter().enumerate() {
                    self.value(value, item, &Path::Index(path, index));
                }
            }
            // A single value stands for a list of one.
            (_, BaseType::List(item)) => self.value(value, item, path),
            (_, BaseType::Named(name)) => self.named(value, name, ty, path),
        }
    }

    fn named(&mut self, value: &Value, name: &Name, ty: &Type, path: &Path<'_>) {
        let types = self.types;
        let right = match (types.get(name), value) {
            (InputType::Int, Value::Number(number)) => number.as_i64().is_some_and(|it| i32::try_from(it).is_ok()),
            (InputType::Id, Value::Number(number)) => number.is_i64() || number.is_u64(),
            (InputType::Float, Value::Number(_)) | (InputType::Boolean, Value::Boolean(_)) => true,
            (InputType::Any, _) => {
                if depth_exceeds(value, NESTED - path.depth()) {
                    self.too_deep(path);
                } else {
                    self.nul(value, path);
                }
                return;
            }
            (InputType::String | InputType::Id, Value::String(_)) => return self.nul(value, path),
            (InputType::Enum(values), Value::String(name)) => values.iter().any(|value| value == name),
            (InputType::Enum(values), Value::Enum(name)) => values.iter().any(|value| value == name.as_str()),
            (InputType::Object(object), Value::Object(fields)) => return self.object(fields, name, object, path),
            _ => false,
        };
        if !right {
            self.wrong(path, ty, value);
        }
    }

    fn object(&mut self, given: &IndexMap<Name, Value>, name: &Name, object: &InputObject, path: &Path<'_>) {
        for key in given.keys().filter(|key| object.field(key).is_none()) {
            let message = format!("is not a field of {name}; {}", suggestion(key, object));
            self.violation(&Path::Field(path, key), message);
        }
        if object.one_of && (given.len() != 1 || given.values().any(|value| matches!(value, Value::Null))) {
            let names = listed(object.fields.iter().map(|field| field.name.as_str()));
            self.violation(path, format!("must have exactly one field, and a value for it: one of {names}"));
        }
        for field in &object.fields {
            let path = Path::Field(path, &field.name);
            match given.get(field.name.as_str()) {
                Some(value) => self.value(value, &field.ty, &path),
                None if field.ty.nullable || field.has_default => {}
                None => self.violation(&path, format!("is required: {}", self.types.expected(&field.ty))),
            }
        }
    }

    /// Names the places of NUL characters, which a PostgreSQL database cannot store: no field takes them, on any.
    fn nul(&mut self, value: &Value, path: &Path<'_>) {
        match value {
            Value::String(text) if text.contains('\0') => {
                self.violation(path, "holds a NUL character (U+0000), which cannot be stored".to_owned());
            }
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.nul(item, &Path::Index(path, index));
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    if name.contains('\0') {
                        self.violation(
                            path,
                            "has a key with a NUL character (U+0000), which cannot be stored".to_owned(),
                        );
                    }
                    self.nul(value, &Path::Field(path, name));
                }
            }
            _ => {}
        }
    }

    fn too_deep(&mut self, path: &Path<'_>) {
        self.violation(path, format!("nests lists and objects too deep; at most {NESTED} levels are allowed"));
    }
}

/// Whether lists and objects nest more than `levels` deep.
fn depth_exceeds(value: &Value, levels: usize) -> bool {
    let below = |value: &Value| levels == 0 || depth_exceeds(value, levels - 1);
    match value {
        Value::List(items) => items.iter().any(below),
        Value::Object(fields) => fields.values().any(below),
        _ => false,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Number(number) if number.is_f64() => "a fraction",
        Value::Number(_) => "this number",
        Value::String(_) => "this text",
        Value::Boolean(_) => "a Boolean",
        Value::Binary(_) => "bytes",
        Value::Enum(_) => "this name",
        Value::List(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn suggestion(unknown: &str, object: &InputObject) -> String {
    const ALIKE: f64 = 0.8;
    // Comparing costs the product of the lengths; no field has a long name.
    let unknown: String = unknown.chars().take(64).collect();
    let alike = |name: &str| strsim::jaro_winkler(&unknown, name);
    let names = || object.fields.iter().map(|field| field.name.as_str());
    match names().max_by(|left, right| alike(left).total_cmp(&alike(right))) {
        Some(name) if alike(name) >= ALIKE => format!("did you mean `{name}`?"),
        _ => format!("it has {}", listed(names())),
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<_> = names.take(NAMED + 1).collect();
    if names.len() > NAMED {
        names[NAMED] = "..";
    }
    names.join(", ")
}
