//! Measures what validating a value will cost, before it is done.
//!
//! Goes through value and schema together, as the validator does, but only counts: it runs no pattern and assumes that
//! every alternative is tried. A step stands for about 30 ns of the validator and takes about 5 ns here. It gives up at
//! its limit, so that a schema and a value which multiply each other (recursive alternatives, all of them patterns on a
//! long text, a thousand subschemas for each of a hundred thousand items) cost no more than that.

use serde_json::Value;

use super::graph::{Graph, Node};

/// Steps of one validation: some 60 ms at worst, and as much again to find the violation.
const MAX_STEPS: u64 = 2_000_000;

/// Steps up to which all violations are listed: if each of them fails, reporting them takes some 100 ms.
const MAX_LISTED: u64 = 150_000;

/// Values that the reports of alternatives may copy, at some 50 ns each.
const MAX_COPIES: u64 = 1_000_000;

/// Subschemas entered within each other, which is what the validator's stack grows with.
const MAX_FRAMES: usize = 512;

/// Nanoseconds of a step.
const STEP: u64 = 32;

/// What a validation will cost.
#[derive(Debug, Default)]
pub(super) struct Measure {
    steps: u64,
    listing: u64,
    copies: u64,
}

/// The value and the schema multiply each other beyond the limits.
#[derive(Debug)]
pub(super) struct TooCostly;

impl Measure {
    /// Fails when the validation should not even be begun.
    pub(super) fn of(graph: &Graph, value: &Value) -> Result<Self, TooCostly> {
        let mut measure = Self::default();
        measure.visit(graph, 0, value, Visit { times: 1, reports: 1, size: None, frames: 0 })?;
        Ok(measure)
    }

    /// Whether reporting every violation is affordable.
    pub(super) fn is_listable(&self) -> bool {
        self.listing <= MAX_LISTED && self.copies <= MAX_COPIES
    }

    /// Whether reporting one violation is: it may be that of an alternative, which carries copies.
    pub(super) fn is_reportable(&self) -> bool {
        self.copies <= MAX_COPIES
    }

    fn visit(&mut self, graph: &Graph, node: usize, value: &Value, visit: Visit) -> Result<(), TooCostly> {
        let node = &graph.nodes[node];
        let here = self.count(node, value, visit)?;
        let repeated = Visit { times: here.times.saturating_mul(node.repetitions()), ..here };
        for below in &node.same {
            self.visit(graph, *below, value, repeated)?;
        }
        if !node.choices.is_empty() {
            let size = here.size.or_else(|| Some(self.size(value)));
            for below in &node.choices {
                self.visit(graph, *below, value, Visit { reports: here.reports + 1, size, ..repeated })?;
            }
        }
        self.visit_children(graph, node, value, here)
    }

    fn visit_children(&mut self, graph: &Graph, node: &Node, value: &Value, here: Visit) -> Result<(), TooCostly> {
        match value {
            Value::Object(members) if node.looks_at_members() => {
                for (name, member) in members {
                    let below = self.inside(here, member);
                    let named = node.properties.get(name);
                    for subschema in named.into_iter().chain(&node.members) {
                        self.visit(graph, *subschema, member, below)?;
                    }
                    if !node.names.is_empty() {
                        let name = Value::String(name.clone());
                        for subschema in &node.names {
                            self.visit(graph, *subschema, &name, below)?;
                        }
                    }
                }
            }
            Value::Array(items) if node.looks_at_items() => {
                for (index, item) in items.iter().enumerate() {
                    let below = self.inside(here, item);
                    for subschema in node.prefix.get(index).into_iter().chain(&node.items) {
                        self.visit(graph, *subschema, item, below)?;
                    }
                }
            }
            _ => (),
        }
        Ok(())
    }

    /// Counts the node itself.
    fn count(&mut self, node: &Node, value: &Value, visit: Visit) -> Result<Visit, TooCostly> {
        let bytes = match value {
            Value::String(text) => node.per_byte.saturating_mul(text.len() as u64),
            Value::Object(members) if node.per_name_byte > 0 => {
                node.per_name_byte.saturating_mul(members.keys().map(|name| name.len() as u64).sum())
            }
            _ => 0,
        };
        let hashed = if node.unique { self.size(value) } else { 0 };
        let own = node.own.saturating_add(bytes / STEP).saturating_add(hashed);
        self.steps = self.steps.saturating_add(own.saturating_mul(visit.times));
        let reported = own.saturating_mul(visit.reports).saturating_mul(visit.times).saturating_add(node.report);
        self.listing = self.listing.saturating_add(reported);
        let copied = visit.size.unwrap_or(0).saturating_mul(node.own).saturating_mul(visit.times);
        self.copies = self.copies.saturating_add(copied);
        if self.steps > MAX_STEPS || visit.frames > MAX_FRAMES {
            return Err(TooCostly);
        }
        Ok(Visit { frames: visit.frames + 1, ..visit })
    }

    /// The way into a member or an item.
    fn inside(&mut self, here: Visit, child: &Value) -> Visit {
        Visit { size: here.size.map(|_| self.size(child)), ..here }
    }

    /// Values within a value. Counting them costs a step each eight, and is not done any more when it no longer matters.
    fn size(&mut self, value: &Value) -> u64 {
        if self.copies > MAX_COPIES {
            return 1;
        }
        let size = size(value);
        self.steps = self.steps.saturating_add(size / 8);
        size
    }
}

impl Node {
    fn looks_at_members(&self) -> bool {
        !(self.properties.is_empty() && self.members.is_empty() && self.names.is_empty())
    }

    fn looks_at_items(&self) -> bool {
        !(self.prefix.is_empty() && self.items.is_empty())
    }
}

/// How a subschema is entered.
#[derive(Clone, Copy)]
struct Visit {
    /// How often it is evaluated.
    times: u64,
    /// How often it is evaluated for a report.
    reports: u64,
    /// Inside an alternative: the values that each violation copies.
    size: Option<u64>,
    /// Subschemas around it.
    frames: usize,
}

fn size(value: &Value) -> u64 {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<u64>(),
        Value::Object(members) => 1 + members.values().map(size).sum::<u64>(),
        _ => 1,
    }
}
