//! Reads a schema into the nodes of a [`Graph`](super::graph::Graph), resolving references exactly as the validator
//! will: with its own resolver, by the identity of what they lead to.

use std::{collections::HashMap, error::Error, ptr};

use jsonschema::{Draft, Retrieve, Uri};
use referencing::{Registry, RegistryBuilder, Resolved, Resolver, uri};
use serde_json::{Map, Value};

use super::{Semantics, graph::Node, pattern::Patterns, report::MAX_ENTRIES};
use crate::error::FieldError;

/// Subschemas of one schema.
const MAX_NODES: usize = 4_000;

/// Steps of decoding or parsing a text, in nanoseconds for a byte.
const PER_BYTE_DECODED: u64 = 40;

/// Answers every request for a document with one that is not the schema, so that the walk, which knows where it is, can
/// say which reference asked for it. Nothing is fetched.
struct Nowhere;

impl Retrieve for Nowhere {
    fn retrieve(&self, _: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        Ok(Value::Bool(true))
    }
}

/// Where a value stands in the document: the address of what holds it, and its name there.
type Places = HashMap<usize, (usize, String)>;

/// A subschema that has a node and is not read yet.
struct Unread<'a> {
    node: usize,
    schema: &'a Value,
    resolver: Resolver<'a>,
}

pub(super) struct Builder<'a> {
    draft: Draft,
    field: &'a str,
    places: Places,
    nodes: Vec<Node>,
    /// The subschemas' JSON pointers, appended to the field.
    paths: Vec<String>,
    /// Nodes by the address of their subschema: the document does not move while it is read.
    known: HashMap<usize, usize>,
    unread: Vec<Unread<'a>>,
    patterns: Patterns,
    errors: Vec<FieldError>,
}

impl<'a> Builder<'a> {
    /// All subschemas of a schema, itself first, and their paths; or what is wrong with references, patterns and ids.
    pub(super) fn nodes(
        schema: &Value,
        draft: Draft,
        semantics: Semantics,
        field: &str,
    ) -> Result<(Vec<Node>, Vec<String>), Vec<FieldError>> {
        let refuse = |message: String| vec![FieldError { path: field.to_owned(), message }];
        let resource = draft.create_resource_ref(schema);
        // The library looks a document up by its id without the fragment, and panics when it is not there.
        if resource.id().is_some_and(|id| id.trim_end_matches('#').contains('#')) {
            return Err(refuse(format!("has an {} with a fragment.", draft.id_keyword())));
        }
        let base = uri::from_str(resource.id().unwrap_or("json-schema:///").trim_end_matches('#'))
            .map_err(|error| refuse(error.to_string()))?;
        let registry = Registry::new().retriever(Nowhere).draft(draft);
        let registry = registry.add(base.as_str(), resource).and_then(RegistryBuilder::prepare);
        let registry = registry.map_err(|error| refuse(error.to_string()))?;
        let mut builder = Builder {
            draft,
            field,
            places: Places::new(),
            nodes: Vec::new(),
            paths: Vec::new(),
            known: HashMap::new(),
            unread: Vec::new(),
            patterns: Patterns::of(semantics),
            errors: Vec::new(),
        };
        builder.note_places(schema);
        builder.node(schema, registry.resolver(base));
        while let Some(unread) = builder.unread.pop() {
            builder.read(&unread);
        }
        if builder.nodes.len() > MAX_NODES {
            return Err(refuse(format!("has more than {MAX_NODES} subschemas.")));
        }
        if builder.errors.is_empty() { Ok((builder.nodes, builder.paths)) } else { Err(builder.errors) }
    }

    fn note_places(&mut self, parent: &Value) {
        let mut note = |name: String, child: &Value| {
            self.places.insert(address(child), (address(parent), name));
        };
        match parent {
            Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| note(index.to_string(), item)),
            Value::Object(members) => members.iter().for_each(|(name, member)| note(name.clone(), member)),
            _ => return,
        }
        match parent {
            Value::Array(items) => items.iter().for_each(|item| self.note_places(item)),
            Value::Object(members) => members.values().for_each(|member| self.note_places(member)),
            _ => (),
        }
    }

    fn refuse(&mut self, at: &Value, message: impl Into<String>) {
        if self.errors.len() == MAX_ENTRIES {
            return;
        }
        self.errors.push(FieldError { path: self.path(at), message: message.into() });
    }

    fn path(&self, at: &Value) -> String {
        let mut pointer = Vec::new();
        let mut place = address(at);
        while let Some((parent, name)) = self.places.get(&place) {
            pointer.push(name.replace('~', "~0").replace('/', "~1"));
            place = *parent;
        }
        pointer.iter().rev().fold(self.field.to_owned(), |path, name| path + "/" + name)
    }

    /// The node of a subschema, made when it is met for the first time. Beyond the limit nothing more is read.
    fn node(&mut self, schema: &'a Value, resolver: Resolver<'a>) -> usize {
        if let Some(node) = self.known.get(&address(schema)) {
            return *node;
        }
        let node = self.nodes.len();
        self.nodes.push(Node { own: 1, ..Node::default() });
        self.paths.push(self.path(schema));
        self.known.insert(address(schema), node);
        if node < MAX_NODES {
            self.unread.push(Unread { node, schema, resolver });
        }
        node
    }

    fn read(&mut self, unread: &Unread<'a>) {
        let Value::Object(keywords) = unread.schema else { return };
        let mut node = Node { own: 1, ..Node::default() };
        for (keyword, value) in keywords {
            self.read_keyword(&mut node, unread, keyword, value);
        }
        self.nodes[unread.node] = node;
    }

    fn read_keyword(&mut self, node: &mut Node, at: &Unread<'a>, keyword: &str, value: &'a Value) {
        match keyword {
            "$ref" => node.same.extend(self.target(at, value)),
            "$dynamicRef" | "$recursiveRef" => self.refuse(value, format!("{keyword} is not supported: use $ref.")),
            "$schema" if at.node != 0 => self.refuse(value, "only the outermost schema may name a draft."),
            "allOf" | "dependentSchemas" => node.same.extend(self.each(at, value)),
            "anyOf" | "oneOf" => node.choices.extend(self.each(at, value)),
            "if" | "then" | "else" => node.same.push(self.child(at, value)),
            "not" => {
                node.same.push(self.child(at, value));
                node.report += size(value);
            }
            "dependencies" => {
                node.own += size(value);
                node.same.extend(self.each(at, value));
            }
            "properties" => node.properties.extend(self.named(at, value)),
            "patternProperties" => {
                node.members.extend(self.each(at, value));
                for (pattern, below) in value.as_object().into_iter().flatten() {
                    node.per_name_byte += self.pattern(below, pattern);
                }
            }
            "additionalProperties" => node.members.push(self.child(at, value)),
            "unevaluatedProperties" | "unevaluatedItems" => {
                node.unevaluated = true;
                let list = if keyword == "unevaluatedItems" { &mut node.items } else { &mut node.members };
                list.push(self.child(at, value));
            }
            "propertyNames" => node.names.push(self.child(at, value)),
            "items" if value.is_array() => node.prefix.extend(self.each(at, value)),
            "prefixItems" => node.prefix.extend(self.each(at, value)),
            "items" | "additionalItems" | "contains" => node.items.push(self.child(at, value)),
            "$defs" | "definitions" => self.each(at, value).into_iter().for_each(drop),
            _ => self.read_assertion(node, keyword, value),
        }
    }

    /// A keyword that holds no subschemas.
    fn read_assertion(&mut self, node: &mut Node, keyword: &str, value: &Value) {
        match keyword {
            "pattern" => node.per_byte += value.as_str().map_or(0, |pattern| self.pattern(value, pattern)),
            "minLength" | "maxLength" => node.per_byte += 1,
            "contentEncoding" | "contentMediaType" => node.per_byte += PER_BYTE_DECODED,
            "uniqueItems" => node.unique = value == &Value::Bool(true),
            "enum" | "const" | "required" | "dependentRequired" => node.own += size(value),
            _ => (),
        }
    }

    fn pattern(&mut self, at: &Value, pattern: &str) -> u64 {
        self.patterns.per_byte(pattern).unwrap_or_else(|message| {
            self.refuse(at, format!("the pattern {message}"));
            0
        })
    }

    fn child(&mut self, at: &Unread<'a>, schema: &'a Value) -> usize {
        // An id that cannot be resolved keeps the base, and the library refuses it when it compiles.
        let inside = at.resolver.in_subresource(self.draft.create_resource_ref(schema));
        self.node(schema, inside.unwrap_or_else(|_| at.resolver.clone()))
    }

    fn each(&mut self, at: &Unread<'a>, schemas: &'a Value) -> Vec<usize> {
        match schemas {
            Value::Array(schemas) => schemas.iter().map(|schema| self.child(at, schema)).collect(),
            Value::Object(schemas) => self.members(at, schemas).map(|(_, node)| node).collect(),
            _ => Vec::new(),
        }
    }

    fn named(&mut self, at: &Unread<'a>, schemas: &'a Value) -> Vec<(String, usize)> {
        let Value::Object(schemas) = schemas else { return Vec::new() };
        self.members(at, schemas).collect()
    }

    fn members(&mut self, at: &Unread<'a>, schemas: &'a Map<String, Value>) -> impl Iterator<Item = (String, usize)> {
        // `dependencies` mixes subschemas with lists of names.
        let subschemas = schemas.iter().filter(|(_, schema)| !schema.is_array());
        subschemas.map(|(name, schema)| (name.clone(), self.child(at, schema)))
    }

    fn target(&mut self, at: &Unread<'a>, reference: &'a Value) -> Option<usize> {
        let text = reference.as_str()?;
        let document = text.split_once('#').map_or(text, |(document, _)| document);
        if !at.resolver.lookup(document).is_ok_and(|found| self.is_inside(found.contents())) {
            self.refuse(reference, "leads out of this schema. Copy what it refers to into $defs.");
            return None;
        }
        match at.resolver.lookup(text).map(Resolved::into_inner) {
            Ok((schema @ (Value::Object(_) | Value::Bool(_)), resolver, _)) => {
                return Some(self.node(schema, resolver));
            }
            Ok(_) => self.refuse(reference, "leads to something that is not a schema."),
            Err(error) => self.refuse(reference, format!("cannot be resolved within this schema: {error}")),
        }
        None
    }

    fn is_inside(&self, value: &Value) -> bool {
        // The outermost schema is the only one that nothing holds, and always the first node.
        self.places.contains_key(&address(value)) || self.known.get(&address(value)) == Some(&0)
    }
}

fn address(value: &Value) -> usize {
    ptr::from_ref(value).addr()
}

/// Values within a value, itself included.
fn size(value: &Value) -> u64 {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<u64>(),
        Value::Object(members) => 1 + members.values().map(size).sum::<u64>(),
        _ => 1,
    }
}
